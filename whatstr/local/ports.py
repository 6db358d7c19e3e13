"""TCP ports of the loopback interface."""

from __future__ import annotations

import errno
import socket

from whatstr.local.errors import LocalServiceError

LOOPBACK = "127.0.0.1"
_given: set[int] = set()


def free_port() -> int:
    """A port that nothing listens on, and that this process has not been given before."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def port_is_taken(port: int) -> bool:
    """Whether a server could not bind this port of the loopback interface now.

    Binding is tried as servers do it (SO_REUSEADDR), so connections that linger after a stop do
    not count.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise LocalServiceError(
                    f"Port {port} may not be used by this user; choose one above 1023."
                ) from None
            return True
    return False


def require_port(port: int, purpose: str) -> int:
    """The port itself, or LocalServiceError with one sentence when something else has it."""
    if port_is_taken(port):
        raise LocalServiceError(
            f"Port {port}, wanted for {purpose}, is taken by another program; stop that program or "
            "choose another port."
        )
    return port
