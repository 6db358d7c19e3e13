"""Alembic's environment: online only, through the application's engine."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

from whatstr.core.crypto import PiiType

target_db = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, autogen_context: Any) -> str | bool:
    """A sealed column is text to the database."""
    if kind == "type" and isinstance(item, PiiType):
        return "sa.Text()"
    return False


with target_db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=target_db.metadata,
        render_item=render_item,
        compare_type=lambda _c, _i, _m, _t, ours: False if isinstance(ours, PiiType) else None,
    )
    with context.begin_transaction():
        context.run_migrations()
