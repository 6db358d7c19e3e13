"""The last one out: kills every process group of a supervisor that ended without stopping them.

Run as a program of its own (standard library only). Standard input is a pipe from the supervisor
that carries `+PID` for each group that is started and `-PID` for each that was stopped; its end
without a stop, also by kill -9, closes the pipe. The kernel has then already asked the leaders to
end (processes.py); what is still there after the grace is killed, grandchildren included.
"""

import os
import signal
import sys
import time

_POLL_SECONDS = 0.1


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _send(groups: set[int], number: signal.Signals) -> None:
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue


def main() -> None:
    """Read until the pipe closes, then clear away the groups that are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    grace = float(sys.argv[1])
    groups: set[int] = set()
    for line in sys.stdin:
        action, group = line[0], int(line[1:])
        (groups.add if action == "+" else groups.discard)(group)
    if sys.platform != "linux":
        _send(groups, signal.SIGTERM)
    end = time.monotonic() + grace
    while groups and time.monotonic() < end:
        groups = {group for group in groups if _is_there(group)}
        time.sleep(_POLL_SECONDS)
    _send(groups, signal.SIGKILL)


if __name__ == "__main__":
    main()
