"""Links sent by e-mail: random, one use, short life; only their hash is stored.

A link carries its token in the fragment, which browsers keep out of requests and logs.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import EmailToken, Member, MemberState
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError


class Purpose(StrEnum):
    CONFIRM = "confirm"
    RECOVERY = "recovery"
    RESET = "reset"
    RESET_CANCEL = "reset_cancel"
    RESET_FINISH = "reset_finish"


LIFE = {
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RECOVERY: timedelta(minutes=30),
    Purpose.RESET: timedelta(minutes=30),
    # As long as there is something to cancel.
    Purpose.RESET_CANCEL: timedelta(days=17),
    Purpose.RESET_FINISH: timedelta(days=14),
}
_PATH = {
    Purpose.CONFIRM: "/onay#",
    Purpose.RECOVERY: "/kurtarma#",
    Purpose.RESET: "/sifirlama#basla.",
    Purpose.RESET_CANCEL: "/sifirlama#vazgec.",
    Purpose.RESET_FINISH: "/sifirlama#yeni.",
}
_MAIL = {Purpose.CONFIRM: MailKind.CONFIRM_EMAIL, Purpose.RECOVERY: MailKind.RESET_LINK}


class LinkInvalid(DomainError):
    """The link is unknown, used, or too old."""

    code = "link_invalid"


def send_link(*, member: Member, purpose: Purpose, web_url: str) -> None:
    """Mail a fresh link of those that have a letter of their own. `member` must have its personal
    columns loaded."""
    queue_mail(
        _MAIL[purpose],
        to=member.email,
        values={"url": make_link(member=member, purpose=purpose, web_url=web_url)},
        language=member.language,
        organization_id=member.organization_id,
    )


def make_link(*, member: Member, purpose: Purpose, web_url: str) -> str:
    """A fresh link for an e-mail; earlier ones for the same purpose stop working."""
    # The member comes first: what a browser derives from the recovery code depends on it.
    token, now = f"{member.id.hex}.{secrets.token_urlsafe(32)}", clock.now()
    session().execute(
        sa.update(EmailToken)
        .where(
            EmailToken.member_id == member.id,
            EmailToken.purpose == str(purpose),
            EmailToken.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    session().add(
        EmailToken(
            token_hash=hash_token(token),
            member_id=member.id,
            purpose=str(purpose),
            created_at=now,
            expires_at=now + LIFE[purpose],
        )
    )
    session().flush()
    return f"{web_url.rstrip('/')}{_PATH[purpose]}{token}"


def resend_confirmation(*, member_id: uuid.UUID, web_url: str) -> None:
    """A new confirmation link, unless the address is confirmed already."""
    member = session().get_one(Member, member_id, options=[undefer_group("pii")])
    if member.email_confirmed_at is None:
        send_link(member=member, purpose=Purpose.CONFIRM, web_url=web_url)


def confirm_email(*, token: str, address: str) -> None:
    """Confirm the address behind a link. Opening the link again is no error: mail scanners do.
    Raises LinkInvalid."""
    row = _find(token, Purpose.CONFIRM)
    member = session().get_one(Member, row.member_id)
    if member.email_confirmed_at is not None:
        return
    if row.used_at is not None or row.expires_at <= clock.now():
        raise LinkInvalid()
    if member.state is not MemberState.ACTIVE:
        raise LinkInvalid()
    row.used_at = member.email_confirmed_at = clock.now()
    record(
        actor=Actor(ActorKind.MEMBER, member.id, address),
        verb="member.email_confirmed",
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
    )


def live_link(token: str, purpose: Purpose) -> EmailToken:
    """An unused link within its life. Raises LinkInvalid."""
    row = _find(token, purpose)
    if row.used_at is not None or row.expires_at <= clock.now():
        raise LinkInvalid()
    return row


def use_link(row: EmailToken) -> None:
    """Spend a link. Raises LinkInvalid when somebody else has just spent it."""
    done = session().execute(
        sa.update(EmailToken)
        .where(EmailToken.token_hash == row.token_hash, EmailToken.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise LinkInvalid()


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _find(token: str, purpose: Purpose) -> EmailToken:
    row = session().get(EmailToken, hash_token(token))
    if row is None or row.purpose != purpose:
        raise LinkInvalid()
    return row
