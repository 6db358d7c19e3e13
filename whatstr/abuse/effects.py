"""What an action does, and how it is undone. The sender sees each before its next message."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from whatstr.abuse.models import Action, ActionKind, Case
from whatstr.accounts.models import ORGANIZATION_MACHINE, Organization, OrganizationState
from whatstr.audit.services import Actor, record
from whatstr.campaigns.models import Campaign
from whatstr.campaigns.services import own_campaign, pause_campaign
from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.core.errors import NotFound
from whatstr.lines.models import Line, LineState
from whatstr.lines.services import own_line, pause_line, release_line

STAFF = "staff"
"""The reason code that customers see; a campaign or line so marked is not theirs to resume."""


def check_target(case: Case, kind: ActionKind, target: uuid.UUID | None) -> uuid.UUID | None:
    """The id an action is about, after a look that it belongs to the case's organization."""
    if kind is ActionKind.PAUSE_CAMPAIGN:
        if target is None:
            raise NotFound("campaign")
        return own_campaign(case.organization_id, target).id
    if kind is ActionKind.PAUSE_LINE:
        wanted = target or case.line_id
        if wanted is None:
            raise NotFound("line")
        return own_line(case.organization_id, wanted).id
    return case.organization_id


def apply(action: Action, *, case: Case, actor: Actor) -> None:
    """Make an action true, within the current transaction. Idempotent."""
    change = _APPLY.get(action.kind)
    if change is not None:
        change(action, case, actor)


def undo(action: Action, *, case: Case, actor: Actor) -> None:
    """Take an applied action back."""
    _UNDO[action.kind](action, case, actor)


def _pause_campaign(action: Action, case: Case, actor: Actor) -> None:
    pause_campaign(
        actor=actor,
        organization_id=case.organization_id,
        campaign_id=_target(action),
        reason=STAFF,
    )


def _free_campaign(action: Action, case: Case, actor: Actor) -> None:
    """The campaign stays paused; its owner may resume it."""
    campaign: Campaign = own_campaign(case.organization_id, _target(action), lock=True)
    if campaign.reason_code != STAFF:
        return
    campaign.reason_code = None
    campaign.state_changed_at = clock.now()
    record(
        actor=actor,
        verb="campaign.freed",
        subject_kind="campaign",
        subject_id=campaign.id,
        organization_id=case.organization_id,
    )


def _pause_line(action: Action, case: Case, actor: Actor) -> None:
    pause_line(actor=actor, line_id=_target(action), reason=STAFF)


def _release_line(action: Action, case: Case, actor: Actor) -> None:
    line = session().get(Line, _target(action))
    if line is not None and line.state is LineState.PAUSED:
        release_line(actor=actor, line_id=line.id, reason=STAFF)


def _suspend(action: Action, case: Case, actor: Actor) -> None:
    _move_organization(case, OrganizationState.SUSPENDED, actor, "organization.suspended")


def _restore(action: Action, case: Case, actor: Actor) -> None:
    _move_organization(case, OrganizationState.ACTIVE, actor, "organization.restored")


def _move_organization(case: Case, after: OrganizationState, actor: Actor, verb: str) -> None:
    organization = session().scalar(
        sa.select(Organization)
        .where(Organization.id == case.organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if organization is None:
        raise NotFound("organization")
    if organization.state is after:
        return
    ORGANIZATION_MACHINE.check(organization.state, after)
    before, organization.state = organization.state, after
    organization.state_reason = STAFF if after is OrganizationState.SUSPENDED else None
    record(
        actor=actor,
        verb=verb,
        subject_kind="organization",
        subject_id=organization.id,
        organization_id=organization.id,
        detail={"before": before, "after": after},
    )
    notify("whatstr_sender")


def _target(action: Action) -> uuid.UUID:
    if action.target_id is None:
        raise NotFound(str(action.kind))
    return action.target_id


Change = Callable[[Action, Case, Actor], None]
_APPLY: Mapping[ActionKind, Change] = {
    ActionKind.PAUSE_CAMPAIGN: _pause_campaign,
    ActionKind.PAUSE_LINE: _pause_line,
    ActionKind.SUSPEND_ORGANIZATION: _suspend,
}
_UNDO: Mapping[ActionKind, Change] = {
    ActionKind.PAUSE_CAMPAIGN: _free_campaign,
    ActionKind.PAUSE_LINE: _release_line,
    ActionKind.SUSPEND_ORGANIZATION: _restore,
}
