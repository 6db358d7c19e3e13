"""Signing in at Meta: the Embedded Signup page, codes, tokens, and what a token is good for."""

from __future__ import annotations

import secrets
import time
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from whatstr.simulator.meta import seed
from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.graph import Graph, answer
from whatstr.simulator.meta.model import Code, Line, Token

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef1f5;color:#1c2733}
main{max-width:34rem;margin:3rem auto;background:#fff;padding:2rem;border-radius:12px;
box-shadow:0 1px 4px #0002}
h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.5rem 0 1rem}
label{display:grid;grid-template-columns:auto 1fr;gap:0 .6rem;
border:1px solid #ccd4dd;border-radius:8px;padding:.75rem 1rem;
margin:.5rem 0}label small{grid-column:2;color:#4d5b6a}
button{font:inherit;padding:.6rem 1.2rem;border-radius:8px;border:1px solid #26425f;
background:#26425f;color:#fff;margin:1rem .5rem 0 0}button.no{background:#fff;color:#26425f}
input:focus-visible,button:focus-visible{outline:3px solid #e09f3e}
.tag{display:inline-block;background:#e09f3e;color:#1c2733;border-radius:4px;padding:0 .5rem}
"""


def _page(body: str, *, status: int = 200) -> web.Response:
    text = (
        '<!doctype html><html lang="tr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<title>Meta benzetimi: hat bağlama</title>"
        '<link rel="stylesheet" href="/_sim/signup.css"></head>'
        f'<body><main><span class="tag">Benzetim</span>{body}</main></body></html>'
    )
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'self'"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


class Signup:
    """The dialog and the token endpoints."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.world = graph.world

    def add_routes(self, app: web.Application) -> None:
        """With and without a version in the address, as Meta's own."""
        for start in ("", r"/{version:v\d+\.\d+}"):
            app.router.add_get(start + "/dialog/oauth", self.dialog)
            app.router.add_post(start + "/dialog/oauth", self.confirm)
            app.router.add_get(start + "/oauth/access_token", self.exchange)
            app.router.add_get(start + "/debug_token", self.debug)
        app.router.add_get("/_sim/signup.css", self.style)
        app.router.add_get("/favicon.ico", self.no_icon)

    async def style(self, request: web.Request) -> web.Response:
        """The page's own style sheet."""
        return web.Response(text=_STYLE, content_type="text/css")

    async def no_icon(self, request: web.Request) -> web.Response:
        """Browsers ask for one by themselves; a 404 would stand in their console."""
        return web.Response(status=204)

    # The page -------------------------------------------------------------------------------

    def _asked(self, request: web.Request, given: Any) -> tuple[str, str]:
        """redirect_uri and state; ValueError with a sentence if the request makes no sense."""
        if given.get("client_id") != self.world.app_id:
            raise ValueError("Bu uygulama bilinmiyor. / Unknown app (client_id).")
        target = str(given.get("redirect_uri", ""))
        parts = urlsplit(target)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("Dönüş adresi geçersiz. / redirect_uri is not a web address.")
        return target, str(given.get("state", ""))

    async def dialog(self, request: web.Request) -> web.StreamResponse:
        """The business confirms and chooses a line."""
        try:
            target, state = self._asked(request, request.query)
        except ValueError as wrong:
            return _page(f"<h1>{escape(str(wrong))}</h1>", status=400)
        rows: list[str] = []
        for waba in self.world.wabas.values():
            for line in self.world.lines_of(waba.id):
                mark = " checked" if not rows else ""
                rows.append(
                    f'<label><input type="radio" name="line" value="{line.id}"{mark}> '
                    f"{escape(line.display)} · {escape(line.verified_name)}"
                    f"<small>{escape(waba.name)} · {waba.id}</small></label>"
                )
        rows.append(
            '<label><input type="radio" name="line" value="new"> Yeni işletme ve yeni hat aç'
            "<small>New business with a new line</small></label>"
        )
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in (
                ("client_id", self.world.app_id),
                ("redirect_uri", target),
                ("state", state),
            )
        )
        return _page(
            "<h1>WhatsApp hattını bağla</h1>"
            "<p>Uygulama, seçtiğiniz hattan mesaj göndermek ve hesabı yönetmek istiyor.</p>"
            f'<form method="post" action="{escape(request.path)}">{hidden}{"".join(rows)}'
            '<button name="choice" value="yes">Onayla ve bağla</button>'
            '<button class="no" name="choice" value="no">Vazgeç</button></form>'
        )

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """Back to the app with a code, or with a refusal."""
        form = await request.post()
        try:
            target, state = self._asked(request, form)
        except ValueError as wrong:
            return _page(f"<h1>{escape(str(wrong))}</h1>", status=400)
        if form.get("choice") == "no":
            told = {"error": "access_denied", "error_reason": "user_denied", "state": state}
            return _redirect(target, told)
        wanted = str(form.get("line", ""))
        if wanted == "new":
            waba = self.world.new_business(f"İşletme {len(self.world.portfolios) + 1}")
            line = self.world.lines_of(waba.id)[0]
        elif wanted in self.world.lines:
            line = self.world.lines[wanted]
        else:
            return _page("<h1>Bir hat seçin. / Choose a line.</h1>", status=400)
        code = self.new_code(line, target)
        await self.world.store.settled()
        told = {
            "code": code.value,
            "state": state,
            "waba_id": line.waba_id,
            "phone_number_id": line.id,
            "business_id": self.world.wabas[line.waba_id].business_id,
        }
        return _redirect(target, told)

    def new_code(self, line: Line, redirect_uri: str) -> Code:
        """A fresh code for a line."""
        value = "AQ" + secrets.token_urlsafe(48)
        code = Code(value, line.waba_id, line.id, redirect_uri, time.time())
        self.world.add(code)
        return code

    # Tokens ---------------------------------------------------------------------------------

    def _app(self, request: web.Request) -> None:
        given = request.query.get("client_id"), request.query.get("client_secret")
        if given[0] != self.world.app_id:
            raise GraphError(101, message="Error validating application.", status=400)
        if given[1] != self.graph.app_secret:
            raise GraphError(1, message="Error validating client secret.", status=400)

    async def exchange(self, request: web.Request) -> web.StreamResponse:
        """GET /oauth/access_token: a code for a business token; or the app's own token."""
        version = request.match_info.get("version", self.world.settings.versions[-1])
        try:
            self._app(request)
            if request.query.get("grant_type") == "client_credentials":
                own = f"{self.world.app_id}|{self.graph.app_secret}"
                return self._token_answer(own, version)
            code = self.world.codes.get(request.query.get("code", ""))
            old = code is not None and code.made + self.world.settings.code_seconds < time.time()
            if code is None or code.used or old:
                why = "has been used" if code and code.used else "has expired or is unknown"
                raise GraphError(
                    100, subcode=36009, message=f"This authorization code {why}.", status=400
                )
            given = request.query.get("redirect_uri")
            if given and given != code.redirect_uri:
                raise GraphError(
                    100, subcode=36008, message="Error validating redirect_uri.", status=400
                )
            code.used = True
            token = seed.business_token(code.waba_id, code.value)
            self.world.add(code, token)
            await self.world.store.settled()
            return self._token_answer(token.value, version)
        except GraphError as fault:
            return self.graph.error(fault, version)

    def _token_answer(self, value: str, version: str) -> web.StreamResponse:
        found: web.StreamResponse = answer(
            {"access_token": value, "token_type": "bearer"}, version=version
        )
        return found

    async def debug(self, request: web.Request) -> web.StreamResponse:
        """GET /debug_token: is it valid, whose is it, which accounts does it open?"""
        version = request.match_info.get("version", self.world.settings.versions[-1])
        try:
            self.graph.token(request)
            asked = request.query.get("input_token", "")
            if not asked:
                raise GraphError(100, message="(#100) The parameter input_token is required.")
            return self._debugged(self.world.tokens.get(asked), version)
        except GraphError as fault:
            return self.graph.error(fault, version)

    def _debugged(self, token: Token | None, version: str) -> web.StreamResponse:
        if token is None:
            wrong = {"code": 190, "message": "Invalid OAuth access token."}
            data: dict[str, Any] = {"error": wrong, "is_valid": False, "scopes": []}
        else:
            data = {
                "app_id": self.world.app_id,
                "type": token.kind,
                "application": "WhatsTR",
                "data_access_expires_at": 0,
                "expires_at": int(token.expires),
                "is_valid": self.world.healthy_token(token.value) is not None,
                "issued_at": int(token.issued),
                "scopes": token.scopes,
                "granular_scopes": [
                    {"scope": scope, "target_ids": token.waba_ids} for scope in token.scopes
                ],
                "user_id": token.user_id,
            }
        found: web.StreamResponse = answer({"data": data}, version=version)
        return found


def _redirect(target: str, told: dict[str, str]) -> web.Response:
    parts = urlsplit(target)
    query = "&".join(filter(None, (parts.query, urlencode(told))))
    place = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return web.Response(status=302, headers={"Location": place})
