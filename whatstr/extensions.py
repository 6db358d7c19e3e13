"""Extensions, created unbound; the shells bind what they use."""

from __future__ import annotations

from typing import Any

import flask
from flask_login import LoginManager
from flask_wtf import CSRFProtect

login_manager = LoginManager()
csrf = CSRFProtect()

SESSION_LOADER = "whatstr_session_loader"


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _load_user(request: flask.Request) -> Any:
    """Who is signed in, as this application's own shell finds out: members and staff differ.

    A shell puts `loader(request) -> user | None` into `app.extensions[SESSION_LOADER]`.
    """
    loader = flask.current_app.extensions.get(SESSION_LOADER)
    return loader(request) if loader else None
