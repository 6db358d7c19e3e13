"""What every page and every answer has in common: refusals, headers, references, plain errors."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from tests.accounts.people import sign_up
from tests.apps import ApiClient, b64, error_of, role_app
from tests.services import ModuleDatabase
from whatstr.core import logs, static_files, web
from whatstr.core.errors import DomainError, NotAllowed, TooMany
from whatstr.core.security import PANEL_CSP, PUBLIC_CSP, RateLimit, open_to_all
from whatstr.local.valkey import EmbeddedValkey

PLANTED = "905321234567"


class Odd(DomainError):
    """A refusal that nobody wrote words for."""

    code = "odd"
    status = 418


def _raise(error: Exception) -> Callable[[], str]:
    @open_to_all
    def view() -> str:
        raise error

    return view


ERRORS: dict[str, tuple[Exception, int, str]] = {
    "crash": (ValueError(f"no such number {PLANTED}"), 500, "crash"),
    "stale": (StaleDataError("version"), 409, "conflict"),
    "database": (OperationalError(f"SELECT '{PLANTED}'", {}, Exception()), 503, "unavailable"),
    "pool": (PoolTimeout(), 503, "unavailable"),
    "denied": (NotAllowed(), 403, "not_allowed"),
    "slow": (TooMany("x", retry_after=42), 429, "too_many"),
    "odd": (Odd(), 418, "odd"),
}


@pytest.fixture(scope="module")
def site(web: flask.Flask) -> flask.Flask:
    """The web role with a view for each error, as page and as call."""
    web._got_first_request = False
    for name, (error, _status, _code) in ERRORS.items():
        for path in (f"/errors/{name}", f"/api/errors/{name}"):
            web.add_url_rule(path, path, _raise(error))
    web.add_url_rule("/forgotten", "forgotten", lambda: "data", methods=["GET", "POST"])
    web.add_url_rule("/opened", "opened", open_to_all(lambda: "data"))
    return web


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield stream.getvalue
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_as_a_call_is_json_with_a_sentence_and_a_reference(
    site: flask.Flask, name: str
) -> None:
    _, status, code = ERRORS[name]
    response = ApiClient(site).get(f"errors/{name}")
    found = error_of(response)
    assert (response.status_code, found["code"]) == (status, code)
    assert found["ref"] == response.headers["X-Request-Id"]
    assert PLANTED not in response.get_data(as_text=True)
    english = ApiClient(site, language="en").get(f"errors/{name}")
    assert error_of(english)["message"] != found["message"]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_as_a_page_says_what_to_do(site: flask.Flask, name: str) -> None:
    _, status, _ = ERRORS[name]
    response = site.test_client().get(f"/errors/{name}?lang=tr")
    page = response.get_data(as_text=True)
    assert response.status_code == status
    assert page.count("<dt>") == 3  # what happened, what was lost, what to do now
    assert response.headers["X-Request-Id"] in page
    assert PLANTED not in page and "Traceback" not in page
    assert response.headers["Content-Security-Policy"] == PUBLIC_CSP


def test_a_wait_is_said_in_seconds(site: flask.Flask) -> None:
    response = ApiClient(site).get("errors/slow")
    assert response.headers["Retry-After"] == "42" and error_of(response)["retry_after"] == 42


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/lists", 405),
        ("GET", "/api/lists/not-an-id/chunks", 404),
        ("GET", "/api/forgotten", 404),
    ],
)
def test_an_error_of_the_router_is_json_too(
    site: flask.Flask, method: str, path: str, status: int
) -> None:
    response = ApiClient(site).call(method, path.removeprefix("/api/"))
    assert response.status_code == status
    assert error_of(response)["code"] == f"http_{status}"
    assert status != 405 or "GET" in response.headers["Allow"]


def test_a_page_that_is_not_there(site: flask.Flask) -> None:
    response = site.test_client().get("/yok")
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert response.headers["X-Request-Id"] in response.get_data(as_text=True)


def test_a_body_beyond_every_limit_is_refused(site: flask.Flask) -> None:
    response = ApiClient(site).post("login", bytes(4 * 1024 * 1024 + 1))
    assert response.status_code in (400, 413)
    assert error_of(response)


def test_a_crash_is_logged_with_its_reference_and_without_its_words(
    site: flask.Flask, logged: Callable[[], str]
) -> None:
    ref = error_of(ApiClient(site).get("errors/crash"))["ref"]
    lines = [json.loads(line) for line in logged().splitlines()]
    crash = [line for line in lines if line.get("error") == "ValueError"]
    assert crash and all(line["request"] == ref for line in crash)
    assert any(line.get("where") for line in crash)
    assert PLANTED not in logged()
    logs.get_logger("whatstr.test").warning("outside.request")
    assert "request" not in json.loads(logged().splitlines()[-1])


def test_a_view_without_an_access_rule_is_not_reachable(site: flask.Flask) -> None:
    client = site.test_client()
    assert client.get("/forgotten").status_code == client.post("/forgotten").status_code == 403
    assert client.get("/opened").get_data() == b"data"


PATHS = {
    "/": PUBLIC_CSP,
    "/yok": PUBLIC_CSP,
    "/errors/crash": PUBLIC_CSP,
    "/forgotten": PUBLIC_CSP,
    "/panel": PANEL_CSP,
    "/giris": PANEL_CSP,
    "/api/plans": None,
    "/api/nothing": None,
    "/api/me": None,
    "/static/css/tokens.css": None,
    "/static/yok.css": None,
}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(site: flask.Flask, path: str) -> None:
    response = site.test_client().get(path, base_url="https://localhost")
    headers = response.headers
    assert PATHS[path] in (None, headers["Content-Security-Policy"])
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "max-age" in headers["Strict-Transport-Security"]
    assert re.fullmatch(r"r[0-9a-f]{11}", headers["X-Request-Id"])
    if not path.startswith("/static/"):
        assert headers["Cache-Control"] == "no-store"
    response.close()


def test_static_files_are_kept_for_good_where_their_address_says_what_they_are(
    site: flask.Flask,
) -> None:
    """And asked for again where it does not: from an older release, or without one."""
    kept = {
        static_files.address(): "public, max-age=31536000, immutable",
        "/static/0123456789abcdef": "no-cache",
        "/static": "no-cache",
    }
    browser = site.test_client()
    bodies = set()
    for folder, wanted in kept.items():
        with browser.get(f"{folder}/css/tokens.css") as response:
            assert (response.status_code, response.headers["Cache-Control"]) == (200, wanted)
            assert "Set-Cookie" not in response.headers
            assert (response.headers.get("Vary") is None) is ("immutable" in wanted)
            bodies.add(response.data)
        with browser.get(f"{folder}/css/yok.css") as response:
            assert response.status_code == 404
            assert "immutable" not in response.headers.get("Cache-Control", "")
    assert len(bodies) == 1
    with browser.get(f"{static_files.address()}/../config.py") as response:
        assert response.status_code == 404


def test_two_requests_have_two_references(site: flask.Flask) -> None:
    refs = {site.test_client().get("/opened").headers["X-Request-Id"] for _ in range(5)}
    assert len(refs) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost"},
        {"X-WTR": "1"},
        {"X-WTR": "1", "Origin": "null"},
        {"X-WTR": "1", "Origin": "http://localhost.evil.example"},
        {"X-WTR": "1", "Origin": "https://localhost"},
        {"X-WTR": "1", "Origin": "http://localhost:81"},
        {"X-WTR": "0", "Origin": "http://localhost"},
        {},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_change_that_another_site_could_ask_for_is_refused(
    site: flask.Flask, headers: dict[str, str], method: str
) -> None:
    path = {"POST": "/api/logout", "PATCH": "/api/logout"}.get(method, "/api/records/" + "0" * 32)
    response = site.test_client().open(path, method=method, headers=headers, json={})
    assert response.status_code == (405 if method == "PATCH" else 403)


def test_reading_needs_no_origin(site: flask.Flask) -> None:
    assert site.test_client().get("/api/plans").status_code == 200


def test_sign_in_is_refused_while_the_counters_are_away(
    site: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever stops Redis may guess passwords at any pace."""
    client = ApiClient(site)
    business = sign_up(client, "closed@firma.com")
    right = {"email": business.email, "auth": business.auth()}
    with Redis(port=1, retry=Retry(NoBackoff(), 0)) as away:
        monkeypatch.setitem(site.extensions, "whatstr_redis", away)
        refused = ApiClient(site).post("login", right)
    assert refused.status_code == 503 and error_of(refused)["code"] == "unavailable"
    monkeypatch.undo()
    assert ApiClient(site).post("login", right).status_code == 200


def test_tries_are_counted_from_the_first_one(valkey_server: EmbeddedValkey) -> None:
    """Not from the quarter of the clock, about which one could try twice as often."""
    with Redis.from_url(valkey_server.url) as connection:
        connection.delete(*connection.keys("limit:window:*") or ["none"])
        limit = RateLimit(connection, bytes(32))
        assert limit.count("window", "a", seconds=900) == 1
        (key,) = connection.keys("limit:window:*")
        assert 890 < connection.ttl(key) <= 900
        connection.expire(key, 40)
        assert limit.count("window", "a", seconds=900) == 2
        with pytest.raises(TooMany) as refused:
            limit.check("window", "a", limit=2, seconds=900)
        assert 0 < refused.value.context["retry_after"] <= 40
        with pytest.raises(TooMany) as refused:
            limit.below("window", "a", limit=2, seconds=900)
        assert 0 < refused.value.context["retry_after"] <= 40
        connection.delete(key)
        limit.below("window", "a", limit=1, seconds=900)


def test_counters_hold_no_address_and_no_e_mail(
    site: flask.Flask, valkey_server: EmbeddedValkey
) -> None:
    far = {"REMOTE_ADDR": "203.0.113.99"}
    body = {"email": "counted@firma.com", "auth": b64(bytes(32))}
    ApiClient(site).post("login", body, environ_overrides=far)
    with Redis.from_url(valkey_server.url) as connection:
        keys = list(connection.scan_iter("limit:*"))
        assert keys and all(0 < connection.ttl(key) <= 3600 for key in keys)
    assert b"203.0" not in repr(keys).encode() and b"counted" not in repr(keys).encode()


def test_an_error_code_has_one_sentence(site: flask.Flask) -> None:
    with pytest.raises(ValueError, match="not_found"):
        web.register_sentences(site, {"not_found": lambda error: "x"})


SHOWN = ("audiences", "accounts", "campaigns", "core", "lines.services", "portal")
# Caught where it is asked for, and what only our staff are told.
ELSEWHERE = ("whatstr.core.phone", "whatstr.accounts.staff", "whatstr.accounts.contact")


def test_every_refusal_of_the_portal_has_its_own_words(site: flask.Flask) -> None:
    known = site.extensions["whatstr_sentences"]
    kinds = [
        kind
        for kind in _kinds(DomainError)
        if kind.__module__.startswith(tuple(f"whatstr.{name}" for name in SHOWN))
        and not kind.__module__.startswith(ELSEWHERE)
    ]
    assert len(kinds) > 15
    assert [kind.__name__ for kind in kinds if kind.code not in known] == []


def _kinds(base: type[DomainError]) -> Iterator[type[DomainError]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def test_the_database_away_is_503_as_page_and_as_call(
    database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    away = "postgresql://nobody@127.0.0.1:1/none"
    with role_app("web", database, valkey_server, DATABASE_URL=away) as app:
        page = app.test_client().get("/health")
        assert page.status_code == 503 and page.text.count("<dt>") == 3
        client = ApiClient(app)
        client.browser.set_cookie("wtr_s", b64(bytes(32)))
        call: Any = client.get("plans")
        assert call.status_code == 503 and error_of(call)["code"] == "unavailable"
        assert app.test_client().get("/giris").status_code == 200
