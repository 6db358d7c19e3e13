"""A short run of `make chaos`, and what a run promises: its plan, its bound, its verdict."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.chaos.budget import FEW, FIRST_GUESS, RESERVE, Budget
from tests.chaos.plan import LEASE, SILENCE, UNKNOWN_WAIT, Blow, make_plan
from tests.chaos.run import BAD, is_good, total
from tests.services import ROOT


def test_a_seed_is_the_whole_of_its_run() -> None:
    assert make_plan(7) == make_plan(7)
    assert make_plan(7) != make_plan(8)
    assert make_plan(7).rows == 20_000


def test_thirty_seeds_know_every_blow() -> None:
    struck = {event.blow for seed in range(1, 31) for event in make_plan(seed).events}
    assert struck == set(Blow)


def test_the_short_run_is_struck_in_the_middle_of_sending() -> None:
    assert Blow.SILENCE in {event.blow for event in make_plan(1005, rows=300).events}
    assert SILENCE >= LEASE + 10, "the sweep looks every five seconds, and a slice has to begin"


@pytest.mark.parametrize("rows", [300, 2_000, 20_000])
def test_no_second_try_is_cut(rows: int) -> None:
    """An unknown row is handed over once more and never again: cut twice, it stays unknown."""
    for seed in range(1, 31):
        faults = make_plan(seed, rows=rows).settings["faults"]
        assert isinstance(faults, list)
        assert len(faults) == 2
        assert all(fault["seconds"] < UNKNOWN_WAIT for fault in faults)


def test_a_seed_gets_all_rows_as_long_as_the_others_still_fit_in() -> None:
    full, few = FIRST_GUESS["full"], FIRST_GUESS["few"]
    # This seed and, in the same world, five more after it.
    enough = full + 5 * few + RESERVE
    assert Budget(end=time.monotonic() + enough + 5).rows(30, worlds=5) == 20_000
    assert Budget(end=time.monotonic() + enough - 5).rows(30, worlds=5) == FEW
    assert Budget().rows(30, worlds=1) == 20_000, "without a bound"
    assert Budget(full=300, end=time.monotonic()).rows(1, worlds=1) == 300

    budget = Budget(end=time.monotonic() + 100)
    assert budget.rows(5, worlds=5) == FEW
    budget.saw(20_000, 60.0)
    assert budget.rows(5, worlds=5) == 20_000, "what was seen counts, not the guess"
    budget.saw(20_000, 90.0)
    budget.saw(20_000, 60.0)
    assert budget.rows(5, worlds=5) == FEW, "the longest counts"


def test_a_run_is_good_only_if_every_seed_was_run_and_nothing_was_found() -> None:
    fine = {"kills": 5, "orphans": 9, **dict.fromkeys(BAD, 0)}
    found = [{**fine, "rows": 20_000}, {**fine, "rows": 20_000}, {**fine, "rows": 2_000}]
    told = total(found)

    assert told["rows_per_seed"] == {"20000": 2, "2000": 1}
    assert (told["seeds"], told["kills"], told["rows"]) == (3, 15, 42_000)
    assert is_good(told, seeds=3)
    assert not is_good(told, seeds=4)
    for name in BAD:
        assert not is_good(total([*found[:2], {**found[2], name: 1}]), seeds=3), name


def test_nobody_is_lost_or_reached_twice_while_everything_is_killed() -> None:
    """The plan of a seed is always the same, so a failure can be had again:
    `make chaos SEED=1005 ARGS="--rows 300"`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", "--seed", "1005", "--rows", "300"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4_000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["seeds"] == 1
    assert told["kills"] >= 4
    assert told["orphans"] > 0, "nobody was in the middle of sending"
    assert {name: told[name] for name in BAD} == dict.fromkeys(BAD, 0)
