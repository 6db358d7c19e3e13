"""WhatsTR: WhatsApp messaging as a service that cannot read what its customers send."""

from __future__ import annotations

from pathlib import Path

import flask

from whatstr.config import Role, Settings

ROOT = Path(__file__).resolve().parents[1]
__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> flask.Flask:
    """The application of one process role. Raises ConfigError before anything is opened."""
    from whatstr import models, shells  # noqa: F401 - models complete the metadata
    from whatstr.core import database, i18n, logs, static_files, web

    settings = settings or Settings.from_environment()
    logs.configure(settings["WHATSTR_LOG_LEVEL"], strict=not settings.production)
    app = flask.Flask(
        "whatstr",
        root_path=str(ROOT / "whatstr"),
        template_folder="../templates",
        static_url_path=static_files.address(),
    )
    app.extensions["whatstr_settings"] = settings
    app.config.update(
        SECRET_KEY=settings.get("WHATSTR_SECRET_KEY"),
        MAX_CONTENT_LENGTH=4 * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_NAME=f"wtr_{settings.role}",
        TRAP_HTTP_EXCEPTIONS=False,
    )
    database.init_app(app, settings)
    i18n.init_app(app)
    web.init_app(app, settings)
    static_files.init_app(app)
    shells.init_app(app, settings)
    return app


def settings_of(app: flask.Flask | None = None) -> Settings:
    """The settings the application was made with."""
    found: Settings = (app or flask.current_app).extensions["whatstr_settings"]
    return found


__all__ = ["ROOT", "Role", "Settings", "create_app", "settings_of"]
