"""The staff panel over a million customers and ten million messages.

Every register's first page, pages in its middle in every order, every filter, the search console,
the organization page, home and figures: the median and the slowest of twenty of each, in
milliseconds of a whole request (routing, permission, queries, template), and the plans of
everything that a page asks.

`python -m benchmarks.staff [--quick] [--customers N] [--messages N]`; a line of JSON for each page.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flask
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from benchmarks import staff_seed as past
from benchmarks.measure import machine
from benchmarks.staff_load import SERVER
from benchmarks.statement_plans import listening, long_walks
from tests.admin.office import Colleague, hire
from tests.apps import RING, role_app
from tests.services import (
    ModuleDatabase,
    create_database,
    forget_own_environment,
    migrate,
    new_name,
    private_folder,
)
from whatstr.accounts.models import StaffRole
from whatstr.admin.keyset import write_cursor
from whatstr.admin.views import Register
from whatstr.core.crypto import Ring
from whatstr.core.database import redis
from whatstr.core.db import db, session
from whatstr.local.postgres import EmbeddedPostgres
from whatstr.local.valkey import EmbeddedValkey

PAGE_BAR, SEARCH_BAR = 200.0, 100.0
ROUNDS = 20
Visit = Callable[[], Any]


@contextmanager
def service(customers: int, messages: int) -> Iterator[tuple[flask.Flask, dict[str, int]]]:
    """The panel over a database with a past; everything is deleted afterwards."""
    with private_folder() as folder:
        postgres = EmbeddedPostgres(folder, durable=False, settings=SERVER)
        valkey = EmbeddedValkey(folder, "queue")
        postgres.start()
        valkey.start()
        try:
            name = new_name("past")
            create_database(postgres, name)
            migrate(postgres.url(database=name))
            Ring.load(RING)
            _plans(postgres, name)
            began = time.monotonic()
            with postgres.superuser(name) as connection:
                info = connection.info
                address = make_conninfo(info.dsn, password=info.password)
            rows = past.seed(address, RING, customers=customers, messages=messages)
            print(f"seeded in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            with role_app("admin", ModuleDatabase(postgres, name), valkey) as app:
                yield app, rows
        finally:
            valkey.stop()
            postgres.destroy()


def _plans(postgres: EmbeddedPostgres, name: str) -> None:
    from whatstr.billing import plans
    from whatstr.core.db import transaction

    tool = role_app("tool", ModuleDatabase(postgres, name), None)
    with tool as app, app.app_context(), transaction():
        plans.seed()
    Ring.load(RING)


def pages(app: flask.Flask, who: Colleague, customers: int) -> Iterator[tuple[str, Visit, float]]:
    """Name, how it is visited, the bar in milliseconds."""

    def get(path: str) -> Visit:
        return lambda: who.browser.get(path)

    for view in app.extensions["admin"][0]._views:
        if not isinstance(view, Register):
            continue
        yield view.endpoint, get(f"{view.url}/"), PAGE_BAR
        for name, query in halfway(app, view):
            yield f"{view.endpoint}.{name}", get(f"{view.url}/{query}"), PAGE_BAR
        for index, chosen in enumerate(view._filters or []):
            with app.test_request_context():
                values = [value for value, _word in chosen.get_options(view)]
            for value in values:
                path = f"{view.url}/?flt{index}_{index}={value}"
                yield f"{view.endpoint}.{chosen.column.key}={value}", get(path), PAGE_BAR
    yield "suppressions", get("/engeller/"), PAGE_BAR
    yield "suppressions.via=link", get("/engeller/?via=link"), PAGE_BAR
    for name, path in (("home", "/"), ("figures", "/rakamlar/"), ("inbox", "/gelen/")):
        yield name, get(path), PAGE_BAR
    for name, n in (("usual", customers // 3), ("big", 0)):
        path = f"/isletme/{past.identity('o', n)}/"
        yield f"organization.{name}", get(path), PAGE_BAR
    yield "support.thread", get(f"/destek/{past.identity('q', 3)}/"), PAGE_BAR
    yield "case", get(f"/vaka/{past.identity('k', 7)}/"), PAGE_BAR
    yield "campaign", get(f"/kampanyalar/details/?id={past.identity('c', 50)}"), PAGE_BAR
    yield from searches(who, customers)


def halfway(app: flask.Flask, view: Register) -> Iterator[tuple[str, str]]:
    """Pages in the middle of a list, as far from its beginning as from its end: turned forward and
    back, sorted by every column that it may be sorted by."""
    sorts = [(None, True, ""), *_sorts(view)]
    for column, down, asked in sorts:
        with app.app_context():
            order = view.order(column, down)
            rows = session().query(*order.columns).order_by(*order.clauses())
            # The server's own guess will do: nobody counts ten million rows for a place.
            count = session().scalar(sa.text(MIDDLE), {"name": view.model.__tablename__}) or 0
            row = rows.offset(min(int(count) // 2, FAR)).first()
            place = "" if row is None else write_cursor(order, row)
        if place:
            name = f"sort_{column or 'usual'}_{'down' if down else 'up'}"
            yield f"{name}.after", f"?{asked}after={place}"
            yield f"{name}.before", f"?{asked}before={place}"


MIDDLE = "SELECT reltuples::bigint FROM pg_class WHERE relname = :name"
FAR = 400_000  # rows: forty times as far as lists went by counting


def _sorts(view: Register) -> Iterator[tuple[str, bool, str]]:
    for index, (name, _label) in enumerate(view._list_columns):
        if name in view._sortable_columns:
            yield name, True, f"sort={index}&desc=1&"
            yield name, False, f"sort={index}&"


def searches(who: Colleague, customers: int) -> Iterator[tuple[str, Visit, float]]:
    (n,) = past.known(customers)
    token = csrf(who)

    def search(text: str) -> Visit:
        form = {"q": text, "csrf_token": token}
        return lambda: who.browser.post("/ara/", data=form)

    for name, text in (
        ("email", past.email(n)),
        ("phone", past.phone(n)),
        ("tax_number", past.tax_number(n)),
        ("customer_number", str(100_001 + n)),
        ("customer_number_prefix", str(100_001 + n)[:4]),
        ("name", past.business(n)),
        ("name_prefix", past.business(n)[:5]),
        ("name_of_nobody", "Wxyz Tekstil"),
        ("campaign", past.identity("c", 7).hex[:8]),
        ("payment", f"pi_{'0' * 32}"),
        ("payment_id", past.identity("p", 5).hex[:10]),
        ("refund", past.identity("r", 40).hex),
        ("message", f"{past.identity('c', 7).hex}/15"),
        ("nothing", "zz-yok@yok.example"),
    ):
        yield f"search.{name}", search(text), SEARCH_BAR


def csrf(who: Colleague) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', who.get("/ara/").text)
    assert found
    return found[1]


def measure(visit: Visit, rounds: int) -> tuple[list[float], float]:
    """Sorted milliseconds of the visits, and this process's own work for one of them: what is left
    of a page on a machine where nobody else works, the database aside."""
    taken = []
    visit()  # fills caches of templates and connections
    used = time.process_time()
    for _ in range(rounds):
        began = time.perf_counter()
        answer = visit()
        taken.append(1000 * (time.perf_counter() - began))
        assert answer.status_code in (200, 302), answer.status_code
    return sorted(taken), 1000 * (time.process_time() - used) / rounds


def say(bench: str, value: float, unit: str, bar: str, ok: bool, **more: Any) -> bool:
    line = {"bench": bench, "value": round(value, 1), "unit": unit, "bar": bar, "ok": ok, **more}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    return ok


def run(customers: int, messages: int, rounds: int) -> bool:
    good, walks = True, 0
    with service(customers, messages) as (app, rows):
        who = hire(app, StaffRole.OWNER)
        with app.app_context():
            engine = db.engine
        for name, visit, bar in pages(app, who, customers):
            with app.app_context():
                redis().flushdb()  # nobody's searches were too many before these
            with listening(engine) as asked:
                visit()
            slow = long_walks(engine, asked, rows)
            walks += len(slow)
            taken, cpu = measure(visit, rounds)
            median, p95 = statistics.median(taken), taken[int(0.95 * (len(taken) - 1))]
            more: dict[str, Any] = {
                "p95": round(p95, 1),
                "cpu": round(cpu, 1),
                "queries": len(asked.statements),
            }
            if slow:
                more["walks"] = slow
            good &= say(f"staff.{name}", median, "ms", f"<= {bar:.0f}", median <= bar, **more)
        good &= say("staff.sequential_scans", walks, "plans", "0", walks == 0, **machine())
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.staff")
    parser.add_argument("--quick", action="store_true", help="a small run, only to see it work")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--messages", type=int, default=10_000_000)
    given = parser.parse_args()
    forget_own_environment()
    if given.quick:
        run(2_000, 20_000, 2)
        return 0
    return 0 if run(given.customers, given.messages, given.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
