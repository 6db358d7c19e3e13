"""What the server keeps of a password or recovery code: an HMAC of the proof that a browser sends.

The proof (AUTH, RAUTH) is itself derived from the secret in the browser, so the server never sees
the password; the pepper, which only `web` holds, makes a stolen table useless (vault design, 3).
"""

from __future__ import annotations

import hashlib
import hmac

from whatstr.core.crypto import norm_email
from whatstr.core.prf import prf16

DEFAULT_KDF = '{"alg":"argon2id13","t":3,"m":65536}'


def proof_hash(pepper: bytes, proof: bytes) -> bytes:
    """HMAC-SHA256(pepper, proof)."""
    return hmac.new(pepper, proof, hashlib.sha256).digest()


def proof_matches(pepper: bytes, proof: bytes, stored: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(proof_hash(pepper, proof), stored)


def unknown_salt(pepper: bytes, email: str) -> bytes:
    """The salt that an unknown address gets: always the same one, and of no account's making."""
    return prf16(pepper, "wtr1/unknown-salt", norm_email(email))
