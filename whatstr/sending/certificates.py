"""Putting the public halves of the EPOCH keys where browsers and HOOK find them."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.core.db import session
from whatstr.sending.keyring import EPOCH_LIFE, PUBLISH_AHEAD, Keyring, kid_of, offered_at
from whatstr.vault.models import SenderCertificate


def publish_certificates(*, keyring: Keyring, now: datetime) -> int:
    """Publish this week's certificate, and next week's from twelve hours before; drop those whose
    key is destroyed. Returns how many were new. Safe to run at any time and twice."""
    kids = sorted({kid_of(now), kid_of(now + PUBLISH_AHEAD)})
    added = 0
    for kid in kids:
        nb, na = offered_at(kid)
        added += (
            session()
            .execute(
                insert(SenderCertificate)
                .values(
                    kid=kid,
                    cert=keyring.certificate(now, kid),
                    not_before=datetime.fromtimestamp(nb, UTC),
                    not_after=datetime.fromtimestamp(na, UTC),
                )
                .on_conflict_do_nothing()
                .returning(SenderCertificate.kid)
            )
            .first()
            is not None
        )
    session().execute(
        sa.delete(SenderCertificate).where(SenderCertificate.not_before < now - EPOCH_LIFE)
    )
    return added
