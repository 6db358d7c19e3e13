"""The whole service, lived in, then searched: `run()` for the test and for `make leak-scan`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.leaks.controls import prove
from tests.leaks.loud_stack import LoudStack
from tests.leaks.patterns import Tier
from tests.leaks.processes import be_ordinary, readable_processes
from tests.leaks.scanner import Hit, Result, Scanner
from tests.leaks.sources import dump_database, dump_queue, left_behind
from tests.leaks.staff_view import opened_profiles, opened_reports
from tests.leaks.story import Story
from tests.services import private_folder
from whatstr.local.stack import Ports
from whatstr.local.supervisor import Supervisor

Say = Callable[[str], None]


@dataclass
class Findings:
    """What the two scans found."""

    result: Result
    missed_controls: list[str]
    staff_values_seen: set[str] = field(default_factory=set)
    staff_values_planted: set[str] = field(default_factory=set)
    erased_values_seen: set[str] = field(default_factory=set)
    """Values of a deleted account that staff can still open: none."""
    staff_hits: list[Hit] = field(default_factory=list)
    """Vault values that somebody with all secrets of WEB and ADMIN can read: none."""
    reports_opened: int = 0
    reported_seen: set[str] = field(default_factory=set)
    statements_logged: int = 0
    readable_processes: list[str] = field(default_factory=list)
    """Roles whose memory another process of the same user could read: none."""

    @property
    def clean(self) -> bool:
        """Nothing found, by a scan that proved that it can find."""
        quiet = not (self.staff_hits or self.readable_processes or self.erased_values_seen)
        return self.result.clean and quiet and self.statements_logged > 0


def run(*, rows: int, browser: bool = False, say: Say = lambda text: None) -> Findings:
    """Start everything in a private folder, live through the story, stop, search what is left.
    With `browser` there are days in a real browser, too."""
    with private_folder() as folder, _temporary(folder / "tmp"):
        be_ordinary()
        began = time.monotonic()
        data_dir, evidence = folder / "data", folder / "evidence"
        evidence.mkdir()
        data_dir.mkdir()
        data_dir.chmod(0o711)
        with Supervisor(data_dir) as supervisor:
            stack = LoudStack(supervisor, Ports.free())
            stack.log_statements()
            stack.start()
            say(f"everything runs after {time.monotonic() - began:.0f} s")
            story = Story(stack, rows=rows)
            story.live()
            if browser:
                say(f"in a browser after {time.monotonic() - began:.0f} s")
                _in_browser(stack, story, folder / "customer")
            say(f"lived through after {time.monotonic() - began:.0f} s")
            readable = readable_processes(supervisor.pids())
            findings = _as_staff(stack, story)
            findings.readable_processes = readable
            dump = dump_database(stack.postgres, evidence / "dump.sql")
            dump_queue(stack.queue.url, evidence / "queue")
            dump_queue(stack.sender_queue.url, evidence / "sender-queue")
        scanner = Scanner(story.planted)
        places = [*left_behind(data_dir), *evidence.iterdir(), *_files_of(folder / "tmp")]
        scanner.scan_files(places, root=folder)
        log = (data_dir / "logs" / "postgres.log").read_bytes()
        copies = [("copy of the dump", dump.read_bytes()), ("copy of the log", log)]
        findings.missed_controls = prove(scanner, story.planted, copies)
        findings.statements_logged = log.count(b"Parameters: $1")
        findings.result = scanner.result
        say(f"searched after {time.monotonic() - began:.0f} s")
        return findings


def _in_browser(stack: LoudStack, story: Story, folder: Path) -> None:
    from tests.leaks import browser_days

    folder.mkdir()
    days = browser_days.live(stack, folder=folder)
    story.planted += days.planted
    story.reported |= days.reported
    story.erased |= days.erased
    story.rest()


def _as_staff(stack: LoudStack, story: Story) -> Findings:
    """The same with the secrets of WEB and ADMIN: profiles open, the vault does not."""
    address, keys = stack.postgres.url(), stack.keys
    staff = [value for value in story.planted if value.tier is Tier.STAFF]
    vault = Scanner([value for value in story.planted if value.tier is Tier.VAULT])
    profiles = Scanner(staff)
    for place, text in opened_profiles(address, keys.staff_ring):
        profiles.scan(text.encode(), place)
        vault.scan(text.encode(), place)
    findings = Findings(vault.result, [])
    findings.staff_values_planted = {value.name for value in staff}
    findings.staff_values_seen = {hit.planted for hit in profiles.result.hits}
    findings.erased_values_seen = findings.staff_values_seen & story.erased
    for body in opened_reports(address, keys.desk_key):
        findings.reports_opened += 1
        vault.scan(body, "abuse_report.sealed")
    for hit in vault.result.hits:
        if hit.source == "abuse_report.sealed" and hit.planted in story.reported:
            findings.reported_seen.add(hit.planted)
        else:
            findings.staff_hits.append(hit)
    return findings


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    """Every process of the service keeps its temporary files here."""
    folder.mkdir()
    folder.chmod(0o711)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def main() -> int:
    """`python -m tests.leaks.run [ROWS]`: the JSON line last; 0 only when nothing was found."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000

    def say(text: str) -> None:
        print(f"· {text}", file=sys.stderr, flush=True)

    findings = run(rows=rows, browser=True, say=say)
    if findings.result.hits:
        print(findings.result.in_words(), file=sys.stderr)
    for role in findings.readable_processes:
        print(f"the memory of {role} can be read", file=sys.stderr)
    for hit in findings.staff_hits:
        print(f"{hit.planted} is open to staff in {hit.source}", file=sys.stderr)
    for name in sorted(findings.erased_values_seen):
        print(f"{name} outlives its account", file=sys.stderr)
    if findings.missed_controls:
        print("missed controls: " + ", ".join(findings.missed_controls), file=sys.stderr)
    print(findings.result.as_json())
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main())
