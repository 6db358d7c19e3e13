"""Letting our staff look through the customer's eyes: a code for a while, seen and ended here."""

from __future__ import annotations

import uuid
from typing import Any

from whatstr.accounts.permissions import Permission
from whatstr.core.db import transaction
from whatstr.portal import api
from whatstr.portal.access import actor, member_access, organization_id
from whatstr.portal.inputs import field, json_body, show_id, show_instant
from whatstr.privacy import views
from whatstr.privacy.models import AllowedView


@api.get("/staff-views")
@member_access(Permission.SETTINGS_READ)
def list_views() -> dict[str, Any]:
    return {"views": [_view(row) for row in views.views_of(organization_id())]}


@api.post("/staff-views")
@member_access(Permission.SETTINGS_WRITE)
def allow_view() -> tuple[dict[str, Any], int]:
    """A new code; it is in this answer and nowhere else."""
    minutes = field(json_body(), "minutes", int, min=1, max=24 * 60)
    with transaction():
        made = views.allow(actor=actor(), organization_id=organization_id(), minutes=minutes)
    return {"id": show_id(made.id), "code": made.code, "minutes": minutes}, 201


@api.delete("/staff-views/<uuid:view_id>")
@member_access(Permission.SETTINGS_WRITE)
def end_view(view_id: uuid.UUID) -> tuple[str, int]:
    """At once: the next click of the staff finds nothing."""
    with transaction():
        views.end(actor=actor(), view_id=view_id, organization_id=organization_id())
    return "", 204


def _view(row: AllowedView) -> dict[str, Any]:
    return {
        "id": show_id(row.id),
        "minutes": row.minutes,
        "created_at": show_instant(row.created_at),
        "begun_at": show_instant(row.begun_at),
        "ends_at": show_instant(row.revoked_at or row.ends_at),
        "state": _state(row),
    }


def _state(row: AllowedView) -> str:
    if views.is_live(row):
        return "live"
    if row.begun_at is not None:
        return "over"
    return "open" if views.is_open(row) else "unused"
