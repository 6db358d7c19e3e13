"""What a list, its filters and its order may touch: nothing that is sealed, secret or a pseudonym,
and no order or filter that the register does not name."""

from __future__ import annotations

import re
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer, open_shop
from tests.admin.office import hire
from tests.admin.test_access import views
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import Member, Organization, StaffRole
from whatstr.admin.views import Register
from whatstr.core.db import Tier


def registers(app: flask.Flask) -> list[Register]:
    return [view for view in views(app) if isinstance(view, Register)]


def tier_of(view: Register, name: str) -> Tier | None:
    """What a named column holds; None for a property that is no column."""
    found = view.model.__mapper__.columns.get(name)
    if found is None:
        found = view.model.__mapper__.columns.get(f"{name}_ct")
    return None if found is None else found.info["tier"]


def test_every_named_column_is_public(panel: flask.Flask) -> None:
    for view in registers(panel):
        named = {name for name, _ in view._list_columns} | set(view.column_details_list or ())
        for name in named:
            assert tier_of(view, name) is Tier.PUBLIC, (view.endpoint, name)


def test_orders_and_filters_are_of_public_columns(panel: flask.Flask) -> None:
    """An order by a masked value would tell more than the mask does."""
    for view in registers(panel):
        usual = view.column_default_sort
        sorts = {*view._sortable_columns, usual[0] if isinstance(usual, tuple) else usual}
        filtered = {chosen.column.key for chosen in view._filters or []}
        for name in sorts | filtered:
            assert tier_of(view, name) is Tier.PUBLIC, (view.endpoint, name)
            assert "masked" not in name and not name.endswith("_ix"), (view.endpoint, name)
        assert not view._search_supported, view.endpoint


def order_asked(panel: flask.Flask, path: str, who: Any) -> list[str]:
    """ORDER BY of the statement behind a list."""
    from whatstr.core.db import db

    with panel.app_context():
        engine = db.engine
    said: list[str] = []

    def hear(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.extend(re.findall(r"ORDER BY (.+?) *\n? LIMIT", statement, re.DOTALL))

    sa.event.listen(engine, "before_cursor_execute", hear)
    try:
        assert who.get(path).status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
    return said


def test_an_order_that_is_not_offered_is_the_usual_one(panel: flask.Flask, shop: Customer) -> None:
    who = hire(panel, StaffRole.OWNER)
    for view in registers(panel):
        usual = order_asked(panel, f"{view.url}/", who)
        for index, (name, _label) in enumerate(view._list_columns):
            if name not in view._sortable_columns:
                for down in ("", "&desc=1"):
                    asked = order_asked(panel, f"{view.url}/?sort={index}{down}", who)
                    assert asked == usual, (view.url, name)


@pytest.mark.parametrize("query", ["flt0_{n}={value}", "flt{n}_{n}={value}", "flt0_email={value}"])
def test_no_filter_is_taken_that_is_not_offered(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer, query: str
) -> None:
    """A made-up filter narrows nothing, so it answers no question about a hidden value."""
    open_shop(database)
    with as_owner(database) as owner:
        row = owner.get_one(Member, shop.member)
        values = [row.email_masked, owner.get_one(Organization, shop.organization).id.hex]
    who = hire(panel, StaffRole.OWNER)
    row_link = re.compile(r'class="row-link" href="([^"]+)"')
    for view in registers(panel):
        if view.endpoint not in ("members", "organizations", "lines"):
            continue
        all_rows = row_link.findall(who.get(f"{view.url}/").text)
        offered = len(view._filters or [])
        for value in values:
            for number in (offered, offered + 7):
                asked = query.format(n=number, value=value)
                found = row_link.findall(who.get(f"{view.url}/?{asked}").text)
                assert found == all_rows, (view.url, asked)
