"""Second factors of staff: authenticator apps (TOTP), recovery codes, and the list of both.

A code is six digits for thirty seconds (RFC 6238); one step before and after is taken, and none
twice. Recovery codes carry 80 random bits: no guessing of a stolen hash.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.events import EventKind, Outcome, record_event
from whatstr.accounts.staff_models import FactorKind, StaffFactor, StaffRecoveryCode
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput, NotFound

STEP = 30
RECOVERY_CODES = 10
_SHOWN = timedelta(minutes=30)
_LABEL_LENGTH = 40


class LastFactor(DomainError):
    """Nobody is left without a second factor."""

    code = "last_factor"
    status = 409


class WrongCode(DomainError):
    """The code or the passkey's answer does not fit."""

    code = "wrong_code"
    status = 401


def factors(staff_id: uuid.UUID) -> Sequence[StaffFactor]:
    """The proved factors of a person, oldest first."""
    return (
        session()
        .scalars(
            sa.select(StaffFactor)
            .where(StaffFactor.staff_id == staff_id, StaffFactor.confirmed_at.isnot(None))
            .order_by(StaffFactor.created_at, StaffFactor.id)
        )
        .all()
    )


def offer_totp(staff_id: uuid.UUID) -> StaffFactor:
    """An authenticator secret to be shown and proved; the same one within half an hour."""
    now = clock.now()
    shown = session().scalar(
        sa.select(StaffFactor)
        .where(
            StaffFactor.staff_id == staff_id,
            StaffFactor.kind == FactorKind.TOTP,
            StaffFactor.confirmed_at.is_(None),
        )
        .options(undefer_group("pii"))
        .with_for_update()
    )
    if shown is not None and now - shown.created_at <= _SHOWN:
        return shown
    if shown is not None:
        session().delete(shown)
        session().flush()
    offered = StaffFactor(staff_id=staff_id, kind=FactorKind.TOTP, label="", created_at=now)
    offered.totp_secret = base64.b32encode(secrets.token_bytes(20)).decode()
    session().add(offered)
    session().flush()
    return offered


def totp_address(factor: StaffFactor, account: str) -> str:
    """What an authenticator app reads from the QR code (`otpauth://…`)."""
    import pyotp

    return str(pyotp.TOTP(factor.totp_secret).provisioning_uri(name=account, issuer_name="WhatsTR"))


def confirm_totp(*, actor: Actor, staff_id: uuid.UUID, code: str, label: str) -> StaffFactor:
    """The app shows the right code: the offered secret counts from now on. Raises WrongCode."""
    offered = session().scalar(
        sa.select(StaffFactor)
        .where(
            StaffFactor.staff_id == staff_id,
            StaffFactor.kind == FactorKind.TOTP,
            StaffFactor.confirmed_at.is_(None),
        )
        .options(undefer_group("pii"))
        .with_for_update()
    )
    if offered is None or not _take_code(offered, code):
        raise WrongCode()
    offered.label = label.strip()[:_LABEL_LENGTH]
    offered.confirmed_at = clock.now()
    record_factor(actor, staff_id, "staff.factor_added", FactorKind.TOTP)
    return offered


def add_totp(*, actor: Actor, staff_id: uuid.UUID, secret: str, label: str) -> StaffFactor:
    """A proved authenticator with a secret of the caller's (base32): the demo's own people."""
    now = clock.now()
    factor = StaffFactor(
        staff_id=staff_id, kind=FactorKind.TOTP, label=label, created_at=now, confirmed_at=now
    )
    factor.totp_secret = secret
    session().add(factor)
    session().flush()
    record_factor(actor, staff_id, "staff.factor_added", FactorKind.TOTP)
    return factor


def check_code(staff_id: uuid.UUID, code: str) -> bool:
    """Whether one of the person's authenticators shows this code; it is spent by that."""
    rows = session().scalars(
        sa.select(StaffFactor)
        .where(
            StaffFactor.staff_id == staff_id,
            StaffFactor.kind == FactorKind.TOTP,
            StaffFactor.confirmed_at.isnot(None),
        )
        .options(undefer_group("pii"))
        .with_for_update()
    )
    return any(_take_code(factor, code) for factor in rows.all())


def _take_code(factor: StaffFactor, code: str) -> bool:
    import pyotp

    digits, now = "".join(code.split()), clock.unix() // STEP
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return False
    maker = pyotp.TOTP(factor.totp_secret)
    for step in (now - 1, now, now + 1):
        if secrets.compare_digest(maker.generate_otp(step), digits):
            if factor.last_step is not None and step <= factor.last_step:
                return False
            factor.last_step, factor.used_at = step, clock.now()
            return True
    return False


def remove_factor(*, actor: Actor, staff_id: uuid.UUID, factor_id: uuid.UUID) -> None:
    """Take one factor away. Raises NotFound, LastFactor."""
    rows = session().scalars(
        sa.select(StaffFactor)
        .where(StaffFactor.staff_id == staff_id, StaffFactor.confirmed_at.isnot(None))
        .with_for_update()
    )
    known = {row.id: row for row in rows}
    if factor_id not in known:
        raise NotFound("staff_factor")
    if len(known) == 1:
        raise LastFactor()
    session().delete(known[factor_id])
    record_factor(actor, staff_id, "staff.factor_removed", known[factor_id].kind)


def forget_factors(staff_id: uuid.UUID) -> int:
    """Every factor and recovery code of a person: they set up new ones at the next sign-in."""
    done = session().execute(sa.delete(StaffFactor).where(StaffFactor.staff_id == staff_id))
    session().execute(sa.delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff_id))
    return int(done.rowcount)  # type: ignore[attr-defined]


def new_recovery_codes(*, actor: Actor, staff_id: uuid.UUID) -> list[str]:
    """Ten fresh codes; the earlier ones stop working. Shown once, stored as hashes."""
    session().execute(sa.delete(StaffRecoveryCode).where(StaffRecoveryCode.staff_id == staff_id))
    codes, now = [_recovery_code() for _ in range(RECOVERY_CODES)], clock.now()
    session().add_all(
        StaffRecoveryCode(code_hash=_hash(code), staff_id=staff_id, created_at=now)
        for code in codes
    )
    record_factor(actor, staff_id, "staff.recovery_codes_made", None)
    session().flush()
    return codes


def use_recovery_code(*, staff_id: uuid.UUID, code: str) -> bool:
    """Spend a recovery code; whether it was an unused one of this person."""
    done = session().execute(
        sa.update(StaffRecoveryCode)
        .where(
            StaffRecoveryCode.code_hash == _hash(code),
            StaffRecoveryCode.staff_id == staff_id,
            StaffRecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def recovery_codes_left(staff_id: uuid.UUID) -> int:
    return int(
        session().scalar(
            sa.select(sa.func.count()).where(
                StaffRecoveryCode.staff_id == staff_id, StaffRecoveryCode.used_at.is_(None)
            )
        )
        or 0
    )


def record_failure(*, staff_id: uuid.UUID, address: str, browser: str) -> None:
    """A second factor that was wrong after a password that was right."""
    record_event(
        kind=EventKind.STAFF_SIGN_IN,
        outcome=Outcome.FAILED,
        address=address,
        browser=browser,
        staff_id=staff_id,
    )
    record(
        actor=Actor(ActorKind.SYSTEM, None, address),
        verb="staff.second_factor_failed",
        subject_kind="staff_user",
        subject_id=staff_id,
    )


def clean_label(label: str) -> str:
    """The name a person gives a factor. Raises InvalidInput."""
    words = " ".join(label.split())
    if len(words) > _LABEL_LENGTH:
        raise InvalidInput("label", "length")
    return words


def record_factor(actor: Actor, staff_id: uuid.UUID, verb: str, kind: FactorKind | None) -> None:
    """Audit a change of somebody's factors."""
    record(
        actor=actor,
        verb=verb,
        subject_kind="staff_user",
        subject_id=staff_id,
        detail={"kind": str(kind)} if kind else {},
    )


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _hash(code: str) -> bytes:
    plain = "".join(ch for ch in code.upper() if ch.isalnum())
    return hashlib.sha256(b"staff-recovery\0" + plain.encode()).digest()
