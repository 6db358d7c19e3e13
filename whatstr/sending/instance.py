"""Whose database this is. A restored copy must not send what the original has sent already.

The database names an instance and counts its beats; every sender host keeps the name and the last
beat it saw in a file beside its keyring, outside of every backup of the database. A database whose
name the file does not know is a copy, or somebody else's; one whose count is behind the file went
back in time. In both cases nothing is sent until an operator says which it is
(`flask whatstr release-instance`).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from whatstr import settings_of
from whatstr.audit.services import SYSTEM, record
from whatstr.campaigns.models import ACTIVE_STATES, Campaign, CampaignState
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import progress
from whatstr.sending.models import Instance

log = get_logger(__name__)

RESTORED = "restored"
UNCLAIMED, UNKNOWN, BEHIND = "unclaimed", "unknown", "behind"


@dataclass(frozen=True, slots=True)
class Seen:
    """What this host knows: the instance and the last beat it saw."""

    id: uuid.UUID
    beat: int


def is_ours() -> bool:
    """Whether this host may send from this database. Call it in a transaction of its own: the file
    is read before the database, so that a count that is behind it is certain."""
    seen, fault = _look()
    if fault == UNCLAIMED:
        _write(Seen(_new(), 1))
        log.info("instance.claimed")
        return True
    if fault == BEHIND:
        # All hosts must stop, not only the one that remembers.
        session().execute(sa.update(Instance).values(refused=BEHIND))
    if fault is None and seen is not None:
        _write(seen)
    return fault is None


def fault() -> str | None:
    """Why this host may not send (a code), without changing anything; None when it may."""
    found = _look()[1]
    return None if found == UNCLAIMED else found


def _look() -> tuple[Seen | None, str | None]:
    """(what is to be remembered where it is news, the fault)."""
    seen = _read()
    row = (
        session()
        .execute(sa.select(Instance.id, Instance.beat, Instance.cluster, Instance.refused))
        .first()
    )
    if row is None:
        return None, UNKNOWN
    if row.id is None:
        # Never used: the first sender's, unless this host knows another one and there is
        # something to send; then it is a copy from before.
        launched = sa.select(Campaign.id).where(Campaign.committed_at.is_not(None)).limit(1)
        copied = seen is not None and session().scalar(launched) is not None
        return None, UNKNOWN if copied else UNCLAIMED
    if row.refused is not None:
        return None, str(row.refused)
    if seen is None or seen.id != row.id or row.cluster != _cluster():
        return None, UNKNOWN
    if row.beat < seen.beat:
        return None, BEHIND
    return (Seen(row.id, row.beat) if row.beat > seen.beat else None), None


def beat() -> None:
    """Count on. The leading dispatcher does so every few seconds."""
    session().execute(sa.update(Instance).values(beat=Instance.beat + 1, seen_at=clock.now()))


def join() -> None:
    """Let this host send from the database as it is: for one more host of the same instance."""
    row = session().execute(sa.select(Instance.id, Instance.beat)).one()
    _write(Seen(row.id or _new(), row.beat))


def release() -> int:
    """Make this database the one that sends, from now on, from this host; other hosts `join`.

    Campaigns under way are held: part of them may have been sent after the copy was made, and only
    their customers can say whether they are to go on. How many were held.
    """
    found = list(session().scalars(sa.select(Campaign.id).where(Campaign.state.in_(ACTIVE_STATES))))
    held = progress.move(found, CampaignState.HELD, reason=RESTORED)
    made = _new()
    record(
        actor=SYSTEM,
        verb="instance.released",
        subject_kind="instance",
        subject_id=made,
        detail={"held": len(held)},
    )
    _write(Seen(made, 1))
    return len(held)


def _new() -> uuid.UUID:
    made = uuid.uuid4()
    session().execute(
        sa.update(Instance).values(
            id=made, beat=1, cluster=_cluster(), refused=None, seen_at=clock.now()
        )
    )
    return made


def _cluster() -> str:
    """The server and the database within it: a dump that is read in elsewhere has others."""
    return str(
        session().scalar(
            sa.text(
                "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid"
                " FROM pg_database WHERE datname = current_database()"
            )
        )
    )


# This host's memory ---------------------------------------------------------------------------


def _path() -> Path:
    return Path(settings_of()["WHATSTR_SENDER_KEYRING"] + ".instance")


def _read() -> Seen | None:
    try:
        data = json.loads(_path().read_text())
        return Seen(uuid.UUID(hex=data["id"]), int(data["beat"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("instance.unreadable", error=type(error).__name__)
        return Seen(uuid.UUID(int=0), 0)  # somebody was here: never claim anew


def _write(seen: Seen) -> None:
    path = _path()
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
    partial.write_text(json.dumps({"id": seen.id.hex, "beat": seen.beat}))
    partial.chmod(0o600)
    partial.replace(path)
