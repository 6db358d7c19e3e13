"""The pace of a line and of a person, against a real Valkey."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
import redis

from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.pace import PORTION, Pace, PaceUnavailable


@pytest.fixture
def client(valkey_sender_server: EmbeddedValkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_sender_server.url) as opened:
        opened.flushall()
        yield opened


def strangers(count: int) -> list[bytes]:
    return [os.urandom(16) for _ in range(count)]


def test_no_more_than_a_quarter_second_s_worth_at_once(client: redis.Redis) -> None:
    pace = Pace(client, uuid.uuid4(), rate=40)

    first = pace.take(strangers(50))
    second = pace.take(strangers(50))

    assert len(first.allowed) == 10
    assert len(second.allowed) <= 2
    assert first.wait == 0


def test_an_empty_bucket_says_how_long_to_wait(client: redis.Redis) -> None:
    pace = Pace(client, uuid.uuid4(), rate=1)
    pace.take(strangers(1))

    grant = pace.take(strangers(1))

    assert grant.allowed == ()
    assert 0.5 < grant.wait <= 1.0


def test_a_portion_is_never_larger_than_it_may_be(client: redis.Redis) -> None:
    pace = Pace(client, uuid.uuid4(), rate=100_000)

    assert len(pace.take(strangers(PORTION * 3)).allowed) == PORTION


def test_one_person_is_not_written_to_twice_within_seconds(client: redis.Redis) -> None:
    pace, (person,) = Pace(client, uuid.uuid4(), rate=1_000), strangers(1)

    assert pace.take([person, *strangers(1)]).allowed == (True, True)
    assert pace.take([person]).allowed == (False,)
    assert Pace(client, uuid.uuid4(), rate=1_000).take([person]).allowed == (True,)
    pace.forget([person])
    assert pace.take([person]).allowed == (True,)


def test_lines_do_not_share_a_bucket_but_processes_do(client: redis.Redis) -> None:
    line = uuid.uuid4()
    Pace(client, line, rate=4).take(strangers(1))

    assert Pace(client, line, rate=4).take(strangers(1)).allowed == ()
    assert Pace(client, uuid.uuid4(), rate=4).take(strangers(1)).allowed == (True,)


def test_too_fast_cuts_the_rate_once_a_second(client: redis.Redis) -> None:
    line = uuid.uuid4()
    pace = Pace(client, line, rate=100)

    pace.slow_down()
    pace.slow_down()

    assert float(client.hget(f"pace:{line.hex}", "rate") or 0) == 70  # type: ignore[arg-type]


def test_a_blocked_line_waits(client: redis.Redis) -> None:
    pace = Pace(client, uuid.uuid4(), rate=100)
    pace.block(30)

    grant = pace.take(strangers(1))

    assert grant.allowed == ()
    assert 29 < grant.wait <= 30


def test_the_keys_hold_pseudonyms_only_and_end_by_themselves(client: redis.Redis) -> None:
    Pace(client, uuid.uuid4(), rate=100).take(strangers(3))

    for key in client.scan_iter():
        assert 0 < client.pttl(key) <= 86_400_000  # type: ignore[operator]


def test_it_fails_closed() -> None:
    nowhere = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1)
    pace = Pace(nowhere, uuid.uuid4(), rate=100)

    for call in (lambda: pace.take(strangers(1)), pace.slow_down, lambda: pace.block(1)):
        with pytest.raises(PaceUnavailable):
            call()


# Clocks that are set back ----------------------------------------------------------------------


def test_a_bucket_of_a_clock_that_was_ahead_goes_on(client: redis.Redis) -> None:
    line = uuid.uuid4()
    pace = Pace(client, line, rate=40)
    pace.take(strangers(50))
    ahead = int(time.time() * 1000) + 3_600_000
    client.hset(f"pace:{line.hex}", mapping={"at": ahead, "tokens": "3"})

    assert len(pace.take(strangers(50)).allowed) == 3
    after = pace.take(strangers(50))
    assert after.allowed or after.wait <= 1 / 40


def test_a_rest_keeps_its_length_when_the_clock_is_set_back(client: redis.Redis) -> None:
    line = uuid.uuid4()
    pace = Pace(client, line, rate=40)
    pace.block(5)
    key = f"pace:{line.hex}"
    for name in ("blocked", "blocked_at"):
        client.hset(key, name, int(float(client.hget(key, name) or 0)) + 3_600_000)

    grant = pace.take(strangers(1))

    assert grant.allowed == ()
    assert 4 < grant.wait <= 5


def test_a_person_is_not_held_up_by_a_mark_from_the_future(client: redis.Redis) -> None:
    line, person = uuid.uuid4(), strangers(1)
    pace = Pace(client, line, rate=40)
    assert pace.take(person).allowed == (True,)
    assert pace.take(person).allowed == (False,)
    client.set(f"pair:{line.hex}:{person[0].hex()}", int(time.time() * 1000) + 60_000, px=60_000)

    assert pace.take(person).allowed == (True,)


# Several senders at once ------------------------------------------------------------------------


def test_several_senders_of_one_line_keep_to_its_rate(
    client: redis.Redis, valkey_sender_server: EmbeddedValkey
) -> None:
    """Whatever the number of processes: at no moment more than a quarter second's worth beyond
    what the rate allows until then."""
    line, rate, seconds = uuid.uuid4(), 400, 1.5
    granted: list[tuple[float, int]] = []
    end = time.monotonic() + seconds

    def sender() -> None:
        with redis.Redis.from_url(valkey_sender_server.url) as own:
            pace = Pace(own, line, rate=rate)
            while time.monotonic() < end:
                count = len(pace.take(strangers(PORTION)).allowed)
                granted.append((time.monotonic(), count))

    threads = [threading.Thread(target=sender) for _ in range(4)]
    started = time.monotonic()
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    granted.sort()
    total = 0
    for at, count in granted:
        total += count
        assert total <= rate / 4 + rate * (at - started) + 1
    assert total >= rate * seconds * 0.8
