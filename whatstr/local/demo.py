"""`make demo` and `make demo-once`: the service, one campaign, the report, and how to sign in."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whatstr.local import codes, seeds
from whatstr.local.demo_customer import EMAIL, DemoCustomer, Report
from whatstr.local.errors import LocalServiceError
from whatstr.local.stack import Ports, Stack, url
from whatstr.local.supervisor import Supervisor

ROWS = 1000
FIRST_PORT = 8000
_WIDTH = 36


def run(*, data_dir: Path, first_port: int, rows: int) -> int:
    """Start everything, send once per data folder, stay until Ctrl-C. Gives the exit status."""
    began = time.monotonic()
    done = data_dir / "demo-report.json"
    try:
        with Supervisor(data_dir) as supervisor:
            stack = Stack(supervisor, Ports.fixed(first_port))
            _say("Starting PostgreSQL, two Valkeys, the simulators and every role …")
            stack.start()
            _say(f"All healthy after {time.monotonic() - began:.1f} s")
            if not done.exists():
                report = _customer(stack).run(rows=rows, bar=_bar)
                _print_report(report)
                done.write_text(report.as_json() + "\n")
            _print_addresses(stack)
            supervisor.wait()
    except KeyboardInterrupt:
        _say("Stopped; the data is kept in " + str(data_dir))
        return 0
    except LocalServiceError as error:
        print(f"WhatsTR: {error}", file=sys.stderr)
        return 1
    return 0


def run_once(*, rows: int) -> int:
    """The same on free ports and a folder of its own; 0 only if the report reconciles."""
    try:
        with tempfile.TemporaryDirectory(prefix="whatstr-") as folder:
            path = Path(folder)
            path.chmod(0o711)
            with Supervisor(path) as supervisor:
                stack = Stack(supervisor, Ports.free())
                stack.start()
                report = _customer(stack).run(rows=rows, bar=_bar)
            _print_report(report)
            print(report.as_json())
            return 0 if report.reconciles else 1
    except KeyboardInterrupt:
        return 130
    except LocalServiceError as error:
        print(f"WhatsTR: {error}", file=sys.stderr)
        return 1


def _customer(stack: Stack) -> DemoCustomer:
    return DemoCustomer(stack, _say, stack.supervisor.check)


def _say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def _bar(found: Mapping[str, Any]) -> None:
    counts: Mapping[str, int] = found["counts"]
    total = max(found["rows"], 1)
    done = total - counts["pending"] - counts["handing"]
    filled = round(_WIDTH * done / total)
    line = f"  [{'█' * filled}{'·' * (_WIDTH - filled)}] {done}/{total}  {found['rate']:.0f}/s  "
    end = "\r" if sys.stderr.isatty() else "\n"
    print(line + f"{found['state']}   ", end=end, file=sys.stderr, flush=True)


def _print_report(report: Report) -> None:
    print(file=sys.stderr)
    _say(f"Report of {report.uploaded} recipients, {report.seconds:.1f} s of sending")
    for status, number in report.counts.items():
        if number:
            print(f"    {status:<12}{number:>7}", file=sys.stderr)
    total = sum(report.counts.values())
    print(f"    {'sum':<12}{total:>7}", file=sys.stderr)
    _say(
        "Meta's ledger: reached once {reached_once}, twice or more {reached_twice_or_more}, "
        "after opting out {opted_out_reached}".format(**report.ledger)
    )
    _say("The report reconciles" if report.reconciles else "The report does NOT reconcile")


def _print_addresses(stack: Stack) -> None:
    ports, keys = stack.ports, stack.keys
    rows = [
        ("Portal", url(ports.web), f"{EMAIL} / {keys.customer_password}"),
        ("Staff panel", f"http://localhost:{ports.admin}", f"password {keys.staff_password}"),
        *(("", f"  {role}", email) for role, email, _ in seeds.people()),
        ("", "  second factor", codes.COMMAND),
        ("E-mails", url(ports.mail), ""),
        ("Stripe simulator", url(ports.stripe), "card 4242 4242 4242 4242"),
        ("Meta simulator", url(ports.meta) + "/_sim/seed", ""),
    ]
    print(file=sys.stderr)
    for name, address, note in rows:
        print(f"  {name:<18}{address:<44}{note}", file=sys.stderr)
    print("\n  Ctrl-C stops everything.\n", file=sys.stderr, flush=True)
