"""A campaign as the portal is told of it: also why one that nobody paused does not move.

Staff stop a line or an organization, Meta stops a line; the sender heeds that before each message
and leaves the campaign as it is, so that it goes on by itself afterwards. Customers read `held`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from whatstr.abuse.effects import STAFF
from whatstr.accounts.models import OrganizationState
from whatstr.campaigns import queries
from whatstr.campaigns.models import Campaign, CampaignState, MessageStatus
from whatstr.campaigns.outlook import hours_of
from whatstr.campaigns.pacing import Wait
from whatstr.campaigns.queries import Watched
from whatstr.core import clock
from whatstr.core.i18n import language
from whatstr.lines import queries as lines
from whatstr.lines.models import LineState
from whatstr.lines.reasons import sentence_for
from whatstr.portal import plan_words
from whatstr.portal.access import current_member
from whatstr.portal.inputs import show_bytes, show_id, show_instant

_MOVING = (CampaignState.QUEUED, CampaignState.RUNNING)
_RESUMABLE = (CampaignState.PAUSED, CampaignState.HELD)


@dataclass(frozen=True)
class Standstill:
    """What stops the signed-in organization at present: everything, or some lines, by reason."""

    everything: str | None
    lines: Mapping[uuid.UUID, str]

    def of(self, campaign: Campaign) -> str | None:
        """The reason code why a launched campaign stands; None when nothing outside stops it."""
        if campaign.state not in _MOVING:
            return None
        return self.everything or self.lines.get(campaign.line_id)


def standstill() -> Standstill:
    return _standstill(lines.line_states(current_member().organization_id))


def standstill_of(watched: Watched) -> Standstill:
    """The same where only one campaign and its line are looked at."""
    line = (watched.campaign.line_id, watched.line_state, watched.line_reason)
    return _standstill([line])


def _standstill(found: Iterable[tuple[uuid.UUID, LineState, str | None]]) -> Standstill:
    active = current_member().organization_state is OrganizationState.ACTIVE
    return Standstill(
        None if active else "suspended",
        {
            line_id: reason or "line_stopped"
            for line_id, state, reason in found
            if state is not LineState.CONNECTED
        },
    )


def waiting(found: Campaign, standing: Standstill) -> dict[str, Any] | None:
    """What holds the rest back at this moment although nobody stopped the campaign."""
    if found.state not in _MOVING or standing.of(found):
        return None
    code, until = found.wait_code, found.wait_until
    if code is None and found.state is CampaignState.QUEUED and queries.is_behind(found):
        code = Wait.QUEUE
    if code is None:
        return None
    organization = found.organization_id
    zone = hours_of([organization])[organization].zone if until else ""
    sentence = plan_words.waiting(Wait(code), until=until, zone=zone)
    return {"code": code, "sentence": sentence, "until": show_instant(until)}


def show_campaign(
    found: Campaign,
    *,
    counts: Mapping[MessageStatus, int],
    standing: Standstill,
    rate: float = 0.0,
    seconds_left: int | None = None,
) -> dict[str, Any]:
    """`campaign` of docs/api.md, with its sealed parts."""
    return {
        **show_state(found, counts=counts, standing=standing, rate=rate, seconds_left=seconds_left),
        "jk_wrap": show_bytes(found.jk_wrap),
        "record": show_bytes(found.record),
        "now": show_instant(clock.now()),
    }


def show_state(
    found: Campaign,
    *,
    counts: Mapping[MessageStatus, int],
    standing: Standstill,
    rate: float = 0.0,
    seconds_left: int | None = None,
) -> dict[str, Any]:
    """`campaign` of docs/api.md without what is sealed: what changes while it is sent."""
    stop = standing.of(found)
    code = stop or found.reason_code
    reason = None if code is None else {"code": code, "sentence": sentence_for(code, language())}
    return {
        "id": show_id(found.id),
        "line": show_id(found.line_id),
        "kind": found.kind,
        "resend_of": show_id(found.resend_of) if found.resend_of else None,
        "state": CampaignState.HELD if stop else found.state,
        "reason": reason,
        "waiting": waiting(found, standing),
        "late_after": show_instant(found.late_after),
        "resumable": found.state in _RESUMABLE and found.reason_code != STAFF,
        "rows": found.rows,
        "chunks": found.chunks,
        "due_at": show_instant(found.due_at),
        "expires_at": show_instant(found.expires_at),
        "created_at": show_instant(found.created_at),
        "started_at": show_instant(found.started_at),
        "finished_at": show_instant(found.finished_at),
        "counts": {str(status): number for status, number in counts.items()},
        "rate": 0.0 if stop else rate,
        "seconds_left": None if stop else seconds_left,
    }
