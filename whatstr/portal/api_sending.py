"""The plan of the day, and when an organization sends."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts.models import OrganizationState
from whatstr.accounts.permissions import Permission
from whatstr.audiences.policies import MAX_ROWS
from whatstr.billing import ledger
from whatstr.campaigns import outlook
from whatstr.campaigns.models import CampaignKind
from whatstr.campaigns.outlook import Outlook, Wish
from whatstr.campaigns.pacing import LATE_LIMIT_MINUTES, Window
from whatstr.campaigns.sending_settings import (
    SendingSettings,
    change_sending_settings,
    sending_settings,
)
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.core.i18n import language
from whatstr.lines.models import Line, LineState
from whatstr.lines.reasons import sentence_for
from whatstr.lines.services import own_line
from whatstr.portal import api, plan_words
from whatstr.portal.access import actor, current_member, member_access, organization_id
from whatstr.portal.api_lines import line_reason
from whatstr.portal.inputs import (
    Data,
    choice,
    field,
    json_body,
    query_instant,
    query_integer,
    show_instant,
)
from whatstr.portal.sentences import Sentence


@api.get("/lines/<uuid:line_id>/plan")
@member_access(Permission.CAMPAIGNS_READ)
def plan_launch(line_id: uuid.UUID) -> Any:
    line = own_line(organization_id(), line_id)
    args = flask.request.args
    wish = Wish(
        organization_id=organization_id(),
        line=line,
        rows=query_integer("rows", 0, max=MAX_ROWS),
        kind=choice({"kind": args.get("kind") or "marketing"}, "kind", CampaignKind),
        due_at=query_instant("due_at"),
        new_template=bool(query_integer("new_template", 0, max=1)),
    )
    now = clock.now()
    found = outlook.outlook(wish, now=now)
    plan, available = found.plan, ledger.balance(organization_id()).available
    return {
        "credits": wish.rows,
        "available": available,
        "enough": wish.rows <= available,
        "rate": line.throughput,
        "seconds": -(-wish.rows // max(line.throughput, 1)),
        "starts_at": show_instant(plan.starts_at or found.starts),
        "finishes_at": show_instant(plan.finishes_at if wish.rows else found.starts),
        "days": [
            {
                "date": day.date,
                "starts_at": show_instant(day.starts_at),
                "ends_at": show_instant(day.ends_at),
                "messages": day.messages,
            }
            for day in plan.days
        ],
        "canary": _canary(found),
        "limits": [*_stopped(line), *plan_words.limits(found, rate=line.throughput, now=now)],
        "fits": plan.left == 0,
        "unfit": plan_words.unfit(plan.left) if plan.left else None,
        "late_limit_minutes": LATE_LIMIT_MINUTES,
        "time_zone": found.hours.zone,
    }


def _canary(found: Outlook) -> dict[str, Any] | None:
    if found.canary_reason is None:
        return None
    return {
        "rows": found.canary_size,
        "reason": found.canary_reason,
        "sentence": plan_words.canary(found),
    }


def _stopped(line: Line) -> list[dict[str, Any]]:
    """Why nothing at all would leave now."""
    if current_member().organization_state is not OrganizationState.ACTIVE:
        sentence = sentence_for("suspended", language())
        return [{"code": "line_stopped", "reason": "suspended", "sentence": sentence}]
    if line.state is LineState.CONNECTED:
        return []
    reason = line.state_reason or str(line.state)
    return [{"code": "line_stopped", "reason": reason, "sentence": line_reason(line)}]


# Settings -------------------------------------------------------------------------------------


@api.get("/sending-settings")
@member_access(Permission.SETTINGS_READ)
def read_sending_settings() -> Any:
    return _shown(sending_settings(organization_id()))


@api.put("/sending-settings")
@member_access(Permission.SETTINGS_WRITE)
def write_sending_settings() -> Any:
    data = json_body()
    wanted = SendingSettings(
        window=_window(data),
        informational_any_time=field(data, "informational_any_time", bool),
        resend_unknown=field(data, "resend_unknown", bool),
    )
    with transaction():
        change_sending_settings(actor=actor(), organization_id=organization_id(), wanted=wanted)
    return _shown(wanted)


def _window(data: Data) -> Window | None:
    if data.get("window") is None:
        return None
    window = field(data, "window", dict)
    return Window.read(
        field(window, "from", str, max=5),
        field(window, "to", str, max=5),
        field(window, "time_zone", str, max=64),
    )


def _shown(settings: SendingSettings) -> dict[str, Any]:
    default = outlook.default_window()
    return {
        "window": _show_window(settings.window or default),
        "informational_any_time": settings.informational_any_time,
        "resend_unknown": settings.resend_unknown,
        "default": {"window": _show_window(default)},
    }


def _show_window(window: Window) -> dict[str, str]:
    return {"from": window.start, "to": window.end, "time_zone": window.zone}


REASONS: dict[str, Sentence] = {
    "not_a_time": lambda e: str(_("Please give a time such as 09:00.")),
    "window_too_short": lambda e: str(
        _("The end must be at least one hour after the start, on the same day.")
    ),
    "not_a_zone": lambda e: str(_("This time zone is not known. Please choose one from the list.")),
}
