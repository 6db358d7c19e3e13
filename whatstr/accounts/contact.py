"""What support corrects in a customer's contact data, on the customer's word.

Values are written, never read here: whoever edits need not see what stood there. A changed e-mail
address has to be confirmed anew, and the old one is told, so that nobody moves an account in
silence. Of a deleted customer nothing is written: what was forgotten stays forgotten.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import load_only, undefer

from whatstr.accounts import policies
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import (
    Member,
    MemberRole,
    MemberState,
    Organization,
    OrganizationState,
)
from whatstr.accounts.sessions import revoke_sessions
from whatstr.audit.services import Actor, record
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound
from whatstr.core.i18n import LANGUAGES

LONGEST = 200
REASON_LENGTH = (10, 500)


class LastOwner(DomainError):
    """The organization would be left without anybody who may do everything."""

    code = "last_owner"


class EmailInUse(DomainError):
    """Another member has this address."""

    code = "member_email_taken"
    status = 409


def _text(text: str, *, field: str) -> str:
    clean = " ".join(text.split())
    if not clean or len(clean) > LONGEST or "\0" in clean:
        raise InvalidInput(field, "text")
    return clean


_ORGANIZATION: Mapping[str, Callable[[str], str]] = {
    "name": lambda text: _text(text, field="name"),
    "address": lambda text: _text(text, field="address"),
    "tax_office": lambda text: _text(text, field="tax_office"),
    "tax_number": policies.normal_tax_number,
    "website": policies.normal_website,
}
_MEMBER: Mapping[str, Callable[[str], str]] = {
    "name": lambda text: _text(text, field="name"),
    "email": policies.normal_email,
    "phone": policies.normal_phone,
}


def check_reason(text: str) -> str:
    """A reason in words. Raises InvalidInput."""
    clean = text.strip()
    if not REASON_LENGTH[0] <= len(clean) <= REASON_LENGTH[1]:
        raise InvalidInput("note", "length")
    return clean


def edit_organization(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    expected_version: int,
    values: Mapping[str, str],
    language: str,
    reason: str,
) -> list[str]:
    """Write the values that are not empty; gives the names of what changed. Raises Conflict,
    InvalidInput, NotFound."""
    words = check_reason(reason)
    row = session().scalar(
        sa.select(Organization)
        .where(Organization.id == organization_id)
        .options(undefer(Organization.name_ct))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.state is OrganizationState.DELETED:
        raise NotFound("organization")
    if row.version != expected_version:
        raise Conflict("organization", version=row.version)
    changed = _write(row, values, _ORGANIZATION)
    if _language(language) != row.language:
        row.language = language
        changed.append("language")
    if changed:
        session().flush()
        _note(actor, "organization.contact_edited", row.id, row.id, words, changed)
    return changed


def seen_of(member: Member) -> str:
    """What an editor saw of a member, as a mark: an edit of something else is refused."""
    saw = (member.state, member.language, member.email_masked, member.phone_masked)
    return hashlib.sha256(repr([str(one) for one in saw]).encode()).hexdigest()[:16]


def edit_member(
    *,
    actor: Actor,
    member_id: uuid.UUID,
    seen: str,
    values: Mapping[str, str],
    language: str,
    reason: str,
) -> list[str]:
    """Write the values that are not empty; gives the names of what changed. Raises Conflict,
    EmailInUse, InvalidInput, NotFound."""
    words = check_reason(reason)
    row = _locked(member_id, seen)
    old = row.email
    if values.get("email", "").strip():
        _check_free(values["email"], row.id)
    changed = _write(row, values, _MEMBER)
    if _language(language) != row.language:
        row.language = language
        changed.append("language")
    if "email" in changed:
        row.email_confirmed_at = None
        _tell_moved(row, old)
    if changed:
        session().flush()
        _note(actor, "member.contact_edited", row.id, row.organization_id, words, changed)
    return changed


def remove_member(*, actor: Actor, member_id: uuid.UUID, reason: str) -> None:
    """End the member's access at once; the data stays. Raises LastOwner, NotFound."""
    words = check_reason(reason)
    row = _locked(member_id, None)
    if row.state is MemberState.REMOVED:
        return
    if row.role is MemberRole.OWNER and _owners(row.organization_id) < 2:
        raise LastOwner()
    row.state = MemberState.REMOVED
    ended = revoke_sessions(member_id=member_id)
    _note(actor, "member.removed", row.id, row.organization_id, words, [], sessions=ended)


def restore_member(*, actor: Actor, member_id: uuid.UUID, reason: str) -> None:
    """Give the access back: the undo of a removal. Raises NotFound."""
    words = check_reason(reason)
    row = _locked(member_id, None)
    if row.state is MemberState.ACTIVE:
        return
    row.state = MemberState.ACTIVE
    _note(actor, "member.restored", row.id, row.organization_id, words, [])


def is_deleted(organization_id: uuid.UUID) -> bool:
    """Whether the customer is deleted: its data are gone, and nothing is written of it."""
    query = sa.select(Organization.state).where(Organization.id == organization_id)
    return session().scalar(query) is OrganizationState.DELETED


def _locked(member_id: uuid.UUID, seen: str | None) -> Member:
    row = session().scalar(
        sa.select(Member)
        .where(Member.id == member_id)
        # Only what is needed: this role has no right to a member's keys.
        .options(
            load_only(
                *(Member.organization_id, Member.role, Member.state, Member.language),
                *(Member.email_masked, Member.phone_masked, Member.email_confirmed_at),
                *(Member.email_ct, Member.name_ct, Member.phone_ct),
            )
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or is_deleted(row.organization_id):
        raise NotFound("member")
    if seen is not None and seen_of(row) != seen:
        raise Conflict("member")
    return row


def _write(
    row: Organization | Member,
    values: Mapping[str, str],
    rules: Mapping[str, Callable[[str], str]],
) -> list[str]:
    changed = []
    for name, rule in rules.items():
        typed = values.get(name, "").strip()
        if typed:
            setattr(row, name, rule(typed))
            changed.append(name)
    return changed


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise InvalidInput("language", "unknown")
    return text


def _check_free(email: str, member_id: uuid.UUID) -> None:
    same = matches(Member.email_ix, "member.email", norm_email(policies.normal_email(email)))
    taken = session().scalar(sa.select(Member.id).where(same, Member.id != member_id))
    if taken is not None:
        raise EmailInUse(field="email")


def _owners(organization_id: uuid.UUID) -> int:
    # One removal of an organization at a time: two owners cannot remove each other.
    session().execute(
        sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"owners:{organization_id}")))
    )
    query = sa.select(sa.func.count()).where(
        Member.organization_id == organization_id,
        Member.role == MemberRole.OWNER,
        Member.state == MemberState.ACTIVE,
    )
    return int(session().scalar(query) or 0)


_MOVED = {
    "tr": {
        "subject": "E-posta adresiniz değiştirildi",
        "paragraphs": [
            "WhatsTR hesabınızın e-posta adresi, isteğiniz üzerine destek ekibimizce değiştirildi. "
            "Bu iletiyi eski adresinize gönderiyoruz.",
            "Bunu siz istemediyseniz bize hemen yazın.",
        ],
    },
    "en": {
        "subject": "Your e-mail address was changed",
        "paragraphs": [
            "Our support changed the e-mail address of your WhatsTR account at your request. This "
            "message goes to the old address.",
            "If you did not ask for it, write to us at once.",
        ],
    },
}


def _tell_moved(member: Member, old: str | None) -> None:
    if old:
        language = "en" if member.language == "en" else "tr"
        queue_mail(
            MailKind.NOTICE,
            to=old,
            values=_MOVED[language],
            language=language,
            organization_id=member.organization_id,
        )


def _note(
    actor: Actor,
    verb: str,
    subject_id: uuid.UUID,
    organization_id: uuid.UUID,
    reason: str,
    changed: list[str],
    **detail: object,
) -> None:
    if changed:
        detail["changed"] = changed
    record(
        actor=actor,
        verb=verb,
        subject_kind=verb.partition(".")[0],
        subject_id=subject_id,
        organization_id=organization_id,
        reason=reason,
        detail=detail,
    )
