"""A member's second factor at sign-in: a six-digit code of an authenticator app (RFC 6238).

It slows a stolen password down at our door; it takes no part in the keys, since the code changes
every half minute (vault design, 6 and 18). Whoever loses the app signs in with the e-mailed link
and the recovery code, which turns it off.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass, field

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.authenticator import take_code
from whatstr.accounts.models import Member
from whatstr.accounts.proofs import proof_matches
from whatstr.accounts.signin import load_active
from whatstr.audit.services import Actor, record
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput

_SECRET_BYTES = 20


class SecondFactorOn(DomainError):
    """There is an app already: another takes its place after the password turned that one off."""

    code = "second_factor_on"
    status = 409


class WrongCode(DomainError):
    """The authenticator shows another code, or this one was used."""

    code = "wrong_code"


@dataclass(frozen=True)
class Offer:
    """A fresh secret to be shown once; nothing is stored before a code proves that it was kept."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


def offer(member_id: uuid.UUID) -> Offer:
    """A secret and the `otpauth://` address of its QR code."""
    member = session().get_one(Member, member_id, options=[undefer_group("pii")])
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    address = pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name="WhatsTR")
    return Offer(secret, str(address))


def is_on(member_id: uuid.UUID) -> bool:
    """Whether the member signs in with a code."""
    kept = sa.select(Member.totp_ct.is_not(None)).where(Member.id == member_id)
    return bool(session().scalar(kept))


def turn_on(*, actor: Actor, member_id: uuid.UUID, secret: str, code: str) -> None:
    """Ask for a code from the next sign-in on. Raises WrongCode, and SecondFactorOn: a stolen
    session must not bring an app of its own."""
    try:
        if len(base64.b32decode(secret)) != _SECRET_BYTES:
            raise InvalidInput("secret", "wrong_size")
    except ValueError:
        raise InvalidInput("secret", "wrong_type") from None
    member = session().get_one(
        Member, member_id, options=[undefer_group("pii")], with_for_update=True
    )
    if member.totp is not None:
        raise SecondFactorOn()
    member.totp, member.totp_step = secret, None
    if not take_code(member, code):
        raise WrongCode()
    _note(actor, member, "member.second_factor_on")


def turn_off(*, actor: Actor, member_id: uuid.UUID, auth: bytes, pepper: bytes) -> bool:
    """Ask for no code any more. False for a wrong password."""
    member = load_active(Member.id == member_id)
    if member is None or not proof_matches(pepper, auth, member.auth_hash):
        return False
    member.totp = member.totp_step = None
    _note(actor, member, "member.second_factor_off")
    return True


def _note(actor: Actor, member: Member, verb: str) -> None:
    session().flush()
    record(
        actor=actor,
        verb=verb,
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
    )
