"""Links to staff by e-mail: an invitation, or a new password. One use, short life, hash only.

A link carries its token in the fragment, which browsers keep out of requests and logs.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer, undefer_group

from whatstr.accounts import staff
from whatstr.accounts.links import LinkInvalid
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.accounts.policies import normal_email
from whatstr.accounts.staff_link_words import WORDS
from whatstr.accounts.staff_models import StaffLink, StaffLinkPurpose
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput, NotFound

LIFE: Mapping[StaffLinkPurpose, timedelta] = {
    StaffLinkPurpose.INVITATION: timedelta(days=3),
    StaffLinkPurpose.PASSWORD: timedelta(hours=1),
    StaffLinkPurpose.EMAIL: timedelta(hours=1),
}
# Where a link leads: a page that asks for a new password, or one that asks for nothing.
_PAGES: Mapping[StaffLinkPurpose, str] = {
    StaffLinkPurpose.INVITATION: "davet",
    StaffLinkPurpose.PASSWORD: "davet",
    StaffLinkPurpose.EMAIL: "eposta",
}


def invite(
    *,
    actor: Actor,
    email: str,
    name: str,
    roles: Sequence[StaffRole],
    language: str,
    admin_url: str,
) -> StaffLink:
    """Ask somebody to join, by e-mail. An earlier invitation of the address stops working. Raises
    InvalidInput (email, display_name, roles, language) and EmailTaken."""
    address = normal_email(email)
    if not roles:
        raise InvalidInput("roles", "missing")
    if language not in ("tr", "en"):
        raise InvalidInput("language", "unknown")
    if staff.by_email(address) is not None:
        raise staff.EmailTaken()
    link = make(
        StaffLinkPurpose.INVITATION,
        actor,
        email=address,
        name=staff.clean_name(name),
        language=language,
        roles=roles,
    )
    session().execute(
        sa.update(StaffLink)
        .where(
            matches(StaffLink.email_ix, "staff_link.email", norm_email(address)),
            live(),
            StaffLink.id != link.row.id,
        )
        .values(revoked_at=clock.now())
    )
    send(link, admin_url)
    _record(actor, link.row, "staff.invited", roles=list(link.row.roles))
    return link.row


def send_password_link(*, actor: Actor, staff_id: uuid.UUID, admin_url: str) -> None:
    """Let a colleague choose a new password. Earlier links stop working. Raises NotFound."""
    user = session().get(
        StaffUser, staff_id, options=[undefer_group("pii")], populate_existing=True
    )
    if user is None or user.state is not StaffState.ACTIVE:
        raise NotFound("staff_user")
    withdraw_all(staff_id)
    link = make(
        StaffLinkPurpose.PASSWORD,
        actor,
        email=user.email,
        name=user.display_name,
        language=user.language,
        staff_id=staff_id,
    )
    send(link, admin_url)
    _record(actor, link.row, "staff.password_link_sent")


def withdraw(*, actor: Actor, link_id: uuid.UUID) -> None:
    """An invitation that was not used yet works no more."""
    row = session().get(StaffLink, link_id, with_for_update=True)
    if row is None or row.used_at is not None:
        raise NotFound("staff_link")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        _record(actor, row, "staff.invitation_withdrawn")


def open_invitations() -> Sequence[StaffLink]:
    """Invitations that still work, newest first."""
    return (
        session()
        .scalars(
            sa.select(StaffLink)
            .where(StaffLink.purpose == StaffLinkPurpose.INVITATION, live())
            .order_by(StaffLink.created_at.desc())
        )
        .all()
    )


def use(*, token: str, password: str, address: str) -> StaffUser:
    """Spend a link: the account of an invitation is made, or the password replaced. The person
    still has to sign in with a second factor. Raises LinkInvalid, InvalidInput (password) and,
    where the address was given an account in the meantime, EmailTaken."""
    staff.check_new_password(password)
    row = spend(token, StaffLinkPurpose.INVITATION, StaffLinkPurpose.PASSWORD)
    if row.purpose is StaffLinkPurpose.INVITATION:
        user = staff.create_staff(
            actor=Actor(ActorKind.SYSTEM, None, address),
            email=row.email,
            name=row.display_name,
            roles=[StaffRole(role) for role in row.roles],
            password=password,
            language=row.language,
        )
        row.staff_id = user.id
        return user
    found = session().get(StaffUser, row.staff_id)
    if found is None or found.state is not StaffState.ACTIVE:
        raise LinkInvalid()
    staff.set_staff_password(
        actor=Actor(ActorKind.STAFF, found.id, address), staff_id=found.id, password=password
    )
    return found


def spend(token: str, *purposes: StaffLinkPurpose) -> StaffLink:
    """A link of one of these purposes that still works, which works no more after this. Raises
    LinkInvalid."""
    row = session().scalar(
        sa.select(StaffLink)
        .where(StaffLink.token_hash == _hash(token), StaffLink.purpose.in_(purposes), live())
        .options(undefer(StaffLink.email_ct))
        .with_for_update()
    )
    if row is None:
        raise LinkInvalid()
    row.used_at = clock.now()
    return row


def withdraw_all(staff_id: uuid.UUID) -> None:
    """No link that was sent to a person works any more."""
    session().execute(
        sa.update(StaffLink)
        .where(StaffLink.staff_id == staff_id, live())
        .values(revoked_at=clock.now())
    )


class Made:
    """A fresh link with the token that leaves once."""

    def __init__(self, row: StaffLink, token: str, to: str) -> None:
        self.row, self.token, self.to = row, token, to


def make(
    purpose: StaffLinkPurpose,
    actor: Actor,
    *,
    email: str,
    name: str,
    language: str,
    roles: Sequence[StaffRole] = (),
    staff_id: uuid.UUID | None = None,
) -> Made:
    """A link that works from now on, for `LIFE` of its purpose."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = StaffLink(
        token_hash=_hash(token),
        purpose=purpose,
        staff_id=staff_id,
        display_name=name,
        roles=sorted({str(role) for role in roles}),
        language=language,
        created_by=actor.id,
        created_at=now,
        expires_at=now + LIFE[purpose],
    )
    row.email = email
    session().add(row)
    session().flush()
    return Made(row, token, email)


def send(link: Made, admin_url: str) -> None:
    """Mail it to its address."""
    language = "en" if link.row.language == "en" else "tr"
    subject, text, label = WORDS[link.row.purpose, language]
    queue_mail(
        MailKind.NOTICE,
        to=link.to,
        values={
            "subject": subject,
            "paragraphs": [text],
            "url": f"{admin_url.rstrip('/')}/{_PAGES[link.row.purpose]}#{link.token}",
            "link_label": label,
        },
        language=language,
        organization_id=None,
    )


def live() -> sa.ColumnElement[bool]:
    """The condition of a link that still works."""
    return sa.and_(
        StaffLink.used_at.is_(None),
        StaffLink.revoked_at.is_(None),
        StaffLink.expires_at > clock.now(),
    )


def _record(actor: Actor, row: StaffLink, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="staff_link", subject_id=row.id, detail=detail)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
