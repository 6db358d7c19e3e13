"""What proves a member of staff: second factors, recovery codes, links sent by e-mail."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, mask_email, norm_email, pii
from whatstr.core.db import Base, masked, personal, pk, pseudonym, public, secret


class FactorKind(StrEnum):
    """A passkey (WebAuthn) or an authenticator app (TOTP, RFC 6238)."""

    PASSKEY = "passkey"
    TOTP = "totp"


class StaffLinkPurpose(StrEnum):
    """What a link sent by e-mail is for."""

    INVITATION = "invitation"
    PASSWORD = "password"  # noqa: S105 - the purpose of a link
    EMAIL = "email"


class StaffFactor(PiiMixin, Base):
    """One second factor. Without `confirmed_at` it was shown and never proved, and opens nothing.
    `last_step` is the newest time step of a code that was taken: no code works twice."""

    __tablename__ = "staff_factor"

    id: Mapped[uuid.UUID] = pk()
    staff_id: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"), index=True)
    kind: Mapped[FactorKind] = public()
    label: Mapped[str] = public()
    created_at: Mapped[datetime] = public()
    confirmed_at: Mapped[datetime | None] = public()
    used_at: Mapped[datetime | None] = public()
    last_step: Mapped[int | None] = public(sa.BigInteger)
    credential_id: Mapped[bytes | None] = pseudonym(unique=True)
    public_key: Mapped[bytes | None] = secret()
    sign_count: Mapped[int] = public(sa.BigInteger, default=0)
    transports: Mapped[list[Any]] = public(JSONB, default=list)
    totp_secret_ct = personal("totp_secret", PiiType("staff_factor.totp_secret"), nullable=True)
    totp_secret = pii("totp_secret_ct")


class StaffRecoveryCode(Base):
    """A way in without the factor: shown once, stored as a hash, good for one use."""

    __tablename__ = "staff_recovery_code"

    code_hash: Mapped[bytes] = secret(primary_key=True)
    staff_id: Mapped[uuid.UUID] = public(sa.ForeignKey("staff_user.id"), index=True)
    created_at: Mapped[datetime] = public()
    used_at: Mapped[datetime | None] = public()


class StaffLink(PiiMixin, Base):
    """An invitation, or a link to choose a new password: one use, short life, hash only."""

    __tablename__ = "staff_link"

    id: Mapped[uuid.UUID] = pk()
    token_hash: Mapped[bytes] = secret(unique=True)
    purpose: Mapped[StaffLinkPurpose] = public()
    staff_id: Mapped[uuid.UUID | None] = public(sa.ForeignKey("staff_user.id"), index=True)
    display_name: Mapped[str] = public()
    roles: Mapped[list[Any]] = public(JSONB, default=list)
    language: Mapped[str] = public(default="tr")
    created_by: Mapped[uuid.UUID | None] = public()
    created_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()
    used_at: Mapped[datetime | None] = public()
    revoked_at: Mapped[datetime | None] = public()
    email_ct = personal("email", PiiType("staff_link.email"))
    email_ix: Mapped[bytes | None] = pseudonym(index=True)
    email_masked: Mapped[str | None] = masked()
    email = pii(
        "email_ct",
        index="email_ix",
        context="staff_link.email",
        norm=norm_email,
        mask="email_masked",
        masker=mask_email,
    )
