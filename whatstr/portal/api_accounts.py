"""Sign-up, sign-in, recovery, and what a member sees and sets about the own account."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.accounts import (
    enrolment,
    links,
    policies,
    recovery,
    sessions,
    signin,
)
from whatstr.accounts.enrolment import PasswordKeys, Profile, RecoveryKeys
from whatstr.accounts.permissions import Permission
from whatstr.accounts.signin import Unlocked, WrongPassword
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.core.i18n import LANGUAGES
from whatstr.core.security import client_address, open_to_all
from whatstr.portal import api
from whatstr.portal.access import (
    actor,
    clear_session_cookie,
    current_member,
    limits,
    member_access,
    origin,
    pepper,
    set_session_cookie,
    web_url,
)
from whatstr.portal.inputs import (
    Data,
    b64_field,
    box_field,
    documents_field,
    field,
    id_field,
    json_body,
    one_of,
    optional,
    show_bytes,
    show_id,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault import rekey
from whatstr.vault.box import MIN_SIZE, BoxKind
from whatstr.vault.keys import SALT_SIZE, Kdf, WeakKdf

# A Box of 32 bytes is one block long.
WRAP_SIZE = MIN_SIZE
PROOF_SIZE = 32
_EMAIL = policies.EMAIL_LENGTH


@api.post("/enrol")
@open_to_all
def enrol() -> flask.Response:
    limits().enrol(address=client_address())
    data = json_body()
    with transaction():
        made = enrolment.enrol(
            organization_id=id_field(data, "organization"),
            member_id=id_field(data, "member"),
            profile=_profile(field(data, "profile", dict, max=20)),
            password=password_keys(data),
            recovery=recovery_keys(data, proof="rauth"),
            wrap_org=box_field(data, "wrap_org", BoxKind.AK_MEMBER, size=WRAP_SIZE),
            key_version=field(data, "key_version", int, min=1, max=1),
            member_pk=b64_field(data, "member_pk", size=32),
            documents=documents_field(data),
            language=one_of(data, "language", LANGUAGES),
            origin=origin(),
            pepper=pepper(),
            web_url=web_url(),
        )
    response = flask.jsonify(
        organization=show_id(made.organization.id),
        member=show_id(made.member.id),
        customer_no=made.organization.customer_no,
        half=show_bytes(made.session.half),
    )
    response.status_code = 201
    return set_session_cookie(response, made.session)


@api.post("/prelogin")
@open_to_all
def prelogin() -> dict[str, Any]:
    limits().prelogin(address=client_address())
    found = signin.hashing_for(email=field(json_body(), "email", str, max=_EMAIL), pepper=pepper())
    return {"kdf": found.kdf, "salt": show_bytes(found.salt)}


@api.post("/login")
@open_to_all
def login() -> flask.Response:
    data = json_body()
    email = field(data, "email", str, max=_EMAIL)
    limits().sign_in(email=email, address=client_address())
    auth = b64_field(data, "auth", size=PROOF_SIZE)
    with transaction():
        opened = signin.sign_in(
            email=email,
            auth=auth,
            totp=optional(data, "totp", str, max=16),
            origin=origin(),
            pepper=pepper(),
        )
    if isinstance(opened, signin.Refusal):
        raise signin.REFUSALS[opened]()
    return unlocked(opened)


@api.get("/half")
@member_access(Permission.SELF)
def half() -> dict[str, Any]:
    member = current_member()
    wrap = signin.organization_wrap(member.member_id)
    return {
        "half": show_bytes(sessions.session_half(member.session_id)),
        "organization": show_id(member.organization_id),
        "member": show_id(member.member_id),
        "key_version": wrap.key_version,
        "wrap_org": show_bytes(wrap.wrap_org) if wrap.wrap_org is not None else None,
        "role": str(member.role),
        "account_version": member.key_version,
        "next_keys": show_next_keys(member.member_id),
    }


@api.post("/logout")
@member_access(Permission.SELF)
def logout() -> flask.Response:
    with transaction():
        sessions.revoke_session(current_member().session_id)
    return clear_session_cookie(flask.make_response("", 204))


@api.post("/password")
@member_access(Permission.SELF)
def password() -> tuple[str, int]:
    data, member = json_body(), current_member()
    limits().password(member=member.member_id.hex)
    with transaction():
        done = signin.change_password(
            actor=actor(),
            signed_in=member,
            old_auth=b64_field(data, "old_auth", size=PROOF_SIZE),
            keys=password_keys(data),
            origin=origin(),
            pepper=pepper(),
        )
    if not done:
        raise WrongPassword()
    return "", 204


@api.post("/email/confirm")
@open_to_all
def confirm_email() -> dict[str, Any]:
    limits().link(address=client_address())
    with transaction():
        links.confirm_email(token=_token(json_body()), address=client_address())
    return {"confirmed": True}


@api.post("/email/resend")
@member_access(Permission.SELF)
def resend_email() -> tuple[str, int]:
    member = current_member()
    limits().resend(member=member.member_id.hex)
    with transaction():
        links.resend_confirmation(member_id=member.member_id, web_url=web_url())
    return "", 202


@api.post("/recovery/start")
@open_to_all
def start_recovery() -> tuple[str, int]:
    email = field(json_body(), "email", str, max=_EMAIL)
    limits().recovery_start(email=email, address=client_address())
    with transaction():
        recovery.start_recovery(email=email, web_url=web_url())
    return "", 202


@api.post("/recovery/open")
@open_to_all
def open_recovery() -> dict[str, Any]:
    data = json_body()
    token = _token(data)
    limits().recovery_try(token=token, address=client_address())
    with transaction():
        found = recovery.open_recovery(
            token=token,
            rauth=b64_field(data, "rauth", size=PROOF_SIZE),
            origin=origin(),
            pepper=pepper(),
        )
    if found is None:
        raise recovery.WrongRecovery()
    return {
        "organization": show_id(found.organization_id),
        "member": show_id(found.member_id),
        "key_version": found.key_version,
        "wrap_rec": show_bytes(found.wrap_rec),
        "wrap_org": show_bytes(found.wrap_org) if found.wrap_org is not None else None,
    }


@api.post("/recovery/finish")
@open_to_all
def finish_recovery() -> flask.Response:
    data = json_body()
    token = _token(data)
    limits().recovery_try(token=token, address=client_address())
    with transaction():
        opened = recovery.finish_recovery(
            token=token,
            rauth=b64_field(data, "rauth", size=PROOF_SIZE),
            password=password_keys(data),
            recovery=recovery_keys(data, proof="new_rauth"),
            origin=origin(),
            pepper=pepper(),
        )
    if opened is None:
        raise recovery.WrongRecovery()
    return unlocked(opened)


def show_next_keys(member_id: uuid.UUID) -> list[dict[str, Any]]:
    """Keys of the account that the member's browser has yet to take over."""
    return [
        {"version": version, "seal": show_bytes(seal)}
        for version, seal in rekey.next_keys(member_id)
    ]


def unlocked(opened: Unlocked) -> flask.Response:
    """The answer to a sign-in, with its cookie."""
    response = flask.jsonify(
        organization=show_id(opened.organization_id),
        member=show_id(opened.member_id),
        role=str(opened.role),
        key_version=opened.key_version,
        next_keys=show_next_keys(opened.member_id),
        kdf=opened.kdf,
        salt=show_bytes(opened.salt),
        wrap_pw=show_bytes(opened.wrap_pw),
        wrap_org=show_bytes(opened.wrap_org) if opened.wrap_org is not None else None,
        half=show_bytes(opened.session.half),
        language=opened.language,
    )
    return set_session_cookie(response, opened.session)


def _profile(data: Data) -> Profile:
    website = optional(data, "website", str, max=policies.WEBSITE_LENGTH)
    tax_number = optional(data, "tax_number", str, max=20)
    return Profile(
        organization_name=field(data, "organization_name", str, min=2, max=200),
        contact_name=field(data, "contact_name", str, min=2, max=120),
        email=policies.normal_email(field(data, "email", str, min=1, max=_EMAIL)),
        phone=policies.normal_phone(field(data, "phone", str, min=1, max=40)),
        address=optional(data, "address", str, max=500),
        website=policies.normal_website(website) if website else None,
        tax_number=policies.normal_tax_number(tax_number) if tax_number else None,
        tax_office=optional(data, "tax_office", str, max=120),
    )


def password_keys(data: Data) -> PasswordKeys:
    """What depends on the password. A kdf below the floor is refused here, too: no client of ours
    makes one."""
    try:
        kdf = Kdf.parse(field(data, "kdf", str, max=100))
    except WeakKdf:
        raise InvalidInput("kdf", "weak_kdf") from None
    return PasswordKeys(
        kdf=kdf.json(),
        salt=b64_field(data, "salt", size=SALT_SIZE),
        auth=b64_field(data, "auth", size=PROOF_SIZE),
        wrap_pw=box_field(data, "wrap_pw", BoxKind.UK_PW, size=WRAP_SIZE),
    )


def recovery_keys(data: Data, *, proof: str) -> RecoveryKeys:
    """What depends on the recovery code; `proof` names its field."""
    return RecoveryKeys(
        rauth=b64_field(data, proof, size=PROOF_SIZE),
        wrap_rec=box_field(data, "wrap_rec", BoxKind.UK_REC, size=WRAP_SIZE),
    )


def _token(data: Data) -> str:
    return field(data, "token", str, min=1, max=128)


SENTENCES: dict[str, Sentence] = {
    "email_taken": lambda e: _(
        "An account has this e-mail address already. Sign in, or ask for a new password."
    ),
    "wrong_credentials": lambda e: _(
        "E-mail address or password is wrong. Please check both; capital letters count."
    ),
    "wrong_password": lambda e: _("Your present password is wrong. Nothing was changed."),
    "wrong_recovery": lambda e: _(
        "This recovery code does not belong to this account. Please check it letter by letter."
    ),
    "link_invalid": lambda e: _(
        "This link was already used or is too old. Please ask for a new one."
    ),
}
