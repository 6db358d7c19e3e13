"""The authenticator apps of the demo's staff: six digits for each, as their phones would show."""

from __future__ import annotations

import time
from pathlib import Path

from whatstr.local import seeds
from whatstr.local.errors import LocalServiceError
from whatstr.local.keys import LocalKeys

COMMAND = "make demo-code"
STEP = 30


def now(data_dir: Path) -> dict[str, str]:
    """E-mail and present code of everybody who is planted. Raises LocalServiceError where no demo
    has run in the folder."""
    folder = data_dir / "secrets"
    if not (folder / "keys.json").exists():
        raise LocalServiceError(f"No demo has run in {data_dir}: start `make demo` first.")
    keys, at = LocalKeys.load_or_create(folder), int(time.time())
    return {email: code(keys.admin_secret, email, at // STEP) for _, email, _ in seeds.people()}


def code(factor_key: str, email: str, step: int) -> str:
    """The code of a planted person in one time step of thirty seconds."""
    import pyotp

    return pyotp.TOTP(seeds.totp_secret(factor_key, email)).generate_otp(step)
