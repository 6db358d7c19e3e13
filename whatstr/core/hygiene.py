"""What every process that holds secrets does first (vault design, section 9)."""

from __future__ import annotations

import ctypes
import resource
import signal
import sys
import threading

from whatstr.core.logs import get_logger

log = get_logger(__name__)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def harden(*, die_with_parent: bool = False) -> None:
    """No core dump; not readable by a debugger or through /proc of the same user. Forked children
    keep this, an exec undoes the second half."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        if die_with_parent:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def say_codes_only() -> None:
    """An exception that nobody caught names its class in the log, never its text: that may hold a
    number."""

    def hook(kind: type[BaseException], *_: object) -> None:
        if issubclass(kind, Exception):
            log.error("process.failed", error=kind.__name__)

    sys.excepthook = hook
    threading.excepthook = lambda failed: hook(failed.exc_type)
