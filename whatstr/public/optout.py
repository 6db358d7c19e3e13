"""Stopping a business's messages by the link in one of them: one page, one button."""

from __future__ import annotations

import flask

from whatstr.core.db import transaction
from whatstr.core.security import client_address, open_to_all
from whatstr.public import public
from whatstr.public.report import limits, trusted_idents
from whatstr.vault.inbox import leave_for_sender


@public.get("/dur/<string(maxlength=64):code>")
@open_to_all
def optout_form(code: str) -> str:
    return flask.render_template("public/optout.html", code=code, done=False)


@public.post("/dur/<string(maxlength=64):code>")
@open_to_all
def opt_out(code: str) -> str:
    """The sender acts on it within a second. The answer does not say whether the code is one of
    ours, since that would tell whether somebody is on a list."""
    limits().link(address=client_address())
    with transaction():
        leave_for_sender({"t": "optout_link", "code": code}, ident_pks=trusted_idents())
    return flask.render_template("public/optout.html", code=code, done=True)
