"""Contact lists over the API: everything but the counts is ciphertext here."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import flask

from whatstr.accounts import documents
from whatstr.accounts.permissions import Permission
from whatstr.audiences import policies, queries, services
from whatstr.audiences.models import ConsentBasis
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.portal import api
from whatstr.portal.access import actor, key_version, member_access, organization_id
from whatstr.portal.inputs import (
    Data,
    binary_body,
    box_field,
    choice,
    field,
    id_field,
    json_body,
    optional,
    query_integer,
    show_bytes,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault import rekey
from whatstr.vault.box import BoxKind

_MANIFEST_LIMIT = 256 * 1024
_VERSIONS = 2**31 - 1


@api.get("/lists")
@member_access(Permission.VAULT_READ)
def read_lists() -> Any:
    return {"lists": [_show(row) for row in queries.lists(organization_id())]}


@api.post("/lists")
@member_access(Permission.VAULT_WRITE)
def create_list() -> Any:
    data = json_body()
    with transaction():
        rekey.check_key(organization_id(), key_version())
        made, fresh = services.create_list(
            organization_id=organization_id(),
            list_id=id_field(data, "id"),
            wrap=box_field(data, "wrap", BoxKind.KEY_LIST, max=1024),
        )
    return {"id": show_id(made.id), "state": made.state}, 201 if fresh else 200


@api.put("/lists/<uuid:list_id>/chunks/<int:no>")
@member_access(Permission.VAULT_WRITE)
def put_list_chunk(list_id: uuid.UUID, no: int) -> Any:
    data = binary_body(limit=policies.MAX_CHUNK_BYTES)
    with transaction():
        services.put_chunk(
            organization_id=organization_id(),
            list_id=list_id,
            no=no,
            version=query_integer("version", 1, min=1, max=_VERSIONS),
            data=data,
        )
    return "", 204


@api.get("/lists/<uuid:list_id>/chunks")
@member_access(Permission.VAULT_READ)
def read_list_chunks(list_id: uuid.UUID) -> Any:
    return {"chunks": queries.chunk_sizes(organization_id(), list_id)}


@api.get("/lists/<uuid:list_id>/chunks/<int:no>")
@member_access(Permission.VAULT_READ)
def read_list_chunk(list_id: uuid.UUID, no: int) -> Any:
    version = query_integer("version", 1, min=1, max=_VERSIONS)
    data = queries.chunk(organization_id(), list_id, no=no, version=version)
    return flask.Response(data, mimetype="application/octet-stream")


@api.put("/lists/<uuid:list_id>/manifest")
@member_access(Permission.VAULT_WRITE)
def put_manifest(list_id: uuid.UUID) -> Any:
    data = json_body()
    consent = field(data, "consent", dict)
    version = field(consent, "statement_version", str, max=32)
    documents.check_accepted(
        [(str(documents.DocumentName.CONSENT), version)],
        [documents.DocumentName.CONSENT],
        field="statement_version",
    )
    with transaction():
        saved = services.put_manifest(
            actor=actor(),
            organization_id=organization_id(),
            list_id=list_id,
            manifest=box_field(data, "manifest", BoxKind.RECORD, max=_MANIFEST_LIMIT),
            version=field(data, "version", int, min=1, max=_VERSIONS),
            rows=field(data, "rows", int, min=0),
            chunks=_chunk_pairs(data),
            basis=choice(consent, "basis", ConsentBasis),
            source=field(consent, "source", str, max=200),
            collected_on=_day(consent, "collected_on"),
            statement_version=version,
        )
    return {"id": show_id(saved.id), "version": saved.manifest_version}


@api.delete("/lists/<uuid:list_id>")
@member_access(Permission.VAULT_WRITE)
def delete_list(list_id: uuid.UUID) -> Any:
    with transaction():
        services.delete_list(actor=actor(), organization_id=organization_id(), list_id=list_id)
    return "", 204


def _chunk_pairs(data: Data) -> list[tuple[int, int]]:
    pairs = field(data, "chunks", list, max=policies.chunk_count(policies.MAX_ROWS))
    for pair in pairs:
        if not isinstance(pair, list) or [type(part) for part in pair] != [int, int]:
            raise InvalidInput("chunks", "wrong_type")
    return [(no, version) for no, version in pairs]


def _day(data: Data, name: str) -> date | None:
    text = optional(data, name, str, max=10)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(name, "not_an_instant") from None


def _show(row: queries.ListRow) -> dict[str, Any]:
    found, consent = row.list, row.consent
    return {
        "id": show_id(found.id),
        "state": found.state,
        "wrap": show_bytes(found.wrap),
        "manifest": show_bytes(found.manifest) if found.manifest else None,
        "manifest_version": found.manifest_version,
        "chunks": found.chunks,
        "rows": found.rows,
        "created_at": show_instant(found.created_at),
        "updated_at": show_instant(found.updated_at),
        "consent": None
        if consent is None
        else {
            "basis": consent.basis,
            "source": consent.source,
            "collected_on": consent.collected_on.isoformat() if consent.collected_on else None,
            "statement_version": consent.statement_version,
            "at": show_instant(consent.at),
        },
    }


def _missing(error: Any) -> str:
    from flask_babel import gettext as _

    return str(_("The upload is not complete yet. It goes on where it stopped; please try again."))


SENTENCES: dict[str, Sentence] = {"chunks_missing": _missing}
