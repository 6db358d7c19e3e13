"""The role as it runs: real child processes, stopped and killed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sending.stage import Stage, people
from tests.services import ROOT


def until(condition: Callable[[], bool], *, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def descendants(parent: int) -> set[int]:
    found: set[int] = set()
    wanted = {parent}
    while wanted:
        seen = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                above = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if above in wanted and int(folder.name) not in found:
                seen.add(int(folder.name))
        found |= seen
        wanted = seen
    return found


@pytest.fixture
def sender(
    stage: Stage, sender_environment: dict[str, str], tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The whole role, as `flask whatstr run sender` starts it."""
    environment = {**os.environ, **sender_environment, "WHATSTR_UNKNOWN_WAIT": "1"}
    environment["WHATSTR_LOG_LEVEL"] = "INFO"
    with open(tmp_path / "sender.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "whatstr.sending.process"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def test_campaigns_run_through_and_nothing_stays_behind(
    stage: Stage, sender: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    campaign = stage.campaign(people(100))
    stage.sql("SELECT pg_notify('whatstr_sender', '')")
    until(lambda: stage.state(campaign)[0] == "done")

    assert stage.counts(campaign) == {"accepted": 100}
    assert stage.ledger()["taken_twice_or_more"] == 0
    below = descendants(sender.pid)
    assert len(below) >= 3
    sender.send_signal(signal.SIGTERM)
    assert sender.wait(30) == 0
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), seconds=10)
    assert "9053" not in (tmp_path / "sender.log").read_text()


def test_a_stop_in_the_middle_leaves_nothing_in_hand(
    stage: Stage, sender: subprocess.Popen[bytes]
) -> None:
    stage.sql("UPDATE line SET throughput = 40")
    campaign = stage.campaign(people(1_000))
    until(lambda: stage.ledger()["messages"] > 20)

    sender.send_signal(signal.SIGTERM)
    assert sender.wait(30) == 0

    counts = stage.counts(campaign)
    assert set(counts) == {"accepted", "pending"}
    assert counts["accepted"] == stage.ledger()["messages"] < 1_000
    assert stage.sql("SELECT * FROM s_lease") == []


def test_a_killed_slice_is_taken_over(stage: Stage, sender: subprocess.Popen[bytes]) -> None:
    stage.sql("UPDATE line SET throughput = 60")
    campaign = stage.campaign(people(200))
    until(lambda: stage.ledger()["messages"] > 20)

    for pid in descendants(sender.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"slices" in command:
            os.kill(pid, signal.SIGKILL)
    # What the clock does within half a minute.
    stage.sql("UPDATE s_lease SET until = now() - interval '1 second'")
    stage.sql("UPDATE message SET handed_at = handed_at - interval '10 seconds'")

    # Killed between Meta's answer and our commit: nobody knows of these, and nobody repeats them.
    def all_handed_over() -> bool:
        counts = stage.counts(campaign)
        return sum(counts.values()) == 200 and not {"pending", "handing"} & set(counts)

    until(all_handed_over, seconds=60)
    unknown = {
        base64.b64encode(row["mref"])
        for row in stage.sql("SELECT mref FROM message WHERE status = 'unknown'")
    }
    taken = {row["opaque"][3:].encode() for row in stage.ask("GET", "/_sim/ledger")["rows"]}
    assert stage.ledger()["taken_twice_or_more"] == 0
    assert unknown & taken, "the kill hit nothing"

    def settled() -> bool:
        # What webhooks do: every message that Meta took gets its receipt.
        taken = {row["opaque"] for row in stage.ask("GET", "/_sim/ledger")["rows"]}
        receipts(stage, taken)
        return stage.state(campaign)[0] == "done"

    until(settled, seconds=60)
    assert stage.ledger()["rows"] == 200
    assert stage.ledger()["taken_twice_or_more"] == 0


def receipts(stage: Stage, opaques: set[str]) -> None:
    mrefs = [base64.b64decode(opaque[3:]) for opaque in opaques]
    stage.sql(
        "UPDATE message SET status = 'delivered', delivered_at = now() WHERE mref = ANY(%s)"
        " AND status IN ('handing', 'unknown', 'accepted', 'pending')",
        mrefs,
    )
