"""What is written for one installation at release and served read-only: the sender's identity.

The browser's bundle is the same for every installation; the one thing in it that differs stands in
a module of its own. It is written by whoever releases, not by the process `web`: code that runs
there cannot make browsers trust another sender (vault design, 4 and 18).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

IDENT_MODULE = "ident.mjs"


def identity_keys(text: str) -> list[bytes]:
    """The Ed25519 keys of WHATSTR_IDENT_PUBLIC. Raises ValueError, which names no value."""
    keys = [base64.b64decode(part.strip(), validate=True) for part in text.split(",") if part]
    if not keys or any(len(key) != 32 for key in keys):
        raise ValueError("WHATSTR_IDENT_PUBLIC: one or two keys of 32 bytes, base64")
    return keys


def ident_module(keys: Sequence[bytes]) -> str:
    """The module that the vault's Worker imports."""
    listed = json.dumps([base64.b64encode(key).decode() for key in keys])
    return (
        "// Written at release: who the sender is. The vault believes nobody else's answers.\n"
        f"export const IDENT = Object.freeze({listed});\n"
    )


def write_release(folder: Path, *, ident: str) -> Path:
    """Write the installation's part of the bundle into `folder`, readable by everybody; gives the
    module's path. Raises ValueError for keys that are none."""
    text = ident_module(identity_keys(ident))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / IDENT_MODULE
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o644)
    partial.replace(path)
    return path
