"""A process that holds secrets leaves no core file, cannot be read, and dies without words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.services import ROOT

STATE = """
import ctypes, multiprocessing, os, resource
from whatstr.core.hygiene import harden
def state():
    return (resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
def show(): print(*state(), flush=True)
show()
harden()
show()
child = multiprocessing.get_context("fork").Process(target=show); child.start(); child.join()
"""
LOST = """
import threading
from whatstr.core import logs
from whatstr.core.hygiene import say_codes_only
logs.configure()
say_codes_only()
thread = threading.Thread(target=lambda: int("905321234567x")); thread.start(); thread.join()
raise ValueError("905321234567")
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_core_and_not_dumpable_also_in_a_fork() -> None:
    before, after, forked = run(STATE).stdout.splitlines()
    assert before.endswith(" 1")
    assert after == forked == "(0, 0) 0"


def test_an_uncaught_exception_says_its_class_only() -> None:
    done = run(LOST)
    assert done.returncode == 1
    assert done.stderr.count('"error": "ValueError"') == 2
    assert "905321234567" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
