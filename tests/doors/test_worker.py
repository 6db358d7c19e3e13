"""From the rows of other roles to the doors worker: through the dispatcher and RQ."""

from __future__ import annotations

from tests.doors.stage import LINE, Doors, envelope, now
from tests.sending.stage import people
from whatstr.core.db import db
from whatstr.sending.dispatcher import DOORS, Dispatcher
from whatstr.sending.process import work


def test_what_waits_is_found_and_served_by_the_worker(doors: Doors) -> None:
    stopping, listed = people(2)
    message = {
        "id": "wamid.1",
        "from": stopping,
        "timestamp": str(now()),
        "type": "text",
        "text": {"body": "DUR"},
    }
    value = {"metadata": {"phone_number_id": LINE}, "messages": [message]}
    assert doors.post(envelope("messages", value)) == 200
    row = doors.request("optout_add", {"numbers": [listed]})

    with doors.app.app_context():
        Dispatcher().look()
        db.session.remove()
        db.engine.dispose()
        work(DOORS, ("whatstr.sending.inbox", "whatstr.sending.requests"), burst=True)

    answer = doors.answer(row)
    assert answer is not None and answer.ok
    assert doors.refusals() == {
        doors.recipient_ix(stopping): "word",
        doors.recipient_ix(listed): "customer",
    }
    assert doors.sql("SELECT * FROM hook_inbox") == []
