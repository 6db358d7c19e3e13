"""The memory of a send worker: a campaign of a million rows beside one of ten thousand."""

from __future__ import annotations

from benchmarks import seeding
from benchmarks.measure import Result, machine, main
from benchmarks.sender import send_all
from benchmarks.world import World, world

MOST = 1.2


def peak(made: World, rows: int, *, left: int) -> float:
    """MB a worker holds at most while it sends the last `left` rows of a campaign."""
    campaign = seeding.nearly_done(made, rows, left=left)
    found = send_all(made, made.stage.line).peak_mb
    assert made.stage.counts(campaign)["accepted"] == left
    made.clear()
    return found


def run(quick: bool) -> Result:
    small, large, left = (300, 3_000, 500) if quick else (10_000, 1_000_000, 40_000)
    with world() as made:
        little = peak(made, small, left=small)
        much = peak(made, large, left=left)
    return Result(
        value=much / little,
        unit="x the memory for a small campaign",
        bar=f"<= {MOST}",
        ok=much / little <= MOST,
        detail={
            "small_mb": round(little, 1),
            "large_mb": round(much, 1),
            "small_rows": small,
            "large_rows": large,
            "sent_of_large": left,
            **machine(),
        },
    )


if __name__ == "__main__":
    main("memory", run)
