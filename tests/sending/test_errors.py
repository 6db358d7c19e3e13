"""The error table is whole, and both languages say something to everybody."""

from __future__ import annotations

import re

import pytest

from whatstr.lines.error_policy import ERRORS, Action, is_known, rule_for
from whatstr.lines.reasons import REASONS, meta_reason, sentence_for

KNOWN = """
0 190 3 10 200 104 368 131031 130497 4 80007 130429 131048 131056 131064 133016 1 2 33 100 130403
130472 131000 131005 131008 131009 131016 131021 131026 131030 131037 131042 131045 131047 131049
131050 131051 131052 131053 131055 131057 131063 132000 132001 132005 132007 132012 132015 132016
132018 132068 132069 133000 133004 133005 133008 133009 133006 133010 133015 134011 134100 134101
134102 135000 2494100 141002
"""


def test_every_code_of_meta_s_page_has_a_row() -> None:
    assert [code for code in map(int, KNOWN.split()) if code not in ERRORS] == []


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
        if rule.action in (Action.BACKOFF, Action.LINE):
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
