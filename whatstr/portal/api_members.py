"""The people of an organization: list, invite, remove; and a member's own signed-in browsers."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts import invitations, members, policies, sessions
from whatstr.accounts.member_models import Invitation
from whatstr.accounts.members import MemberRow
from whatstr.accounts.models import MemberRole, MemberSession
from whatstr.accounts.permissions import Permission
from whatstr.core.db import transaction
from whatstr.core.i18n import LANGUAGES
from whatstr.core.security import client_address, open_to_all
from whatstr.portal import api
from whatstr.portal.access import (
    actor,
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
    choice,
    field,
    id_field,
    json_body,
    one_of,
    optional,
    show_bytes,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault import rekey
from whatstr.vault.box import BoxKind


@api.get("/members")
@member_access(Permission.MEMBERS_READ)
def list_members() -> dict[str, Any]:
    member = current_member()
    found = rekey.status(member.organization_id, member.member_id)
    return {
        "members": [_member(row) for row in members.members_of(organization_id())],
        "invitations": [_invitation(row) for row in members.invitations_of(organization_id())],
        "rekey": {
            "due": found.due,
            "running": found.rekey is not None,
            "by": show_id(found.rekey.member_id) if found.rekey is not None else None,
        },
    }


@api.put("/members/<uuid:member_id>/role")
@member_access(Permission.MEMBERS_WRITE)
def set_member_role(member_id: uuid.UUID) -> tuple[str, int]:
    role = choice(json_body(), "role", MemberRole)
    with transaction():
        members.change_role(
            actor=actor(), organization_id=organization_id(), member_id=member_id, role=role
        )
    return "", 204


@api.post("/members/<uuid:member_id>/remove")
@member_access(Permission.MEMBERS_WRITE)
def remove_member(member_id: uuid.UUID) -> dict[str, Any]:
    with transaction():
        held = members.remove_member(
            actor=actor(), organization_id=organization_id(), member_id=member_id
        )
        rekey.forget_member(member_id)
    return {"rekey_due": held}


@api.post("/invitations")
@member_access(Permission.MEMBERS_WRITE, confirmed=True)
def invite() -> tuple[dict[str, Any], int]:
    data = json_body()
    invitation_id = id_field(data, "id")
    with transaction():
        rekey.check_not_pinned(organization_id())
        until = invitations.invite(
            actor=actor(),
            signed_in=current_member(),
            invitation_id=invitation_id,
            role=choice(data, "role", MemberRole),
            proof=b64_field(data, "proof", size=PROOF_SIZE),
            box=_wrap(data, "box", BoxKind.AK_INVITE),
            key_version=field(data, "key_version", int, min=1, max=2**31 - 1),
            label=optional(data, "label", str, max=80) or "",
            pepper=pepper(),
        )
    return {"id": show_id(invitation_id), "expires_at": show_instant(until)}, 201


@api.delete("/invitations/<uuid:invitation_id>")
@member_access(Permission.MEMBERS_WRITE)
def withdraw_invitation(invitation_id: uuid.UUID) -> tuple[str, int]:
    with transaction():
        invitations.withdraw(
            actor=actor(), organization_id=organization_id(), invitation_id=invitation_id
        )
    return "", 204


@api.post("/invitations/open")
@open_to_all
def open_invitation() -> dict[str, Any]:
    data = json_body()
    found = invitations.open_invitation(
        invitation_id=_counted(data),
        proof=b64_field(data, "proof", size=PROOF_SIZE),
        pepper=pepper(),
    )
    return {
        "organization": show_id(found.organization_id),
        "organization_name": found.organization_name,
        "role": str(found.role),
        "key_version": found.key_version,
        "box": show_bytes(found.box) if found.box is not None else None,
        "expires_at": show_instant(found.expires_at),
    }


@api.post("/invitations/accept")
@open_to_all
def accept_invitation() -> flask.Response:
    data = json_body()
    invitation_id = _counted(data)
    with transaction():
        opened = invitations.accept_invitation(
            invitation_id=invitation_id,
            proof=b64_field(data, "proof", size=PROOF_SIZE),
            member_id=id_field(data, "member"),
            person=_person(field(data, "profile", dict, max=10)),
            password=password_keys(data),
            recovery=recovery_keys(data, proof="rauth"),
            wrap_org=_wrap(data, "wrap_org", BoxKind.AK_MEMBER),
            member_pk=b64_field(data, "member_pk", size=32),
            language=one_of(data, "language", LANGUAGES),
            origin=origin(),
            pepper=pepper(),
            web_url=web_url(),
        )
    response = unlocked(opened)
    response.status_code = 201
    return response


@api.get("/sessions")
@member_access(Permission.SELF)
def list_sessions() -> dict[str, Any]:
    member = current_member()
    return {
        "sessions": [
            _session(row, member.session_id) for row in sessions.live_sessions(member.member_id)
        ]
    }


@api.post("/sessions/<uuid:session_id>/end")
@member_access(Permission.SELF)
def end_session(session_id: uuid.UUID) -> tuple[str, int]:
    with transaction():
        sessions.revoke_own_session(member_id=current_member().member_id, session_id=session_id)
    return "", 204


@api.post("/sessions/end-others")
@member_access(Permission.SELF)
def end_other_sessions() -> dict[str, Any]:
    member = current_member()
    with transaction():
        ended = sessions.revoke_sessions(member_id=member.member_id, keep=member.session_id)
    return {"ended": ended}


def _counted(data: Data) -> uuid.UUID:
    """The invitation that the request names, as one try."""
    found = id_field(data, "id")
    limits().invitation(invitation=found.hex, address=client_address())
    return found


def _wrap(data: Data, name: str, kind: BoxKind) -> bytes | None:
    return box_field(data, name, kind, size=WRAP_SIZE) if data.get(name) is not None else None


def _person(data: Data) -> invitations.Person:
    phone = optional(data, "phone", str, max=40)
    return invitations.Person(
        name=field(data, "contact_name", str, min=2, max=120),
        email=policies.normal_email(field(data, "email", str, min=1, max=policies.EMAIL_LENGTH)),
        phone=policies.normal_phone(phone) if phone else None,
    )


def _member(row: MemberRow) -> dict[str, Any]:
    member = row.member
    return {
        "id": show_id(member.id),
        "name": member.name,
        "email": member.email,
        "role": str(member.role),
        "email_confirmed": member.email_confirmed_at is not None,
        "holds_key": row.holds_key,
        "created_at": show_instant(member.created_at),
    }


def _invitation(row: Invitation) -> dict[str, Any]:
    return {
        "id": show_id(row.id),
        "role": str(row.role),
        "label": row.label or "",
        "created_at": show_instant(row.created_at),
        "expires_at": show_instant(row.expires_at),
    }


def _session(row: MemberSession, current: uuid.UUID) -> dict[str, Any]:
    return {
        "id": show_id(row.id),
        "current": row.id == current,
        "browser": row.browser or "",
        "created_at": show_instant(row.created_at),
        "seen_at": show_instant(row.seen_at),
        "expires_at": show_instant(row.expires_at),
    }


SENTENCES: dict[str, Sentence] = {
    "invitation_invalid": lambda e: _(
        "This invitation was used or withdrawn, or it is older than seven days. Ask for a new one."
    ),
    "too_many_invitations": lambda e: _(
        "Twenty invitations are open. Withdraw some that are no longer needed, then invite again."
    ),
    "last_owner": lambda e: _(
        "The account needs an owner who can open the vault. Make somebody else an owner first."
    ),
    "own_removal": lambda e: _("You cannot remove yourself. Another owner can."),
    "role_needs_key": lambda e: _(
        "This role comes with other keys. Remove this person and invite them anew with the role."
    ),
}
