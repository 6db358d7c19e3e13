"""Signed-in browsers of staff: server-side, short, listed, revocable.

Signing in has two steps. `begin` gives a session that waits for the second factor: it opens nothing
but the pages of that step, for ten minutes and five tries. `complete` ends it and starts another
one under a new cookie, so that nobody can plant the cookie of a session that will be signed in.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.accounts.models import StaffRole, StaffSession, StaffState, StaffUser
from whatstr.accounts.permissions import StaffPermission, staff_permissions
from whatstr.core import clock
from whatstr.core.db import session

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
WAITING = timedelta(minutes=10)
STEP_UP = timedelta(minutes=15)
TRIES = 5
CHALLENGE = timedelta(minutes=5)
_SEEN_STEP = timedelta(seconds=60)
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")
_NAMES = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "macOS"}


@dataclass(frozen=True)
class SignedInStaff:
    """Who makes the current request in the staff panel. Flask-Login's idea of a user, too."""

    staff_id: uuid.UUID
    session_id: uuid.UUID
    roles: tuple[StaffRole, ...]
    display_name: str
    language: str
    stepped_up_at: datetime | None

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.staff_id.hex

    @property
    def permissions(self) -> frozenset[StaffPermission]:
        return staff_permissions(self.roles)

    def may(self, permission: StaffPermission) -> bool:
        return permission in self.permissions

    def stepped_up(self) -> bool:
        """Whether the second factor was shown recently enough for money, suspension, roles,
        exports and reveals."""
        return self.stepped_up_at is not None and clock.now() - self.stepped_up_at <= STEP_UP


@dataclass(frozen=True)
class NewStaffSession:
    """The cookie's value leaves once."""

    id: uuid.UUID
    token: str


@dataclass(frozen=True)
class Waiting:
    """A browser whose password was right and whose second factor is awaited."""

    session_id: uuid.UUID
    staff_id: uuid.UUID
    language: str
    display_name: str


def begin(*, user: StaffUser, address: str = "", browser: str = "") -> NewStaffSession:
    """The password was right: wait for the second factor."""
    return _start(user.id, clock.now() + WAITING, address, browser, proved_at=None)


def complete(
    *, waiting: uuid.UUID, staff_id: uuid.UUID, address: str = "", browser: str = ""
) -> NewStaffSession:
    """The second factor was right: the waiting session ends, the real one starts."""
    revoke_staff_session(waiting)
    return start_session(staff_id=staff_id, address=address, browser=browser)


def start_session(*, staff_id: uuid.UUID, address: str = "", browser: str = "") -> NewStaffSession:
    """Sign a browser in. The sign-in counts as the first step-up."""
    now = clock.now()
    session().execute(sa.update(StaffUser).where(StaffUser.id == staff_id).values(signed_in_at=now))
    return _start(staff_id, now + LONGEST, address, browser, proved_at=now)


def _start(
    staff_id: uuid.UUID, ends: datetime, address: str, browser: str, *, proved_at: datetime | None
) -> NewStaffSession:
    token, now = secrets.token_urlsafe(32), clock.now()
    row = StaffSession(
        id=uuid.uuid4(),
        token_hash=_hash(token),
        staff_id=staff_id,
        created_at=now,
        seen_at=now,
        expires_at=ends,
        proved_at=proved_at,
        stepped_up_at=proved_at,
        browser=browser_words(browser),
        address_masked=mask_address(address),
    )
    session().add(row)
    session().flush()
    return NewStaffSession(row.id, token)


def find_staff_session(token: str) -> SignedInStaff | None:
    """The person behind a cookie, or None: unknown, unproved, revoked, over, idle or locked."""
    found = _find(token, proved=True)
    if found is None:
        return None
    row, user = found
    return SignedInStaff(
        staff_id=user.id,
        session_id=row.id,
        roles=tuple(StaffRole(role) for role in user.roles),
        display_name=user.display_name,
        language=user.language,
        stepped_up_at=row.stepped_up_at,
    )


def find_waiting(token: str) -> Waiting | None:
    """The browser behind a cookie of the first step, or None."""
    found = _find(token, proved=False)
    if found is None or found[0].tries >= TRIES:
        return None
    row, user = found
    return Waiting(row.id, user.id, user.language, user.display_name)


def _find(token: str, *, proved: bool) -> tuple[StaffSession, StaffUser] | None:
    now = clock.now()
    row = (
        session()
        .execute(
            sa.select(StaffSession, StaffUser)
            .join(StaffUser, StaffUser.id == StaffSession.staff_id)
            .where(
                StaffSession.token_hash == _hash(token),
                StaffSession.proved_at.isnot(None) if proved else StaffSession.proved_at.is_(None),
                StaffSession.revoked_at.is_(None),
                StaffSession.expires_at > now,
                StaffSession.seen_at > now - IDLE,
                StaffUser.state == StaffState.ACTIVE,
            )
            .execution_options(populate_existing=True)
        )
        .first()
    )
    return None if row is None else (row[0], row[1])


def count_try(session_id: uuid.UUID) -> None:
    """One more try at the second factor, counted before it is looked at."""
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id)
        .values(tries=StaffSession.tries + 1)
    )


def new_challenge(session_id: uuid.UUID) -> bytes:
    """What a passkey has to sign next in this browser."""
    challenge = secrets.token_bytes(32)
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id)
        .values(challenge=challenge, challenge_at=clock.now())
    )
    return challenge


def take_challenge(session_id: uuid.UUID) -> bytes | None:
    """The challenge of this browser, for one answer within five minutes."""
    row = session().get_one(
        StaffSession,
        session_id,
        options=[undefer(StaffSession.challenge)],
        populate_existing=True,
        with_for_update=True,
    )
    found, at = row.challenge, row.challenge_at
    row.challenge = row.challenge_at = None
    if found is None or at is None or clock.now() - at > CHALLENGE:
        return None
    return found


def touch_staff_session(session_id: uuid.UUID) -> None:
    """Note that the session is in use, once a minute at most."""
    now = clock.now()
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < now - _SEEN_STEP)
        .values(seen_at=now)
    )


def step_up(session_id: uuid.UUID) -> None:
    """The person has just proved again who they are."""
    session().execute(
        sa.update(StaffSession)
        .where(StaffSession.id == session_id)
        .values(stepped_up_at=clock.now(), tries=0)
    )


def revoke_staff_session(session_id: uuid.UUID, *, staff_id: uuid.UUID | None = None) -> bool:
    """End one session, of this person where one is named; whether there was one to end."""
    query = sa.update(StaffSession).where(
        StaffSession.id == session_id, StaffSession.revoked_at.is_(None)
    )
    if staff_id is not None:
        query = query.where(StaffSession.staff_id == staff_id)
    done = session().execute(query.values(revoked_at=clock.now(), challenge=None))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def revoke_staff_sessions(*, staff_id: uuid.UUID, keep: uuid.UUID | None = None) -> int:
    """End every session of a person but one, also those that wait for a second factor."""
    query = sa.update(StaffSession).where(
        StaffSession.staff_id == staff_id, StaffSession.revoked_at.is_(None)
    )
    if keep is not None:
        query = query.where(StaffSession.id != keep)
    done = session().execute(query.values(revoked_at=clock.now()))
    return int(done.rowcount)  # type: ignore[attr-defined]


def live_staff_sessions(staff_id: uuid.UUID) -> Sequence[StaffSession]:
    """Where a person is signed in now, newest first."""
    now = clock.now()
    return (
        session()
        .scalars(
            sa.select(StaffSession)
            .where(
                StaffSession.staff_id == staff_id,
                StaffSession.proved_at.isnot(None),
                StaffSession.revoked_at.is_(None),
                StaffSession.expires_at > now,
                StaffSession.seen_at > now - IDLE,
            )
            .order_by(StaffSession.created_at.desc())
        )
        .all()
    )


def browser_words(agent: str) -> str:
    """`Firefox, Windows` out of a browser's own description, which is not kept."""
    found = [
        next((_NAMES.get(name, name) for name in names if re.search(name, agent)), "")
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(part for part in found if part)


def mask_address(address: str) -> str:
    """The network of an IP address (/24, or /48 of IPv6), as access logs may keep it."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
