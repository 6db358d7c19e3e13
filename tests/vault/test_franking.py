"""Franking verdicts: vault.md section 20, test 13."""

from __future__ import annotations

import os

import pytest

from whatstr.vault.franking import LineVerdict, Verdict, fill_text, frank_tags, match, media_matches

FK, MREF = os.urandom(32), os.urandom(16)
SENT = [
    "Merhaba Müşteri 0,",
    "",
    "*Bahar indirimi* başladı! Seçili ürünlerde %30 indirim.",
    "DUR",
]
TAGS = frank_tags(FK, MREF, SENT)


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (SENT, Verdict.VERIFIED),
        (["Bahar indirimi başladı! Seçili ürünlerde %30 indirim."], Verdict.VERIFIED),
        (["  _BAHAR   İNDİRİMİ_ başladı!\u200b SEÇİLİ ürünlerde %30 indirim. "], Verdict.VERIFIED),
        ([*SENT, "Bu satır sonradan eklendi."], Verdict.PARTLY),
        (["Merhaba Müşteri 0,"], Verdict.PARTLY),  # true, but fewer than 20 characters
        (["Bambaşka bir metin, hiç gönderilmedi."], Verdict.UNVERIFIED),
        (["DUR", ""], Verdict.UNVERIFIED),
        ([], Verdict.UNVERIFIED),
    ],
)
def test_verdicts(lines: list[str], verdict: Verdict) -> None:
    assert match(FK, MREF, TAGS, lines).verdict is verdict


def test_marks_are_per_line() -> None:
    marks = match(FK, MREF, TAGS, [SENT[2], "kısa", "Bu satır hiç gönderilmedi."]).lines
    assert marks == (LineVerdict.TRUE, LineVerdict.SHORT, LineVerdict.FALSE)


def test_another_message_or_month_matches_nothing() -> None:
    assert match(FK, os.urandom(16), TAGS, SENT).verdict is Verdict.UNVERIFIED
    assert match(os.urandom(32), MREF, TAGS, SENT).verdict is Verdict.UNVERIFIED


def test_media() -> None:
    digest = os.urandom(32)
    tags = frank_tags(FK, MREF, SENT, [digest])
    assert media_matches(FK, MREF, tags, digest)
    assert not media_matches(FK, MREF, tags, os.urandom(32))


def test_values_are_filled_by_number_and_by_name() -> None:
    assert fill_text("{{1}} {{2}} {{1}}", ["a", "b"]) == "a b a"
    assert fill_text("{{ad}} {{ kod }} {{ad}}", ["a", "b"]) == "a b a"
    assert fill_text("{{3}}", ["a"]) == "{{3}}"
