"""A test send leaves, is franked and indexed like any message, and keeps to the same rules."""

from __future__ import annotations

import pytest
import redis

from tests.sending.stage import TEMPLATE, Stage, people
from whatstr.lines.error_policy import NO_MORE_PEOPLE, OPTED_OUT, UNUSABLE_ROW
from whatstr.local.valkey import EmbeddedValkey
from whatstr.sending.single import SingleOutcome, send_test
from whatstr.vault.job_header import TemplateRef


def send(stage: Stage, to: str, *params: str, template: TemplateRef = TEMPLATE) -> SingleOutcome:
    with stage.app.app_context():
        return send_test(
            stage.connection(), template=template, to=to, params=params or ("Ayşe", "%20")
        )


def test_it_is_sent_franked_and_indexed(stage: Stage) -> None:
    (number,) = people(1)

    assert send(stage, number) == SingleOutcome("accepted")

    assert stage.ledger()["rows"] == 1
    (tags,) = stage.sql("SELECT campaign_id, row, recipient_ix FROM s_frank")
    assert (tags["campaign_id"], tags["row"]) == (None, None)
    assert bytes(tags["recipient_ix"]) == stage.recipient_ix(number)
    assert len(stage.sql("SELECT * FROM s_wamid")) == 1


def test_who_refused_gets_no_test_either(stage: Stage) -> None:
    (number,) = people(1)
    stage.opt_out(number)

    assert send(stage, number) == SingleOutcome("failed", OPTED_OUT)
    assert stage.ledger()["messages"] == 0


def test_a_refused_test_keeps_no_tags(stage: Stage) -> None:
    stage.ask("POST", "/_sim/faults", {"kind": "error", "code": 131009})

    assert send(stage, *people(1)) == SingleOutcome("failed", 131009)
    assert stage.sql("SELECT * FROM s_frank") == []


def test_a_lost_answer_is_said_to_be_unknown(stage: Stage) -> None:
    stage.ask("POST", "/_sim/faults", {"kind": "drop_after", "count": 1})

    assert send(stage, *people(1)) == SingleOutcome("unknown")
    assert len(stage.sql("SELECT * FROM s_frank")) == 1


def test_twice_to_one_person_is_too_soon(stage: Stage) -> None:
    (number,) = people(1)
    send(stage, number)

    assert send(stage, number) == SingleOutcome("failed", 131056)


@pytest.mark.parametrize(
    ("template", "code"),
    [(TemplateRef("yok", "tr", "1"), 132001), (TemplateRef(TEMPLATE.name, "tr", "1"), 132001)],
)
def test_only_the_approved_template_is_sent(stage: Stage, template: TemplateRef, code: int) -> None:
    assert send(stage, *people(1), template=template) == SingleOutcome("failed", code)


def test_a_blank_value_is_not_sent(stage: Stage) -> None:
    assert send(stage, people(1)[0], "Ayşe", " ") == SingleOutcome("failed", UNUSABLE_ROW)


def test_a_held_line_sends_no_test(stage: Stage) -> None:
    stage.sql("UPDATE line SET state = 'held'")

    assert send(stage, *people(1)) == SingleOutcome("failed", 131045)
    assert stage.ledger()["messages"] == 0


def test_its_person_counts_toward_the_limit_of_the_portfolio(
    stage: Stage, valkey_sender_server: EmbeddedValkey
) -> None:
    stage.sql("UPDATE line SET limit_tier = 'TIER_250'")
    numbers = people(3)

    assert send(stage, numbers[0]) == SingleOutcome("accepted")

    with redis.Redis.from_url(valkey_sender_server.url) as client:
        (key,) = (key for key in client.keys("people:*") if not key.endswith(b":run"))
        counted = client.zrange(key, 0, -1, withscores=True)
        assert [person for person, _ in counted] == [stage.recipient_ix(numbers[0])]
        client.zadd(key, {str(n): counted[0][1] for n in range(248)})
    assert send(stage, numbers[1]) == SingleOutcome("accepted"), "the last that fits"
    assert send(stage, numbers[2]) == SingleOutcome("failed", NO_MORE_PEOPLE)
    assert send(stage, numbers[0]) == SingleOutcome("failed", 131056), "counted already"
    assert stage.ledger()["messages"] == 2
