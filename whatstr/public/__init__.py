"""The public pages: what WhatsTR is, its documents, and what recipients may do."""

from __future__ import annotations

import flask

from whatstr.core.security import PUBLIC_CSP
from whatstr.core.web import set_csp
from whatstr.extensions import csrf

public = flask.Blueprint("public", __name__)
public.after_request(set_csp(PUBLIC_CSP))


def init_app(app: flask.Flask) -> None:
    from whatstr.public import optout, pages, report  # noqa: F401 - they register their routes

    if "csrf" not in app.extensions:
        csrf.init_app(app)
    app.register_blueprint(public)
