"""Free text goes within 24 hours of a person's own message, and never later."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from tests.doors.stage import Doors, now
from tests.sending.stage import people
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.lines.error_policy import OPTED_OUT, UNUSABLE_ROW, WINDOW_CLOSED
from whatstr.sending import context, windows
from whatstr.vault.franking import LineVerdict, match
from whatstr.vault.rows import JobRow

TEXT = "Siparişiniz hazır.\nBugün uğrayabilirsiniz."


def written(doors: Doors, number: str, *, ago: timedelta = timedelta(0)) -> None:
    stamp = str(now() - int(ago.total_seconds()))
    doors.says(**{"from": number, "text": "Siparişim hazır mı?", "timestamp": stamp})


def texts(doors: Doors, *names: str) -> uuid.UUID:
    """A campaign of free text; Meta holds nothing against it."""
    with doors.app.app_context():
        context.pace_redis().flushdb()
    rows = [JobRow(name, (TEXT,)) for name in names]
    made = doors.launch(doors.seal(rows, changes={"template": None}))
    doors.settings(window_error="webhook")
    doors.run()
    return made


def test_it_goes_to_who_wrote_and_to_nobody_else(doors: Doors) -> None:
    open_, silent, late = people(3)
    written(doors, open_)
    written(doors, late, ago=timedelta(hours=24))

    campaign = texts(doors, open_, silent, late)

    assert doors.counts(campaign) == {"accepted": 1, "failed": 2}
    assert doors.codes(campaign) == {WINDOW_CLOSED: 2}
    assert doors.ledger()["messages"] == 1, "Meta was not asked"
    (sent,) = doors.sent_to(open_)
    assert (sent["type"], sent["sent"]["text"]["body"]) == ("text", TEXT)


def test_what_is_written_is_franked_line_by_line(doors: Doors) -> None:
    (number,) = people(1)
    written(doors, number)
    texts(doors, number)

    (row,) = doors.sql("SELECT mref, kid, tags FROM s_frank")
    key = doors.keyring.fk[row["kid"]]
    found = match(key, bytes(row["mref"]), bytes(row["tags"]), TEXT.split("\n"))
    assert found.lines == (LineVerdict.TRUE, LineVerdict.TRUE)


def test_a_window_is_that_of_one_line(doors: Doors) -> None:
    (number,) = people(1)
    written(doors, number)
    doors.sql("UPDATE s_window SET line_id = %s", other_line(doors))

    assert doors.codes(texts(doors, number)) == {WINDOW_CLOSED: 1}


def other_line(doors: Doors) -> uuid.UUID:
    line = uuid.uuid4()
    doors.sql(
        "INSERT INTO line (id, organization_id, state, throughput, quality, health, connected_at)"
        " VALUES (%s, %s, 'connected', 80, 'GREEN', '{}', now())",
        line,
        doors.organization,
    )
    return line


def test_the_window_goes_with_the_name(doors: Doors) -> None:
    (number,) = people(1)
    doors.says(from_user_id="TR.abc", text="Merhaba")
    doors.says(**{"from": number, "from_user_id": "TR.abc", "type": "system", "system": {}})
    doors.sql("DELETE FROM s_window WHERE recipient_ix = %s", doors.recipient_ix(number))
    doors.says(from_user_id="TR.abc", text="Orada mısınız?")

    assert doors.counts(texts(doors, number)) == {"accepted": 1}


def test_who_refused_gets_no_free_text_either(doors: Doors) -> None:
    (number,) = people(1)
    doors.says(**{"from": number, "text": "DUR"})

    assert doors.codes(texts(doors, number)) == {OPTED_OUT: 1}


def test_one_answer_from_the_mailbox(doors: Doors) -> None:
    (number,) = people(1)
    args = {"line": doors.line.hex, "to": number, "text": TEXT}
    assert doors.result("answer", args)["code"] == WINDOW_CLOSED

    written(doors, number)
    with doors.app.app_context():
        context.pace_redis().flushdb()

    assert doors.result("answer", args) == {"outcome": "accepted"}
    (sent,) = doors.sent_to(number)
    assert sent["sent"]["text"]["body"] == TEXT
    too_long = args | {"text": "a" * 4_097}
    assert doors.result("answer", too_long)["code"] == UNUSABLE_ROW


@pytest.mark.parametrize("text", ["", "  ", None, 7])
def test_an_empty_answer_is_refused(doors: Doors, text: object) -> None:
    (number,) = people(1)
    args = {"line": doors.line.hex, "to": number, "text": text}
    assert doors.refusal("answer", args) == "bad_arguments"


def test_windows_are_forgotten(doors: Doors) -> None:
    young, old = people(2)
    written(doors, young)
    written(doors, old, ago=timedelta(hours=49))

    with doors.app.app_context(), transaction():
        assert windows.forget(now=clock.now()) == 1
    assert len(doors.sql("SELECT * FROM s_window")) == 1
