"""Settings: read from the environment once, per process role. Names what is missing, then refuses.

Every variable is a row of `VARIABLES`; `.env.example` is tested against it. A secret names the
roles that may hold it: a process that finds another's secret refuses to start (vault design, 2).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a process is. `tool` is the command line of whoever runs the service."""

    WEB = "web"
    ADMIN = "admin"
    HOOK = "hook"
    WORKER = "worker"
    SENDER = "sender"
    SCHEDULER = "scheduler"
    TOOL = "tool"


class ConfigError(RuntimeError):
    """The environment cannot be used; the message says which variable and what to do."""


ALL = frozenset(Role)
PROCESSES = ALL - {Role.TOOL}


@dataclass(frozen=True)
class Variable:
    """One environment variable."""

    name: str
    about: str
    roles: frozenset[Role] = ALL
    default: str | None = None
    secret: bool = False
    required: frozenset[Role] = frozenset()


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_RING = _only(Role.WEB, Role.ADMIN, Role.WORKER)

VARIABLES: tuple[Variable, ...] = (
    Variable("WHATSTR_ROLE", "web, admin, hook, worker, sender, scheduler or tool", default="tool"),
    Variable("WHATSTR_ENV", "production, development or test", default="development"),
    Variable("WHATSTR_DATA", "folder of the embedded services, keys and logs", default="var"),
    Variable("WHATSTR_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", default="INFO"),
    Variable(
        "DATABASE_URL",
        "PostgreSQL of this process, with its own login; empty: the embedded server",
        required=PROCESSES,
    ),
    Variable(
        "REDIS_URL",
        "Redis or Valkey of web, admin, worker and scheduler; empty: the embedded server",
        _only(Role.WEB, Role.ADMIN, Role.WORKER, Role.SCHEDULER, Role.TOOL),
        required=_only(Role.WEB, Role.ADMIN, Role.WORKER, Role.SCHEDULER),
    ),
    Variable(
        "SENDER_REDIS_URL",
        "the sender's own Redis or Valkey, best a Unix socket that only it can open",
        _only(Role.SENDER),
        secret=True,
        required=_only(Role.SENDER),
    ),
    Variable(
        "WHATSTR_SECRET_KEY",
        "signs cookies and tokens of forms; 32 random bytes or more, one for each of web and admin",
        _only(Role.WEB, Role.ADMIN),
        secret=True,
        required=_only(Role.WEB, Role.ADMIN),
    ),
    Variable(
        "WHATSTR_WEB_PEPPER",
        "32 bytes, base64: keys the hashes of customers' login proofs",
        _only(Role.WEB),
        secret=True,
        required=_only(Role.WEB),
    ),
    Variable(
        "WHATSTR_STAFF_RING",
        "key ring of the staff tier, JSON or the path of a file of it with mode 0400 (to rotate while "
        "running); `flask whatstr keys staff-ring` makes one",
        _RING,
        secret=True,
        required=_RING,
    ),
    Variable(
        "WHATSTR_DESK_KEY",
        "X25519 private key of the abuse desk, base64",
        _only(Role.ADMIN),
        secret=True,
        required=_only(Role.ADMIN),
    ),
    Variable(
        "WHATSTR_DESK_PUBLIC",
        "public half of the abuse desk's key, base64",
        _only(Role.WEB, Role.SENDER, Role.ADMIN),
        required=_only(Role.WEB, Role.SENDER),
    ),
    Variable(
        "WHATSTR_SENDER_KEYRING",
        "file of the sender's keys, mode 0600 (rewritten daily by the sender)",
        _only(Role.SENDER),
        secret=True,
        required=_only(Role.SENDER),
    ),
    Variable(
        "WHATSTR_IDENT_PUBLIC",
        "public half of the sender's IDENT key, base64; two with a comma during a change",
        _only(Role.WEB, Role.HOOK),
        required=_only(Role.WEB, Role.HOOK),
    ),
    Variable(
        "WHATSTR_RELEASE",
        "folder that `flask whatstr write-release` filled; best one that web cannot write",
        _only(Role.WEB),
        default="",
    ),
    Variable(
        "WHATSTR_BIND",
        "host:port on which a web role listens",
        _only(Role.WEB, Role.ADMIN, Role.HOOK),
        default="127.0.0.1:8000",
    ),
    Variable(
        "WHATSTR_WEB_WORKERS",
        "processes of a web role",
        _only(Role.WEB, Role.ADMIN, Role.HOOK),
        default="2",
    ),
    Variable("WHATSTR_WEB_URL", "public address of the portal", default="http://127.0.0.1:8000"),
    Variable("WHATSTR_ADMIN_URL", "address of the staff panel", default="http://127.0.0.1:8001"),
    Variable(
        "WHATSTR_HOOK_URL", "public address of Meta's webhook", default="http://127.0.0.1:8002"
    ),
    Variable(
        "META_BASE_URL",
        "Meta's Graph API (or the simulator)",
        _only(Role.SENDER, Role.TOOL, Role.WEB),
        default="https://graph.facebook.com",
    ),
    Variable(
        "META_DIALOG_URL",
        "Meta's Embedded Signup address (or the simulator's)",
        _only(Role.WEB),
        default="https://www.facebook.com",
    ),
    Variable(
        "META_GRAPH_VERSION",
        "Graph API version",
        _only(Role.SENDER, Role.WEB),
        default="v25.0",
    ),
    Variable("META_APP_ID", "id of our app at Meta", _only(Role.SENDER, Role.WEB), default=""),
    Variable(
        "META_APP_SECRET",
        "secret of our app at Meta",
        _only(Role.HOOK, Role.SENDER),
        secret=True,
        required=_only(Role.HOOK, Role.SENDER),
    ),
    Variable(
        "META_VERIFY_TOKEN",
        "token of the webhook handshake",
        _only(Role.HOOK),
        secret=True,
        required=_only(Role.HOOK),
    ),
    Variable(
        "WHATSTR_ABUSE_LINE",
        "WhatsApp number of our abuse desk, digits with country code",
        _only(Role.WEB, Role.SENDER, Role.ADMIN),
        default="",
    ),
    Variable(
        "WHATSTR_ABUSE_LINE_ID",
        "Meta's phone number id of the abuse line",
        _only(Role.SENDER),
        default="",
    ),
    Variable(
        "STRIPE_API_KEY",
        "Stripe secret key",
        _only(Role.WEB, Role.WORKER, Role.ADMIN),
        secret=True,
        required=_only(Role.WEB, Role.WORKER),
    ),
    Variable(
        "STRIPE_WEBHOOK_SECRET",
        "signing secret of our Stripe webhook endpoint",
        _only(Role.WEB),
        secret=True,
        required=_only(Role.WEB),
    ),
    Variable(
        "STRIPE_BASE_URL",
        "Stripe's API (or the simulator); empty: Stripe's own",
        _only(Role.WEB, Role.WORKER, Role.ADMIN),
        default="",
    ),
    Variable(
        "MAIL_URL",
        "SMTP server as smtp://user:password@host:port",
        _only(Role.WORKER),
        secret=True,
        default="",
    ),
    Variable(
        "MAIL_FROM",
        "sender address of our e-mails",
        _only(Role.WORKER),
        default="WhatsTR <bildirim@whatstr.example>",
    ),
    Variable(
        "WHATSTR_UNKNOWN_WAIT",
        "seconds before an unknown outcome is settled",
        _only(Role.SENDER),
        default="900",
    ),
    Variable(
        "WHATSTR_SEND_WINDOW",
        "when marketing may go, unless the organization says otherwise: local times and a time zone",
        _only(Role.WEB, Role.SENDER),
        default="09:00-21:00 Europe/Istanbul",
    ),
    Variable(
        "WHATSTR_RAMP_UP",
        "people that a new organization may reach in 24 hours on its first days, or none",
        _only(Role.WEB, Role.SENDER),
        default="1000 2000 5000 10000 25000 50000",
    ),
    Variable(
        "WHATSTR_CANARY_ROWS",
        "how many go first, at least, where something is new; 0: no canary start",
        _only(Role.WEB, Role.SENDER),
        default="50",
    ),
    Variable(
        "WHATSTR_SETTLE_WAIT",
        "seconds a marketing campaign waits for Meta's first word on its last messages",
        _only(Role.SENDER),
        default="20",
    ),
    Variable(
        "WHATSTR_LEASE_SECONDS",
        "seconds a line stands still after its sender was killed",
        _only(Role.SENDER),
        default="30",
    ),
    Variable(
        "WHATSTR_SEND_WORKERS", "send workers a sender starts", _only(Role.SENDER), default="1"
    ),
    Variable(
        "WHATSTR_AUDIT_HEAD_MAIL",
        "yes: the head of the audit trail goes to the owners by e-mail each night",
        _only(Role.WORKER),
        default="no",
    ),
    Variable(
        "WHATSTR_STAFF_NETWORKS",
        "networks that may reach the staff panel, as 203.0.113.0/24 with commas; empty: every one",
        _only(Role.ADMIN),
        default="",
    ),
    Variable(
        "WHATSTR_META_SIMULATOR",
        "Meta's simulator on this machine, for its page at the panel; refused in production",
        _only(Role.ADMIN),
        default="",
    ),
    Variable(
        "WHATSTR_PROXIES",
        "number of trusted reverse proxies in front",
        _only(Role.WEB, Role.ADMIN, Role.HOOK),
        default="0",
    ),
)

BY_NAME: Mapping[str, Variable] = {v.name: v for v in VARIABLES}


@dataclass(frozen=True)
class Settings:
    """The settings of one process. `get` and `[]` read by variable name."""

    role: Role
    values: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        variable = BY_NAME[name]
        if self.role not in variable.roles and self.role is not Role.TOOL:
            raise ConfigError(f"{name} is not for the role {self.role}")
        value = self.values.get(name) or variable.default
        if value is None:
            raise ConfigError(f"{name} is not set: {variable.about}")
        return value

    def get(self, name: str) -> str | None:
        """The value, its default, or None."""
        return self.values.get(name) or BY_NAME[name].default

    @property
    def production(self) -> bool:
        return self["WHATSTR_ENV"] == "production"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check. Raises ConfigError that lists every missing or foreign variable."""
        environ = os.environ if environ is None else environ
        try:
            role = Role(environ.get("WHATSTR_ROLE") or "tool")
        except ValueError:
            names = ", ".join(Role)
            raise ConfigError(f"WHATSTR_ROLE must be one of {names}") from None
        values = {v.name: environ[v.name] for v in VARIABLES if environ.get(v.name)}
        settings = cls(role, values)
        problems = [
            f"{v.name} is not set: {v.about}"
            for v in VARIABLES
            if role in v.required and not values.get(v.name)
        ]
        if role is not Role.TOOL:
            problems += [
                f"{v.name} belongs to {', '.join(sorted(v.roles - {Role.TOOL}))}: "
                f"take it out of the environment of {role}"
                for v in VARIABLES
                if v.secret and role not in v.roles and values.get(v.name)
            ]
        if problems:
            raise ConfigError("\n".join(problems))
        return settings

    @property
    def database_url(self) -> str:
        """DATABASE_URL for SQLAlchemy with psycopg 3."""
        url = self["DATABASE_URL"]
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url[len(prefix) :]
        return url
