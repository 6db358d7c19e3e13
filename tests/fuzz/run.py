"""`python -m tests.fuzz.run [--minutes 10] [--seed N]`: all parsers, the JSON line last."""

from __future__ import annotations

import argparse
import sys

import pytest

from tests.fuzz.conftest import PLAN
from tests.fuzz.plan import Plan

PARSERS = 8


def main() -> int:
    """Exit status 0 only when nothing crashed, nothing hung and every parser was fed."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--minutes", type=float, default=10.0)
    reader.add_argument("--seed", type=int, default=20261127)
    given = reader.parse_args()
    plan = Plan(seed=given.seed, seconds=given.minutes * 60 / PARSERS)

    class Holder:
        """Registers the plan before the tests ask for it."""

        def pytest_configure(self, config: pytest.Config) -> None:
            config.pluginmanager.register(plan, PLAN)

    status = pytest.main(
        ["-q", "-n", "0", "-p", "no:cacheprovider", "tests/fuzz/test_parsers.py"], [Holder()]
    )
    print(plan.as_json())
    return 0 if status == 0 and len(plan.outcomes) == PARSERS else 1


if __name__ == "__main__":
    sys.exit(main())
