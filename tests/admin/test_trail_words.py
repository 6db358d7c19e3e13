"""Whatever goes on record is read in words: the act, the record, the colleague and the reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import flask
import pytest

from tests.admin.customers import Customer
from tests.admin.office import hire
from tests.admin.test_words_of_codes import plain
from tests.rules.source import ROOT
from whatstr.abuse.models import Case
from whatstr.accounts.models import StaffRole
from whatstr.admin.trail_words import ACTS, SUBJECTS
from whatstr.billing.models import DisputeState, PaymentState
from whatstr.campaigns.models import ACTIVE_STATES, OVER_STATES, CampaignState

CODE = re.compile(r"^[a-z_]+\.[a-z_]+$")
RECORDERS = {"record", "_record", "_note", "note", "record_factor", "record_session"}


def calls() -> Iterator[ast.Call]:
    """Every call that puts something on record."""
    for path in (ROOT / "whatstr").rglob("*.py"):
        if "simulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in RECORDERS:
                    yield node


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_every_act_has_words() -> None:
    verbs = {text for call in calls() for text in texts(call) if CODE.match(text)}
    assert len(verbs) > 100, "the calls are found"
    verbs |= {f"payment.{state}" for state in PaymentState if state is not PaymentState.CREATED}
    verbs |= {f"dispute.{state}" for state in DisputeState}
    verbs |= {f"campaign.{state}" for state in OVER_STATES | {CampaignState.HELD}}
    assert not ACTIVE_STATES & OVER_STATES
    assert sorted(verbs - set(ACTS)) == []


def test_every_kind_of_record_has_words() -> None:
    kinds = {
        text
        for call in calls()
        for keyword in call.keywords
        if keyword.arg == "subject_kind"
        for text in texts(keyword.value)
        if text.replace("_", "").isalpha()
    }
    assert len(kinds) > 15 and sorted(kinds - set(SUBJECTS)) == []
    assert Case.__tablename__ in SUBJECTS


@pytest.mark.parametrize(
    ("lang", "shown", "why"),
    [
        ("tr", "Bir değer gösterildi", "Kötüye kullanım incelemesi"),
        ("en", "One value was shown", "Abuse review"),
    ],
)
def test_the_trail_and_a_timeline(
    panel: flask.Flask, shop: Customer, lang: str, shown: str, why: str
) -> None:
    who = hire(panel, StaffRole.OWNER, name="Deniz Sahip")
    form = {"field": "email", "reason": "abuse_review", "note": "Karardan önce soracağım."}
    assert shop.email in who.post(f"/isletme/{shop.organization}/goster", **form).text
    for page in ("/denetim-kaydi/", f"/isletme/{shop.organization}/"):
        text = plain(who.get(f"{page}?lang={lang}").text)
        assert shown in text and why in text and "Deniz Sahip" in text, page
        assert "value.revealed" not in text and "abuse_review" not in text, page
    newest = re.search(r"/denetim-kaydi/details/\?id=\d+", who.get("/denetim-kaydi/").text)
    assert newest
    assert "(value.revealed)" in plain(who.get(f"{newest[0]}&lang={lang}").text), "the code, too"
