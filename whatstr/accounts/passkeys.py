"""Passkeys of staff (WebAuthn): what the browser is asked, and whether its answer holds.

The challenge belongs to the browser's session and is good for one answer (`staff_sessions`). A
passkey is bound to the panel's own address: it cannot be given away to another site.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from whatstr.accounts.models import StaffUser
from whatstr.accounts.staff_factors import WrongCode, clean_label, record_factor
from whatstr.accounts.staff_models import FactorKind, StaffFactor
from whatstr.accounts.staff_sessions import new_challenge, take_challenge
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import session

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

# The library takes a second to load: only who meets a passkey pays for it.
_TIMEOUT_MS = 120_000
MOST = 10


@dataclass(frozen=True)
class Site:
    """The panel's address as browsers see it."""

    origin: str

    @property
    def domain(self) -> str:
        """What a passkey is bound to: the host, without its port."""
        return urlsplit(self.origin).hostname or ""

    @classmethod
    def of(cls, url: str) -> Site:
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}")


def creation_options(*, site: Site, session_id: uuid.UUID, user: StaffUser) -> str:
    """JSON for `navigator.credentials.create` on a new passkey."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=site.domain,
        rp_name="WhatsTR",
        user_id=user.id.bytes,
        user_name=user.display_name,
        user_display_name=user.display_name,
        challenge=new_challenge(session_id),
        timeout=_TIMEOUT_MS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=_descriptors(user.id),
    )
    return str(webauthn.options_to_json(options))


def request_options(*, site: Site, session_id: uuid.UUID, staff_id: uuid.UUID) -> str | None:
    """JSON for `navigator.credentials.get`, or None for a person without a passkey."""
    import webauthn

    known = _descriptors(staff_id)
    if not known:
        return None
    options = webauthn.generate_authentication_options(
        rp_id=site.domain,
        challenge=new_challenge(session_id),
        timeout=_TIMEOUT_MS,
        allow_credentials=known,
    )
    return str(webauthn.options_to_json(options))


def add_passkey(
    *,
    actor: Actor,
    site: Site,
    session_id: uuid.UUID,
    staff_id: uuid.UUID,
    answer: str,
    label: str,
) -> StaffFactor:
    """Keep the passkey that the browser has just made. Raises WrongCode."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    challenge, said = take_challenge(session_id), _read(answer)
    if challenge is None or said is None or len(_passkeys(staff_id)) >= MOST:
        raise WrongCode()
    try:
        made = webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise WrongCode() from None
    if session().scalar(
        sa.select(StaffFactor.id).where(StaffFactor.credential_id == made.credential_id)
    ):
        raise WrongCode()
    now = clock.now()
    factor = StaffFactor(
        staff_id=staff_id,
        kind=FactorKind.PASSKEY,
        label=clean_label(label),
        created_at=now,
        confirmed_at=now,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(said),
    )
    session().add(factor)
    session().flush()
    record_factor(actor, staff_id, "staff.factor_added", FactorKind.PASSKEY)
    return factor


def check_passkey(*, site: Site, session_id: uuid.UUID, staff_id: uuid.UUID, answer: str) -> bool:
    """Whether a passkey of this person signed this browser's challenge; it is spent by that."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    challenge, said = take_challenge(session_id), _read(answer)
    if challenge is None or said is None:
        return False
    try:
        wanted = base64url_to_bytes(str(said.get("id", "")))
    except ValueError:
        return False
    factor = session().scalar(
        sa.select(StaffFactor)
        .where(StaffFactor.staff_id == staff_id, StaffFactor.credential_id == wanted)
        .options(undefer(StaffFactor.public_key))
        .with_for_update()
    )
    if factor is None or factor.public_key is None:
        return False
    try:
        proof = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            credential_public_key=factor.public_key,
            credential_current_sign_count=factor.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    factor.sign_count, factor.used_at = proof.new_sign_count, clock.now()
    return True


def _passkeys(staff_id: uuid.UUID) -> Sequence[StaffFactor]:
    return (
        session()
        .scalars(
            sa.select(StaffFactor)
            .where(StaffFactor.staff_id == staff_id, StaffFactor.kind == FactorKind.PASSKEY)
            .options(undefer(StaffFactor.credential_id))
        )
        .all()
    )


def _descriptors(staff_id: uuid.UUID) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers import structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=one.credential_id or b"",
            transports=[structs.AuthenticatorTransport(name) for name in one.transports],
        )
        for one in _passkeys(staff_id)
    ]


def _read(answer: str) -> dict[str, Any] | None:
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    return said if isinstance(said, dict) and isinstance(said.get("response"), dict) else None


def _transports(said: dict[str, Any]) -> list[str]:
    from webauthn.helpers import structs

    known = {str(one.value) for one in structs.AuthenticatorTransport}
    named = said["response"].get("transports")
    return [one for one in named if one in known] if isinstance(named, list) else []
