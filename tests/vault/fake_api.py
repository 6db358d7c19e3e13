"""A small stand-in for web and sender, so that the vault's clients can be tried by themselves.

It keeps what docs/api.md says in memory, opens sealed requests and headers with the sender's
keys, and can lose connections on demand. The real server has its own tests.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar

from nacl import bindings

from tests.vault.page_server import PageHandler
from whatstr.vault import certificate, job_header, notices, rpc, wire
from whatstr.vault.release import ident_module

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


ROUTES: list[tuple[str, re.Pattern[str], str]] = []


def route(method: str, pattern: str) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        ROUTES.append((method, re.compile(f"/api/{pattern}"), function.__name__))
        return function

    return add


class FakeApi(PageHandler):
    """The handler; `world` is set on a subclass."""

    world: ClassVar[World]
    args: dict[str, Any]
    raw: bytes
    cookie: str | None = None

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self.api()
        elif self.path == "/release/ident.mjs":
            body = ident_module([self.world.released or self.world.ident[0]]).encode()
            self.answer(200, body, "text/javascript")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.api()

    do_PUT = do_DELETE = do_POST

    def api(self) -> None:
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT" and "chunks" in self.path and self.world.drops > 0:
            self.world.drops -= 1
            self.close_connection = True
            self.connection.close()
            return
        path, _, query = self.path.partition("?")
        asked = dict(part.split("=", 1) for part in query.split("&") if part)
        try:
            status, value = self.find(path, asked)
        except Refuse as refusal:
            status, value = refusal.status, {"error": refusal.told}
        binary = isinstance(value, bytes)
        body = value if binary else b"" if value is None else json.dumps(value).encode()
        extra = (("Set-Cookie", f"wtr_s={self.cookie}; Path=/; HttpOnly"),) if self.cookie else ()
        self.cookie = None
        kind = "application/octet-stream" if binary else "application/json"
        self.answer(status, body, kind, extra)

    def find(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if self.command != "GET":
            same = self.headers.get("Origin") == f"http://{self.headers.get('Host')}"
            if self.headers.get("X-WTR") != "1" or not same:
                raise Refuse(403, "origin")
        for method, pattern, name in ROUTES:
            found = pattern.fullmatch(path)
            if method == self.command and found:
                is_json = self.headers.get("Content-Type") == "application/json"
                self.args = json.loads(self.raw) if self.raw and is_json else query
                with self.world.lock:
                    result = getattr(self, name)(*found.groups())
                return result if isinstance(result, tuple) else (200, result)
        raise Refuse(404, "not_found")

    @property
    def me(self) -> dict[str, Any]:
        cookie = re.search(r"wtr_s=(\w+)", self.headers.get("Cookie") or "")
        found = self.world.sessions.get(cookie.group(1)) if cookie else None
        if found is None:
            raise Refuse(401, "not_signed_in")
        return found

    @property
    def organization(self) -> str:
        return str(self.me["organization"])

    def start(self, member: dict[str, Any]) -> str:
        self.cookie = os.urandom(8).hex()
        self.world.sessions[self.cookie] = {**member, "half": wire.b64(os.urandom(32))}
        return str(self.world.sessions[self.cookie]["half"])

    # -- accounts

    @route("GET", "config")
    def config(self) -> Any:
        documents = [{"document": "terms", "version": "1", "url": "/kosullar"}]
        return {
            "ident": [wire.b64(self.world.ident[0])],
            "documents": documents,
            "statement_version": "1",
            "limits": {},
        }

    @route("GET", "sender-cert")
    def sender_cert(self) -> Any:
        return {"kid": 9, "cert": wire.b64(self.world.certificate())}

    @route("POST", "enrol")
    def enrol(self) -> Any:
        email = self.args["profile"]["email"]
        if email in self.world.members:
            raise Refuse(409, "email_taken", field="email")
        member = {**self.args, "role": "owner", "email": email}
        self.world.members[email] = member
        said = {key: member[key] for key in ("organization", "member")}
        return 201, {**said, "customer_no": "100001", "half": self.start(member)}

    @route("POST", "prelogin")
    def prelogin(self) -> Any:
        member = self.world.members.get(self.args["email"])
        salt = member["salt"] if member else wire.b64(bytes(16))
        kdf = member["kdf"] if member else '{"alg":"argon2id13","t":3,"m":65536}'
        return {"kdf": self.world.kdf or kdf, "salt": salt}

    def said(self, member: dict[str, Any]) -> dict[str, Any]:
        names = (
            "organization", "member", "role", "key_version", "kdf", "salt", "wrap_pw",
            "wrap_org", "language",
        )  # fmt: skip
        found = {name: member[name] for name in names}
        return found | {"next_keys": [], "half": self.start(member)}

    @route("POST", "login")
    def login(self) -> Any:
        member = self.world.members.get(self.args["email"])
        if not member or member["auth"] != self.args["auth"]:
            raise Refuse(401, "wrong_credentials")
        return self.said(member)

    @route("GET", "half")
    def half(self) -> Any:
        names = ("half", "organization", "member", "key_version", "wrap_org", "role")
        return {name: self.me[name] for name in names} | {"next_keys": []}

    @route("POST", "logout")
    def logout(self) -> Any:
        self.world.sessions.clear()
        return 204, None

    @route("POST", "password")
    def password(self) -> Any:
        member = self.world.members[self.me["email"]]
        if member["auth"] != self.args.pop("old_auth"):
            raise Refuse(422, "wrong_password")
        member.update(self.args)
        return 204, None

    def recovering(self) -> dict[str, Any]:
        for member in self.world.members.values():
            right = (member["rauth"], f"{member['member']}.secret")
            if (self.args["rauth"], self.args["token"]) == right:
                return member
        raise Refuse(401, "wrong_recovery")

    @route("POST", "recovery/open")
    def recovery_open(self) -> Any:
        member = self.recovering()
        names = ("organization", "member", "key_version", "wrap_rec", "wrap_org")
        return {name: member[name] for name in names}

    @route("POST", "recovery/finish")
    def recovery_finish(self) -> Any:
        member = self.recovering()
        member.update(self.args)
        member["rauth"] = self.args["new_rauth"]
        return self.said(member)

    # -- records, lists

    @route("GET", "records")
    def get_records(self) -> Any:
        wanted = (self.organization, self.args["type"])
        found = [r for r in self.world.records.values() if (r["_o"], r["type"]) == wanted]
        return {"records": [{**r, "updated_at": NOW} for r in found]}

    @route("PUT", r"records/(\w+)")
    def put_record(self, name: str) -> Any:
        key = f"{self.args['type']}/{name}"
        stored = self.world.records.get(key, {"version": 0})["version"]
        if self.args["version"] != stored + 1:
            raise Refuse(409, "conflict", version=stored)
        self.world.records[key] = {**self.args, "id": name, "_o": self.organization}
        return {"id": name, "version": self.args["version"]}

    @route("DELETE", r"records/(\w+)")
    def delete_record(self, name: str) -> Any:
        for key in [key for key in self.world.records if key.endswith(name)]:
            del self.world.records[key]
        return 204, None

    @route("GET", "lists")
    def get_lists(self) -> Any:
        owner = self.organization
        mine = [one for one in self.world.lists.values() if one["_o"] == owner]
        return {
            "lists": [
                {k: v for k, v in one.items() if k != "parts"} | {"chunks": len(one["parts"])}
                for one in mine
            ]
        }

    @route("POST", "lists")
    def post_list(self) -> Any:
        name = self.args["id"]
        self.world.lists.setdefault(
            name,
            {
                "id": name, "state": "uploading", "wrap": self.args["wrap"], "manifest": None,
                "manifest_version": 0, "rows": 0, "created_at": NOW, "updated_at": NOW,
                "consent": None, "parts": {}, "_o": self.organization,
            },
        )  # fmt: skip
        return 201, {"id": name, "state": "uploading"}

    @route("GET", r"lists/(\w+)/chunks")
    def list_chunks(self, name: str) -> Any:
        parts = self.world.lists[name]["parts"]
        return {"chunks": [[no, version, len(data)] for (no, version), data in parts.items()]}

    @route("PUT", r"lists/(\w+)/chunks/(\d+)")
    def put_list_chunk(self, name: str, no: str) -> Any:
        version = int(self.path.split("version=")[1])
        self.world.puts.append(f"list {no}")
        self.world.lists[name]["parts"][int(no), version] = self.raw
        return 204, None

    @route("GET", r"lists/(\w+)/chunks/(\d+)")
    def get_list_chunk(self, name: str, no: str) -> Any:
        found = self.world.lists[name]["parts"].get((int(no), int(self.args["version"])))
        if found is None:
            raise Refuse(404, "not_found")
        return found

    @route("PUT", r"lists/(\w+)/manifest")
    def put_manifest(self, name: str) -> Any:
        stored = self.world.lists[name]
        if self.args["version"] != stored["manifest_version"] + 1:
            raise Refuse(409, "conflict", version=stored["manifest_version"])
        missing = [n for n, v in self.args["chunks"] if (n, v) not in stored["parts"]]
        if missing:
            raise Refuse(422, "chunks_missing", missing=missing)
        stored.update(
            manifest=self.args["manifest"], manifest_version=self.args["version"], state="ready",
            rows=self.args["rows"], consent=self.args["consent"],
        )  # fmt: skip
        return {"id": name, "version": self.args["version"]}

    @route("DELETE", r"lists/(\w+)")
    def delete_list(self, name: str) -> Any:
        del self.world.lists[name]
        return 204, None

    # -- requests, notices

    @route("GET", r"template-states")
    def template_states(self) -> Any:
        state = self.world.template_state
        return {"templates": {KEY: state} if state else {}}

    @route("POST", r"lines/(\w+)/label")
    def label(self, line: str) -> Any:
        return 204, None

    @route("POST", "requests")
    def post_request(self) -> Any:
        name = self.args["id"]
        answer = self.world.serve(self.organization, name, wire.unb64(self.args["seal"]))
        self.world.requests[name] = {"state": "answered", "answer": answer}
        return 202, {"id": name, "state": "waiting"}

    @route("GET", r"requests/(\w+)")
    def get_request(self, name: str) -> Any:
        return self.world.requests[name]

    @route("DELETE", r"requests/(\w+)")
    def delete_request(self, name: str) -> Any:
        del self.world.requests[name]
        return 204, None

    @route("GET", "notices")
    def get_notices(self) -> Any:
        return {"notices": [n for n in self.world.notices if n["_o"] == self.organization]}

    @route("DELETE", r"notices/(\w+)")
    def delete_notice(self, name: str) -> Any:
        self.world.notices[:] = [n for n in self.world.notices if n["id"] != name]
        return 204, None

    # -- campaigns

    @route("POST", r"campaigns/(\w+)/seal")
    def reseal(self, name: str) -> Any:
        self.world.campaigns[name].update(self.args, state="queued")
        return {"id": name, "state": "queued"}

    @route("POST", "campaigns")
    def post_campaign(self) -> Any:
        name = self.args["id"]
        fresh = {**self.args, "state": "uploading", "_o": self.organization, "parts": {}}
        stored = self.world.campaigns.setdefault(name, fresh)
        return 201, {"id": name, "state": "uploading", "have": sorted(stored["parts"])}

    @route("GET", r"campaigns/(\w+)/chunks")
    def campaign_chunks(self, name: str) -> Any:
        return {"have": sorted(self.world.campaigns[name]["parts"])}

    @route("PUT", r"campaigns/(\w+)/chunks/(\d+)")
    def put_chunk(self, name: str, no: str) -> Any:
        self.world.puts.append(f"job {no}")
        self.world.campaigns[name]["parts"][int(no)] = self.raw
        return 204, None

    @route("GET", r"campaigns/(\w+)/chunks/(\d+)")
    def get_chunk(self, name: str, no: str) -> Any:
        return self.world.campaigns[name]["parts"][int(no)]

    @route("POST", r"campaigns/(\w+)/commit")
    def commit(self, name: str) -> Any:
        stored = self.world.campaigns[name]
        missing = [no for no in range(stored["chunks"]) if no not in stored["parts"]]
        if missing:
            raise Refuse(422, "chunks_missing", missing=missing)
        stored["state"] = "scheduled" if stored["due_at"] else "queued"
        return {"state": stored["state"]}

    def shown(self, name: str) -> dict[str, Any]:
        if name not in self.world.campaigns:
            raise Refuse(404, "not_found")
        stored = self.world.campaigns[name]
        return {k: v for k, v in stored.items() if k not in ("parts", "header", "_o")}

    @route("GET", "campaigns")
    def get_campaigns(self) -> Any:
        return {"campaigns": [self.shown(name) for name in self.world.campaigns]}

    @route("GET", r"campaigns/(\w+)")
    def get_campaign(self, name: str) -> Any:
        return self.shown(name)

    @route("GET", r"campaigns/(\w+)/messages")
    def get_messages(self, name: str) -> Any:
        rows = self.world.campaigns[name].get("messages", [])
        after = int(self.args["after"])
        some = [row for row in rows if row[0] > after][:2]
        return {"rows": some, "next": some[-1][0] if len(some) == 2 else None}

    @route("GET", r"campaigns/(\w+)/failures")
    def get_failures(self, name: str) -> Any:
        return {"failures": [{"code": 131026, "count": 1, "action": "x", "sentence": "Yok."}]}


@contextmanager
def fake_api() -> Iterator[tuple[str, World]]:
    """The stand-in on a free port; gives its address and its memory."""
    world = World()
    handler = type("Handler", (FakeApi,), {"world": world})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
