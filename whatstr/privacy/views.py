"""Looking at an account through its customer's eyes, with the customer's code and for a while.

The customer makes a code and says for how long; staff enter it once. What they see is metadata that
the panel shows masked anyway: there is no way to the vault. The customer sees the look while it
lasts and afterwards, and can end it at any moment.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput, NotFound
from whatstr.privacy.models import AllowedView

MINUTES = (15, 30, 60)
CODE_LIFE = timedelta(minutes=30)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that is misheard on the phone
_SHOWN = 50


class CodeInvalid(DomainError):
    """The code is unknown, used, withdrawn or too old."""

    code = "view_code_invalid"


@dataclass(frozen=True)
class NewCode:
    """The code leaves once."""

    id: uuid.UUID
    code: str


def allow(*, actor: Actor, organization_id: uuid.UUID, minutes: int) -> NewCode:
    """A member makes a code; earlier unused ones stop working. Raises InvalidInput (minutes)."""
    if minutes not in MINUTES:
        raise InvalidInput("minutes", "unknown")
    if actor.id is None:
        raise TypeError("a member allows a view")
    now = clock.now()
    session().execute(
        sa.update(AllowedView)
        .where(
            AllowedView.organization_id == organization_id,
            AllowedView.begun_at.is_(None),
            AllowedView.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    # 12 of 32 letters: 60 bits against at most 30 tries in a quarter of an hour.
    code = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    row = AllowedView(
        id=uuid.uuid4(),
        organization_id=organization_id,
        member_id=actor.id,
        code_hash=_hash(code),
        minutes=minutes,
        created_at=now,
        code_ends_at=now + CODE_LIFE,
    )
    session().add(row)
    session().flush()
    _record(actor, row, "view.allowed", minutes=minutes)
    return NewCode(row.id, "-".join(code[at : at + 4] for at in range(0, 12, 4)))


def begin(*, actor: Actor, code: str) -> AllowedView:
    """Staff enter a code. Raises CodeInvalid."""
    now = clock.now()
    row = session().scalar(
        sa.select(AllowedView)
        .where(
            AllowedView.code_hash == _hash(code),
            AllowedView.begun_at.is_(None),
            AllowedView.revoked_at.is_(None),
            AllowedView.code_ends_at > now,
        )
        .with_for_update()
    )
    if row is None:
        raise CodeInvalid()
    row.staff_id, row.begun_at = actor.id, now
    row.ends_at = now + timedelta(minutes=row.minutes)
    _record(actor, row, "view.begun", minutes=row.minutes)
    return row


def live(*, view_id: uuid.UUID, staff_id: uuid.UUID) -> AllowedView:
    """A view of this person that still lasts. Raises NotFound."""
    row = session().get(AllowedView, view_id, populate_existing=True)
    if row is None or row.staff_id != staff_id or not is_live(row):
        raise NotFound("allowed_view")
    return row


def is_live(row: AllowedView) -> bool:
    """Whether somebody may look through it now."""
    return row.revoked_at is None and row.ends_at is not None and row.ends_at > clock.now()


def is_open(row: AllowedView) -> bool:
    """Whether the code may still be entered."""
    return row.begun_at is None and row.revoked_at is None and row.code_ends_at > clock.now()


def live_until(organization_id: uuid.UUID) -> datetime | None:
    """Until when somebody of ours may look now, or None."""
    found: datetime | None = session().scalar(
        sa.select(sa.func.max(AllowedView.ends_at)).where(
            AllowedView.organization_id == organization_id,
            AllowedView.revoked_at.is_(None),
            AllowedView.ends_at > clock.now(),
        )
    )
    return found


def end(*, actor: Actor, view_id: uuid.UUID, organization_id: uuid.UUID | None = None) -> None:
    """End a view or withdraw a code, at once. A member ends those of their own organization; staff
    (without `organization_id`) their own. Raises NotFound."""
    row = session().get(AllowedView, view_id, with_for_update=True)
    mine = row is not None and (
        row.organization_id == organization_id if organization_id else row.staff_id == actor.id
    )
    if row is None or not mine:
        raise NotFound("allowed_view")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        _record(actor, row, "view.ended")


def views_of(organization_id: uuid.UUID) -> Sequence[AllowedView]:
    """Codes and looks of an organization, newest first."""
    return (
        session()
        .scalars(
            sa.select(AllowedView)
            .where(AllowedView.organization_id == organization_id)
            .order_by(AllowedView.created_at.desc())
            .limit(_SHOWN)
        )
        .all()
    )


def views_by(staff_id: uuid.UUID) -> Sequence[AllowedView]:
    """What a member of staff may look through now."""
    rows = session().scalars(
        sa.select(AllowedView)
        .where(AllowedView.staff_id == staff_id, AllowedView.ends_at > clock.now())
        .order_by(AllowedView.begun_at.desc())
    )
    return [row for row in rows if is_live(row)]


def _record(actor: Actor, row: AllowedView, verb: str, **detail: object) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="allowed_view",
        subject_id=row.id,
        organization_id=row.organization_id,
        detail=detail,
    )


def _hash(code: str) -> bytes:
    plain = "".join(ch for ch in code.upper() if ch.isalnum())
    return hashlib.sha256(b"allowed-view\0" + plain.encode()).digest()
