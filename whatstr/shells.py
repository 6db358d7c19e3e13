"""Which shells a process role shows. Imports are inside the branch on purpose: `web`, `admin`
and `hook` must not even load what belongs to another role (vault design, section 20.4)."""

from __future__ import annotations

import flask

from whatstr.config import Role, Settings


def init_app(app: flask.Flask, settings: Settings) -> None:
    if settings.role is Role.WEB:
        from whatstr import portal, public
        from whatstr.webhooks import stripe

        public.init_app(app)
        portal.init_app(app)
        stripe.init_app(app)
    elif settings.role is Role.ADMIN:
        from whatstr import admin

        admin.init_app(app)
    elif settings.role is Role.HOOK:
        from whatstr.webhooks import meta

        meta.init_app(app)
    elif settings.role in (Role.WORKER, Role.SCHEDULER):
        from whatstr import workers

        workers.init_app(app)
    elif settings.role is Role.TOOL:
        from whatstr import cli

        cli.init_app(app)
