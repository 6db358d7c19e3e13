"""Starting anew with an empty vault, and leaving altogether."""

from __future__ import annotations

from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts import resets
from whatstr.accounts.permissions import Permission
from whatstr.accounts.policies import EMAIL_LENGTH
from whatstr.accounts.signin import WrongPassword
from whatstr.campaigns import emptying
from whatstr.core.db import transaction
from whatstr.core.errors import Conflict
from whatstr.core.security import client_address, open_to_all
from whatstr.portal import api
from whatstr.portal.access import (
    actor,
    clear_session_cookie,
    current_member,
    limits,
    member_access,
    organization_id,
    origin,
    pepper,
    web_url,
)
from whatstr.portal.api_accounts import (
    PROOF_SIZE,
    WRAP_SIZE,
    password_keys,
    recovery_keys,
    unlocked,
)
from whatstr.portal.inputs import (
    Data,
    b64_field,
    box_field,
    field,
    json_body,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault.box import BoxKind


@api.post("/reset/ask")
@open_to_all
def ask_reset() -> tuple[str, int]:
    email = field(json_body(), "email", str, max=EMAIL_LENGTH)
    limits().recovery_start(email=email, address=client_address())
    with transaction():
        resets.ask(email=email, web_url=web_url())
    return "", 202


@api.post("/reset/begin")
@open_to_all
def begin_reset() -> dict[str, Any]:
    token = _token(json_body())
    with transaction():
        found = resets.begin(token=token, address=client_address(), web_url=web_url())
    return {"due_at": show_instant(found.due_at)}


@api.post("/reset/cancel")
@open_to_all
def cancel_reset_by_link() -> tuple[str, int]:
    token = _token(json_body())
    with transaction():
        resets.cancel_by_link(token=token, address=client_address())
    return "", 204


@api.delete("/reset")
@member_access(Permission.VAULT_WRITE)
def cancel_reset() -> tuple[str, int]:
    with transaction():
        resets.cancel(actor=actor(), organization_id=organization_id())
    return "", 204


@api.post("/reset/open")
@open_to_all
def open_reset() -> dict[str, Any]:
    """Whose vault the link makes anew; nothing is deleted yet."""
    _, member = resets.ready(_token(json_body()))
    return {
        "organization": show_id(member.organization_id),
        "member": show_id(member.id),
        "key_version": resets.next_version(member.organization_id),
    }


@api.post("/reset/finish")
@open_to_all
def finish_reset() -> flask.Response:
    data = json_body()
    made = emptying.NewVault(
        password=password_keys(data),
        recovery=recovery_keys(data, proof="rauth"),
        wrap_org=box_field(data, "wrap_org", BoxKind.AK_MEMBER, size=WRAP_SIZE),
        member_pk=b64_field(data, "member_pk", size=32),
    )
    with transaction():
        opened = emptying.finish_reset(
            token=_token(data),
            made=made,
            key_version=field(data, "key_version", int, min=2, max=2**31 - 1),
            origin=origin(),
            pepper=pepper(),
        )
    if opened is None:
        raise Conflict("key")
    return unlocked(opened)


@api.post("/account/delete")
@member_access(Permission.MEMBERS_WRITE)
def delete_account() -> flask.Response:
    member = current_member()
    limits().password(member=member.member_id.hex)
    auth = b64_field(json_body(), "auth", size=PROOF_SIZE)
    with transaction():
        done = emptying.delete_account(
            signed_in=member, auth=auth, origin=origin(), pepper=pepper()
        )
    if not done:
        raise WrongPassword()
    return clear_session_cookie(flask.make_response("", 204))


def _token(data: Data) -> str:
    """The link's token, as one try."""
    token = field(data, "token", str, min=1, max=128)
    limits().recovery_try(token=token, address=client_address())
    return token


SENTENCES: dict[str, Sentence] = {
    "reset_too_early": lambda e: _(
        "The wait of 72 hours is not over yet. We write to you when it is."
    ),
}
