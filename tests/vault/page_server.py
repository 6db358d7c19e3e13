"""A tiny server for browser tests of the vault: the static tree under the panel's policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# vault.md section 19
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types kasa"
)
TYPES = {".mjs": "text/javascript", ".html": "text/html", ".json": "application/json"}


class PageHandler(BaseHTTPRequestHandler):
    """Serves /static and /tests from the tree and one empty page at /."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""

    def answer(
        self, status: int, body: bytes, kind: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """One whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Files and the page."""
        path = self.path.split("?")[0]
        if path == "/":
            self.answer(200, b"<!doctype html><html lang=tr><title>t</title></html>", "text/html")
            return
        folder = {"static": ROOT / "whatstr/static", "tests": ROOT / "tests/vault/browser"}
        first, _, rest = path.strip("/").partition("/")
        file = (folder.get(first, ROOT / "none") / rest).resolve()
        if first in folder and file.is_file() and file.is_relative_to(folder[first]):
            kind = TYPES.get(file.suffix, "application/octet-stream")
            self.answer(200, file.read_bytes(), kind)
        else:
            self.answer(404, b"", "text/plain")


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler] = PageHandler) -> Iterator[str]:
    """Run a server on a free port for the length of the block; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
