"""A yes before what matters, also where the page's script did not ask: it was sent too early, or
scripts are off."""

from __future__ import annotations

import flask

from whatstr.admin import access, forms
from whatstr.admin.conflicts import sent_but
from whatstr.admin.labels import Verb


def first(*, title: str, body: str, confirm: str, danger: bool = True) -> str | None:
    """The page that asks, with everything that was sent, or None once the person has said yes.
    Nothing may happen before that."""
    if forms.confirmed():
        return None
    verb = Verb(
        url=flask.request.path,
        title=title,
        body=body,
        confirm=confirm,
        label=confirm,
        danger=danger,
    )
    return flask.render_template(
        "admin/confirm.html", verb=verb, sent=sent_but({}), back=access.here()
    )
