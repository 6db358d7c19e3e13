"""Organizations and the people who act for them or for WhatsTR."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, relationship

from whatstr.core.crypto import (
    PiiMixin,
    PiiType,
    mask_email,
    name_head,
    norm_email,
    norm_text,
    pii,
)
from whatstr.core.db import Base, masked, personal, pk, pseudonym, public, sealed, secret
from whatstr.core.statemachine import StateMachine


class OrganizationState(StrEnum):
    """`suspended` stops every send at once; `closed` is for good."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    DELETED = "deleted"


ORGANIZATION_MACHINE = StateMachine(
    OrganizationState,
    {
        OrganizationState.ACTIVE: [
            OrganizationState.SUSPENDED,
            OrganizationState.CLOSED,
            OrganizationState.DELETED,
        ],
        OrganizationState.SUSPENDED: [
            OrganizationState.ACTIVE,
            OrganizationState.CLOSED,
            OrganizationState.DELETED,
        ],
        OrganizationState.CLOSED: [OrganizationState.DELETED],
        OrganizationState.DELETED: [],
    },
)


class MemberRole(StrEnum):
    """What a member may do: the owner everything, a manager sends, billing pays."""

    OWNER = "owner"
    MANAGER = "manager"
    BILLING = "billing"


class MemberState(StrEnum):
    ACTIVE = "active"
    REMOVED = "removed"


class StaffState(StrEnum):
    ACTIVE = "active"
    LOCKED = "locked"


class StaffRole(StrEnum):
    """A member of staff may have several."""

    ABUSE_OPERATOR = "abuse_operator"
    BILLING = "billing"
    SUPPORT = "support"
    OWNER = "owner"
    AUDITOR = "auditor"


def mask_phone_digits(text: str) -> str:
    """`+90 5** *** ** 67` for the stored digits."""
    from whatstr.core.phone import mask

    return mask("".join(ch for ch in text if ch.isdigit()))


NAME = "organization.name"


def _write_heads(organization: Any, text: str | None) -> None:
    """For the search by the beginning of a name (decision 0006)."""
    organization.name_head4 = name_head(NAME, text or "", 4)
    organization.name_head8 = name_head(NAME, text or "", 8)


class Organization(PiiMixin, Base):
    """The paying business."""

    __tablename__ = "organization"

    id: Mapped[uuid.UUID] = pk()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    customer_no: Mapped[int] = public(sa.Integer, sa.Identity(start=100001), unique=True)
    state: Mapped[OrganizationState] = public(default=OrganizationState.ACTIVE)
    state_reason: Mapped[str | None] = public()
    language: Mapped[str] = public(default="tr")
    created_at: Mapped[datetime] = public()
    resend_unknown: Mapped[bool] = public(default=True)
    key_version: Mapped[int] = public(default=1, server_default="1")
    vault_reset_at: Mapped[datetime | None] = public()
    rekey_due_at: Mapped[datetime | None] = public()
    deleted_at: Mapped[datetime | None] = public()
    # Minutes of the local day; all three empty: the service's own window.
    window_from: Mapped[int | None] = public()
    window_to: Mapped[int | None] = public()
    time_zone: Mapped[str | None] = public()
    informational_any_time: Mapped[bool] = public(default=False, server_default=sa.false())

    name_ct = personal("name", PiiType(NAME))
    name_ix: Mapped[bytes | None] = pseudonym(index=True)
    name_head4: Mapped[int | None] = pseudonym()
    name_head8: Mapped[int | None] = pseudonym()
    name = pii("name_ct", index="name_ix", context=NAME, norm=norm_text, also=_write_heads)
    address_ct = personal("address", PiiType("organization.address"), nullable=True)
    address = pii("address_ct")
    website_ct = personal("website", PiiType("organization.website"), nullable=True)
    website = pii("website_ct")
    tax_office_ct = personal("tax_office", PiiType("organization.tax_office"), nullable=True)
    tax_office = pii("tax_office_ct")
    tax_number_ct = personal("tax_number", PiiType("organization.tax_number"), nullable=True)
    tax_number_ix: Mapped[bytes | None] = pseudonym(index=True)
    tax_number = pii(
        "tax_number_ct", index="tax_number_ix", context="organization.tax_number", norm=norm_text
    )

    members: Mapped[list[Member]] = relationship(back_populates="organization", lazy="raise")

    __table_args__ = (
        sa.Index("ix_organization_created_at", "created_at"),
        sa.Index(
            "ix_organization_deleted_at",
            "deleted_at",
            postgresql_where=sa.text("deleted_at is not null"),
        ),
        sa.Index("ix_organization_state_created_at", "state", "created_at"),
        sa.Index("ix_organization_name_head4", "name_head4", "created_at"),
        sa.Index("ix_organization_name_head8", "name_head8", "created_at"),
    )


class Member(PiiMixin, Base):
    """A person of an organization. Holds hashes and wraps only: the password never leaves the
    browser, and `wrap_pw` is sealed once more so that a stolen database allows no guessing."""

    __tablename__ = "member"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    role: Mapped[MemberRole] = public()
    state: Mapped[MemberState] = public(default=MemberState.ACTIVE)
    language: Mapped[str] = public(default="tr")
    created_at: Mapped[datetime] = public()
    email_confirmed_at: Mapped[datetime | None] = public()
    preferences: Mapped[dict[str, Any]] = public(default=dict)

    kdf: Mapped[str] = public()
    salt: Mapped[bytes] = public()
    auth_hash: Mapped[bytes] = secret()
    recovery_hash: Mapped[bytes] = secret()
    key_version: Mapped[int] = public(default=1)
    member_pk: Mapped[bytes] = public()
    wrap_pw_ct = personal("wrap_pw", PiiType("member.wrap_pw"))
    wrap_pw = pii("wrap_pw_ct")
    wrap_recovery: Mapped[bytes] = sealed()
    wrap_organization: Mapped[bytes | None] = sealed()
    totp_ct = personal("totp", PiiType("member.totp"))
    totp = pii("totp_ct")
    totp_step: Mapped[int | None] = public(sa.BigInteger)

    name_ct = personal("name", PiiType("member.name"))
    name = pii("name_ct")
    email_ct = personal("email", PiiType("member.email"))
    email_ix: Mapped[bytes | None] = pseudonym(unique=True)
    email_masked: Mapped[str | None] = masked()
    email = pii(
        "email_ct",
        index="email_ix",
        context="member.email",
        norm=norm_email,
        mask="email_masked",
        masker=mask_email,
    )
    phone_ct = personal("phone", PiiType("member.phone"), nullable=True)
    phone_ix: Mapped[bytes | None] = pseudonym(index=True)
    phone_masked: Mapped[str | None] = masked()
    phone = pii(
        "phone_ct",
        index="phone_ix",
        context="member.phone",
        norm=norm_text,
        mask="phone_masked",
        masker=mask_phone_digits,
    )

    organization: Mapped[Organization] = relationship(back_populates="members", lazy="raise")

    __table_args__ = (
        sa.Index("ix_member_created_at", "created_at"),
        sa.Index("ix_member_role_created_at", "role", "created_at"),
        sa.Index("ix_member_state_created_at", "state", "created_at"),
    )


class MemberSession(PiiMixin, Base):
    """A signed-in browser of a member. The cookie holds the id; only its hash is stored."""

    __tablename__ = "member_session"

    id: Mapped[uuid.UUID] = pk()
    token_hash: Mapped[bytes] = secret(unique=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"), index=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"))
    half_ct = personal("half", PiiType("member_session.half"))
    half = pii("half_ct")
    browser_ct = personal("browser", PiiType("member_session.browser"), nullable=True)
    browser = pii("browser_ct")
    created_at: Mapped[datetime] = public()
    seen_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()
    revoked_at: Mapped[datetime | None] = public()

    member: Mapped[Member] = relationship(lazy="raise")


class LoginEvent(PiiMixin, Base):
    """A sign-up, sign-in, purchase or launch, with the address it came from (terms, section 1)."""

    __tablename__ = "login_event"

    id: Mapped[uuid.UUID] = pk()
    at: Mapped[datetime] = public(index=True)
    kind: Mapped[str] = public()
    outcome: Mapped[str] = public()
    organization_id: Mapped[uuid.UUID | None] = public(index=True)
    member_id: Mapped[uuid.UUID | None] = public()
    staff_id: Mapped[uuid.UUID | None] = public()
    address_ct = personal("address", PiiType("login_event.address"))
    address = pii("address_ct")
    browser_ct = personal("browser", PiiType("login_event.browser"), nullable=True)
    browser = pii("browser_ct")


class AcceptedDocument(PiiMixin, Base):
    """Which version of which document was accepted by whom, when, where from and for what."""

    __tablename__ = "accepted_document"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    document: Mapped[str] = public()
    document_version: Mapped[str] = public()
    context: Mapped[str] = public()
    context_id: Mapped[uuid.UUID | None] = public()
    language: Mapped[str] = public()
    at: Mapped[datetime] = public()
    address_ct = personal("address", PiiType("accepted_document.address"))
    address = pii("address_ct")

    __table_args__ = (
        sa.Index("ix_accepted_document_at", "at"),
        sa.Index("ix_accepted_document_document_at", "document", "at"),
    )


class EmailToken(Base):
    """A link sent by e-mail: one use, short life. Only its hash is stored."""

    __tablename__ = "email_token"

    token_hash: Mapped[bytes] = secret(primary_key=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"), index=True)
    purpose: Mapped[str] = public()
    created_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()
    used_at: Mapped[datetime | None] = public()


class OutboundMail(PiiMixin, Base):
    """An e-mail to send: address and values are sealed, the queue carries the id only."""

    __tablename__ = "outbound_mail"

    id: Mapped[uuid.UUID] = pk()
    kind: Mapped[str] = public()
    language: Mapped[str] = public()
    organization_id: Mapped[uuid.UUID | None] = public()
    to_ct = personal("to_address", PiiType("outbound_mail.to_address"))
    to = pii("to_ct")
    values_ct = personal("values", PiiType("outbound_mail.values"))
    values_json = pii("values_ct")
    created_at: Mapped[datetime] = public(index=True)
    attempts: Mapped[int] = public(default=0)
    sent_at: Mapped[datetime | None] = public()
    failed_code: Mapped[str | None] = public()


class StaffUser(PiiMixin, Base):
    """A person of WhatsTR."""

    __tablename__ = "staff_user"

    id: Mapped[uuid.UUID] = pk()
    version: Mapped[int] = public(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    state: Mapped[StaffState] = public(default=StaffState.ACTIVE)
    roles: Mapped[list[Any]] = public(JSONB, default=list)
    display_name: Mapped[str] = public()
    language: Mapped[str] = public(default="tr")
    password_hash: Mapped[str] = secret()
    created_at: Mapped[datetime] = public()
    signed_in_at: Mapped[datetime | None] = public()
    email_ct = personal("email", PiiType("staff_user.email"))
    email_ix: Mapped[bytes | None] = pseudonym(unique=True)
    email_masked: Mapped[str | None] = masked()
    email = pii(
        "email_ct",
        index="email_ix",
        context="staff_user.email",
        norm=norm_email,
        mask="email_masked",
        masker=mask_email,
    )


class StaffSession(Base):
    """A browser of a member of staff; only the hash of the cookie's value is stored. Without
    `proved_at` only the password was right: it waits for the second factor and opens nothing.
    `challenge` is what a passkey is asked to sign, for one answer."""

    __tablename__ = "staff_session"

    id: Mapped[uuid.UUID] = pk()
    token_hash: Mapped[bytes] = secret(unique=True)
    staff_id: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"), index=True)
    created_at: Mapped[datetime] = public()
    seen_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()
    proved_at: Mapped[datetime | None] = public()
    stepped_up_at: Mapped[datetime | None] = public()
    revoked_at: Mapped[datetime | None] = public()
    tries: Mapped[int] = public(default=0)
    browser: Mapped[str] = public(default="")
    address_masked: Mapped[str] = masked(default="")
    challenge: Mapped[bytes | None] = secret()
    challenge_at: Mapped[datetime | None] = public()

    staff: Mapped[StaffUser] = relationship(lazy="raise")
