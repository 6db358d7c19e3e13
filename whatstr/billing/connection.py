"""The gateway of this process, made from its settings."""

from __future__ import annotations

import os

import flask

from whatstr import settings_of
from whatstr.billing.gateway import StripeGateway

_EXTENSION = "whatstr_stripe"


def stripe_gateway() -> StripeGateway:
    """Made at the first use, and again after a fork: connections are not shared by processes."""
    extensions = flask.current_app.extensions
    process, made = extensions.get(_EXTENSION, (None, None))
    if made is None or process != os.getpid():
        settings = settings_of()
        made = StripeGateway(
            settings["STRIPE_API_KEY"],
            settings["STRIPE_BASE_URL"] or None,
            settings.get("STRIPE_WEBHOOK_SECRET"),
        )
        extensions[_EXTENSION] = (os.getpid(), made)
    found: StripeGateway = made
    return found


def disconnect() -> None:
    """Let go of the connections of this application, if it has any."""
    process, made = flask.current_app.extensions.pop(_EXTENSION, (None, None))
    if made is not None and process == os.getpid():
        made.close()
