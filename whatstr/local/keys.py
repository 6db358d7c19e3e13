"""Keys and passwords of a local installation: made once, kept in the data folder, mode 0600."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nacl import bindings

from whatstr.core.crypto import Ring
from whatstr.local.folders import make_private


def _random() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass(frozen=True)
class LocalKeys:
    """One value for each secret of whatstr.config that has no embedded default."""

    web_secret: str = field(default_factory=_random)
    admin_secret: str = field(default_factory=_random)
    web_pepper: str = field(default_factory=_random)
    staff_ring: str = field(default_factory=Ring.generate)
    desk_key: str = field(default_factory=_random)
    app_id: str = field(default_factory=lambda: str(secrets.randbelow(9 * 10**14) + 10**14))
    app_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verify_token: str = field(default_factory=lambda: secrets.token_hex(24))
    stripe_key: str = field(default_factory=lambda: "sk_test_" + secrets.token_hex(24))
    stripe_webhook_secret: str = field(default_factory=lambda: "whsec_" + secrets.token_hex(24))
    customer_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    staff_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def desk_public(self) -> str:
        """Public half of the abuse desk's key, base64."""
        public = bindings.crypto_scalarmult_base(base64.b64decode(self.desk_key))
        return base64.b64encode(public).decode()

    @classmethod
    def load_or_create(cls, folder: Path) -> LocalKeys:
        """The keys in `folder/keys.json`; new ones are written before they are returned."""
        path = folder / "keys.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        keys = cls()
        make_private(folder)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(keys), file)
        return keys
