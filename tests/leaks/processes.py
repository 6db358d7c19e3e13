"""Whether another process of the same user could read the memory of ours (vault design, 9)."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from whatstr.config import PROCESSES

_PR_CAPBSET_DROP = 24
_READING = {"sys_ptrace": 19, "sys_admin": 21, "perfmon": 38}
_LOOK = "import sys; open(f'/proc/{sys.argv[1]}/environ', 'rb').read()"


def be_ordinary() -> None:
    """From now on what this process starts is the same user and no more: without the capabilities
    by which root reads every process (since Linux 6.13 CAP_SYS_PTRACE is not the only one). Both
    sides need this: nobody reads a process that may do more than he."""
    if sys.platform == "linux":
        for capability in _READING.values():
            ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def readable_processes(pids: Mapping[str, int]) -> list[str]:
    """Names of role processes, and of their children, that may be read or may leave a core file.

    `/proc/PID/environ` is read by another program of the same user; `be_ordinary` comes before
    the processes are started.
    """
    if sys.platform != "linux":
        return []
    roles = {str(role) for role in PROCESSES}
    found = []
    for name, pid in pids.items():
        if name not in roles:
            continue
        for one in (pid, *_children(pid)):
            limits = Path(f"/proc/{one}/limits").read_text()
            core = next(line for line in limits.splitlines() if line.startswith("Max core"))
            if _readable(one) or core.split()[4:6] != ["0", "0"]:
                found.append(name)
    if not _readable_control():
        found.append("control: an ordinary process was not readable")
    return found


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def _readable(pid: int) -> bool:
    command = [sys.executable, "-c", _LOOK, str(pid)]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode == 0


def _readable_control() -> bool:
    plain = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        return _readable(plain.pid)
    finally:
        plain.communicate(b"\n")
