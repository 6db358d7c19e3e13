"""An SMTP server that keeps what it gets, and a page and a JSON list to read it."""

from __future__ import annotations

import html
import json
import threading
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

KEPT = 500


class Mailbox:
    """The newest 500 e-mails, newest first."""

    def __init__(self) -> None:
        self._mails: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._count = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """aiosmtpd's hook for a whole message."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(raw, policy=policy.default)
        self.add(message, list(envelope.rcpt_tos))
        return "250 OK"

    def add(self, message: Any, recipients: list[str]) -> None:
        body = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
        with self._lock:
            self._count += 1
            self._mails.appendleft(
                {
                    "id": self._count,
                    "to": recipients,
                    "from": str(message["From"]),
                    "subject": str(message["Subject"]),
                    "text": body.get_content() if body is not None else "",
                }
            )

    def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        with self._lock:
            return [mail for mail in self._mails if to is None or to in mail["to"]]


def _page(mails: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<article><h2>{html.escape(mail['subject'])}</h2>"
        f"<p>{html.escape(', '.join(mail['to']))}</p>"
        f"<pre>{html.escape(mail['text'])}</pre></article>"
        for mail in mails
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Mail</title>"
        f"<h1>{len(mails)} e-mails</h1>{rows or '<p>No e-mail yet.</p>'}</html>"
    )


class MailSimulator:
    """SMTP and HTTP on loopback ports; 0 takes a free one."""

    def __init__(self, *, smtp_port: int = 0, http_port: int = 0, host: str = "127.0.0.1") -> None:
        self.mailbox = Mailbox()
        mailbox = self.mailbox

        class Reader(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                to = self.path.partition("?to=")[2] or None
                if self.path.startswith("/messages"):
                    kind, body = "application/json", json.dumps(mailbox.mails(to))
                else:
                    kind, body = "text/html; charset=utf-8", _page(mailbox.mails())
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer((host, http_port), Reader)
        self._smtp = Controller(self.mailbox, hostname=host, port=smtp_port)

    def start(self) -> None:
        self._smtp.start()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._smtp.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def smtp_url(self) -> str:
        server: Any = self._smtp.server
        port = server.sockets[0].getsockname()[1] if server else self._smtp.port
        return f"smtp://127.0.0.1:{port}"
