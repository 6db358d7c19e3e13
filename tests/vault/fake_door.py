"""The stand-in's HTTP: routes, sessions, refusals."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any, ClassVar

from tests.vault.fake_world import Refuse, World
from tests.vault.page_server import PageHandler
from whatstr.vault import wire
from whatstr.vault.release import ident_module

ROUTES: list[tuple[str, re.Pattern[str], str]] = []


def route(method: str, pattern: str) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        ROUTES.append((method, re.compile(f"/api/{pattern}"), function.__name__))
        return function

    return add


class Door(PageHandler):
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
