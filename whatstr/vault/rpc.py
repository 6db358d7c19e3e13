"""Sender requests: a customer asks the sender for something only the sender can do.

Request: JSON {v, id, account, kid, iat, exp, op, args} and, with `connect`, {sign_pk, box_pk};
filled, signed with the account's key, sealed to the sender. Answer: JSON {v, id, account, at,
ok, result} or {..., ok: false, code, tr, en}; filled, signed by IDENT, sealed to the account.
Both name their context, since seals carry none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.notices import open_from_sender
from whatstr.vault.seals import open_sender_seal, seal_to_customer, seal_to_sender
from whatstr.vault.signed import Label, body_of, sign, verify

REQUEST_LIFE = 600
_PINS = frozenset({"sign_pk", "box_pk"})
_REPIN_KEYS = frozenset({"v", "id", "account", "sign_pk", "box_pk"})
_KEYS = frozenset({"v", "id", "account", "kid", "iat", "exp", "op", "args"})


class Op(StrEnum):
    """What the sender can be asked (vault.md section 13)."""

    CONNECT = "connect"
    TEMPLATES = "templates"
    TEMPLATE_CREATE = "template_create"
    MEDIA_CHECK = "media_check"
    TEST_SEND = "test_send"
    ANSWER = "answer"
    OPTOUT_ADD = "optout_add"
    OPTOUT_REMOVE = "optout_remove"
    LINE_INFO = "line_info"
    DISCONNECT = "disconnect"
    REPIN = "repin"


class RequestRefused(VaultFormatError):
    """The sender does not serve this request; the first argument is the stable reason."""

    code = "request_refused"

    def __init__(self, reason: str, **context: object) -> None:
        super().__init__(reason, **context)
        self.reason = reason


class AnswerRefused(VaultFormatError):
    """What came back was not said by the sender, or not to this request."""

    code = "answer_refused"


@dataclass(frozen=True, slots=True)
class Request:
    """One sender request; `args` depend on `op` (docs/api.md), times are unix seconds.

    `sign_pk` and `box_pk`, the account's public keys to pin, go with `connect` only.
    """

    rpc: bytes
    account: bytes
    kid: int
    iat: int
    exp: int
    op: Op
    args: Mapping[str, Any]
    sign_pk: bytes = b""
    box_pk: bytes = b""

    def body(self) -> bytes:
        """The bytes that are signed, filled with blanks to a multiple of 64."""
        data = {
            "v": 1,
            "id": wire.id_text(self.rpc),
            "account": wire.id_text(self.account),
            "kid": self.kid,
            "iat": self.iat,
            "exp": self.exp,
            "op": str(self.op),
            "args": dict(self.args),
        }
        if self.op is Op.CONNECT:
            data |= {"sign_pk": wire.b64(self.sign_pk), "box_pk": wire.b64(self.box_pk)}
        return wire.fill(wire.dump(data))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender said: `result` when `ok`, else a stable `error` code and its sentences."""

    rpc: bytes
    account: bytes
    at: int
    ok: bool
    result: Any = None
    error: str = ""
    tr: str = ""
    en: str = ""


def seal_request(request: Request, *, sign_sk: bytes, epoch_pk: bytes) -> bytes:
    """Sign with the account's key and seal to the sender."""
    return seal_to_sender(request.kid, epoch_pk, sign(Label.RPC, request.body(), sign_sk))


def open_request(
    blob: bytes,
    *,
    keys: Mapping[int, bytes],
    pinned_sign_pk: bytes | None,
    rpc: bytes,
    account: bytes,
    now: datetime,
) -> Request:
    """Open and check a request against its row. Raises `RequestRefused` or `SenderKeyGone`.

    `pinned_sign_pk` is None only for an account without a connection: then `connect` alone
    is served, and only when signed with the `sign_pk` that it names (the Meta login, which
    the caller checks next, proves the right to set it). With a pin, `connect` must name the
    same `sign_pk`; the caller compares `box_pk` with its pin too, and keeps ids against replay.
    """
    kid, signed = open_sender_seal(keys, blob)
    try:
        pk = _own_sign_pk(signed) if pinned_sign_pk is None else pinned_sign_pk
        request = _parse(verify(Label.RPC, signed, pk))
    except RequestRefused:
        raise
    except VaultFormatError as error:
        raise RequestRefused("signature" if error.detail == "signature" else "format") from None
    if request.kid != kid:
        raise RequestRefused("kid")
    if request.rpc != rpc or request.account != account:
        raise RequestRefused("context")
    if not request.iat - 86_400 <= now.timestamp() < request.exp <= request.iat + REQUEST_LIFE:
        raise RequestRefused("expired")
    if request.op is Op.CONNECT and request.sign_pk != pk:
        raise RequestRefused("pin")
    return request


def repin_args(
    *, rpc: bytes, account: bytes, sign_pk: bytes, box_pk: bytes, new_sign_sk: bytes
) -> dict[str, Any]:
    """The arguments of `repin`: the account's next public keys, and what proves to hold the new
    signing key, for this one request. The request itself is signed with the present one."""
    body = {
        "v": 1,
        "id": wire.id_text(rpc),
        "account": wire.id_text(account),
        "sign_pk": wire.b64(sign_pk),
        "box_pk": wire.b64(box_pk),
    }
    return {"proof": wire.b64(sign(Label.REPIN, wire.dump(body), new_sign_sk))}


def read_repin(request: Request) -> tuple[bytes, bytes]:
    """The next (sign_pk, box_pk) of a `repin` request. Raises `RequestRefused` unless the new key
    signed them for exactly this request."""
    try:
        proof = wire.unb64(request.args.get("proof"))
        data = wire.load_object(body_of(proof), _REPIN_KEYS)
        sign_pk = wire.unb64(data["sign_pk"], size=32)
        verify(Label.REPIN, proof, sign_pk)
        box_pk = wire.unb64(data["box_pk"], size=32)
    except VaultFormatError:
        raise RequestRefused("repin") from None
    named = wire.id_bytes(data["id"]), wire.id_bytes(data["account"])
    if data["v"] != 1 or named != (request.rpc, request.account):
        raise RequestRefused("context")
    return sign_pk, box_pk


def answer_body(answer: Answer) -> bytes:
    """The bytes of an answer that IDENT signs, filled with blanks to a multiple of 64."""
    body: dict[str, Any] = {
        "v": 1,
        "id": wire.id_text(answer.rpc),
        "account": wire.id_text(answer.account),
        "at": answer.at,
        "ok": answer.ok,
    }
    failure = {"code": answer.error, "tr": answer.tr, "en": answer.en}
    return wire.fill(wire.dump(body | ({"result": answer.result} if answer.ok else failure)))


def seal_answer(answer: Answer, *, ident_sk: bytes, box_pk: bytes) -> bytes:
    """Signed by IDENT, sealed to the customer's pinned box key."""
    return seal_to_customer(box_pk, sign(Label.ANSWER, answer_body(answer), ident_sk))


def open_answer(
    blob: bytes, *, rpc: bytes, account: bytes, box_sk: bytes, ident_pks: Iterable[bytes]
) -> Answer:
    """The sender's answer to request `rpc`; raises `AnswerRefused` for anything else."""
    try:
        data = wire.load(open_from_sender(blob, box_sk=box_sk, ident_pks=ident_pks))
        if not isinstance(data, dict) or data.get("v") != 1 or "t" in data:
            raise AnswerRefused("format")
        if wire.id_bytes(data.get("id")) != rpc or wire.id_bytes(data.get("account")) != account:
            raise AnswerRefused("context")
        at = wire.integer(data.get("at"))
        if data.get("ok") is True:
            return Answer(rpc, account, at, True, data.get("result"))
        said = [wire.text(data.get(key, "")) for key in ("code", "tr", "en")]
        return Answer(rpc, account, at, False, None, *said)
    except AnswerRefused:
        raise
    except VaultFormatError:
        raise AnswerRefused("origin") from None


def _own_sign_pk(signed: bytes) -> bytes:
    data = wire.load(body_of(signed))
    if not isinstance(data, dict) or data.get("op") != Op.CONNECT:
        raise RequestRefused("not_connected")
    return wire.unb64(data.get("sign_pk"), size=32)


def _parse(body: bytes) -> Request:
    data = wire.load(body)
    if not isinstance(data, dict):
        raise RequestRefused("format")
    connect = data.get("op") == Op.CONNECT
    if data.keys() != (_KEYS | _PINS if connect else _KEYS) or data["v"] != 1:
        raise RequestRefused("format")
    known = isinstance(data["op"], str) and data["op"] in set(Op)  # a list has no hash
    if not known or not isinstance(data["args"], dict):
        raise RequestRefused("op")
    return Request(
        rpc=wire.id_bytes(data["id"]),
        account=wire.id_bytes(data["account"]),
        kid=wire.integer(data["kid"], high=2**32 - 1),
        iat=wire.integer(data["iat"]),
        exp=wire.integer(data["exp"]),
        op=Op(data["op"]),
        args=data["args"],
        sign_pk=wire.unb64(data["sign_pk"], size=32) if connect else b"",
        box_pk=wire.unb64(data["box_pk"], size=32) if connect else b"",
    )
