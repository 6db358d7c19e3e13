"""Certificate of a weekly sender key: what browsers and HOOK trust instead of the database.

IDENT, a key that only the sender holds, signs {v, kid, pk, nb, na}; its public half is part
of the browser's code and of HOOK's settings. Somebody who can write to the database can
therefore not slip in a key of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from whatstr.vault import wire
from whatstr.vault.box import VaultFormatError
from whatstr.vault.signed import Label, sign, verify

CLOCK_SLACK = timedelta(days=1)

_KEYS = frozenset({"v", "kid", "pk", "nb", "na"})


class CertificateRefused(VaultFormatError):
    """The sender's certificate is not signed by IDENT or not valid today."""

    code = "certificate"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A verified sender key: offered to browsers from `nb` to `na` (unix seconds)."""

    kid: int
    pk: bytes
    nb: int
    na: int


def make_certificate(cert: Certificate, ident_sk: bytes) -> bytes:
    """The signed certificate, as it is published."""
    body = {"v": 1, "kid": cert.kid, "pk": wire.b64(cert.pk), "nb": cert.nb, "na": cert.na}
    return sign(Label.SENDER_CERT, wire.dump(body), ident_sk)


def verify_certificate(blob: bytes, ident_pks: Iterable[bytes], *, now: datetime) -> Certificate:
    """Check signature and dates (a day of clock slack). Raises `CertificateRefused`.

    Several IDENT keys are accepted while a release replaces one (vault.md section 17).
    """
    for ident_pk in ident_pks:
        try:
            body = verify(Label.SENDER_CERT, blob, ident_pk)
        except VaultFormatError:
            continue
        cert = _parse(body)
        slack, at = int(CLOCK_SLACK.total_seconds()), now.timestamp()
        if not cert.nb - slack <= at < cert.na + slack:
            raise CertificateRefused("dates", kid=cert.kid)
        return cert
    raise CertificateRefused("signature")


def _parse(body: bytes) -> Certificate:
    data = wire.load_object(body, _KEYS)
    if data["v"] != 1:
        raise CertificateRefused("version")
    return Certificate(
        kid=wire.integer(data["kid"], high=2**32 - 1),
        pk=wire.unb64(data["pk"], size=32),
        nb=wire.integer(data["nb"]),
        na=wire.integer(data["na"]),
    )
