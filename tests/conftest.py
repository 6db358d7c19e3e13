"""Fixtures that every test may use: servers, a migrated database, the browser's arguments."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import compiled, services
from whatstr.local.chromium import find_chromium, launch_arguments
from whatstr.local.postgres import EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey

# Hypothesis has a profile of its own where CI is set. That a machine is slow is no fault of a test.
settings.register_profile(
    "on_a_busy_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def pytest_configure(config: pytest.Config) -> None:
    services.forget_own_environment()
    services.refuse_other_hosts()
    compiled.once()
    if settings.get_current_profile_name() != "ci":
        settings.load_profile("on_a_busy_machine")
    # pytest-playwright 0.10 defines `base_url` in the way that pytest 10 will refuse.
    session_fixtures = "Session-scoped fixtures defined as instance methods"
    config.addinivalue_line(
        "filterwarnings", f"ignore:{session_fixtures}:pytest.PytestRemovedIn10Warning"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The browser's run does not import the thousands of tests that it will not take."""
    if config.option.markexpr == "browser" and collection_path.suffix == ".py":
        return "mark.browser" not in collection_path.read_text() or None
    return None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Bring the compiled translations up to date, and say so when one cannot be compiled."""
    done = subprocess.run(
        ["make", "--silent", "--no-print-directory", "translations"],
        cwd=services.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return [f"translations are not up to date: {done.stderr}"] if done.returncode else []


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """Where the servers of this run keep their data; gone afterwards."""
    with services.private_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[EmbeddedPostgres]:
    """One PostgreSQL for the run, without fsync."""
    server = EmbeddedPostgres(services_folder, durable=False)
    server.start()
    yield server
    server.stop(grace=5)


@pytest.fixture(scope="session")
def valkey_server(services_folder: Path) -> Iterator[EmbeddedValkey]:
    """The queue server of web, admin, worker and scheduler (REDIS_URL)."""
    server = EmbeddedValkey(services_folder, "queue")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_sender_server(services_folder: Path) -> Iterator[EmbeddedValkey]:
    """The sender's own queue server (SENDER_REDIS_URL)."""
    server = EmbeddedValkey(services_folder, "sender-queue")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def empty_queues(
    valkey_server: EmbeddedValkey, valkey_sender_server: EmbeddedValkey
) -> Iterator[None]:
    """Both queue servers hold nothing when the test begins, and nothing after it."""
    for server in (valkey_server, valkey_sender_server):
        services.empty(server)
    yield
    for server in (valkey_server, valkey_sender_server):
        services.empty(server)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """Name of the database that `database` copies."""
    with services.migrated_template(postgres_server) as name:
        yield name


@pytest.fixture(scope="module")
def database(
    postgres_server: EmbeddedPostgres, migrated_template: str
) -> Iterator[services.ModuleDatabase]:
    """A migrated database for this module alone; `database.url(role)` connects to it."""
    with services.clone(postgres_server, migrated_template) as made:
        yield made


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The installed Chromium, kept to this machine. A missing one fails the test, loudly."""
    program = find_chromium()
    if program is None:
        pytest.fail("There is no Chromium: run `make test`, or set WHATSTR_CHROMIUM.")
    return {
        **browser_type_launch_args,
        "executable_path": str(program),
        "args": launch_arguments(),
    }
