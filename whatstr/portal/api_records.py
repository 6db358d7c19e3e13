"""The browser's own drawers: records boxed under the account's key."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts.permissions import Permission
from whatstr.core.db import transaction
from whatstr.portal import api
from whatstr.portal.access import key_version, member_access, organization_id
from whatstr.portal.inputs import (
    box_field,
    choice,
    field,
    json_body,
    show_bytes,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault import queries, rekey, services
from whatstr.vault.box import BoxKind
from whatstr.vault.policies import RECORD_SIZE, RecordType

_BODY = RECORD_SIZE * 4 // 3 + 4096


@api.get("/records")
@member_access(Permission.VAULT_READ)
def list_records() -> dict[str, Any]:
    kind = choice(flask.request.args, "type", RecordType)
    return {
        "records": [
            {
                "id": show_id(row.id),
                "type": row.type,
                "version": row.version,
                "data": show_bytes(row.data),
                "updated_at": show_instant(row.updated_at),
            }
            for row in queries.records(organization_id(), str(kind))
        ]
    }


@api.put("/records/<uuid:record_id>")
@member_access(Permission.VAULT_WRITE)
def put_record(record_id: uuid.UUID) -> dict[str, Any]:
    data = json_body(limit=_BODY)
    with transaction():
        rekey.check_key(organization_id(), key_version())
        version = services.put_record(
            organization_id=organization_id(),
            record_id=record_id,
            kind=choice(data, "type", RecordType),
            version=field(data, "version", int, min=1, max=2**31 - 1),
            data=box_field(data, "data", BoxKind.RECORD, max=RECORD_SIZE),
        )
    return {"id": show_id(record_id), "version": version}


@api.delete("/records/<uuid:record_id>")
@member_access(Permission.VAULT_WRITE)
def delete_record(record_id: uuid.UUID) -> tuple[str, int]:
    with transaction():
        services.delete_record(organization_id=organization_id(), record_id=record_id)
    return "", 204


SENTENCES: dict[str, Sentence] = {
    "too_many_records": lambda e: _(
        "Your drawer of drafts is full. Delete drafts that you no longer need, then save again."
    ),
}
