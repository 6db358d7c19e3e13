"""`flask whatstr …`: what the person who runs the service types."""

from __future__ import annotations

import flask
from flask.cli import AppGroup

group = AppGroup("whatstr", help="Run and look after WhatsTR.")


def init_app(app: flask.Flask) -> None:
    app.cli.add_command(group)
