"""How people join an organization, and how one that lost its keys starts anew."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.accounts.models import MemberRole
from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pk, public, sealed, secret


class Invitation(PiiMixin, Base):
    """A link that its inviter hands on himself. `box` is the account's key under the link's secret,
    which the server never sees (none for a role without the vault); `proof_hash` is of what the
    secret proves. Used once: the row goes with it."""

    __tablename__ = "invitation"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    invited_by: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    role: Mapped[MemberRole] = public()
    proof_hash: Mapped[bytes] = secret()
    key_version: Mapped[int] = public()
    box: Mapped[bytes | None] = sealed()
    created_at: Mapped[datetime] = public()
    expires_at: Mapped[datetime] = public()

    label_ct = personal("label", PiiType("invitation.label"))
    label = pii("label_ct")


class VaultReset(Base):
    """An owner who lost password and recovery code asked for an empty vault. Nothing is deleted
    before `due_at`, and any member with the vault may cancel until then."""

    __tablename__ = "vault_reset"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    requested_at: Mapped[datetime] = public()
    due_at: Mapped[datetime] = public()
    warned_at: Mapped[datetime | None] = public()
    ready_at: Mapped[datetime | None] = public()
