"""Structured logs: an event code with ids and numbers, never free text or personal data.

The formatter refuses what is not an id, a number, a short code or a boolean, so that a phone
number in an exception message cannot reach a file (vault design, section 9).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from whatstr.core import clock

REFUSED = "<refused>"
_LIMIT = 10**9  # ten digits may be a phone number
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_WORD = re.compile(r"[A-Za-z0-9_.:/<>=-]{1,64}")
_NUMBER = re.compile(r"\d(?:[.:/-]*\d){6,}")  # also one that is written in groups
_ID = re.compile(r"[0-9a-f]{32}|r[0-9a-f]{11}")
_context: ContextVar[dict[str, Any]] = ContextVar("log_context", default={})  # noqa: B039


class UnsafeLogValue(TypeError):
    """A log call carried something that could be personal data."""


_strict = True


def _safe(key: str, value: Any) -> Any:
    if value is None or (isinstance(value, bool | int | float) and abs(value) < _LIMIT):
        return value
    if isinstance(value, uuid.UUID):
        return value.hex
    text = str(value)
    if _ID.fullmatch(text) or (_WORD.fullmatch(text) and not _NUMBER.search(text)):
        return text
    if not _strict:
        return REFUSED
    raise UnsafeLogValue(f"log value of {key!r} is not an id, a number or a code")


class Logger:
    """`log.info("campaign.started", campaign=campaign.id, rows=12)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def _emit(self, level: int, event: str, values: dict[str, Any]) -> None:
        if not _CODE.fullmatch(event):
            raise UnsafeLogValue("a log event is a dotted code")
        if self._logger.isEnabledFor(level):
            fields = {k: _safe(k, v) for k, v in {**_context.get(), **values}.items()}
            self._logger.log(level, event, extra={"fields": fields})

    def debug(self, event: str, **values: Any) -> None:
        self._emit(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        self._emit(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._emit(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        self._emit(logging.ERROR, event, values)


def get_logger(name: str) -> Logger:
    return Logger(name)


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Add ids to every log line written within the block."""
    token = _context.set({**_context.get(), **values})
    try:
        yield
    finally:
        _context.reset(token)


def begin(**values: Any) -> None:
    """Give every log line of this context these ids from here on, and no others."""
    _context.set(values)


class JsonFormatter(logging.Formatter):
    """One JSON object a line. A record of a library keeps its logger and class of error only:
    its text may hold parameters of a query or an address."""

    def format(self, record: logging.LogRecord) -> str:
        ours = hasattr(record, "fields")
        fields: dict[str, Any] = getattr(record, "fields", _context.get())
        line: dict[str, Any] = {
            "at": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage() if ours else "library.message",
        }
        line = {**line, **fields, **line}  # a field never stands for the time or the event
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def _where(trace: Any) -> list[str]:
    """File and line of each frame, without source lines or values."""
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-8:]


def configure(level: str = "INFO", *, strict: bool = True) -> None:
    """Send every logger of the process through the JSON formatter to standard error. A value that
    no log takes raises UnsafeLogValue; unless `strict`, the line says REFUSED in its place, so
    that in production a log never stops the work."""
    global _strict
    _strict = strict
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("whatstr").setLevel(level)
