"""The promise, held to the whole running service: a thief and staff read nothing of the vault.

Left out of the scan: the simulators' own folders and logs, since they stand for Meta and Stripe,
and the secrets folder, where the demo keeps its password and recovery code on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.leaks.run import Findings, run

ROWS = 60


@pytest.fixture(scope="module")
def findings() -> Iterator[Findings]:
    """One run of the whole story."""
    yield run(rows=ROWS)


def test_nothing_of_what_was_planted_is_found(findings: Findings) -> None:
    assert not findings.result.hits, findings.result.in_words()
    assert findings.result.planted > 2 * ROWS
    assert findings.result.bytes_scanned > 20_000_000


def test_the_same_scan_finds_every_control(findings: Findings) -> None:
    assert findings.missed_controls == []
    assert findings.result.controls_found == findings.result.controls_planted >= 6
    assert findings.clean


def test_nobody_reads_the_memory_of_a_process(findings: Findings) -> None:
    assert findings.readable_processes == []


def test_statements_were_logged_with_their_values(findings: Findings) -> None:
    assert findings.statements_logged > 100


def test_with_all_secrets_of_web_and_admin_profiles_open(findings: Findings) -> None:
    assert findings.staff_values_seen == findings.staff_values_planted


def test_with_all_secrets_of_web_and_admin_the_vault_stays_shut(findings: Findings) -> None:
    assert findings.staff_hits == []


def test_the_desk_reads_what_was_reported(findings: Findings) -> None:
    assert findings.reports_opened >= 3
    assert findings.reported_seen >= {
        "forwarded text",
        "proved web report",
        "unproved web report",
        "address of the unproved",
    }
