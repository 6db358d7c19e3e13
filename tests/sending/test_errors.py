"""The error table is whole, and both languages say something to everybody."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whatstr.lines.cloud_api import GraphError, OutcomeUnknown, read_answer
from whatstr.lines.error_policy import (
    DUPLICATE,
    ERRORS,
    OPTED_OUT,
    UNREACHABLE,
    Action,
    Scope,
    is_known,
    is_resendable,
    rule_for,
)
from whatstr.lines.reasons import REASONS, meta_reason, sentence_for

FACTS = """
0 off line; 190 off line; 3 off line; 10 off line; 200 off line; 104 bug line; 131005 off line
368 off account; 131031 off account; 131042 stop account; 131063 stop account
130497 row recipient; 4 backoff app; 80007 backoff account; 2 backoff account
131016 backoff account; 133004 backoff account; 130429 backoff line; 131056 backoff recipient
131048 stop line; 131064 stop line; 131057 line line; 2494100 line line; 133016 setup line
1 backoff row; 131000 backoff row; 135000 backoff row; 33 off line
100 bug campaign; 131008 bug campaign; 131051 bug campaign; 131055 bug campaign; 134100 bug campaign
130403 suppress recipient; 131050 suppress recipient; 130472 row recipient; 131009 row row
131021 row row; 131026 row recipient; 131030 row recipient; 131047 row recipient
131049 tomorrow recipient; 131052 note row; 131053 stop campaign
132000 bug template; 132018 bug template; 132001 stop template; 132005 row row; 132007 stop template
132012 row row; 132015 stop template; 132016 stop template; 132068 stop template
132069 stop template; 134101 line template; 134102 stop template
131037 off line; 131045 off line; 133006 off line; 133010 off line; 133000 setup line
133005 setup line; 133008 setup line; 133009 setup line; 133015 setup line
134011 setup account; 141002 note line; 2388001 setup template
"""
"""Every code of the facts, section 3, with what is to be done and how far it reaches."""


def facts() -> dict[int, tuple[str, str]]:
    entries = (entry.split() for line in FACTS.splitlines() for entry in line.split(";") if entry)
    return {int(code): (action, scope) for code, action, scope in entries}


def test_the_table_is_the_list_of_the_facts() -> None:
    table = {code: (str(r.action), str(r.scope)) for code, r in ERRORS.items() if code >= 0}
    assert table == facts()


def test_every_scope_is_reached_by_some_code() -> None:
    assert {rule.scope for rule in ERRORS.values()} == set(Scope)


@settings(deadline=None)
@given(st.integers())
def test_any_number_gets_a_decision(code: int) -> None:
    rule = rule_for(code)

    assert rule.code == code
    assert rule.action in Action and rule.scope in Scope
    assert rule.sentence("tr") and rule.sentence("en")
    assert rule.wait_seconds >= 0 and rule.tries >= 1
    if not is_known(code):
        assert (rule.action, rule.scope) == (Action.ROW, Scope.ROW)
        assert not is_resendable(code)


ANSWERS = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["error", "code", "messages", "id"]), inner, max_size=3
            )
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.integers().map(lambda code: json.dumps({"error": {"code": code}}).encode()),
)


@settings(deadline=None)
@given(st.integers(100, 999), ANSWERS)
def test_any_answer_is_accepted_refused_or_unknown_and_2xx_alone_is_accepted(
    status: int, raw: bytes
) -> None:
    try:
        read_answer(status, raw, lenient=True)
    except GraphError as refused:
        assert rule_for(refused.number).code == refused.number
        accepted = False
    except OutcomeUnknown:
        accepted = False
    else:
        accepted = True

    assert accepted is (200 <= status < 300)


def test_a_second_attempt_is_for_what_passes_or_can_be_mended() -> None:
    again = {code for code in ERRORS if is_resendable(code)}

    assert {131049, 131000, 132015, 131042, 130429, 190} <= again
    never = {131026, 131050, 130403, 130472, 131009, 132012, OPTED_OUT, DUPLICATE, UNREACHABLE}
    assert not again & never


@pytest.mark.parametrize(("code", "action"), [(250, Action.OFF), (2388040, Action.SETUP)])
def test_families_share_a_row(code: int, action: Action) -> None:
    assert rule_for(code).action is action
    assert rule_for(code).code == code
    assert is_known(code)


def test_an_unknown_code_fails_the_row_and_says_its_number() -> None:
    rule = rule_for(987_654)

    assert rule.action is Action.ROW
    assert "987654" in rule.sentence("tr")
    assert "987654" in rule.sentence("en")
    assert not is_known(987_654)


def test_whatever_is_tried_again_knows_when_and_how_often() -> None:
    for rule in ERRORS.values():
        if rule.action in (Action.BACKOFF, Action.LINE, Action.TOMORROW):
            assert rule.wait_seconds > 0, rule.code
            assert rule.tries > 1, rule.code


def test_every_sentence_is_one_or_more_whole_sentences() -> None:
    said = [text for rule in ERRORS.values() for text in (rule.sentence_tr, rule.sentence_en)]
    said += [text for pair in REASONS.values() for text in pair]
    for text in said:
        assert re.fullmatch(r"[A-ZÇĞİÖŞÜ].{15,}[.]", text), text
        assert "  " not in text


def test_a_reason_of_meta_speaks_with_the_table_s_words() -> None:
    assert sentence_for(meta_reason(190), "tr") == rule_for(190).sentence_tr
    assert sentence_for("sender_key_gone", "en") == REASONS["sender_key_gone"][1]
    assert sentence_for(None, "tr") is None
    assert sentence_for("meta:x", "tr") is None
