"""Whatever template and row come: a body is made, Meta's file allows it, the simulator takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator.meta.test_openapi import FILE, check, spec
from whatstr.sending.bodies import FREE_TEXT, Template, fill, is_usable
from whatstr.sending.forms import Forms
from whatstr.simulator.meta import templates as meta_templates
from whatstr.simulator.meta.model import Media
from whatstr.simulator.meta.model import Template as MetaTemplate
from whatstr.vault.rows import JobRow

MREF = bytes(16)
FORMATS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
PLACE = ("41.0082", "28.9784", "Anadolu Çiçek", "Çiçek Sk. 4")
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
VALUES = WORDS.filter(lambda text: text.strip() and "     " not in text)
NAMES = st.one_of(
    st.integers(10**9, 10**13).map(str),
    st.from_regex(r"[A-Z]{2}\.[A-Za-z0-9]{1,40}", fullmatch=True),
)
BUTTONS: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"type": "QUICK_REPLY", "text": "Bilgi ver"}, False),
    ({"type": "QUICK_REPLY", "text": "Listeden çık"}, False),
    ({"type": "URL", "text": "Sayfa", "url": "https://ornek.com.tr/"}, False),
    ({"type": "URL", "text": "Çık", "url": "https://ornek.com.tr/{{1}}"}, True),
    ({"type": "COPY_CODE", "text": "Kopyala"}, True),
    ({"type": "PHONE_NUMBER", "text": "Ara", "phone_number": "+902121112233"}, False),
)


@st.composite
def fitting(draw: st.DrawFn) -> tuple[dict[str, Any], JobRow, str | None]:
    """A template as Meta gives it, a row that has what it wants, and its kind of file."""
    named = draw(st.booleans())
    marks = ["{{ad}}", "{{gun}}", "{{il}}"] if named else ["{{1}}", "{{2}}", "{{3}}"]
    count = draw(st.integers(0, 3))
    components: list[dict[str, Any]] = []
    header: tuple[str, ...] = ()
    form = draw(st.sampled_from((*FORMATS, None)))
    if form == "TEXT":
        wants = draw(st.booleans())
        components.append(
            {"type": "HEADER", "format": form, "text": f"Sayın {marks[0]}" if wants else "Merhaba"}
        )
        header = (draw(VALUES),) if wants else ()
    elif form:
        components.append({"type": "HEADER", "format": form})
        header = PLACE if form == "LOCATION" else ()
    text = " ve ".join(["Merhaba", *marks[:count], "bekleriz."])
    components.append({"type": "BODY", "text": text})
    if draw(st.booleans()):
        components.append({"type": "FOOTER", "text": "Anadolu Çiçek"})
    chosen = draw(st.lists(st.sampled_from(BUTTONS), max_size=4))
    if chosen:
        components.append({"type": "BUTTONS", "buttons": [button for button, _ in chosen]})
    row = JobRow(
        draw(NAMES),
        tuple(draw(VALUES) for _ in range(count)),
        header=header,
        buttons=tuple(draw(VALUES) for _, wants in chosen if wants),
        media=0 if form in ("IMAGE", "VIDEO", "DOCUMENT") else None,
    )
    data = {
        "id": "1",
        "name": "ad",
        "language": "tr",
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": components,
    }
    return data, row, form


MIMES = {"IMAGE": "image/png", "VIDEO": "video/mp4", "DOCUMENT": "application/pdf"}


@settings(deadline=None)
@given(fitting())
def test_meta_s_rules_take_every_body_of_a_fitting_row(
    case: tuple[dict[str, Any], JobRow, str | None],
) -> None:
    data, row, form = case
    template = Template.from_meta(data)
    assert is_usable(template, row)

    made = fill(template, row, mref=MREF, media_id="99" if row.media == 0 else None)

    known = MetaTemplate(
        id="1",
        waba_id="1",
        name="ad",
        language="tr",
        category="MARKETING",
        status="APPROVED",
        components=data["components"],
        parameter_format=data["parameter_format"],
    )
    media = {"99": Media("99", "1", "1", MIMES.get(form or "", ""), "", 1, 0.0)}
    seen = meta_templates.fill(known, made.body["template"]["components"], media)
    read = "\n".join(made.lines)
    assert str(seen["body"]) in read
    for button in seen.get("buttons", []):
        assert button["text"] in made.lines
    assert ("recipient" in made.body) is row.to[0].isalpha()


def message_schema() -> dict[str, Any]:
    """Meta's schema of a request. Known differences, in which Meta's newer pages win: `recipient`
    may stand for `to`, `language.policy` is gone, buttons may copy a code and stand in any place,
    a header may be a place."""
    schemas = spec()["components"]["schemas"]
    schemas["BaseMessageProperties"]["required"] = ["messaging_product", "recipient_type", "type"]
    schemas["LanguageObject"]["required"] = ["code"]
    component = schemas["TemplateComponent"]["properties"]
    component["index"].pop("pattern", None)
    component["sub_type"]["enum"] = ["quick_reply", "url", "catalog", "copy_code"]
    kinds = schemas["ParameterObject"]["properties"]["type"]
    kinds["enum"] = sorted({*kinds["enum"], "location", "payload", "coupon_code"})
    # The file forbids in a text message what it asks for in every message.
    schemas["TextMessage"]["allOf"][1].pop("additionalProperties", None)
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Message"}
    return schema


@pytest.mark.skipif(not FILE.exists(), reason="Meta's OpenAPI file is not there")
@settings(deadline=None)
@given(fitting(), VALUES)
def test_every_body_is_what_meta_s_file_says(
    case: tuple[dict[str, Any], JobRow, str | None], text: str
) -> None:
    data, row, _ = case
    for template, one in ((Template.from_meta(data), row), (FREE_TEXT, JobRow(row.to, (text,)))):
        made = fill(template, one, mref=MREF, media_id="99" if one.media == 0 else None)
        check(message_schema(), made.body)


ANY = st.lists(st.text(max_size=6), max_size=4).map(tuple)
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", ""])},
    optional={
        "format": st.sampled_from([*FORMATS, "x"]),
        "text": st.text(max_size=20),
        "buttons": st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["URL", "QUICK_REPLY", "COPY_CODE", "FLOW"])},
                optional={"url": st.text(max_size=9), "text": st.text(max_size=9)},
            ),
            max_size=3,
        ),
    },
)


@settings(deadline=None)
@given(st.lists(PART, max_size=5), ANY, ANY, ANY, NAMES)
def test_nothing_that_comes_breaks_the_making_of_a_body(
    parts: list[dict[str, Any]],
    params: tuple[str, ...],
    header: tuple[str, ...],
    buttons: tuple[str, ...],
    to: str,
) -> None:
    row = JobRow(to, params, header=header, buttons=buttons)
    for template in (Template.from_meta({"components": parts}), FREE_TEXT):
        is_usable(template, row)
        made = fill(template, row, mref=MREF)
        json.dumps(made.body)
        assert all(isinstance(line, str) for line in made.lines)


def test_a_place_that_is_none_spoils_its_row_alone() -> None:
    template = Template.from_meta({"components": [{"type": "HEADER", "format": "LOCATION"}]})

    assert is_usable(template, JobRow("905321112233", header=PLACE))
    for wrong in ((), PLACE[:3], ("x", *PLACE[1:]), ("91", *PLACE[1:]), ("nan", *PLACE[1:])):
        assert not is_usable(template, JobRow("905321112233", header=wrong))


@pytest.mark.parametrize("texts", [(), ("",), (" ",), ("a", "b"), ("a" * 4_097,)])
def test_free_text_is_one_text_of_up_to_4096_characters(texts: tuple[str, ...]) -> None:
    assert not is_usable(FREE_TEXT, JobRow("905321112233", texts))
    assert is_usable(FREE_TEXT, JobRow("905321112233", ("a" * 4_096,)))


def written_as_filled(template: Template, row: JobRow, media_id: str | None = None) -> None:
    forms = Forms(template)
    forms.write(JobRow(row.to, row.params, row.header, row.buttons), mref=MREF, media_id=media_id)
    mref = bytes(range(16))
    filled = fill(template, row, mref=mref, media_id=media_id)

    written = forms.write(row, mref=mref, media_id=media_id)

    assert written.body == json.dumps(filled.body).encode()
    assert written.lines == filled.lines


@settings(deadline=None)
@given(fitting())
def test_a_form_writes_what_filling_makes(
    case: tuple[dict[str, Any], JobRow, str | None],
) -> None:
    data, row, _ = case
    written_as_filled(Template.from_meta(data), row, "99" if row.media == 0 else None)


@settings(deadline=None)
@given(
    st.lists(PART, max_size=5),
    *[st.lists(st.text(max_size=6) | st.sampled_from(["{kod}", "a\nb", "%s", "{{1}}", '"\\']))] * 3,
    NAMES,
)
def test_a_form_writes_what_filling_makes_whatever_comes(
    parts: list[dict[str, Any]],
    params: list[str],
    header: list[str],
    buttons: list[str],
    to: str,
) -> None:
    row = JobRow(to, tuple(params), header=tuple(header), buttons=tuple(buttons))
    for template in (Template.from_meta({"components": parts}), FREE_TEXT):
        written_as_filled(template, row)


def test_a_form_is_that_of_the_row_s_own_shape() -> None:
    """Rows of one template may differ in what they bring, and a value may have lines of its own."""
    template = Template.from_meta(
        {
            "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Sayın {{1}}"},
                {"type": "BODY", "text": "Merhaba {{1}} ve {{2}}"},
                {
                    "type": "BUTTONS",
                    "buttons": [{"type": "URL", "text": "Aç", "url": "https://a.tr/{{1}}"}],
                },
            ]
        }
    )
    forms = Forms(template)
    rows = [
        JobRow("905321112233", ("Elif", "Can"), ("Ada",), ("x",)),
        JobRow("905321112233", ("Elif", "Can"), ("Ada",)),
        JobRow("905321112233", ("Elif",), ("Ada",), ("x",)),
        JobRow("905321112233", ("Elif", "Can"), (), ("x",)),
        JobRow("TR.abc", ("Elif", "Can"), ("Ada",), ("x",)),
        JobRow("905321112233", ("El\nif", "Can"), ("Ada",), ("x\ny",)),
    ]
    for row in rows:
        filled, written = fill(template, row, mref=MREF), forms.write(row, mref=MREF)
        assert (written.body, written.lines) == (json.dumps(filled.body).encode(), filled.lines)
