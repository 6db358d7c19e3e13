"""What is posted, and what the recipient reads, from a template as Meta has it."""

from __future__ import annotations

import pytest

from whatstr.sending.bodies import Template, fill, is_usable
from whatstr.sending.mref import code_of, mref_of_code, mref_of_opaque, opaque_of
from whatstr.vault.rows import JobRow

MREF = bytes(range(16))


def template(*components: dict[str, object], named: bool = False) -> Template:
    return Template.from_meta(
        {
            "id": "1",
            "name": "ad",
            "language": "tr",
            "parameter_format": "NAMED" if named else "POSITIONAL",
            "components": list(components),
        }
    )


def test_positional_values_go_in_order() -> None:
    made = fill(
        template({"type": "BODY", "text": "Merhaba {{1}}, {{2}} hazır."}),
        JobRow("905321112233", ("Işıl", "sipariş")),
        mref=MREF,
    )

    assert made.body["to"] == "+905321112233"
    assert made.body["template"]["components"] == [
        {
            "type": "body",
            "parameters": [{"type": "text", "text": "Işıl"}, {"type": "text", "text": "sipariş"}],
        }
    ]
    assert made.lines == ["Merhaba Işıl, sipariş hazır."]


def test_named_values_carry_their_names() -> None:
    made = fill(
        template({"type": "BODY", "text": "{{ad}} için {{gun}} günü, {{ad}}."}, named=True),
        JobRow("905321112233", ("Ece", "salı")),
        mref=MREF,
    )

    (body,) = made.body["template"]["components"]
    assert [p["parameter_name"] for p in body["parameters"]] == ["ad", "gun"]
    assert made.lines == ["Ece için salı günü, Ece."]


def test_buttons_header_and_links() -> None:
    made = fill(
        template(
            {"type": "HEADER", "format": "TEXT", "text": "Sayın {{1}}"},
            {"type": "BODY", "text": "Kampanya başladı."},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Bilgi ver"},
                    {"type": "QUICK_REPLY", "text": "Listeden ÇIK"},
                    {"type": "URL", "text": "Dur", "url": "https://ornek.com.tr/dur/{{1}}"},
                    {"type": "COPY_CODE", "text": "Kodu kopyala"},
                ],
            },
        ),
        JobRow("905321112233", (), header=("Ayşe",), buttons=("{kod}", "BAHAR")),
        mref=MREF,
    )

    header, stop, link, code = made.body["template"]["components"]
    assert header == {"type": "header", "parameters": [{"type": "text", "text": "Ayşe"}]}
    assert (stop["index"], stop["parameters"][0]["payload"]) == ("1", "optout")
    assert (link["index"], link["parameters"][0]["text"]) == ("2", code_of(MREF))
    assert (code["index"], code["parameters"][0]["coupon_code"]) == ("3", "BAHAR")
    assert f"https://ornek.com.tr/dur/{code_of(MREF)}" in made.lines


def test_a_file_header_is_sent_by_id() -> None:
    made = fill(
        template({"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Yeni ürünler."}),
        JobRow("905321112233", media=0),
        mref=MREF,
        media_id="99",
    )

    assert made.body["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "image", "image": {"id": "99"}}]}
    ]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0"])
def test_a_blank_value_makes_a_row_unusable(blank: str) -> None:
    assert not is_usable(template(), JobRow("905321112233", ("a", blank)))


def test_codes_and_opaque_data_name_one_message() -> None:
    assert mref_of_opaque(opaque_of(MREF)) == MREF
    assert mref_of_code(code_of(MREF)) == MREF
    assert len(code_of(MREF)) == 22
    for foreign in ("", "x", "m1:", "m1:AAAA", code_of(MREF)[:-1], code_of(MREF)[:-1] + "B", None):
        assert mref_of_opaque(foreign) is None
        assert mref_of_code(foreign or "") is None
