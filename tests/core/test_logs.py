"""Logs carry codes, ids and numbers; what could be somebody's is refused."""

from __future__ import annotations

import io
import json
import logging
import uuid
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from whatstr.core import logs

NUMBER = "905321234567"


class Kind(StrEnum):
    ONE = "one"


@pytest.fixture
def lines() -> Iterator[Any]:
    """What was logged, parsed; the raw text as `.raw`."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    logger = logging.getLogger("whatstr.test")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture
def log() -> logs.Logger:
    return logs.get_logger("whatstr.test")


@pytest.mark.parametrize(
    "value",
    [
        NUMBER,
        f"+{NUMBER}",
        int(NUMBER),
        5321234567,
        float(NUMBER),
        -5321234567,
        "0532-123-45-67",
        "532.123.45.67",
        "532:123:45:67",
        "203.0.113.77:8080",
        f"to={NUMBER}",
        f"x{NUMBER}y",
        "ayse@firma.com",
        "Ayşe",
        "two words",
        "",
        "x" * 65,
        {"a": 1},
        [1],
        b"bytes!",
        ValueError("number 1"),
        "line\nbreak",
        "line\n",
    ],
)
def test_a_value_that_could_be_somebodys_is_refused(
    log: logs.Logger, lines: Any, value: object
) -> None:
    with pytest.raises(logs.UnsafeLogValue) as caught:
        log.info("test.event", field=value)
    assert str(value) not in str(caught.value) or str(value) == ""
    assert lines() == []


def test_in_production_the_line_says_so_instead(log: logs.Logger, lines: Any) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure(strict=False)
        log.info("test.event", field=NUMBER, n=3)
    finally:
        logs.configure()
        root.handlers[:], root.level = before, level
    (line,) = lines()
    assert (line["field"], line["n"]) == (logs.REFUSED, 3)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (131026, 131026),
        (0.5, 0.5),
        (True, True),
        (None, None),
        (Kind.ONE, "one"),
        ("meta:131048", "meta:131048"),
        ("ConnectionError", "ConnectionError"),
        ("ra1b2c3d4e5f", "ra1b2c3d4e5f"),
        ("r12345678901", "r12345678901"),
        (uuid.UUID(int=7), "0" * 31 + "7"),
        ("0123456789abcdef0123456789012345", "0123456789abcdef0123456789012345"),
    ],
)
def test_ids_codes_and_numbers_pass(
    log: logs.Logger, lines: Any, value: object, shown: object
) -> None:
    log.info("test.event", field=value)
    (line,) = lines()
    assert line["field"] == shown
    assert (line["event"], line["level"], line["logger"]) == ("test.event", "info", "whatstr.test")


@pytest.mark.parametrize("event", ["Free text", "a b", f"call.{NUMBER} ", "", "a..b"])
def test_an_event_is_a_dotted_code(log: logs.Logger, event: str) -> None:
    with pytest.raises(logs.UnsafeLogValue):
        log.info(event)


def test_a_field_never_stands_for_the_level(log: logs.Logger, lines: Any) -> None:
    log.info("test.event", level="none", at=1)
    assert lines()[0]["level"] == "info"
    assert lines()[0]["at"] != 1


def test_bound_ids_are_on_every_line_of_the_block(log: logs.Logger, lines: Any) -> None:
    with logs.bound(campaign=uuid.UUID(int=1)):
        log.info("test.one")
        with logs.bound(row=4):
            log.info("test.two", row=5)
    log.info("test.three")
    one, two, three = lines()
    assert one["campaign"] == two["campaign"] == "0" * 31 + "1"
    assert (two["row"], "campaign" in three) == (5, False)


def test_an_exception_leaves_no_value(log: logs.Logger, lines: Any) -> None:
    secret = NUMBER
    try:
        raise ValueError(f"could not reach {secret}")
    except ValueError:
        logging.getLogger("whatstr.test").exception("crash for %s", secret)
    (line,) = lines()
    assert NUMBER not in json.dumps(line)
    assert (line["event"], line["error"]) == ("library.message", "ValueError")
    assert any("test_logs.py" in where and "leaves_no_value" in where for where in line["where"])


def test_a_librarys_message_is_dropped_and_its_request_kept(lines: Any) -> None:
    with logs.bound(request="rabc1234567d"):
        logging.getLogger("whatstr.test").warning("sent to %s", NUMBER)
    (line,) = lines()
    assert NUMBER not in json.dumps(line)
    assert line["request"] == "rabc1234567d"
