"""Reading contact lists, as far as a server can."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer, undefer_group

from whatstr.audiences.models import Consent, ContactList, ListChunk
from whatstr.audiences.services import own_list
from whatstr.core.db import session
from whatstr.core.errors import NotFound


@dataclass(frozen=True)
class ListRow:
    """A list with the newest consent statement made for it."""

    list: ContactList
    consent: Consent | None


def lists(organization_id: uuid.UUID) -> Sequence[ListRow]:
    """Every list of the organization with its sealed wrap and manifest, newest first."""
    found = session().scalars(
        sa.select(ContactList)
        .where(ContactList.organization_id == organization_id)
        .options(undefer(ContactList.wrap), undefer(ContactList.manifest))
        .order_by(ContactList.created_at.desc())
    )
    newest = session().scalars(
        sa.select(Consent)
        .where(Consent.organization_id == organization_id)
        .options(undefer_group("pii"))
        .distinct(Consent.list_id)
        .order_by(Consent.list_id, Consent.at.desc())
    )
    by_list = {consent.list_id: consent for consent in newest}
    return [ListRow(one, by_list.get(one.id)) for one in found]


def chunk_sizes(organization_id: uuid.UUID, list_id: uuid.UUID) -> list[tuple[int, int, int]]:
    """(number, version, bytes) of what is stored: how an upload finds out where to go on."""
    own_list(organization_id, list_id)
    rows = session().execute(
        sa.select(ListChunk.no, ListChunk.version, sa.func.octet_length(ListChunk.data))
        .where(ListChunk.list_id == list_id)
        .order_by(ListChunk.no, ListChunk.version)
    )
    return [(no, version, size) for no, version, size in rows]


def chunk(organization_id: uuid.UUID, list_id: uuid.UUID, *, no: int, version: int) -> bytes:
    """The sealed bytes of one chunk, or NotFound."""
    own_list(organization_id, list_id)
    data = session().scalar(
        sa.select(ListChunk.data).where(
            ListChunk.list_id == list_id, ListChunk.no == no, ListChunk.version == version
        )
    )
    if data is None:
        raise NotFound("chunk")
    return data


def list_count(organization_id: uuid.UUID) -> int:
    return (
        session().scalar(
            sa.select(sa.func.count())
            .select_from(ContactList)
            .where(ContactList.organization_id == organization_id)
        )
        or 0
    )
