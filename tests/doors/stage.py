"""Both sides of the doors: Meta's simulator and a hook over HTTP, and a customer with keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

import flask
from nacl import bindings
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.sending.stage import Stage, open_owner
from whatstr.core.db import transaction
from whatstr.sending import inbox, requests
from whatstr.sending.certificates import publish_certificates
from whatstr.simulator.meta import seed
from whatstr.vault import rpc
from whatstr.vault.notices import open_notice
from whatstr.vault.seals import open_desk_seal, seal_to_sender

SECRET, VERIFY = "sim-app-secret", "sim-verify-token"
LINE = seed.LINE_IDS[0]
ABUSE_LINE, ABUSE_NUMBER = "720000009999999", "908505559999"
DESK_PK, DESK_SK = bindings.crypto_box_seed_keypair(bytes(range(32, 64)))


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        pass


class Server:
    """An application behind a port of its own."""

    def __init__(self, app: flask.Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def envelope(field_: str, value: Mapping[str, Any], *, waba: str = seed.WABA_ID) -> dict[str, Any]:
    change = {"field": field_, "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": waba, "changes": [change]}]}


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@dataclass
class Doors(Stage):
    """A stage whose customer can open what is sealed to it."""

    hook_url: str = ""
    login: Callable[[str], str] = str
    """The database address with the login of a role."""

    # Meta's side ------------------------------------------------------------------------------

    def publish(self) -> None:
        with self.app.app_context(), transaction():
            publish_certificates(keyring=self.keyring, now=datetime.now(UTC))

    def subscribe(self) -> None:
        """The account's webhooks come from now on."""
        request = urllib.request.Request(
            f"{self.meta.url}/v25.0/{seed.WABA_ID}/subscribed_apps",
            data=b"{}",
            headers={"Authorization": f"Bearer {seed.TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def post(self, body: Any, *, mark: str | None = None) -> int:
        """A webhook straight to the hook; its status."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.hook_url}/meta",
            data=raw,
            headers={"X-Hub-Signature-256": signature(raw) if mark is None else mark},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code

    def tell(self, field_: str, value: Mapping[str, Any]) -> None:
        """A webhook, taken and drained."""
        assert self.post(envelope(field_, value)) == 200
        self.drain()

    def says(self, **message: Any) -> None:
        """A person writes to the line; `line`, `name` and `user_id` beside Meta's own members."""
        line, name = message.pop("line", LINE), message.pop("name", "Elif")
        entry = {"id": f"wamid.{uuid.uuid4().hex}", "timestamp": str(now()), "type": "text"}
        if "text" in message:
            message["text"] = {"body": message["text"]}
        entry |= message
        contact = {"profile": {"name": name}, "wa_id": entry.get("from", "")}
        self.tell(
            "messages",
            {"metadata": {"phone_number_id": line}, "contacts": [contact], "messages": [entry]},
        )

    def status(self, **entry: Any) -> None:
        """One status of a message."""
        entry = {"id": "wamid.x", "status": "sent", "timestamp": str(now())} | entry
        self.tell("messages", {"metadata": {"phone_number_id": LINE}, "statuses": [entry]})

    def settle(self) -> None:
        """Until Meta owes nothing, then drain."""
        found = self.ask("GET", "/_sim/webhooks?wait=10")
        assert not found["pending"] and not found["planned"], found
        self.drain()

    def drain(self) -> None:
        """Until nothing is left; the simulator's stragglers may come in between."""
        for _ in range(10):
            with self.app.app_context():
                inbox.drain_inbox.__wrapped__()
            if not self.sql("SELECT id FROM hook_inbox"):
                return
        raise AssertionError("the inbox does not get empty")

    def internal(self, role: str, message: Mapping[str, Any]) -> None:
        """A message as one of our own roles leaves it, then drained."""
        kid = self.keyring.current_kid(datetime.now(UTC))
        sealed = seal_to_sender(kid, self.keyring.epoch_public(kid), json.dumps(message).encode())
        self.insert_as(role, sealed)
        self.drain()

    def insert_as(self, role: str, sealed: bytes) -> None:
        """A row of the inbox, written with the login of a role."""
        with open_owner(self.login(role)) as connection:
            connection.execute("INSERT INTO hook_inbox (at, sealed) VALUES (now(), %s)", [sealed])

    # The customer's side ----------------------------------------------------------------------

    def request(
        self,
        op: str,
        args: Mapping[str, Any],
        *,
        sign: tuple[bytes, bytes] | None = None,
        box: tuple[bytes, bytes] | None = None,
        organization: uuid.UUID | None = None,
        row: uuid.UUID | None = None,
        **changes: Any,
    ) -> uuid.UUID:
        """Leave a sealed request as WEB does; `changes` replace members of the request."""
        sign, box = sign or self.sign, box or self.box
        owner, id_ = organization or self.organization, uuid.uuid4()
        kid = self.keyring.current_kid(datetime.now(UTC))
        request = rpc.Request(
            rpc=id_.bytes,
            account=owner.bytes,
            kid=kid,
            iat=now(),
            exp=now() + rpc.REQUEST_LIFE,
            op=rpc.Op(op),
            args=args,
            sign_pk=sign[0],
            box_pk=box[0],
        )
        seal = rpc.seal_request(
            replace(request, **changes), sign_sk=sign[1], epoch_pk=self.keyring.epoch_public(kid)
        )
        self.leave(row or id_, op, seal, organization=owner)
        return row or id_

    def leave(
        self, row: uuid.UUID, op: str, seal: bytes, *, organization: uuid.UUID | None = None
    ) -> None:
        self.sql(
            "INSERT INTO sender_rpc (id, organization_id, member_id, op, state, request,"
            " created_at) VALUES (%s, %s, %s, %s, 'waiting', %s, now())",
            row,
            organization or self.organization,
            self.member,
            op,
            seal,
        )

    def serve(self) -> None:
        with self.app.app_context():
            requests.serve_requests.__wrapped__()

    def answer(
        self,
        row: uuid.UUID,
        *,
        box: tuple[bytes, bytes] | None = None,
        organization: uuid.UUID | None = None,
    ) -> rpc.Answer | None:
        """The opened answer; None when the request ended without one."""
        (found,) = self.sql("SELECT state, request, response FROM sender_rpc WHERE id = %s", row)
        assert bytes(found["request"]) == b""
        if found["response"] is None:
            assert found["state"] == "expired"
            return None
        assert found["state"] == "answered"
        return rpc.open_answer(
            bytes(found["response"]),
            rpc=row.bytes,
            account=(organization or self.organization).bytes,
            box_sk=(box or self.box)[1],
            ident_pks=[self.keyring.ident_public],
        )

    def asked(self, op: str, args: Mapping[str, Any], **options: Any) -> rpc.Answer | None:
        """Leave a request, serve it, open the answer."""
        row = self.request(op, args, **options)
        self.serve()
        kept = {k: options[k] for k in ("box", "organization") if k in options}
        return self.answer(row, **kept)

    def result(self, op: str, args: Mapping[str, Any], **options: Any) -> Any:
        """The result of a request that must succeed."""
        answer = self.asked(op, args, **options)
        assert answer is not None and answer.ok, answer
        return answer.result

    def refusal(self, op: str, args: Mapping[str, Any], **options: Any) -> str:
        """The code of a request that must be refused in words."""
        answer = self.asked(op, args, **options)
        assert answer is not None and not answer.ok, answer
        assert answer.tr and answer.en and answer.tr != answer.en
        return answer.error

    def notices(self) -> list[dict[str, Any]]:
        return [
            open_notice(
                bytes(row["sealed"]),
                account=self.organization.bytes,
                box_sk=self.box[1],
                ident_pks=[self.keyring.ident_public],
            )
            for row in self.sql("SELECT sealed FROM notice ORDER BY id")
        ]

    def refusals(self) -> dict[bytes, str]:
        """pseudonym -> how the person refused."""
        return {
            bytes(row["recipient_ix"]): row["via"]
            for row in self.sql("SELECT recipient_ix, via FROM s_optout")
        }

    def reports(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(clear row, what the desk reads) of each report."""
        return [
            (row, json.loads(open_desk_seal(DESK_SK, bytes(row["sealed"]))))
            for row in self.sql("SELECT * FROM abuse_report ORDER BY number")
        ]

    def sent_to(self, number: str) -> list[dict[str, Any]]:
        """Messages that a person got, as Meta shows them."""
        return list(self.ask("GET", f"/_sim/messages?to={number}")["messages"])

    def add_organization(self) -> uuid.UUID:
        """Another customer."""
        other = uuid.uuid4()
        self.sql(
            "INSERT INTO organization (id, version, state, language, created_at, resend_unknown,"
            " name) VALUES (%s, 1, 'active', 'tr', now(), true, 'y')",
            other,
        )
        return other
