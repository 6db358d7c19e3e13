"""What the stand-in for web and sender remembers, and what it does with sealed requests."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nacl import bindings

from whatstr.vault import certificate, job_header, notices, rpc, wire

NOW = "2026-11-23T11:05:00Z"
KEY = "ab" * 16
TEMPLATE = {
    "id": "77",
    "name": "bahar",
    "language": "tr",
    "category": "MARKETING",
    "status": "APPROVED",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Merhaba {{1}}"},
        {"type": "BODY", "text": "Sayın {{1}}, {{2}} şubemizde indirim. Kod: {{3}}"},
        {"type": "FOOTER", "text": "Almak istemiyorsanız DUR yazın"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Dur"},
                {"type": "URL", "text": "Bak", "url": "https://ornek.com.tr/{{1}}"},
            ],
        },
    ],
}


class Refuse(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        super().__init__(code)
        self.status, self.told = status, {"code": code, "message": "", "ref": "r", **more}


@dataclass
class World:
    """Everything the stand-in remembers."""

    ident: tuple[bytes, bytes] = field(
        default_factory=lambda: bindings.crypto_sign_seed_keypair(os.urandom(32))
    )
    epoch: tuple[bytes, bytes] = field(
        default_factory=lambda: bindings.crypto_box_seed_keypair(os.urandom(32))
    )
    members: dict[str, dict[str, Any]] = field(default_factory=dict)  # by e-mail
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    campaigns: dict[str, dict[str, Any]] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)
    template_state: dict[str, Any] = field(default_factory=dict)
    pins: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    asked: list[rpc.Request] = field(default_factory=list)
    drops: int = 0  # so many PUTs of bytes are cut off without an answer
    puts: list[str] = field(default_factory=list)
    cert: bytes | None = None
    lie: Callable[[rpc.Answer], rpc.Answer] | None = None
    released: bytes | None = None  # another sender than the one that answers
    kdf: str | None = None  # what prelogin says instead of the truth
    lock: threading.Lock = field(default_factory=threading.Lock)

    def certificate(self) -> bytes:
        now = int(datetime.now(UTC).timestamp())
        cert = certificate.Certificate(9, self.epoch[0], now - 60, now + 604_800)
        return self.cert or certificate.make_certificate(cert, self.ident[1])

    def notify(self, organization: str, kind: str, **fields: Any) -> None:
        sealed = notices.seal_notice(
            bytes.fromhex(organization),
            kind,
            1_790_000_000,
            ident_sk=self.ident[1],
            box_pk=self.pins[organization][1],
            **fields,
        )
        self.add_notice(organization, sealed)

    def add_notice(self, organization: str, sealed: bytes) -> None:
        self.notices.append(
            {"id": os.urandom(16).hex(), "at": NOW, "sealed": wire.b64(sealed), "_o": organization}
        )

    def open_header(self, campaign: str) -> job_header.JobHeader:
        """The header as the sender opens it, with the pinned key."""
        stored = self.campaigns[campaign]
        organization = stored["_o"]
        clear = job_header.ClearJob(
            bytes.fromhex(organization),
            bytes.fromhex(campaign),
            bytes.fromhex(stored["line"]),
            stored["chunks"],
            stored["rows"],
        )
        now = datetime.now(UTC)
        return job_header.open_header(
            wire.unb64(stored["header"]),
            keys={9: self.epoch[1]},
            sign_pk=self.pins[organization][0],
            clear=clear,
            offered={9: (int(now.timestamp()) - 60, int(now.timestamp()) + 604_800)},
            now=now,
        )

    def serve(self, organization: str, name: str, seal: bytes) -> str:
        """What the sender does with a request."""
        account, pin = bytes.fromhex(organization), self.pins.get(organization)
        now = datetime.now(UTC)
        request = rpc.open_request(
            seal,
            keys={9: self.epoch[1]},
            pinned_sign_pk=pin[0] if pin else None,
            rpc=bytes.fromhex(name),
            account=account,
            now=now,
        )
        self.asked.append(request)
        if request.op is rpc.Op.CONNECT:
            self.pins[organization] = (request.sign_pk, request.box_pk)
        answer = rpc.Answer(request.rpc, account, int(now.timestamp()), *self._result(request))
        answer = self.lie(answer) if self.lie else answer
        box_pk = self.pins[organization][1]
        return wire.b64(rpc.seal_answer(answer, ident_sk=self.ident[1], box_pk=box_pk))

    def _result(self, request: rpc.Request) -> tuple[Any, ...]:
        line = request.args.get("line")
        told = {"line": line, "display_number": "+90 212 000 00 00", "verified_name": "Örnek"}
        match request.op:
            case rpc.Op.CONNECT if request.args.get("token") == "bad":
                return False, None, "token", "Belirteç geçersiz.", "The token is not valid."
            case rpc.Op.CONNECT:
                return True, told | {"templates": [TEMPLATE], "statement": wire.b64(b"s")}
            case rpc.Op.TEMPLATES:
                return True, {"line": line, "at": NOW, "templates": [TEMPLATE | {"key": KEY}]}
            case rpc.Op.OPTOUT_ADD | rpc.Op.OPTOUT_REMOVE:
                return True, {"changed": len(request.args["numbers"])}
            case rpc.Op.TEST_SEND:
                return True, {"outcome": "accepted"}
            case _:
                return True, told
