"""Changing the account's key: the browser prepares it piece by piece, then everything at once."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import gettext as _

from whatstr.accounts.permissions import Permission
from whatstr.campaigns import rekeying
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.portal import api
from whatstr.portal.access import actor, current_member, member_access, organization_id
from whatstr.portal.api_accounts import WRAP_SIZE
from whatstr.portal.inputs import (
    Data,
    b64_field,
    box_field,
    field,
    id_field,
    identifier,
    json_body,
    one_of,
    show_bytes,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault import rekey, services
from whatstr.vault.box import BoxKind
from whatstr.vault.policies import RECORD_SIZE, REQUEST_SIZE
from whatstr.vault.rpc import Op
from whatstr.vault.seals import TO_MEMBER, TO_SENDER

_MOST_ITEMS = 500
_MOST_MEMBERS = 200
_BODY = RECORD_SIZE * 4 // 3 + 512 * 1024
_KINDS = {rekey.LIST: BoxKind.KEY_LIST, rekey.JOB: BoxKind.KEY_JOB}


@api.get("/rekey")
@member_access(Permission.MEMBERS_READ)
def read_rekey() -> dict[str, Any]:
    member = current_member()
    found = rekey.status(member.organization_id, member.member_id)
    begun = found.rekey
    return {
        "key_version": found.key_version,
        "due": found.due,
        "rekey": None
        if begun is None
        else {
            "version": begun.version,
            "by": show_id(begun.member_id),
            "started_at": show_instant(begun.started_at),
            "pinned": begun.pinned_at is not None,
            "seal": show_bytes(found.seal) if found.seal is not None else None,
        },
        "missing": [_wanted(one) for one in rekeying.missing(member.organization_id)],
    }


@api.post("/rekey")
@member_access(Permission.MEMBERS_WRITE)
def start_rekey() -> tuple[str, int]:
    data, member = json_body(), current_member()
    with transaction():
        rekey.start(
            actor=actor(),
            organization_id=member.organization_id,
            member_id=member.member_id,
            version=_version(data),
            seals=_seals(data),
        )
    return "", 201


@api.put("/rekey/items")
@member_access(Permission.MEMBERS_WRITE)
def stage_rekey() -> tuple[str, int]:
    data = json_body(limit=_BODY)
    items = [_item(one) for one in field(data, "items", list, min=1, max=_MOST_ITEMS)]
    with transaction():
        rekey.stage(organization_id=organization_id(), version=_version(data), items=items)
    return "", 204


@api.post("/rekey/pin")
@member_access(Permission.MEMBERS_WRITE)
def pin_rekey() -> tuple[dict[str, Any], int]:
    """Send the sender the new public keys. From here on the change can only be finished."""
    data, member = json_body(), current_member()
    request_id = id_field(data, "id")
    seal = b64_field(data, "seal", max=REQUEST_SIZE, min=64)
    if seal[0] != TO_SENDER:
        raise InvalidInput("seal", "wrong_kind")
    with transaction():
        rekey.pin(organization_id=member.organization_id, version=_version(data))
        state = services.post_request(
            organization_id=member.organization_id,
            member_id=member.member_id,
            request_id=request_id,
            op=Op.REPIN,
            seal=seal,
        )
    return {"id": show_id(request_id), "state": str(state)}, 202


@api.post("/rekey/commit")
@member_access(Permission.MEMBERS_WRITE)
def commit_rekey() -> tuple[str, int]:
    data, member = json_body(), current_member()
    with transaction():
        rekeying.commit(
            actor=actor(),
            organization_id=member.organization_id,
            member_id=member.member_id,
            session_id=member.session_id,
            version=_version(data),
            wrap_org=box_field(data, "wrap_org", BoxKind.AK_MEMBER, size=WRAP_SIZE),
        )
    return "", 204


@api.delete("/rekey")
@member_access(Permission.MEMBERS_WRITE)
def cancel_rekey() -> tuple[str, int]:
    with transaction():
        rekey.cancel(actor=actor(), organization_id=organization_id())
    return "", 204


@api.post("/key")
@member_access(Permission.SELF)
def take_key() -> tuple[str, int]:
    """A member's own wrap of the account's new key."""
    data = json_body()
    with transaction():
        rekey.take_key(
            member_id=current_member().member_id,
            version=_version(data),
            wrap_org=box_field(data, "wrap_org", BoxKind.AK_MEMBER, size=WRAP_SIZE),
        )
    return "", 204


def _version(data: Data) -> int:
    return field(data, "version", int, min=2, max=2**31 - 1)


def _seals(data: Data) -> dict[uuid.UUID, bytes]:
    rows = field(data, "seals", list, min=1, max=_MOST_MEMBERS)
    seals = {}
    for row in rows:
        if not isinstance(row, dict):
            raise InvalidInput("seals", "wrong_type")
        seal = b64_field(row, "seal", max=512, min=64)
        if seal[0] != TO_MEMBER:
            raise InvalidInput("seal", "wrong_kind")
        seals[id_field(row, "member")] = seal
    return seals


def _item(row: Any) -> rekey.Item:
    if not isinstance(row, dict):
        raise InvalidInput("items", "wrong_type")
    kind = one_of(row, "kind", rekey.KINDS)
    return rekey.Item(
        kind=kind,
        id=identifier(row.get("id")),
        version=field(row, "version", int, min=0, max=2**31 - 1),
        data=box_field(row, "data", _KINDS.get(kind, BoxKind.RECORD), max=RECORD_SIZE),
    )


def _wanted(one: rekeying.Wanted) -> dict[str, Any]:
    return {"kind": one.kind, "id": show_id(one.id), "version": one.version}


SENTENCES: dict[str, Sentence] = {
    "rekeying": lambda e: _(
        "The account's key is just being changed. Try again in a few minutes; if it goes on, an "
        "owner can finish the change under Team."
    ),
    "rekey_pinned": lambda e: _("This change of the key can no longer be dropped, only finished."),
    "rekey_incomplete": lambda e: _(
        "Something changed while the new key was being prepared. Continue the change of the key."
    ),
    "key_changed": lambda e: _(
        "The account's key was changed. Your browser has taken the new one; repeat what you did."
    ),
}
