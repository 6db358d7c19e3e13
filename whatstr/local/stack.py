"""The whole service on one machine: servers, migrations, simulators and every process role."""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whatstr import ROOT
from whatstr.config import Role, Settings
from whatstr.local.errors import LocalServiceError
from whatstr.local.keys import LocalKeys
from whatstr.local.ports import LOOPBACK, free_port, require_port
from whatstr.local.postgres import OWNER, EmbeddedPostgres
from whatstr.local.supervisor import Ready, Supervisor
from whatstr.local.valkey import EmbeddedValkey

ABUSE_NUMBER = "908505559999"
_PURPOSES = ("portal", "staff panel", "webhooks", "Meta", "Stripe", "mail", "SMTP")


@dataclass(frozen=True)
class Ports:
    """Where everything listens on the loopback interface."""

    web: int
    admin: int
    hook: int
    meta: int
    stripe: int
    mail: int
    smtp: int

    @classmethod
    def fixed(cls, first: int) -> Ports:
        """Seven ports from `first` on. Raises LocalServiceError when one is taken."""
        return cls(*(require_port(first + n, f"the {p}") for n, p in enumerate(_PURPOSES)))

    @classmethod
    def free(cls) -> Ports:
        return cls(*(free_port() for _ in _PURPOSES))


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def call(address: str, body: Mapping[str, Any] | None = None, *, token: str = "") -> Any:
    """A JSON call to one of our own simulators: GET, or POST with a body. While it takes thousands
    of messages on a busy machine its answer can take long."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, headers=headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)


class Stack:
    """Everything that `make demo` runs. `start()` returns once all of it is healthy."""

    def __init__(self, supervisor: Supervisor, ports: Ports) -> None:
        self.supervisor = supervisor
        self.ports = ports
        self.data_dir = supervisor.data_dir
        self.postgres = EmbeddedPostgres(self.data_dir)
        self.queue = EmbeddedValkey(self.data_dir, "queue")
        self.sender_queue = EmbeddedValkey(self.data_dir, "sender-queue")
        self.keys = LocalKeys.load_or_create(self.data_dir / "secrets")
        self.keyring = self.data_dir / "secrets" / "sender-keyring.json"

    def start(self) -> None:
        """Simulators and servers, then the schema and seeds, then the roles."""
        self._add_simulators()  # first, since they come up while the servers start
        for server in (self.postgres, self.queue, self.sender_queue):
            self.supervisor.add_server(server)
        self.supervisor.start()
        self._prepare()
        self._open_abuse_line()
        for role in (Role.WEB, Role.ADMIN, Role.HOOK, Role.WORKER, Role.SENDER, Role.SCHEDULER):
            self._add_role(role)
        self.supervisor.start()
        self._subscribe_abuse_line()

    def tool_settings(self) -> Settings:
        """Settings of a command run by the owner of the installation."""
        return Settings.from_environment(
            {
                "WHATSTR_ROLE": Role.TOOL,
                "WHATSTR_DATA": str(self.data_dir),
                "DATABASE_URL": self.postgres.url(OWNER),
                "WHATSTR_STAFF_RING": self.keys.staff_ring,
            }
        )

    def _prepare(self) -> None:
        import flask_migrate

        from whatstr import create_app
        from whatstr.core.crypto import Ring
        from whatstr.core.db import db
        from whatstr.local import seeds
        from whatstr.sending.keyring import Keyring
        from whatstr.vault.release import write_release

        if not self.keyring.exists():
            Keyring.create(self.keyring)
        write_release(self.data_dir / "release", ident=self.ident_public)
        app = create_app(self.tool_settings())
        with app.app_context():
            try:
                flask_migrate.upgrade(directory=str(ROOT / "migrations"))
                seeds.plant(
                    staff_password=self.keys.staff_password, factor_key=self.keys.admin_secret
                )
            finally:
                db.session.remove()
                db.engine.dispose()
                Ring.clear()  # what supervises the processes keeps none of their keys

    @property
    def ident_public(self) -> str:
        from whatstr.sending.keyring import Keyring

        return base64.b64encode(Keyring.load(self.keyring).ident_public).decode()

    def _add_simulators(self) -> None:
        ports, keys = self.ports, self.keys
        simulators = {
            "simulator-mail": (
                ["mail", "--smtp-port", str(ports.smtp), "--port", str(ports.mail)],
                url(ports.mail) + "/messages",
            ),
            "simulator-meta": (
                [
                    *("meta", "--port", str(ports.meta), "--app-id", keys.app_id),
                    *("--app-secret", keys.app_secret, "--verify-token", keys.verify_token),
                    *("--webhook-url", url(ports.hook) + "/meta"),
                    *("--data", str(self.data_dir / "meta")),
                ],
                url(ports.meta) + "/_sim/seed",
            ),
            "simulator-stripe": (
                [
                    *("stripe", "--port", str(ports.stripe), "--api-key", keys.stripe_key),
                    *("--webhook-secret", keys.stripe_webhook_secret),
                    *("--webhook-url", url(ports.web) + "/webhooks/stripe"),
                    *("--data", str(self.data_dir / "stripe")),
                ],
                url(ports.stripe) + "/_sim/state",
            ),
        }
        for name, (arguments, ready) in simulators.items():
            self.supervisor.add(
                name,
                [sys.executable, "-m", f"whatstr.simulator.{arguments[0]}", *arguments[1:]],
                self._base_environment(),
                ready=ready,
                cwd=ROOT,
            )

    def _open_abuse_line(self) -> None:
        """Our own number, to which people forward what they complain about: once per folder."""
        path = self.data_dir / "secrets" / "abuse-line.json"
        if not path.exists():
            wanted = {"name": "WhatsTR Bildirim", "number": ABUSE_NUMBER}
            path.write_text(json.dumps(call(f"{url(self.ports.meta)}/_sim/lines", wanted)))
            path.chmod(0o600)
        self.abuse_account = json.loads(path.read_text())

    def _subscribe_abuse_line(self) -> None:
        account = self.abuse_account
        call(
            f"{url(self.ports.meta)}/v25.0/{account['id']}/subscribed_apps",
            {},
            token=account["tokens"][0],
        )

    def _base_environment(self) -> dict[str, str]:
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def environment(self, role: Role) -> dict[str, str]:
        """The whole environment of a process: its own secrets and nobody else's."""
        ports, keys = self.ports, self.keys
        common = {
            "WHATSTR_ROLE": str(role),
            "WHATSTR_DATA": str(self.data_dir),
            "DATABASE_URL": self.postgres.url(f"whatstr_{role}"),
            "WHATSTR_WEB_URL": url(ports.web),
            # Passkeys are bound to a name: browsers refuse them at a bare IP address.
            "WHATSTR_ADMIN_URL": f"http://localhost:{ports.admin}",
            "WHATSTR_HOOK_URL": url(ports.hook),
            # A machine on which one tries things out sends at any hour and as much as one likes.
            "WHATSTR_SEND_WINDOW": "00:00-24:00 Europe/Istanbul",
            "WHATSTR_RAMP_UP": "none",
        }
        own: Mapping[Role, Mapping[str, str]] = {
            Role.WEB: {
                "WHATSTR_BIND": f"{LOOPBACK}:{ports.web}",
                "REDIS_URL": self.queue.url,
                "WHATSTR_SECRET_KEY": keys.web_secret,
                "WHATSTR_WEB_PEPPER": keys.web_pepper,
                "WHATSTR_STAFF_RING": keys.staff_ring,
                "WHATSTR_DESK_PUBLIC": keys.desk_public,
                "WHATSTR_IDENT_PUBLIC": self.ident_public,
                "WHATSTR_RELEASE": str(self.data_dir / "release"),
                "WHATSTR_ABUSE_LINE": ABUSE_NUMBER,
                "META_APP_ID": keys.app_id,
                "META_BASE_URL": url(ports.meta),
                "META_DIALOG_URL": url(ports.meta),
                "STRIPE_API_KEY": keys.stripe_key,
                "STRIPE_WEBHOOK_SECRET": keys.stripe_webhook_secret,
                "STRIPE_BASE_URL": url(ports.stripe),
            },
            Role.ADMIN: {
                "WHATSTR_BIND": f"{LOOPBACK}:{ports.admin}",
                "WHATSTR_WEB_WORKERS": "1",
                "REDIS_URL": self.queue.url,
                "WHATSTR_SECRET_KEY": keys.admin_secret,
                "WHATSTR_STAFF_RING": keys.staff_ring,
                "WHATSTR_DESK_KEY": keys.desk_key,
                "WHATSTR_META_SIMULATOR": url(ports.meta),
                "WHATSTR_DESK_PUBLIC": keys.desk_public,
                "WHATSTR_ABUSE_LINE": ABUSE_NUMBER,
                "STRIPE_API_KEY": keys.stripe_key,
                "STRIPE_BASE_URL": url(ports.stripe),
            },
            Role.HOOK: {
                "WHATSTR_BIND": f"{LOOPBACK}:{ports.hook}",
                "WHATSTR_WEB_WORKERS": "1",
                "META_APP_SECRET": keys.app_secret,
                "META_VERIFY_TOKEN": keys.verify_token,
                "WHATSTR_IDENT_PUBLIC": self.ident_public,
            },
            Role.WORKER: {
                "REDIS_URL": self.queue.url,
                "WHATSTR_STAFF_RING": keys.staff_ring,
                "STRIPE_API_KEY": keys.stripe_key,
                "STRIPE_BASE_URL": url(ports.stripe),
                "MAIL_URL": f"smtp://{LOOPBACK}:{ports.smtp}",
            },
            Role.SENDER: {
                "SENDER_REDIS_URL": self.sender_queue.url,
                "WHATSTR_SENDER_KEYRING": str(self.keyring),
                "WHATSTR_DESK_PUBLIC": keys.desk_public,
                "WHATSTR_ABUSE_LINE": ABUSE_NUMBER,
                "WHATSTR_ABUSE_LINE_ID": self.abuse_account["lines"][0]["id"],
                "META_APP_ID": keys.app_id,
                "META_APP_SECRET": keys.app_secret,
                "META_BASE_URL": url(ports.meta),
            },
            Role.SCHEDULER: {"REDIS_URL": self.queue.url},
        }
        return {**self._base_environment(), **common, **own[role]}

    def _add_role(self, role: Role) -> None:
        health: dict[Role, Ready] = {
            Role.WEB: url(self.ports.web) + "/health",
            Role.ADMIN: url(self.ports.admin) + "/health",
            Role.HOOK: url(self.ports.hook) + "/health",
            Role.SENDER: self._sender_is_ready,
        }
        self.supervisor.add(
            str(role),
            [sys.executable, "-m", "whatstr.process", str(role)],
            self.environment(role),
            ready=health.get(role),
            cwd=ROOT,
        )

    def _sender_is_ready(self) -> bool:
        """Once a certificate is published, browsers can seal for the sender."""
        import psycopg

        address = self.postgres.url(OWNER).replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address) as connection:
            row = connection.execute(
                "SELECT 1 FROM sender_cert WHERE not_before <= now() AND now() < not_after"
            ).fetchone()
        return row is not None


def default_data_dir(settings: Settings) -> Path:
    """WHATSTR_DATA, relative to the project."""
    folder = Path(settings["WHATSTR_DATA"])
    return folder if folder.is_absolute() else ROOT / folder


def explain(error: LocalServiceError) -> str:
    """The sentence that a person reads in the terminal."""
    return f"WhatsTR: {error}"
