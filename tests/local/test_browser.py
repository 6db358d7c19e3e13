"""The browser that the journeys drive: there, and kept to this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from whatstr.local import chromium


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Merhaba</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Greeting) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.browser
def test_browser_opens_this_machine_and_no_other(page: Page, address: str) -> None:
    page.goto(address)
    assert page.title() == "Merhaba"
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://whatstr.example/")


def test_a_named_browser_that_cannot_run_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHATSTR_CHROMIUM", str(tmp_path / "none"))
    monkeypatch.setattr(chromium, "install_chromium", lambda: pytest.fail("installs another"))
    assert chromium.main([]) == 1
    assert "THE BROWSER JOURNEYS DO NOT RUN" in capsys.readouterr().err


def test_a_missing_browser_is_installed_where_that_is_possible(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WHATSTR_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "chromium"

    def install() -> bool:
        program.touch(mode=0o755)
        return True

    assert chromium.find_chromium() is None
    monkeypatch.setattr(chromium, "install_chromium", install)
    assert chromium.main([]) == 0
    assert chromium.find_chromium() == program


def test_the_browser_with_windows_is_installed_where_the_other_is_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program, apt = tmp_path / "chromium", tmp_path / "apt-get"
    apt.write_text(
        f"#!/bin/sh\ncase \"$*\" in *headless-shell) exit 100;; *' chromium') : > {program};"
        f" /bin/chmod 755 {program};; esac\n"
    )
    apt.chmod(0o755)
    monkeypatch.delenv("WHATSTR_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)

    assert chromium.install_chromium()
    assert chromium.find_chromium() == program
