"""Random passwords of the local database roles, one file each, readable by this user alone."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from whatstr.local.folders import make_private


class RoleSecrets:
    """Passwords kept as `<folder>/<role>.json`, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, role: str) -> Path:
        return self._folder / f"{role}.json"

    def read(self, role: str) -> str | None:
        """The role's password, or None when none was made yet."""
        try:
            stored = json.loads(self.path(role).read_text())
        except FileNotFoundError:
            return None
        return str(stored["password"])

    def create(self, role: str) -> str:
        """A new random password, stored before it is returned; replaces an older one."""
        make_private(self._folder)
        password = secrets.token_urlsafe(32)
        partial = self.path(role).with_suffix(".partial")
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({"role": role, "password": password}, file)
        partial.replace(self.path(role))
        return password
