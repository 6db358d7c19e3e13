"""How a benchmark is called and what it prints."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services import forget_own_environment


@dataclass(frozen=True)
class Result:
    """One measured value. `ok` is None where the design sets no bar and the value is reported."""

    value: float
    unit: str
    bar: str
    ok: bool | None
    detail: Mapping[str, Any] = field(default_factory=dict)


def main(name: str, run: Callable[[bool], Result]) -> None:
    """Measure and print one line. Exit status 1 when the bar is missed, except with `--quick`:
    that shows that the benchmark works, at a size at which no bar means anything."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--quick", action="store_true", help="a small run, only to see it work")
    quick = parser.parse_args().quick
    forget_own_environment()
    result = run(quick)
    line = {
        "bench": name,
        "value": round(result.value, 3),
        "unit": result.unit,
        "bar": result.bar,
        "ok": result.ok,
        **({"quick": True} if quick else {}),
        **result.detail,
    }
    print(json.dumps(line), flush=True)
    sys.exit(1 if result.ok is False and not quick else 0)


# The machine ----------------------------------------------------------------------------------


def cores() -> list[int]:
    """The processors this run may use."""
    return sorted(os.sched_getaffinity(0))


@contextmanager
def on_cores(*wanted: int) -> Iterator[None]:
    """This process (with all its threads to come) and whatever it starts stay on these."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def machine() -> dict[str, Any]:
    """What the figures were taken on. `load` above about 1 says that others were working too."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": names[0] if names else "unknown",
        "cores": len(cores()),
        "load": round(os.getloadavg()[0], 1),
    }
