"""Each benchmark runs on a fresh checkout and says what it measured (small here: no bar counts)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.cluster import READY, prepare
from tests.services import ROOT, private_folder

STAND_ON = {
    *("__init__", "__main__", "cluster", "measure", "world", "fake_meta", "sender", "seeding"),
    "statement_plans",
}
OF_THE_PANEL = {"staff", "staff_load", "staff_seed", "staff_statements"}
"""Measured apart, over a database that takes long to make."""
IN_A_BROWSER = {"upload", "vault"}


def test_all_are_run_by_make_bench() -> None:
    files = {path.stem for path in Path(ROOT, "benchmarks").glob("*.py")}
    assert files - STAND_ON - OF_THE_PANEL == set(NAMES)


@pytest.fixture(scope="module")
def ready() -> Iterator[Path]:
    """A migrated cluster that every benchmark copies."""
    with private_folder() as folder:
        prepare(folder)
        yield folder


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.browser] * (n in IN_A_BROWSER)) for n in NAMES]
)
def test_it_prints_one_line_of_json(name: str, ready: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT,
        env={**os.environ, READY: str(ready)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert told["bench"] == name
    assert told["value"] > 0 or told["bar"] == "0"
    assert told["unit"]
    assert {"bar", "ok", "quick"} <= told.keys()
