"""What people write back: stops that hold at once, replies for the customer's eyes."""

from __future__ import annotations

import uuid

import pytest

from tests.doors.stage import LINE, Doors, now
from tests.sending.stage import people
from whatstr.sending.mref import code_of, opaque_of
from whatstr.simulator.meta import seed
from whatstr.vault.indexes import Purpose, ix

OTHER_LINE = seed.LINE_IDS[1]
STOPS = [
    "DUR",
    "dur",
    " Dur. ",
    "*DUR*",
    "STOP",
    "stop!",
    "İPTAL",
    "iptal",
    "IPTAL",
    "ıptal",
    "İptal",
    "RET",
    "ÇIK",
    "çık",
    "CIK",
    "cik",
    "ABONELİKTEN ÇIK",
    "abonelikten  çık",
    "Abonelikten çik",
]


def alias(doors: Doors, name: str) -> bytes:
    return ix(doors.keyring.ik, Purpose.ALIAS, doors.organization.bytes, name)


def sent(doors: Doors, number: str) -> tuple[uuid.UUID, str, bytes]:
    """A message that the person has got: campaign, wamid, mref."""
    doors.settings(webhook_hold=True)
    campaign = doors.campaign([number])
    doors.run()
    (row,) = doors.sql("SELECT mref FROM message WHERE campaign_id = %s", campaign)
    (message,) = doors.sent_to(number)
    return campaign, message["id"], bytes(row["mref"])


@pytest.mark.parametrize("text", STOPS)
def test_a_word_of_refusal_is_a_refusal(doors: Doors, text: str) -> None:
    (number,) = people(1)

    doors.says(**{"from": number, "text": text})

    assert doors.refusals() == {doors.recipient_ix(number): "word"}
    (notice,) = doors.notices()
    assert (notice["t"], notice["via"], notice["from"]) == ("optout", "word", number)
    assert notice["line"] == doors.line.hex


@pytest.mark.parametrize("text", ["Durun, fiyatı nedir?", "dur bakalım", "İptal edemedim", "duru"])
def test_a_word_within_a_sentence_is_a_reply(doors: Doors, text: str) -> None:
    (number,) = people(1)

    doors.says(**{"from": number, "text": text, "name": "Elif Şahin"})

    assert doors.refusals() == {}
    (notice,) = doors.notices()
    assert (notice["t"], notice["text"], notice["from"]) == ("reply", text, number)
    assert notice["name"] == "Elif Şahin"


def test_a_reply_that_is_told_twice_is_one_notice(doors: Doors) -> None:
    (number,) = people(1)
    for _ in range(2):
        doors.says(**{"from": number, "id": "wamid.same", "text": "Merhaba"})
    assert len(doors.notices()) == 1


@pytest.mark.parametrize(
    "content",
    [
        {"type": "button", "button": {"payload": "optout", "text": "İstemiyorum"}},
        {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": "optout", "title": "x"}},
        },
        {"type": "button", "button": {"payload": "Dur", "text": "Dur"}},
    ],
)
def test_the_button_is_a_refusal(doors: Doors, content: dict[str, object]) -> None:
    (number,) = people(1)

    doors.says(**{"from": number, **content})

    assert doors.refusals() == {doors.recipient_ix(number): "button"}


def test_the_same_webhook_again_changes_nothing_and_answers_nobody(doors: Doors) -> None:
    (number,) = people(1)
    for _ in range(3):
        doors.says(**{"from": number, "id": "wamid.same", "text": "DUR"})
    assert len(doors.notices()) == 1
    doors.says(**{"from": number, "text": "DUR"})  # said once more by the person

    assert len(doors.notices()) == 1
    (answer,) = doors.sent_to(number)
    assert answer["type"] == "text"


def test_the_answer_names_the_abuse_line(doors: Doors) -> None:
    (number,) = people(1)

    doors.says(**{"from": number, "text": "DUR"})

    (answer,) = doors.sent_to(number)
    said = str(answer)
    assert "Artık mesaj almayacaksınız" in said and "wa.me/908505559999" in said


@pytest.mark.parametrize("case", ["held", "late"])
def test_no_answer_leaves_over_a_held_line_or_after_the_window(doors: Doors, case: str) -> None:
    (number,) = people(1)
    if case == "held":
        doors.sql("UPDATE line SET state = 'held'")
    stamp = str(now() - 24 * 3_600) if case == "late" else str(now())

    doors.says(**{"from": number, "text": "DUR", "timestamp": stamp})

    assert doors.refusals() == {doors.recipient_ix(number): "word"}
    assert doors.sent_to(number) == []


def test_a_stop_holds_in_a_campaign_that_is_already_scheduled(doors: Doors) -> None:
    staying, leaving = people(2)
    campaign = doors.campaign([staying, leaving])

    doors.says(**{"from": leaving, "text": "DUR"})
    doors.run()

    assert doors.counts(campaign) == {"accepted": 1, "suppressed": 1}


def test_people_of_the_simulator_stop_by_every_way(doors: Doors) -> None:
    doors.subscribe()
    endings = ("220", "221", "222", "223", "224", "225", "226", "230", "251", "296")
    stopping = [people(1, ending=ending)[0] for ending in endings]
    others = people(1, ending="260") + people(1, ending="261")
    doors.campaign(stopping + others)

    doors.run()
    doors.settle()

    refused = doors.refusals()
    for number in stopping:
        assert doors.recipient_ix(number) in refused, number
    for number in others:
        assert doors.recipient_ix(number) not in refused
    replies = [one["text"] for one in doors.notices() if one["t"] == "reply"]
    assert sorted(replies) == ["Durun, fiyatı nedir?", "Teşekkürler"]


def test_a_hidden_number_is_found_by_the_user_id_of_a_status(doors: Doors) -> None:
    (number,) = people(1)
    _, _, mref = sent(doors, number)
    doors.status(biz_opaque_callback_data=opaque_of(mref), recipient_user_id="TR.abc")

    doors.says(from_user_id="TR.abc", text="DUR")

    assert doors.refusals() == {doors.recipient_ix(number): "word"}


def test_a_hidden_number_is_found_by_the_message_replied_to(doors: Doors) -> None:
    (number,) = people(1)
    campaign, wamid, _ = sent(doors, number)

    doors.says(from_user_id="TR.new", text="DUR", context={"id": wamid})

    assert doors.refusals() == {doors.recipient_ix(number): "word"}
    (notice,) = doors.notices()
    assert (notice["job"], notice["row"]) == (campaign.hex, 0)
    assert "from" not in notice


def test_a_stop_of_somebody_unknown_holds_once_a_status_tells_who_it_was(doors: Doors) -> None:
    (number,) = people(1)
    _, _, mref = sent(doors, number)
    doors.says(from_user_id="TR.later", text="DUR")
    assert doors.refusals() == {alias(doors, "TR.later"): "word"}

    doors.status(biz_opaque_callback_data=opaque_of(mref), recipient_user_id="TR.later")

    assert doors.refusals()[doors.recipient_ix(number)] == "word"


def test_a_stop_from_the_number_as_meta_knows_it_holds_for_the_dialled_one(doors: Doors) -> None:
    (number,) = people(1)
    _, _, mref = sent(doors, number)
    doors.status(biz_opaque_callback_data=opaque_of(mref), recipient_id="5491112345678")

    doors.says(**{"from": "5491112345678", "text": "DUR"})

    assert doors.recipient_ix(number) in doors.refusals()


def test_a_stop_goes_with_the_person_to_a_new_number(doors: Doors) -> None:
    old, new = people(2)
    doors.says(**{"from": old, "text": "DUR"})

    system = {"type": "user_changed_number", "wa_id": new, "body": "x"}
    doors.says(**{"from": old, "type": "system", "system": system})

    assert set(doors.refusals()) == {doors.recipient_ix(old), doors.recipient_ix(new)}


def test_equal_numbers_of_two_customers_have_nothing_in_common(doors: Doors) -> None:
    (number,) = people(1)
    doors.says(**{"from": number, "text": "DUR"})
    other = doors.add_organization()

    elsewhere = ix(doors.keyring.ik, Purpose.RECIPIENT, other.bytes, number)
    assert elsewhere not in doors.refusals()


# WhatsApp's own switch, and the link ----------------------------------------------------------


def prefer(doors: Doors, number: str, value: str, at: int) -> None:
    entry = {"wa_id": number, "category": "marketing_messages", "value": value, "timestamp": at}
    doors.tell(
        "user_preferences",
        {"metadata": {"phone_number_id": LINE}, "user_preferences": [entry]},
    )


def test_the_switch_stops_and_resumes(doors: Doors) -> None:
    (number,) = people(1)
    stopped = now() - 10
    prefer(doors, number, "stop", stopped)
    assert doors.refusals() == {doors.recipient_ix(number): "meta_switch"}

    prefer(doors, number, "resume", now())
    assert doors.refusals() == {}

    # The first webhook once more, late: the person has resumed since.
    prefer(doors, number, "stop", stopped)
    assert doors.refusals() == {}


def test_resuming_lifts_only_what_the_switch_said(doors: Doors) -> None:
    (number,) = people(1)
    doors.says(**{"from": number, "text": "DUR"})
    prefer(doors, number, "stop", now() - 5)

    prefer(doors, number, "resume", now())

    assert doors.refusals() == {doors.recipient_ix(number): "word"}


def test_the_link_of_a_message_is_a_refusal(doors: Doors) -> None:
    (number,) = people(1)
    campaign, _, mref = sent(doors, number)

    doors.internal("whatstr_web", {"t": "optout_link", "code": code_of(mref)})
    doors.internal("whatstr_web", {"t": "optout_link", "code": code_of(mref)})

    assert doors.refusals() == {doors.recipient_ix(number): "link"}
    (notice,) = doors.notices()
    assert (notice["job"], notice["row"], notice["via"]) == (campaign.hex, 0, "link")


@pytest.mark.parametrize("code", ["", "x", code_of(bytes(16)), "ç" * 22, None])
def test_a_code_that_names_nothing_does_nothing(doors: Doors, code: str | None) -> None:
    doors.internal("whatstr_web", {"t": "optout_link", "code": code})

    assert doors.refusals() == {} and doors.notices() == []


def test_nothing_readable_is_kept_of_a_reply(doors: Doors) -> None:
    (number,) = people(1)
    text = "Kızım için pembe olanı istiyorum"
    doors.says(**{"from": number, "text": text})

    dumped = " ".join(
        str(bytes(value) if isinstance(value, memoryview) else value)
        for table in ("notice", "hook_inbox", "s_seen", "s_optout", "audit_event", "abuse_report")
        for row in doors.sql(f"SELECT * FROM {table}")
        for value in row.values()
    )
    assert number not in dumped and "pembe" not in dumped


def test_an_account_that_nobody_connected_is_passed_over(doors: Doors) -> None:
    (number,) = people(1)
    doors.sql("DELETE FROM s_conn")

    doors.says(**{"from": number, "text": "DUR"})

    assert doors.refusals() == {}


def test_a_stop_said_to_a_number_no_longer_connected_still_holds(doors: Doors) -> None:
    (number,) = people(1)

    doors.says(**{"from": number, "text": "Merhaba", "line": OTHER_LINE})
    doors.says(**{"from": number, "text": "DUR", "line": OTHER_LINE})

    assert doors.refusals() == {doors.recipient_ix(number): "word"}
    assert [one["t"] for one in doors.notices()] == ["optout"]
    assert doors.sent_to(number) == []
