"""How Meta sees lines and templates, as the portal shows it: history, and states under a key."""

from __future__ import annotations

import uuid
from typing import Any

from whatstr.accounts.permissions import Permission
from whatstr.campaigns import outlook
from whatstr.core import clock
from whatstr.core.i18n import language
from whatstr.lines import queries, services
from whatstr.lines.health_words import troubles
from whatstr.lines.models import Line
from whatstr.portal import api
from whatstr.portal.access import member_access, organization_id
from whatstr.portal.inputs import show_instant


@api.get("/lines/<uuid:line_id>/health")
@member_access(Permission.LINES_READ)
def read_line_health(line_id: uuid.UUID) -> Any:
    line = services.own_line(organization_id(), line_id)
    people = outlook.people_of(line, now=clock.now())
    return {
        "people": {
            "limit": people.limit,
            "used": people.used,
            "frees_at": show_instant(people.frees_at),
        },
        "events": [
            {
                "at": show_instant(event.at),
                "kind": event.kind,
                "before": event.before,
                "after": event.after,
            }
            for event in queries.line_events(line.id)
        ],
    }


@api.get("/template-states")
@member_access(Permission.LINES_READ)
def read_template_states() -> Any:
    return {
        "templates": {
            one.template_ix.hex(): {
                "status": one.status,
                "quality": one.quality,
                "category": one.category,
                "reason": one.reason,
                "paused_until": show_instant(one.paused_until),
                "next_category": one.next_category,
                "next_category_at": show_instant(one.next_category_at),
                "changed_at": show_instant(one.changed_at),
                "checked_at": show_instant(one.checked_at),
            }
            for one in queries.template_states(organization_id())
        }
    }


def show_troubles(line: Line) -> list[dict[str, Any]]:
    """What Meta said stands in the way at the last look, worst first."""
    found = sorted(troubles(line.health, language()), key=lambda one: one.can_send != "BLOCKED")
    return [
        {
            "entity": one.entity,
            "can_send": one.can_send,
            "codes": list(one.codes),
            "sentence": one.sentence,
        }
        for one in found
    ]
