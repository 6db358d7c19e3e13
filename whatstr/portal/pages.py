"""Page shells of the panel: the same bytes for everybody in a language, no customer data.

What is personal comes by JSON and is shown by the page's module. Ids travel in the fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flask

from whatstr import settings_of
from whatstr.core.errors import NotFound
from whatstr.core.security import PANEL_CSP, open_to_all
from whatstr.portal import shells
from whatstr.vault.release import IDENT_MODULE

SHELLS = {
    "/giris": "signin",
    "/kayit": "signup",
    "/onay": "confirm",
    "/kurtarma": "recovery",
    "/panel": "overview",
    "/kisiler": "contacts",
    "/kampanyalar": "campaigns",
    "/kampanyalar/yeni": "compose",
    "/kampanya": "campaign",
    "/hatlar": "lines",
    "/odeme": "billing",
    "/ayarlar": "settings",
    "/destek": "support",
    "/surum": "release",
    "/ekip": "team",
    "/davet": "invitation",
    "/sifirlama": "reset",
}


def _shell(template: str) -> Callable[[], str]:
    @open_to_all
    def show() -> str:
        return flask.render_template(f"portal/{template}.html")

    return show


for _path, _template in SHELLS.items():
    shells.add_url_rule(_path, _template, _shell(_template), methods=["GET"])


@shells.get(f"/release/{IDENT_MODULE}")
@open_to_all
def ident_module() -> flask.Response:
    """The sender's identity as it was written at release; a proxy serves the same file itself."""
    folder = settings_of()["WHATSTR_RELEASE"]
    if not folder:
        raise NotFound("release")
    return flask.send_from_directory(Path(folder).resolve(), IDENT_MODULE, max_age=0)


@shells.after_app_request
def _worker_policy(response: flask.Response) -> flask.Response:
    """A Worker takes its policy from its own file, so our scripts carry the panel's."""
    path = flask.request.path
    if path.startswith(("/static/", "/release/")) and path.endswith((".js", ".mjs", ".wasm")):
        response.headers["Content-Security-Policy"] = PANEL_CSP
    return response
