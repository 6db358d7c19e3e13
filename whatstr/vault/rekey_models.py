"""A change of an organization's key: prepared beside the old one, taken into use at once."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.db import Base, public, sealed


class Rekey(Base):
    """A re-key under way, at most one an organization. From `pinned_at` on the sender may hold the
    new public keys: nothing is launched until it is finished."""

    __tablename__ = "rekey"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    version: Mapped[int] = public()
    started_at: Mapped[datetime] = public()
    pinned_at: Mapped[datetime | None] = public()


class RekeyItem(Base):
    """One thing boxed anew under the coming key. `kind` is `list`, `job` or a type of record;
    `version` that of the record which it replaces."""

    __tablename__ = "rekey_item"

    organization_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("rekey.organization_id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = public(primary_key=True)
    item_id: Mapped[uuid.UUID] = public(primary_key=True)
    version: Mapped[int] = public()
    data: Mapped[bytes] = sealed()


class NextKey(Base):
    """The next key of the organization for one member: seal 0x14 of a Box 06. Stays until that
    member's browser has put a wrap of its own in place of it."""

    __tablename__ = "next_key"

    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"), primary_key=True)
    version: Mapped[int] = public(primary_key=True, autoincrement=False)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    seal: Mapped[bytes] = sealed()
