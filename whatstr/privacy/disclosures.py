"""The register of disclosures: who asked, on what ground, what was handed over, by whom, and who
approved it. Nobody approves what they recorded themselves."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound
from whatstr.privacy.models import DISCLOSURE_MACHINE, Disclosure, DisclosureState, LegalGround

_LENGTH = 4000


class OwnDisclosure(DomainError):
    """Another person has to approve."""

    code = "own_disclosure"
    status = 403


def record_demand(
    *,
    actor: Actor,
    authority: str,
    ground: LegalGround,
    reference: str,
    wanted: str,
    received_on: date,
    organization_id: uuid.UUID | None,
) -> Disclosure:
    """An authority demands data. Raises InvalidInput."""
    if actor.id is None:
        raise TypeError("a person records a demand")
    if received_on > clock.now().date():
        raise InvalidInput("received_on", "future")
    row = Disclosure(
        ground=ground,
        reference=_text("reference", reference, 200),
        organization_id=organization_id,
        received_on=received_on,
        recorded_by=actor.id,
        recorded_at=clock.now(),
    )
    row.authority = _text("authority", authority, 400)
    row.wanted = _text("wanted", wanted, _LENGTH)
    session().add(row)
    session().flush()
    _record(actor, row, "disclosure.recorded", ground=str(ground))
    return row


def approve(*, actor: Actor, disclosure_id: uuid.UUID, version: int) -> Disclosure:
    """The demand is lawful and its extent is right. Raises OwnDisclosure, Conflict, NotFound."""
    row = _locked(disclosure_id, version)
    if row.recorded_by == actor.id:
        raise OwnDisclosure()
    _move(row, DisclosureState.APPROVED)
    row.approved_by, row.approved_at = actor.id, clock.now()
    _record(actor, row, "disclosure.approved")
    return row


def hand_over(*, actor: Actor, disclosure_id: uuid.UUID, version: int, what: str) -> Disclosure:
    """What was handed over is written down. Raises InvalidInput, Conflict, NotFound."""
    row = _locked(disclosure_id, version)
    _move(row, DisclosureState.HANDED_OVER)
    row.handed_over = _text("what", what, _LENGTH)
    row.handed_over_by, row.handed_over_at = actor.id, clock.now()
    _record(actor, row, "disclosure.handed_over")
    return row


def refuse(*, actor: Actor, disclosure_id: uuid.UUID, version: int, reason: str) -> Disclosure:
    """Nothing is handed over. Raises InvalidInput, Conflict, NotFound."""
    row = _locked(disclosure_id, version)
    words = _text("note", reason, _LENGTH)
    _move(row, DisclosureState.REFUSED)
    row.refused_by, row.refused_at = actor.id, clock.now()
    _record(actor, row, "disclosure.refused", reason=words)
    return row


def under_way() -> Sequence[Disclosure]:
    """Demands that are neither answered nor refused, oldest first."""
    waiting = (DisclosureState.RECEIVED, DisclosureState.APPROVED)
    query = sa.select(Disclosure).where(Disclosure.state.in_(waiting))
    return session().scalars(query.order_by(Disclosure.recorded_at)).all()


def _move(row: Disclosure, to: DisclosureState) -> None:
    DISCLOSURE_MACHINE.check(row.state, to)
    row.state = to


def _locked(disclosure_id: uuid.UUID, version: int) -> Disclosure:
    row = session().get(
        Disclosure,
        disclosure_id,
        options=[undefer_group("pii")],
        with_for_update=True,
        populate_existing=True,
    )
    if row is None:
        raise NotFound("disclosure")
    if row.version != version:
        raise Conflict(version=row.version)
    return row


def _text(field: str, text: str, longest: int) -> str:
    words = text.strip()
    if not words or len(words) > longest:
        raise InvalidInput(field, "length", max=longest)
    return words


def _record(
    actor: Actor, row: Disclosure, verb: str, reason: str | None = None, **detail: object
) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="disclosure",
        subject_id=row.id,
        organization_id=row.organization_id,
        reason=reason,
        detail=detail,
    )
