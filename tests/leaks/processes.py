"""Whether another process of the same user could read the memory of ours (vault design, 9)."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from whatstr.config import PROCESSES

_CAP_SYS_PTRACE, _PR_CAPBSET_DROP = 19, 24
_LOOK = "import sys; open(f'/proc/{sys.argv[1]}/environ', 'rb').read()"


def readable_processes(pids: Mapping[str, int]) -> list[str]:
    """Names of role processes, and of their children, that may be read or may leave a core file.

    `/proc/PID/environ` is read by a program that is nothing but the same user: without the
    capability that lets root read everything.
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
    def drop() -> None:
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_PTRACE, 0, 0, 0)

    command = [sys.executable, "-c", _LOOK, str(pid)]
    done = subprocess.run(command, preexec_fn=drop, capture_output=True, check=False)
    return done.returncode == 0


def _readable_control() -> bool:
    plain = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        return _readable(plain.pid)
    finally:
        plain.communicate(b"\n")
