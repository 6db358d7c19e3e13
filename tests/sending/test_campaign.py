"""A sealed campaign goes through: once to everybody who may be written to, to nobody else."""

from __future__ import annotations

import base64

import pytest
from sqlalchemy.exc import ProgrammingError

from tests.sending.stage import Stage, job_rows, people
from whatstr.lines.error_policy import DUPLICATE, OPTED_OUT, UNUSABLE_ROW
from whatstr.sending.mref import code_of
from whatstr.vault.franking import Verdict, match
from whatstr.vault.rows import JobRow


def test_every_row_leaves_once_and_the_seal_is_gone(stage: Stage) -> None:
    campaign = stage.campaign(people(620))

    stage.run()

    assert stage.counts(campaign) == {"accepted": 620}
    assert stage.state(campaign) == ("done", None)
    assert stage.ledger()["rows"] == 620
    assert stage.ledger()["taken_twice_or_more"] == 0
    assert stage.sql("SELECT * FROM campaign_seal") == []
    (row,) = stage.sql("SELECT totals, started_at, finished_at FROM campaign")
    assert sum(row["totals"].values()) == 620
    assert row["totals"]["accepted"] == 620
    assert row["started_at"] <= row["finished_at"]


def test_refused_repeated_and_blank_rows_are_not_sent(stage: Stage) -> None:
    numbers = people(40)
    rows = job_rows(numbers)
    rows += [rows[3], rows[5], rows[3]]
    rows.append(JobRow(people(1)[0], ("", "%20")))
    stage.opt_out(*numbers[:4])
    campaign = stage.launch(stage.seal(rows))

    stage.run()

    assert stage.counts(campaign) == {"accepted": 36, "suppressed": 7, "failed": 1}
    assert stage.codes(campaign) == {OPTED_OUT: 6, DUPLICATE: 1, UNUSABLE_ROW: 1}
    assert stage.ledger()["rows"] == 36
    assert stage.state(campaign)[0] == "done"


def test_each_message_keeps_tags_of_what_was_really_sent(stage: Stage) -> None:
    (number,) = people(1)
    campaign = stage.launch(stage.seal([JobRow(number, ("Zeynep", "{kod}"))]))

    stage.run()

    (message,) = stage.sql("SELECT mref FROM message WHERE campaign_id = %s", campaign)
    (tags,) = stage.sql("SELECT kid, tags, recipient_ix FROM s_frank")
    mref = bytes(message["mref"])
    code = code_of(mref)
    seen = f"Merhaba Zeynep, bu hafta sonu tüm siparişlerde {code} indirim var. Bekleriz!"
    found = match(stage.keyring.fk[tags["kid"]], mref, bytes(tags["tags"]), [seen])
    assert found.verdict is Verdict.VERIFIED
    assert bytes(tags["recipient_ix"]) == stage.recipient_ix(number)
    (sent,) = stage.ask("GET", "/_sim/messages")["messages"]
    assert sent["opaque"] == "m1:" + base64.b64encode(mref).decode()
    button = sent["sent"]["template"]["components"][-1]
    assert button["parameters"] == [{"type": "payload", "payload": "optout"}]


def test_another_wa_id_is_remembered_as_an_alias(stage: Stage) -> None:
    (number,) = people(1, ending="295")
    stage.campaign([number])

    stage.run()

    (alias,) = stage.sql("SELECT recipient_ix FROM s_alias")
    assert bytes(alias["recipient_ix"]) == stage.recipient_ix(number)
    assert len(stage.sql("SELECT * FROM s_wamid")) == 1


def test_nothing_of_a_number_reaches_a_clear_column(stage: Stage) -> None:
    (number,) = people(1)
    stage.campaign([number])

    stage.run()

    for table in ("message", "s_frank", "s_wamid", "s_alias", "campaign", "audit_event"):
        assert number not in repr(stage.sql(f"SELECT * FROM {table}"))
        assert number.encode().hex() not in repr(stage.sql(f"SELECT t::text FROM {table} t"))


def test_two_campaigns_of_a_line_both_finish(stage: Stage) -> None:
    first, second = stage.campaign(people(30)), stage.campaign(people(30))

    stage.run()

    assert stage.state(first)[0] == stage.state(second)[0] == "done"


def test_without_the_opt_out_index_nothing_is_sent(stage: Stage) -> None:
    stage.campaign(people(20))
    stage.sql("REVOKE SELECT ON s_optout FROM whatstr_sender")
    try:
        with pytest.raises(ProgrammingError):
            stage.run()
    finally:
        stage.sql("GRANT SELECT ON s_optout TO whatstr_sender")

    assert stage.ledger()["messages"] == 0
    assert stage.sql("SELECT * FROM message") == []
