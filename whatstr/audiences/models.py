"""Contact lists as sealed chunks, the consent they rest on, and who must not be written to."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.crypto import PiiMixin, PiiType, pii
from whatstr.core.db import Base, personal, pk, pseudonym, public, sealed


class ListState(StrEnum):
    UPLOADING = "uploading"
    READY = "ready"


class ConsentBasis(StrEnum):
    """On what ground the people of a list may be written to (Law 6563 art. 6)."""

    EXPLICIT_CONSENT = "explicit_consent"
    MERCHANT = "merchant"
    INFORMATIONAL = "informational"


class OptOutSource(StrEnum):
    """How somebody refused. `resume` of Meta's switch lifts only the same source."""

    WORD = "word"
    BUTTON = "button"
    META_SWITCH = "meta_switch"
    META_ERROR = "meta_error"
    LINK = "link"
    DESK = "desk"
    CUSTOMER = "customer"
    UNREACHABLE = "unreachable"
    """Nobody refused: three messages in a row found nobody (131026). Any receipt lifts it."""
    BLOCKED = "blocked"
    """The business itself blocked the person at Meta (130403). Any receipt lifts it."""


UNDONE_BY_RECEIPT = frozenset({OptOutSource.UNREACHABLE, OptOutSource.BLOCKED})
"""What is no refusal of the person: somebody who gets or writes a message can be written to."""


class ContactList(Base):
    """A saved list: wrap and manifest are sealed; the server knows counts and sizes."""

    __tablename__ = "contact_list"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    state: Mapped[ListState] = public(default=ListState.UPLOADING)
    wrap: Mapped[bytes] = sealed()
    manifest: Mapped[bytes | None] = sealed()
    manifest_version: Mapped[int] = public(default=0)
    chunks: Mapped[int] = public(default=0)
    rows: Mapped[int] = public(default=0)
    created_at: Mapped[datetime] = public()
    updated_at: Mapped[datetime] = public()


class ListChunk(Base):
    """500 contacts, Box LIST_CHUNK under LK. Two versions stand side by side during an edit."""

    __tablename__ = "list_chunk"

    list_id: Mapped[uuid.UUID] = public(
        sa.ForeignKey("contact_list.id", ondelete="CASCADE"), primary_key=True
    )
    no: Mapped[int] = public(primary_key=True, autoincrement=False)
    version: Mapped[int] = public(primary_key=True, autoincrement=False)
    # The manifest that stood when the chunk was uploaded: no manifest names it until the next one.
    base_version: Mapped[int] = public()
    data: Mapped[bytes] = sealed()


class Consent(PiiMixin, Base):
    """The customer's statement for a list at a moment; outlives the list (proof, three years)."""

    __tablename__ = "consent"

    id: Mapped[uuid.UUID] = pk()
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    list_id: Mapped[uuid.UUID] = public(index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    basis: Mapped[ConsentBasis] = public()
    source_ct = personal("source", PiiType("consent.source"), nullable=False)
    source = pii("source_ct")
    collected_on: Mapped[date | None] = public()
    statement_version: Mapped[str] = public()
    rows: Mapped[int] = public()
    at: Mapped[datetime] = public()
    address_ct = personal("address", PiiType("consent.address"))
    address = pii("address_ct")


class OptOut(Base):
    """A refusal: the recipient's pseudonym within one organization. Survives list and vault."""

    __tablename__ = "s_optout"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    recipient_ix: Mapped[bytes] = pseudonym(primary_key=True)
    via: Mapped[OptOutSource] = public(primary_key=True)
    at: Mapped[datetime] = public()

    __table_args__ = (
        sa.Index("ix_s_optout_at", "at"),
        sa.Index("ix_s_optout_via_at", "via", "at"),
    )


class Undelivered(Base):
    """How often in a row a recipient could not be reached (131026), until a receipt proves the
    contrary."""

    __tablename__ = "s_unreachable"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    recipient_ix: Mapped[bytes] = pseudonym(primary_key=True)
    failures: Mapped[int] = public()
    at: Mapped[datetime] = public(index=True)


class RecipientAlias(Base):
    """Another name of a recipient at Meta (BSUID or a differing wa_id) -> the pseudonym."""

    __tablename__ = "s_alias"

    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), primary_key=True)
    alias_ix: Mapped[bytes] = pseudonym(primary_key=True)
    recipient_ix: Mapped[bytes] = pseudonym()
