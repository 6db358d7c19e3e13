"""A page whose Worker reads contact files, under the content policy that the portal has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page

HERE = Path(__file__).resolve().parent
STATIC = HERE.parents[1] / "whatstr" / "static"
# vault.md §19, less what only the vault needs.
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)
OCTETS = "application/octet-stream"
TYPES = {".mjs": "text/javascript; charset=utf-8", ".html": "text/html; charset=utf-8"}


class Server(ThreadingHTTPServer):
    """Serves the product's static files, the test page, and the files of one test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = cast(Server, self.server)
        path = self.path.split("?")[0]
        body = server.files.get(path)
        if body is None:
            body = self._on_disk(path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        kind = TYPES[".html"] if path == "/" else TYPES.get(Path(path).suffix, OCTETS)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def _on_disk(self, path: str) -> bytes | None:
        for prefix, folder in (("/static/", STATIC), ("/pages/", HERE / "pages")):
            if path.startswith(prefix):
                file = (folder / path.removeprefix(prefix)).resolve()
                return file.read_bytes() if file.is_file() and folder in file.parents else None
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name of the base class)
        """Quiet: a failing test says enough."""


@dataclass
class Reader:
    """Calls into the Worker."""

    page: Page
    server: Server
    errors: list[str] = field(default_factory=list)

    def put(self, data: bytes, name: str = "file") -> str:
        """Make bytes fetchable by the Worker; returns the address."""
        path = f"/files/{len(self.server.files)}/{name}"
        self.server.files[path] = data
        return path

    def answer(self, op: str, args: dict[str, Any], *, cancel_after: int = 0) -> dict[str, Any]:
        """The whole answer: value or error, and the progress that was reported."""
        script = "([op, args, after]) => window.call(op, args, after)"
        return cast(dict[str, Any], self.page.evaluate(script, [op, args, cancel_after]))

    def call(self, op: str, **args: Any) -> Any:
        """The value; fails the test when the Worker refused."""
        answer = self.answer(op, args)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def refusal(self, op: str, **args: Any) -> str:
        """The code with which the Worker refused."""
        answer = self.answer(op, args)
        assert "error" in answer, "was not refused"
        return cast(str, answer["error"]["code"])

    def map(self, module: str, name: str, calls: list[list[Any]]) -> list[Any]:
        """One function of one module over many argument lists."""
        return cast(list[Any], self.call("map", module=module, name=name, calls=calls))

    def read(self, data: bytes, **args: Any) -> dict[str, Any]:
        """Inspect and import a file, with the guessed mapping unless `mapping` says otherwise."""
        return cast(dict[str, Any], self.call("import", url=self.put(data), **args))

    def inspect(self, data: bytes, **args: Any) -> dict[str, Any]:
        return cast(dict[str, Any], self.call("inspect", url=self.put(data), **args))


@pytest.fixture(scope="session")
def contact_server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def contact_page(browser: Browser, contact_server: Server) -> Iterator[Page]:
    """One page for a module: the modules under test keep nothing between calls."""
    contact_server.files["/"] = (HERE / "pages" / "index.html").read_bytes()
    page = browser.new_page()
    page.goto(f"{contact_server.address}/")
    page.wait_for_function("document.getElementById('state').textContent === 'ready'")
    yield page
    page.close()
    contact_server.files.clear()


@pytest.fixture
def reader(contact_page: Page, contact_server: Server) -> Iterator[Reader]:
    made = Reader(contact_page, contact_server)

    def refused(error: Error) -> None:
        made.errors.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            made.errors.append(message.text)

    contact_page.on("pageerror", refused)
    contact_page.on("console", said)
    yield made
    contact_page.remove_listener("pageerror", refused)
    contact_page.remove_listener("console", said)
    assert made.errors == []
