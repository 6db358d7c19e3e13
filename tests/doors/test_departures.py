"""What the sender does when a customer deletes the account (vault design, section 12)."""

from __future__ import annotations

from tests.doors.stage import Doors
from tests.sending.stage import people
from whatstr.core.db import transaction
from whatstr.sending import departures
from whatstr.simulator.meta import seed


def left(doors: Doors) -> dict[str, int]:
    tables = ("s_conn", "s_optout", "s_alias", "s_root", "s_frank")
    return {
        name: doors.sql(
            f"SELECT count(*) AS n FROM {name} WHERE organization_id = %s", doors.organization
        )[0]["n"]
        for name in tables
    }


def see_off(doors: Doors) -> None:
    with doors.app.app_context():
        departures.see_off.__wrapped__()


def test_connections_and_refusals_go_and_the_marks_live_out_their_term(doors: Doors) -> None:
    doors.subscribe()
    number, stopped = people(2)
    doors.campaign([number])
    doors.run()
    doors.opt_out(stopped)
    doors.sql(
        "INSERT INTO s_root (organization_id, root, at) VALUES (%s, '', now())", doors.organization
    )
    before = left(doors)
    assert before["s_conn"] == before["s_optout"] == before["s_frank"] == 1

    see_off(doors)
    assert left(doors) == before  # nobody has left
    with doors.app.app_context(), transaction():
        assert not departures.waiting()
    doors.sql("UPDATE organization SET state = 'deleted' WHERE id = %s", doors.organization)
    with doors.app.app_context(), transaction():
        assert departures.waiting()

    see_off(doors)
    after = left(doors)
    assert after == {"s_conn": 0, "s_optout": 0, "s_alias": 0, "s_root": 0, "s_frank": 1}
    assert doors.sql("SELECT state FROM line")[0]["state"] == "disconnected"
    assert not doors.meta.simulator.world.wabas[seed.WABA_ID].subscribed
    with doors.app.app_context(), transaction():
        assert not departures.waiting()


def test_a_paused_line_keeps_nothing_either(doors: Doors) -> None:
    doors.sql("UPDATE line SET state = 'paused'")
    doors.sql("UPDATE organization SET state = 'deleted' WHERE id = %s", doors.organization)
    see_off(doors)
    assert left(doors)["s_conn"] == 0
