"""When and how an organization wants to send: its window, and what becomes of unknown outcomes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from whatstr.accounts.models import Organization
from whatstr.audit.services import Actor, record
from whatstr.campaigns.pacing import Window
from whatstr.core.db import notify, session


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """`window` None: the service's own."""

    window: Window | None
    informational_any_time: bool
    resend_unknown: bool


def sending_settings(organization_id: uuid.UUID) -> SendingSettings:
    """What the organization chose."""
    found = session().get_one(Organization, organization_id)
    window = None
    if None not in (found.window_from, found.window_to, found.time_zone):
        window = Window(found.window_from or 0, found.window_to or 0, found.time_zone or "")
    return SendingSettings(window, found.informational_any_time, found.resend_unknown)


def change_sending_settings(
    *, actor: Actor, organization_id: uuid.UUID, wanted: SendingSettings
) -> None:
    """Store them; campaigns under way heed them before their next batch."""
    before = sending_settings(organization_id)
    if before == wanted:
        return
    found = session().get_one(Organization, organization_id)
    window = wanted.window
    found.window_from = window.opens if window else None
    found.window_to = window.closes if window else None
    found.time_zone = window.zone if window else None
    found.informational_any_time = wanted.informational_any_time
    found.resend_unknown = wanted.resend_unknown
    record(
        actor=actor,
        verb="organization.sending_settings",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
        detail={"before": _shown(before), "after": _shown(wanted)},
    )
    notify("whatstr_sender")


def _shown(settings: SendingSettings) -> dict[str, object]:
    window = settings.window
    return {
        "window": f"{window.start}-{window.end} {window.zone}" if window else None,
        "informational_any_time": settings.informational_any_time,
        "resend_unknown": settings.resend_unknown,
    }
