"""What every sender process shares: the opened keyring, Meta's address, Redis with a short wait."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import flask
from redis import Redis

from whatstr import settings_of
from whatstr.sending.keyring import Keyring

_EXTENSION = "whatstr_sending"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class GraphSettings:
    """How Meta's Graph API is reached, and as which app."""

    base_url: str
    version: str
    app_id: str
    app_secret: str = field(repr=False)


@dataclass
class _State:
    keyring: Keyring | None = None
    stamp: tuple[int, int] = (0, 0)
    redis: Redis | None = None


def _state() -> _State:
    extensions = flask.current_app.extensions
    found: _State = extensions.setdefault(_EXTENSION, _State())
    return found


def keyring() -> Keyring:
    """The keyring of WHATSTR_SENDER_KEYRING; read again when the daily rotation rewrote the file.
    Raises KeyringError."""
    state = _state()
    path = settings_of()["WHATSTR_SENDER_KEYRING"]
    with _LOCK:
        try:
            about = os.stat(path)  # noqa: PTH116 - asked for each webhook, and a Path costs more
            stamp = (about.st_mtime_ns, about.st_ino)
        except OSError:
            stamp = (0, 0)
        if state.keyring is None or stamp != state.stamp:
            state.keyring, state.stamp = Keyring.load(Path(path)), stamp
        return state.keyring


def graph_settings() -> GraphSettings:
    """Base address, version and app of this process."""
    settings = settings_of()
    return GraphSettings(
        base_url=settings["META_BASE_URL"].rstrip("/"),
        version=settings["META_GRAPH_VERSION"],
        app_id=settings["META_APP_ID"],
        app_secret=settings["META_APP_SECRET"],
    )


def pace_redis() -> Redis:
    """The sender's Redis with short timeouts: where the pace cannot be asked for, nothing is
    sent, and that has to be known within two seconds."""
    state = _state()
    with _LOCK:
        if state.redis is None:
            state.redis = Redis.from_url(
                settings_of()["SENDER_REDIS_URL"], socket_timeout=2, socket_connect_timeout=2
            )
        return state.redis
