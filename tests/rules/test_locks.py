"""Advisory locks are numbers that the whole database shares: each names one thing."""

from __future__ import annotations

import ast

from tests.services import ROOT


def numbers() -> list[tuple[int, str]]:
    """Every number that a module calls a lock, with the module."""
    found = []
    for path in sorted((ROOT / "whatstr").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id.endswith("_LOCK")
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, int)
            ):
                found.append((node.value.value, str(path.relative_to(ROOT))))
    return found


def test_no_two_modules_wait_for_the_same_lock() -> None:
    """The sender holds its lock for as long as it lives: who takes that number waits for ever."""
    found = numbers()
    assert len(found) >= 6
    assert len({number for number, _ in found}) == len(found), sorted(found)
