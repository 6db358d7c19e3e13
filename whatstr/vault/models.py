"""Sealed things that no process but their reader opens, and the mail between browser and sender."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from whatstr.core.db import Base, public, sealed


class RequestState(StrEnum):
    """A sealed request: waiting for the sender, taken by it, answered, or too late."""

    WAITING = "waiting"
    TAKEN = "taken"
    ANSWERED = "answered"
    EXPIRED = "expired"


class VaultRecord(Base):
    """A drawer of the customer's browser: RECORD under VK."""

    __tablename__ = "vault_record"

    id: Mapped[uuid.UUID] = public(primary_key=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    type: Mapped[str] = public(primary_key=True)
    version: Mapped[int] = public()
    data: Mapped[bytes] = sealed()
    updated_at: Mapped[datetime] = public()


class SenderCertificate(Base):
    """Public half of an EPOCH key, signed by IDENT."""

    __tablename__ = "sender_cert"

    kid: Mapped[int] = public(sa.BigInteger, primary_key=True, autoincrement=False)
    cert: Mapped[bytes] = public()
    not_before: Mapped[datetime] = public()
    not_after: Mapped[datetime] = public()


class SenderRequest(Base):
    """A sealed call of the browser to the sender. The request is blanked when it is taken."""

    __tablename__ = "sender_rpc"

    id: Mapped[uuid.UUID] = public(primary_key=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    member_id: Mapped[uuid.UUID] = public(sa.ForeignKey("member.id"))
    op: Mapped[str] = public()
    state: Mapped[RequestState] = public(default=RequestState.WAITING, index=True)
    request: Mapped[bytes] = sealed()
    response: Mapped[bytes | None] = sealed()
    created_at: Mapped[datetime] = public()
    answered_at: Mapped[datetime | None] = public()


class Notice(Base):
    """News of the sender to the customer: Signed by IDENT, sealed to the organization's box key."""

    __tablename__ = "notice"

    id: Mapped[int] = public(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    organization_id: Mapped[uuid.UUID] = public(sa.ForeignKey("organization.id"), index=True)
    at: Mapped[datetime] = public()
    sealed: Mapped[bytes] = sealed()


class HookInbox(Base):
    """Something for the sender, sealed to it at a door. `origin` is the PostgreSQL role that wrote
    the row, set by the database and by nobody else: a body that WEB inserted is never taken for
    one of Meta's."""

    __tablename__ = "hook_inbox"

    id: Mapped[int] = public(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[datetime] = public()
    origin: Mapped[str] = public(server_default=sa.text("current_user"))
    sealed: Mapped[bytes] = sealed()
