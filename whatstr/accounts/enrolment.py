"""Sign-up: the organization, its first member, the documents accepted, the first session."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from whatstr.accounts.documents import SIGN_UP, accept, check_accepted
from whatstr.accounts.events import EventKind, record_event
from whatstr.accounts.links import Purpose, send_link
from whatstr.accounts.models import Member, MemberRole, Organization
from whatstr.accounts.proofs import proof_hash
from whatstr.accounts.sessions import NewSession, start_session
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.crypto import matches, norm_email
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput

PREFERENCES = {"email": False, "sms": False, "whatsapp": False}


class EmailTaken(DomainError):
    """An account has this address already."""

    code = "email_taken"
    status = 409


@dataclass(frozen=True)
class Profile:
    """What a business says about itself; staff tier. Values are normalised (`policies`)."""

    organization_name: str
    contact_name: str
    email: str
    phone: str
    address: str | None
    website: str | None
    tax_number: str | None
    tax_office: str | None


@dataclass(frozen=True)
class PasswordKeys:
    """What depends on the password: how it is hashed, its proof, the member key wrapped by it."""

    kdf: str
    salt: bytes
    auth: bytes
    wrap_pw: bytes


@dataclass(frozen=True)
class RecoveryKeys:
    """What depends on the recovery code."""

    rauth: bytes
    wrap_rec: bytes


@dataclass(frozen=True)
class Origin:
    """Where a request came from: address and browser, both sealed wherever they are stored."""

    address: str
    browser: str


@dataclass(frozen=True)
class Enrolled:
    organization: Organization
    member: Member
    session: NewSession


def enrol(
    *,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    profile: Profile,
    password: PasswordKeys,
    recovery: RecoveryKeys,
    wrap_org: bytes,
    key_version: int,
    member_pk: bytes,
    documents: Sequence[tuple[str, str]],
    language: str,
    origin: Origin,
    pepper: bytes,
    web_url: str,
) -> Enrolled:
    """Make the account. The browser chose the ids, since its keys are bound to them. Raises
    EmailTaken, and InvalidInput for documents and ids."""
    accepted = check_accepted(documents, SIGN_UP)
    taken = sa.select(Member.id).where(
        matches(Member.email_ix, "member.email", norm_email(profile.email))
    )
    if session().scalar(taken) is not None:
        raise EmailTaken()
    actor = Actor(ActorKind.MEMBER, member_id, origin.address)
    organization = _organization(organization_id, profile, language)
    member = _member(member_id, organization_id, profile, language)
    member.recovery_hash = proof_hash(pepper, recovery.rauth)
    member.wrap_recovery = recovery.wrap_rec
    member.wrap_organization = wrap_org
    member.key_version = key_version
    member.member_pk = member_pk
    set_password(member, password, pepper)
    _insert(organization, member)
    for document in accepted:
        accept(
            actor=actor,
            organization_id=organization_id,
            member_id=member_id,
            name=document.name,
            version=document.version,
            context="sign_up",
            language=language,
        )
    record_event(
        kind=EventKind.SIGN_UP,
        address=origin.address,
        browser=origin.browser,
        organization_id=organization_id,
        member_id=member_id,
    )
    record(
        actor=actor,
        verb="organization.enrolled",
        subject_kind="organization",
        subject_id=organization_id,
        organization_id=organization_id,
    )
    send_link(member=member, purpose=Purpose.CONFIRM, web_url=web_url)
    return Enrolled(organization, member, start_session(member=member, browser=origin.browser))


def set_password(member: Member, keys: PasswordKeys, pepper: bytes) -> None:
    """Put what depends on the password into the row: four values that only make sense together."""
    member.kdf, member.salt = keys.kdf, keys.salt
    member.auth_hash = proof_hash(pepper, keys.auth)
    member.wrap_pw = base64.b64encode(keys.wrap_pw).decode()


def password_wrap(member: Member) -> bytes:
    """`wrap_pw` of a member whose personal columns are loaded."""
    return base64.b64decode(member.wrap_pw)


def _organization(organization_id: uuid.UUID, profile: Profile, language: str) -> Organization:
    organization = Organization(id=organization_id, language=language, created_at=clock.now())
    organization.name = profile.organization_name
    organization.address = profile.address
    organization.website = profile.website
    organization.tax_number = profile.tax_number
    organization.tax_office = profile.tax_office
    return organization


def _member(
    member_id: uuid.UUID, organization_id: uuid.UUID, profile: Profile, language: str
) -> Member:
    member = Member(
        id=member_id,
        organization_id=organization_id,
        role=MemberRole.OWNER,
        language=language,
        created_at=clock.now(),
        preferences=dict(PREFERENCES),
    )
    member.name = profile.contact_name
    member.email = profile.email
    member.phone = profile.phone
    return member


def _insert(organization: Organization, member: Member) -> None:
    """Both rows, or EmailTaken when another sign-up with the same address was quicker."""
    try:
        with session().begin_nested():
            session().add(organization)
            session().flush()
            session().add(member)
            session().flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "") or ""
        if "email_ix" in constraint:
            raise EmailTaken() from None
        field = "organization" if "organization" in constraint else "member"
        raise InvalidInput(field, "id_taken") from None
