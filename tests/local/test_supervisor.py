"""A group of processes lives and dies together, however its supervisor ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services
from tests.local.supervised import SLEEPER
from whatstr.local.errors import LocalServiceError
from whatstr.local.ports import LOOPBACK, free_port, port_is_taken, require_port
from whatstr.local.processes import command_line, wait_until
from whatstr.local.supervisor import Supervisor

ENVIRONMENT = dict(os.environ)
PATIENCE = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with services.private_folder() as made:
        yield made


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """One folder for the tests that run servers: making a new database each time takes long."""
    with services.private_folder() as made:
        yield made


def alive(pid: int) -> bool:
    """False for a zombie too: its command line is empty."""
    return command_line(pid) != ""


def renewed(supervisor: Supervisor, before: int) -> bool:
    supervisor.check()
    return supervisor.pids()["worker"] != before


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


class Supervised:
    """The program of supervised.py, started and healthy."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.supervised", str(folder), *names],
            cwd=services.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        first_line = self.process.stdout.readline()
        if not first_line:
            pytest.fail(self.process.communicate()[1])
        self.pids: dict[str, int] = json.loads(first_line)
        assert all(alive(pid) for pid in self.pids.values())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def left(self) -> list[str]:
        """Names of what still lives after a reasonable wait."""
        wait_until(lambda: not any(map(alive, self.pids.values())), seconds=PATIENCE)
        return [name for name, pid in self.pids.items() if alive(pid)]


def test_ctrl_c_stops_everything(used_folder: Path) -> None:
    run = Supervised(used_folder, "servers", "stubborn")
    assert run.end(signal.SIGINT) == 130
    assert not any(map(alive, run.pids.values()))
    assert not (used_folder / "postgres" / "sockets").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_stop_everything_too(folder: Path, number: signal.Signals) -> None:
    run = Supervised(folder)
    assert run.end(number) == 130
    assert run.left() == []


def test_a_second_ctrl_c_does_not_wait(folder: Path) -> None:
    run = Supervised(folder, "stubborn", "patient")
    run.process.send_signal(signal.SIGINT)
    assert wait_until(lambda: not alive(run.pids["sleeper"]), seconds=PATIENCE)
    assert run.end(signal.SIGINT) == 130
    assert run.left() == []


def test_the_kernel_ends_what_a_killed_supervisor_started(used_folder: Path) -> None:
    run = Supervised(used_folder, "servers")
    own = run.process.pid
    guardians = [
        int(child)
        for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()
        if "guardian.py" in command_line(int(child))
    ]
    assert len(guardians) == 1
    os.kill(guardians[0], signal.SIGKILL)
    run.end(signal.SIGKILL)
    assert run.left() == []


def test_a_killed_supervisor_leaves_no_process(used_folder: Path) -> None:
    run = Supervised(used_folder, "servers", "stubborn")
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    assert run.left() == []


def test_a_start_right_after_a_kill_finds_everything_in_order(used_folder: Path) -> None:
    Supervised(used_folder, "servers").end(signal.SIGKILL)
    run = Supervised(used_folder, "servers")
    assert set(run.pids) == {"postgres", "queue", "sleeper"}
    assert run.end(signal.SIGINT) == 130


def test_the_end_of_one_process_ends_all_and_names_it(used_folder: Path) -> None:
    run = Supervised(used_folder, "servers")
    os.kill(run.pids["sleeper"], signal.SIGKILL)
    _, errors = run.process.communicate(timeout=PATIENCE)
    assert errors.strip() == (
        'The process "sleeper" ended with signal SIGKILL; '
        f"its log is {used_folder}/logs/sleeper.log."
    )
    assert run.process.returncode == 1
    assert run.left() == []


def test_the_end_of_a_server_is_named_too(used_folder: Path) -> None:
    run = Supervised(used_folder, "servers")
    os.kill(run.pids["queue"], signal.SIGKILL)
    _, errors = run.process.communicate(timeout=PATIENCE)
    assert 'The process "queue" ended with signal SIGKILL' in errors
    assert run.left() == []


def test_a_process_that_ends_at_once_is_one_sentence(folder: Path) -> None:
    with (
        pytest.raises(LocalServiceError) as refusal,
        Supervisor(folder) as supervisor,
    ):
        supervisor.add(
            "web", python("print('no setting'); raise SystemExit(3)"), {}, ready=lambda: False
        )
        supervisor.start()
    assert str(refusal.value) == (
        f'The process "web" ended with exit status 3; its log is {folder}/logs/web.log.'
    )
    assert (folder / "logs" / "web.log").read_text() == "no setting\n"


def test_a_process_that_is_never_ready_is_one_sentence(folder: Path) -> None:
    with (
        pytest.raises(LocalServiceError, match='"web" did not become ready within 0 s'),
        Supervisor(folder, start_limit=0.2) as supervisor,
    ):
        supervisor.add(
            "web", python(SLEEPER), ENVIRONMENT, ready=f"http://{LOOPBACK}:{free_port()}/"
        )
        supervisor.start()


def test_a_missing_program_is_one_sentence(folder: Path) -> None:
    with (
        pytest.raises(LocalServiceError, match=r"program .*/none that \"web\" needs"),
        Supervisor(folder) as supervisor,
    ):
        supervisor.add("web", [str(folder / "none")], ENVIRONMENT)
        supervisor.start()


def test_health_is_an_answer_of_200(folder: Path) -> None:
    port = free_port()
    (folder / "health").write_text("ok")
    with Supervisor(folder) as supervisor:
        supervisor.add(
            "web",
            [sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK],
            ENVIRONMENT,
            ready=f"http://{LOOPBACK}:{port}/health",
            cwd=folder,
        )
        supervisor.start()
        assert port_is_taken(port)
        supervisor.check()
        (pid,) = supervisor.pids().values()
    assert not alive(pid)
    assert not port_is_taken(port)


def test_batches_end_last_started_first(folder: Path) -> None:
    ending = (
        "import signal, sys, pathlib\n"
        "def end(*_):\n"
        "    with open(sys.argv[2], 'a') as file: file.write(sys.argv[1])\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[2] + sys.argv[1]).touch()\n"
        "while True: signal.pause()\n"
    )
    order = folder / "order"
    with Supervisor(folder) as supervisor:
        for name in ("a", "b", "c"):
            supervisor.add(
                name,
                python(ending, name, str(order)),
                ENVIRONMENT,
                ready=(folder / f"order{name}").exists,
            )
            supervisor.start()
    assert order.read_text() == "cba"


def test_a_process_that_may_restart_does(folder: Path) -> None:
    with Supervisor(folder) as supervisor:
        supervisor.add("worker", python(SLEEPER), ENVIRONMENT, restart=True)
        supervisor.start()
        for _ in range(5):
            before = supervisor.pids()["worker"]
            os.kill(before, signal.SIGKILL)
            assert wait_until(lambda pid=before: renewed(supervisor, pid), seconds=PATIENCE)
        os.kill(supervisor.pids()["worker"], signal.SIGKILL)
        with pytest.raises(LocalServiceError, match='"worker" ended with signal SIGKILL'):
            assert wait_until(lambda: supervisor.check() is not None, seconds=PATIENCE)


def test_two_supervisors_do_not_share_a_folder(folder: Path) -> None:
    with (
        Supervisor(folder),
        pytest.raises(LocalServiceError, match=rf"already runs in .* \(process {os.getpid()}\)"),
        Supervisor(folder),
    ):
        pass
    with Supervisor(folder):
        pass


def test_signals_are_the_callers_own_again_after_the_block(folder: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with contextlib.suppress(KeyboardInterrupt), Supervisor(folder):
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("SIGTERM went by")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_taken_port_is_one_sentence() -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LocalServiceError, match=f"^Port {port}, wanted for the portal, is"):
            require_port(port, "the portal")
    assert require_port(port, "the portal") == port
    assert len({free_port() for _ in range(20)}) == 20
