"""The vault's formats stay small and keyless: what they may import."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

VAULT = Path(__file__).parents[2] / "whatstr" / "vault"
OF_THE_SERVER = {
    "models.py", "services.py", "queries.py", "policies.py", "inbox.py", "rekey.py",
    "rekey_models.py",
}  # fmt: skip
FORMATS = sorted(path for path in VAULT.glob("*.py") if path.name not in OF_THE_SERVER)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_formats_import_core_stdlib_and_nacl_only(path: Path) -> None:
    for name in imported(path):
        top = name.split(".")[0]
        ours = name.startswith(("whatstr.core", "whatstr.vault"))
        assert ours or top in {"nacl", *sys.stdlib_module_names}, name
        assert name.split(".")[-1] not in {n.removesuffix(".py") for n in OF_THE_SERVER}, name
