"""Putting something through the sender's door: sealed to its verified key, one row, a nudge.

HOOK leaves Meta's webhooks here, WEB and ADMIN what people do on their pages. The database itself
stamps which role wrote a row (migration 0002), so that no other role's word passes for Meta's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from whatstr.core import clock
from whatstr.core.db import notify, session
from whatstr.vault.certificate import Certificate, CertificateRefused, verify_certificate
from whatstr.vault.models import HookInbox, SenderCertificate
from whatstr.vault.queries import CertificateMissing
from whatstr.vault.seals import seal_to_sender


def ident_keys(setting: str) -> list[bytes]:
    """The keys of WHATSTR_IDENT_PUBLIC: one, or two during a change."""
    return [base64.b64decode(part.strip()) for part in setting.split(",") if part.strip()]


def trusted_certificate(connection: Connection, ident_pks: Iterable[bytes]) -> Certificate:
    """The newest published sender key that IDENT signed and that is good today. Raises
    CertificateMissing: then nothing may be sealed, whatever the database offers."""
    now, trusted = clock.now(), list(ident_pks)
    rows = connection.execute(
        sa.select(SenderCertificate.cert)
        .where(SenderCertificate.not_before <= now)
        .order_by(SenderCertificate.not_before.desc())
        .limit(4)
    )
    for row in rows:
        try:
            return verify_certificate(row.cert, trusted, now=now)
        except CertificateRefused:
            continue
    raise CertificateMissing()


def insert_sealed(connection: Connection, certificate: Certificate, body: bytes) -> None:
    """One row for the sender."""
    connection.execute(
        sa.insert(HookInbox).values(
            at=clock.now(), sealed=seal_to_sender(certificate.kid, certificate.pk, body)
        )
    )


def seal_for_sender(message: Mapping[str, Any], *, ident_pks: Iterable[bytes]) -> bytes:
    """A JSON message sealed to the sender's verified key. Raises CertificateMissing."""
    certificate = trusted_certificate(session().connection(), ident_pks)
    return seal_to_sender(certificate.kid, certificate.pk, json.dumps(dict(message)).encode())


def leave_for_sender(message: Mapping[str, Any], *, ident_pks: Iterable[bytes]) -> None:
    """Leave a message of our own pages, within the current transaction. Raises
    CertificateMissing.

    Messages: `{t: "optout_link", code}`, `{t: "report_link", code, category, lines}`,
    `{t: "desk_optout", report, from}` (ADMIN only: the report's id and the reporter's digits);
    `code` is the base64url mref of a message's link.
    """
    sealed = seal_for_sender(message, ident_pks=ident_pks)
    session().execute(sa.insert(HookInbox).values(at=clock.now(), sealed=sealed))
    notify("whatstr_sender")
