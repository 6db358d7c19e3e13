"""Meta at almost no cost: takes every message and says so. Nothing is checked, little is parsed.

It is what the sender is measured against; how Meta really behaves is the simulator's part
(`whatstr.simulator.meta`). Run as `python -m benchmarks.fake_meta SOCKET-FD TEMPLATE-FILE`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from benchmarks.measure import on_cores
from tests.services import ROOT

_SERIAL = itertools.count()


class Answering(asyncio.Protocol):
    """HTTP/1.1 as far as our own client speaks it: one request after the other, with a length."""

    def __init__(self, templates: bytes) -> None:
        self._templates = templates
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while self._waiting:
            head_end = self._waiting.find(b"\r\n\r\n")
            if head_end < 0:
                return
            head = self._waiting[:head_end]
            size = head_end + 4 + _length(head)
            if len(self._waiting) < size:
                return
            self._waiting = self._waiting[size:]
            body = self._templates if head.startswith(b"GET") else _taken()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(body), body)
            )


def _length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def _taken() -> bytes:
    """As long as Meta's own answer, and an id that is no other message's."""
    mark = base64.b64encode(b"905321234567%030d" % next(_SERIAL))
    return (
        b'{"messaging_product":"whatsapp","contacts":[{"input":"+905321234567"}],'
        b'"messages":[{"id":"wamid.%b","message_status":"accepted"}]}' % mark
    )


async def _serve(listening: socket.socket, templates: bytes) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(templates), sock=listening)
    await server.serve_forever()


@contextmanager
def running(templates: bytes, *cpus: int) -> Iterator[str]:
    """In a process of its own, on these processors; gives its address."""
    with socket.socket() as listening, tempfile.NamedTemporaryFile() as file:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)
        file.write(templates)
        file.flush()
        with on_cores(*cpus):
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.fake_meta", str(listening.fileno()), file.name],
                pass_fds=[listening.fileno()],
                cwd=ROOT,
            )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    uvloop.run(_serve(socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2]).read_bytes()))
