"""What a proxy in front of the service says of its callers."""

from __future__ import annotations

import flask

from tests.apps import role_app
from tests.services import ModuleDatabase
from whatstr.core.security import open_to_all
from whatstr.local.valkey import EmbeddedValkey


def test_behind_a_proxy_its_word_counts_and_only_there(
    database: ModuleDatabase, valkey_server: EmbeddedValkey
) -> None:
    told = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
    for hops, seen in (("0", "127.0.0.1 http"), ("1", "203.0.113.5 https")):
        with role_app("web", database, valkey_server, WHATSTR_PROXIES=hops) as app:

            @app.get("/who")
            @open_to_all
            def who() -> str:
                return f"{flask.request.remote_addr} {flask.request.scheme}"

            assert app.test_client().get("/who", headers=told).text == seen
