"""A forgotten password: a link by e-mail and the recovery code together, never one alone."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from whatstr.accounts.enrolment import Origin, PasswordKeys, RecoveryKeys, set_password
from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.links import Purpose, live_link, send_link, use_link
from whatstr.accounts.models import Member
from whatstr.accounts.notices import tell_recovered
from whatstr.accounts.proofs import proof_hash, proof_matches
from whatstr.accounts.sessions import revoke_sessions
from whatstr.accounts.signin import Unlocked, find_member, load_active, unlock
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError

_NOBODY = secrets.token_bytes(32)


class WrongRecovery(DomainError):
    """The recovery code is wrong."""

    code = "wrong_recovery"
    status = 401


@dataclass(frozen=True)
class RecoveryWraps:
    """What a browser opens with the recovery code."""

    organization_id: uuid.UUID
    member_id: uuid.UUID
    key_version: int
    wrap_rec: bytes
    wrap_org: bytes | None


def start_recovery(*, email: str, web_url: str) -> None:
    """Mail a link, if the address has an account. The caller says the same in both cases."""
    member = find_member(email)
    if member is not None:
        send_link(member=member, purpose=Purpose.RECOVERY, web_url=web_url)


def open_recovery(
    *, token: str, rauth: bytes, origin: Origin, pepper: bytes
) -> RecoveryWraps | None:
    """The wraps, if link and code are right; None for a wrong code (the caller commits the event
    in both cases). Raises LinkInvalid. The link stays good until `finish_recovery`."""
    member = _proved(token=token, rauth=rauth, origin=origin, pepper=pepper)
    if member is None:
        return None
    return RecoveryWraps(
        organization_id=member.organization_id,
        member_id=member.id,
        key_version=member.key_version,
        wrap_rec=member.wrap_recovery,
        wrap_org=member.wrap_organization,
    )


def finish_recovery(
    *,
    token: str,
    rauth: bytes,
    password: PasswordKeys,
    recovery: RecoveryKeys,
    origin: Origin,
    pepper: bytes,
) -> Unlocked | None:
    """Set a new password and a new recovery code, spend the link, end every session, start one.
    None for a wrong code. Raises LinkInvalid."""
    member = _proved(token=token, rauth=rauth, origin=origin, pepper=pepper)
    if member is None:
        return None
    use_link(live_link(token, Purpose.RECOVERY))
    set_password(member, password, pepper)
    member.recovery_hash = proof_hash(pepper, recovery.rauth)
    member.wrap_recovery = recovery.wrap_rec
    # Link and code together stand for the authenticator, too: nobody could turn it off otherwise.
    member.totp = member.totp_step = None
    # Whoever opened the link reads this mailbox.
    member.email_confirmed_at = member.email_confirmed_at or clock.now()
    session().flush()
    ended = revoke_sessions(member_id=member.id)
    record(
        actor=Actor(ActorKind.MEMBER, member.id, origin.address),
        verb="member.recovered",
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
        detail={"sessions_ended": ended},
    )
    tell_recovered(member)
    return unlock(member, origin)


def _proved(*, token: str, rauth: bytes, origin: Origin, pepper: bytes) -> Member | None:
    row = live_link(token, Purpose.RECOVERY)
    member = load_active(sa.and_(Member.id == row.member_id))
    stored = member.recovery_hash if member is not None else _NOBODY
    good = proof_matches(pepper, rauth, stored) and member is not None
    record_event(
        kind=EventKind.RECOVERY,
        outcome=Outcome.OK if good else Outcome.FAILED,
        address=origin.address,
        browser=origin.browser,
        organization_id=member.organization_id if member is not None else None,
        member_id=row.member_id,
    )
    return member if good else None
