"""A member of staff moves to another e-mail address: asked for at the panel, proved by a link in
the new mailbox. The old mailbox is told when it is asked for and when it has happened."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts import staff, staff_links
from whatstr.accounts.links import LinkInvalid
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import StaffState, StaffUser
from whatstr.accounts.policies import normal_email
from whatstr.accounts.staff_link_words import ASKED, CHANGED
from whatstr.accounts.staff_models import StaffLinkPurpose
from whatstr.accounts.staff_sessions import revoke_staff_sessions
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core.crypto import norm_email
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput


def ask(*, actor: Actor, staff_id: uuid.UUID, email: str, admin_url: str) -> None:
    """Send a link to the new address; nothing changes before it is followed, and an earlier one
    works no more. Raises InvalidInput (email) and EmailTaken."""
    address = normal_email(email)
    user = _person(staff_id)
    if norm_email(user.email) == norm_email(address):
        raise InvalidInput("email", "unchanged")
    if staff.by_email(address) is not None:
        raise staff.EmailTaken()
    staff_links.withdraw_all(staff_id)
    link = staff_links.make(
        StaffLinkPurpose.EMAIL,
        actor,
        email=address,
        name=user.display_name,
        language=user.language,
        staff_id=staff_id,
    )
    staff_links.send(link, admin_url)
    _tell(user.email, user.language, ASKED)
    _record(actor, user, "staff.email_asked", to=link.row.email_masked)


def confirm(*, token: str, address: str) -> StaffUser:
    """The link was followed: the address changes, every session ends, every other link that was
    sent to the person is void. Raises LinkInvalid, and EmailTaken where somebody was given the
    address in the meantime."""
    row = staff_links.spend(token, StaffLinkPurpose.EMAIL)
    user = _person(row.staff_id) if row.staff_id else None
    if user is None or user.state is not StaffState.ACTIVE:
        raise LinkInvalid()
    if staff.by_email(row.email) is not None:
        raise staff.EmailTaken()
    old, masked = user.email, user.email_masked
    user.email = row.email
    session().flush()
    revoke_staff_sessions(staff_id=user.id)
    staff_links.withdraw_all(user.id)
    _tell(old, user.language, CHANGED)
    actor = Actor(ActorKind.STAFF, user.id, address)
    _record(actor, user, "staff.email_changed", before=masked, after=user.email_masked)
    return user


def _person(staff_id: uuid.UUID) -> StaffUser:
    return (
        session()
        .scalars(
            sa.select(StaffUser)
            .where(StaffUser.id == staff_id)
            .with_for_update()
            .options(undefer_group("pii"))
            .execution_options(populate_existing=True)
        )
        .one()
    )


def _tell(to: str, language: str, words: Mapping[str, tuple[str, str]]) -> None:
    spoken = "en" if language == "en" else "tr"
    subject, text = words[spoken]
    queue_mail(
        MailKind.NOTICE,
        to=to,
        values={"subject": subject, "paragraphs": [text]},
        language=spoken,
        organization_id=None,
    )


def _record(actor: Actor, user: StaffUser, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="staff_user", subject_id=user.id, detail=detail)
