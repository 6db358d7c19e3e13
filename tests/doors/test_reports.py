"""Complaints: what was really sent is recognised, whatever copying did to it; nothing else is."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from tests.doors.stage import ABUSE_LINE, Doors, now
from tests.sending.stage import people
from whatstr.abuse.reports import proof_hash
from whatstr.sending.mref import code_of
from whatstr.vault import wire
from whatstr.vault.rows import JobRow
from whatstr.vault.seals import seal_to_sender

BODY = "Merhaba Zeynep, bu hafta sonu tüm siparişlerde %20 indirim var. Bekleriz!"
HEADER = "Hafta sonu fırsatı"
FOOTER = "İstemiyorsanız Dur'a dokunun."
MESSAGE = f"{HEADER}\n{BODY}\n{FOOTER}"


def sent(doors: Doors, number: str = "") -> tuple[str, bytes, uuid.UUID]:
    """A message that somebody got: number, mref, campaign."""
    number = number or people(1)[0]
    doors.settings(webhook_hold=True)
    campaign = doors.launch(doors.seal([JobRow(number, ("Zeynep", "%20"))]))
    doors.run()
    (row,) = doors.sql("SELECT mref FROM message WHERE campaign_id = %s", campaign)
    return number, bytes(row["mref"]), campaign


def forward(doors: Doors, number: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The person sends words to the abuse line; the report that comes of it."""
    doors.says(**{"from": number, "text": text, "line": ABUSE_LINE})
    (report,) = doors.reports()
    return report


def marks(told: dict[str, Any]) -> list[str | None]:
    return [line["mark"] for line in told["lines"]]


@pytest.mark.parametrize(
    "text",
    [
        MESSAGE,
        BODY,
        f"*{HEADER}*\n_{BODY}_",
        BODY.replace(" ", "   ").replace(",", ",\u200b"),
        BODY.upper().replace("İ", "i"),
        BODY.lower(),
        f"\n\n  {BODY}  \nok",
    ],
)
def test_what_was_sent_is_verified_however_it_was_copied(doors: Doors, text: str) -> None:
    number, _, campaign = sent(doors)

    row, told = forward(doors, number, text)

    assert (row["verdict"], row["state"], row["channel"]) == ("verified", "verified", "forward")
    assert row["organization_id"] == doors.organization
    assert (row["line_id"], row["campaign_id"]) == (doors.line, campaign)
    assert told["from"] == number and "true" in marks(told)
    assert number not in str({k: v for k, v in row.items() if k != "sealed"})


def test_an_added_line_makes_it_partly(doors: Doors) -> None:
    number, _, _ = sent(doors)

    row, told = forward(doors, number, f"{BODY}\nBize kart numaranızı gönderin.")

    assert row["verdict"] == "partly"
    assert marks(told) == ["true", "false"]


def test_few_words_alone_are_partly(doors: Doors) -> None:
    number, _, _ = sent(doors)
    row, _ = forward(doors, number, HEADER)  # 18 characters: a guess could hit
    assert row["verdict"] == "partly"


@pytest.mark.parametrize(
    "text",
    [
        BODY.replace("%20", "%90"),
        BODY.replace("Zeynep", "Elif"),
        "Hesabınız kapatıldı, hemen şifrenizi yazın.",
        "ok",
    ],
)
def test_other_words_are_unverified_and_name_nobody(doors: Doors, text: str) -> None:
    number, _, _ = sent(doors)

    row, told = forward(doors, number, text)

    assert (row["verdict"], row["state"]) == ("unverified", "unverified")
    assert row["organization_id"] is None and row["campaign_id"] is None
    assert told["from"] == number and told["lines"][0]["text"] == text


def test_the_right_words_from_another_number_are_unverified(doors: Doors) -> None:
    sent(doors)
    (stranger,) = people(1)

    row, _ = forward(doors, stranger, MESSAGE)

    assert row["verdict"] == "unverified" and row["organization_id"] is None


def test_each_organization_that_sent_it_gets_a_report_of_its_own(doors: Doors) -> None:
    number, mref, _ = sent(doors)
    other, twin = doors.add_organization(), uuid.uuid4().bytes
    _copy_tags(doors, mref, other, twin, number)

    doors.says(**{"from": number, "text": MESSAGE, "line": ABUSE_LINE})

    found = {row["organization_id"]: row["verdict"] for row, _ in doors.reports()}
    assert found == {doors.organization: "verified", other: "verified"}


def _copy_tags(doors: Doors, mref: bytes, other: uuid.UUID, twin: bytes, number: str) -> None:
    """The same words, sent by another customer to the same number."""
    from whatstr.vault.franking import frank_tags
    from whatstr.vault.indexes import Purpose, ix

    (kept,) = doors.sql("SELECT * FROM s_frank WHERE mref = %s", mref)
    line = uuid.uuid4()
    doors.sql(
        "INSERT INTO line (id, organization_id, state, throughput, quality, health, connected_at)"
        " VALUES (%s, %s, 'connected', 80, 'GREEN', '{}', now())",
        line,
        other,
    )
    doors.sql(
        "INSERT INTO s_conn (line_id, organization_id, sealed, phone_number_ix, account_ix,"
        " updated_at) VALUES (%s, %s, '', %s, %s, now())",
        line,
        other,
        uuid.uuid4().bytes,
        uuid.uuid4().bytes,
    )
    tags = frank_tags(doors.keyring.fk[kept["kid"]], twin, MESSAGE.split("\n"))
    doors.sql(
        "INSERT INTO s_frank (mref, organization_id, line_id, recipient_ix, kid, hour, tags)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        twin,
        other,
        line,
        ix(doors.keyring.ik, Purpose.RECIPIENT, other.bytes, number),
        kept["kid"],
        kept["hour"],
        tags,
    )


def test_twenty_a_day_and_no_more(doors: Doors) -> None:
    (number,) = people(1)
    for place in range(23):
        doors.says(**{"from": number, "text": f"Satır numarası {place}", "line": ABUSE_LINE})
    assert len(doors.reports()) == 20
    (other,) = people(1)
    doors.says(**{"from": other, "text": "Satır numarası", "line": ABUSE_LINE})
    assert len(doors.reports()) == 21


def test_the_same_webhook_twice_is_one_report(doors: Doors) -> None:
    number, _, _ = sent(doors)
    for _ in range(2):
        doors.says(**{"from": number, "id": "wamid.r", "text": MESSAGE, "line": ABUSE_LINE})
    assert len(doors.reports()) == 1


# A reply, a link, a web report ----------------------------------------------------------------


@pytest.mark.parametrize("word", ["ŞİKAYET", "şikayet", "Şikâyet", "REPORT", "report."])
def test_a_replied_complaint_is_bound_to_its_message(doors: Doors, word: str) -> None:
    number, _, campaign = sent(doors)
    (message,) = doors.sent_to(number)

    doors.says(**{"from": number, "text": word, "context": {"id": message["id"]}})

    ((row, told),) = doors.reports()
    assert (row["verdict"], row["channel"]) == ("sender_only", "reply")
    assert (row["line_id"], row["campaign_id"]) == (doors.line, campaign)
    assert told["from"] == number and told["lines"] == []
    assert doors.notices() == []  # the customer is not told who complained
    assert any("Bildiriminiz" in str(one) for one in doors.sent_to(number))


def test_a_telephone_that_answers_by_itself_makes_one_report(doors: Doors) -> None:
    number, _, _ = sent(doors)
    (message,) = doors.sent_to(number)
    for _ in range(3):
        doors.says(**{"from": number, "text": "ŞİKAYET", "context": {"id": message["id"]}})
        doors.says(**{"from": number, "text": "ŞİKAYET"})

    assert len(doors.reports()) == 2  # one for the message, one a day without naming one


def test_a_complaint_without_context_says_what_is_certain(doors: Doors) -> None:
    number, _, _ = sent(doors)
    (stranger,) = people(1)

    doors.says(**{"from": number, "text": "ŞİKAYET"})
    doors.says(**{"from": stranger, "text": "ŞİKAYET"})

    assert [row["verdict"] for row, _ in doors.reports()] == ["sender_only", "unverified"]
    assert {row["organization_id"] for row, _ in doors.reports()} == {doors.organization}


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [([], "sender_only"), ([BODY], "verified"), (["Şifrenizi hemen yazın"], "sender_only")],
)
def test_the_report_link_names_the_message(
    doors: Doors, lines: Sequence[str], verdict: str
) -> None:
    _, mref, campaign = sent(doors)
    said = {"t": "report_link", "code": code_of(mref), "category": "fraud", "lines": lines}

    doors.internal("whatstr_web", said)
    doors.internal("whatstr_web", said)

    ((row, told),) = doors.reports()
    assert (row["verdict"], row["channel"], row["category"]) == (verdict, "link", "fraud")
    assert row["campaign_id"] == campaign
    assert [line["text"] for line in told["lines"]] == list(lines)


def web_report(
    doors: Doors, lines: Sequence[str], *, code: str = "ABCDE-12345", age: int = 0
) -> uuid.UUID:
    """What WEB leaves after a report on its page."""
    report, kid = uuid.uuid4(), doors.keyring.current_kid(_now())
    doors.sql(
        "INSERT INTO abuse_report (id, received_at, channel, category, state, verdict, sealed)"
        " VALUES (%s, now(), 'web', 'phishing', 'received', 'pending', '')",
        report,
    )
    typed = {"number": "908505550001", "contact": "ayse@example.com"}
    body = wire.dump({"report": report.hex, "lines": list(lines), "typed": typed})
    doors.sql(
        "INSERT INTO abuse_proof (report_id, code_hash, sealed, expires_at)"
        " VALUES (%s, %s, %s, to_timestamp(%s))",
        report,
        proof_hash(code),
        seal_to_sender(kid, doors.keyring.epoch_public(kid), body),
        now() + 86_400 - age,
    )
    return report


def _now() -> Any:
    from whatstr.core import clock

    return clock.now()


@pytest.mark.parametrize(
    "typed", ["BILDIRIM ABCDE-12345", "bildirim abcde12345", "BILDIRIM  ABCDE-12345."]
)
def test_the_code_proves_the_number_of_a_web_report(doors: Doors, typed: str) -> None:
    number, _, campaign = sent(doors)
    report = web_report(doors, [BODY])

    row, told = forward(doors, number, typed)

    assert row["id"] == report
    assert (row["verdict"], row["state"], row["category"]) == ("verified", "verified", "phishing")
    assert (row["organization_id"], row["campaign_id"]) == (doors.organization, campaign)
    assert told["from"] == number and marks(told) == ["true"]
    assert (told["number"], told["contact"]) == ("908505550001", "ayse@example.com")
    assert doors.sql("SELECT * FROM abuse_proof") == []


def test_a_proved_report_of_other_words_is_unverified(doors: Doors) -> None:
    number, _, _ = sent(doors)
    web_report(doors, ["Şifrenizi hemen buraya yazın"])

    row, told = forward(doors, number, "BILDIRIM ABCDE-12345")

    assert (row["verdict"], row["state"]) == ("unverified", "unverified")
    assert row["organization_id"] is None and marks(told) == [None]


def test_a_code_that_is_too_old_or_wrong_proves_nothing(doors: Doors) -> None:
    number, _, _ = sent(doors)
    report = web_report(doors, [BODY], age=90_000)

    doors.says(**{"from": number, "text": "BILDIRIM ABCDE-12345", "line": ABUSE_LINE})

    (row,) = doors.sql("SELECT state, verdict FROM abuse_report WHERE id = %s", report)
    assert row == {"state": "received", "verdict": "pending"}


def test_an_attached_report_keeps_its_state(doors: Doors) -> None:
    number, _, _ = sent(doors)
    web_report(doors, [BODY])
    doors.sql("UPDATE abuse_report SET state = 'attached'")

    row, _ = forward(doors, number, "BILDIRIM ABCDE-12345")

    assert (row["verdict"], row["state"]) == ("verified", "attached")
