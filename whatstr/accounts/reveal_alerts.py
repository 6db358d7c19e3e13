"""More than thirty reveals of a person in a day are told to the owners (vault design, 16)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import sqlalchemy as sa

from whatstr.accounts.owner_mail import tell_owners
from whatstr.audit.models import Reveal
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session

A_DAY = 30


def watch_reveals(*, actor: Actor, staff_id: uuid.UUID) -> None:
    """After a reveal was added: the first one beyond thirty within 24 hours raises the alarm."""
    count = session().scalar(
        sa.select(sa.func.count()).where(
            Reveal.staff_id == staff_id, Reveal.at > clock.now() - timedelta(days=1)
        )
    )
    if count != A_DAY + 1:
        return
    record(
        actor=actor,
        verb="reveal.alarm",
        subject_kind="staff_user",
        subject_id=staff_id,
        detail={"reveals": count},
    )
    tell_owners("many_reveals", count=count)
