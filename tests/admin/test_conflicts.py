"""Two people edit the same thing: the later one sees both versions, loses nothing and goes on."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape

import flask
import sqlalchemy as sa
from werkzeug.test import TestResponse

from tests.admin.customers import Customer
from tests.admin.office import Colleague, hire
from tests.admin.test_workplaces import (  # noqa: F401 - fixtures
    case_id,
    claim,
    request_id,
    state_of,
    version_of,
)
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.abuse.models import Action, Case, Decision
from whatstr.abuse.policies import CLAIM_LEASE
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import ExceptionRequest, Plan
from whatstr.core import clock

MINE = "Üç bildirim doğrulandı; müşteri onayı gösteremedi."
THEIRS = "Bildirimler doğrulanmadı; hat durdurulmuyor."
DECISION = {"policy": "fraud", "ground": "terms", "outcome": "pause_line", "confirmed": "1"}


def way_on(page: TestResponse) -> tuple[str, dict[str, str]]:
    """The form of a conflict page that sends again: address and fields, without the token."""
    form = re.search(
        r'<form method="post" action="([^"]+)" data-once[^>]*>(.*?)</form>', main(page), re.S
    )
    assert form, "the page offers no way on"
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[2])
    found = {name: unescape(value) for name, value in fields}
    del found["csrf_token"]
    return unescape(form[1]), found


def main(page: TestResponse) -> str:
    assert page.status_code == 409
    return page.text.partition("<main")[2].partition("</main>")[0]


def offers(shown: str) -> bool:
    """Whether what was sent can be sent again."""
    return "<form" in shown


def words(plan_page: str) -> dict[str, str]:
    """The fields of the form that edits a plan's words, as a browser would send them."""
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', plan_page))
    return {
        "seen": fields["seen"],
        "title_en": "Business",
        "description_tr": "",
        "description_en": "",
    }


def test_plan_words_of_two_editors(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    one, two = hire(panel, StaffRole.BILLING, name="Ece Kasa"), hire(panel, StaffRole.BILLING)
    path = f"/paketler/edit/?id={shop.plan}"
    form = words(one.get(path).text)
    assert one.post(path, **form, title_tr="İşletme Artı").status_code == 302
    late = two.post(path, **form, title_tr="İşletme <b>Pro</b>")
    shown = main(late)
    assert "İşletme Artı" in shown and "İşletme &lt;b&gt;Pro&lt;/b&gt;" in shown
    assert "<b>Pro" not in shown, "what was written is text, wherever it stands"
    assert "Last changed by Ece Kasa" in shown
    assert title(database, shop) == "İşletme Artı", "nothing is overwritten unseen"
    url, again = way_on(late)
    third = one.get(path).text
    assert two.post(url, **again).status_code == 302
    assert title(database, shop) == "İşletme <b>Pro</b>"
    with as_owner(database) as owner:
        last = owner.scalars(
            sa.select(AuditEvent.detail)
            .where(AuditEvent.subject_id == shop.plan.hex)
            .order_by(AuditEvent.seq.desc())
        ).first()
    assert last == {"title_tr": ["İşletme Artı", "İşletme <b>Pro</b>"]}
    assert one.post(path, **words(third), title_tr="Üçüncü").status_code == 409


def title(database: ModuleDatabase, shop: Customer) -> str:
    with as_owner(database) as owner:
        return str(owner.scalar(sa.select(Plan.title_tr).where(Plan.id == shop.plan)))


def test_a_decision_after_a_colleague_took_the_case(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
) -> None:
    """The claim ran out, a colleague decided: what was written stands beside it, to be read."""
    one, two = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(one, database, case_id)
    seen = version_of(database, Case, case_id)
    lease_ended(database, case_id)
    claim(two, database, case_id)
    late = one.post(f"/vaka/{case_id}/karar", **DECISION, version=seen, explanation=MINE)
    shown = main(late)
    assert MINE in shown and two.name in shown and "Pause the line" in shown
    assert not offers(shown), "a colleague has the case"
    form = {**DECISION, "outcome": "dismiss", "ground": "unfounded", "explanation": THEIRS}
    version = version_of(database, Case, case_id)
    assert two.post(f"/vaka/{case_id}/karar", **form, version=version).status_code == 302
    late = one.post(f"/vaka/{case_id}/karar", **DECISION, version=seen, explanation=MINE)
    shown = main(late)
    assert MINE in shown and THEIRS in shown and not offers(shown)
    with as_owner(database) as owner:
        found = owner.scalars(
            sa.select(Decision.explanation).where(Decision.case_id == case_id)
        ).all()
    assert found == [THEIRS]


def test_a_decision_after_the_claim_ran_out(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
) -> None:
    """Nobody has the case: it is taken again with what was written, and decided."""
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(who, database, case_id)
    lease_ended(database, case_id)
    version = version_of(database, Case, case_id)
    late = who.post(f"/vaka/{case_id}/karar", **DECISION, version=version, explanation=MINE)
    url, again = way_on(late)
    assert url.endswith("/ustlen")
    page = who.post(url, **again)
    assert page.status_code == 200 and f">{MINE}</textarea>" in page.text
    assert re.search(r'name="outcome" value="pause_line" checked', page.text)
    version = version_of(database, Case, case_id)
    who.post(f"/vaka/{case_id}/karar", **DECISION, version=version, explanation=MINE)
    assert state_of(database, Case, case_id) == "decided"


def test_a_decision_from_another_window_of_ones_own(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
) -> None:
    who = hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(who, database, case_id)
    seen = version_of(database, Case, case_id)
    claim(who, database, case_id)  # taken on for another half hour, in another window
    late = who.post(f"/vaka/{case_id}/karar", **DECISION, version=seen, explanation=MINE)
    url, again = way_on(late)
    assert url.endswith("/karar") and again["explanation"] == MINE
    assert who.post(url, **again, confirmed="1").status_code == 302
    assert state_of(database, Case, case_id) == "decided"


def test_a_reason_for_undoing_what_is_undone(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
) -> None:
    one, two = hire(panel, StaffRole.ABUSE_OPERATOR), hire(panel, StaffRole.ABUSE_OPERATOR)
    claim(one, database, case_id)
    version = version_of(database, Case, case_id)
    one.post(f"/vaka/{case_id}/karar", **DECISION, version=version, explanation=MINE)
    with as_owner(database) as owner:
        action = owner.scalars(sa.select(Action.id).where(Action.case_id == case_id)).one()
    form = {"version": version_of(database, Case, case_id)}
    path = f"/vaka/{case_id}/geri-al/{action}"
    assert one.post(path, **form, note="Yanlış hat seçilmişti.").status_code == 302
    shown = main(two.post(path, **form, note="Müşteri kanıt gönderdi."))
    assert "Müşteri kanıt gönderdi." in shown and "Undone" in shown


def test_amounts_of_two_signers(
    panel: flask.Flask,
    database: ModuleDatabase,
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    one, two = hire(panel, StaffRole.BILLING, name="Ece Kasa"), hire(panel, StaffRole.BILLING)
    path, seen = f"/istisna/{request_id}", version_of(database, ExceptionRequest, request_id)
    form = {"version": seen, "confirmed": "1"}
    assert one.post(f"{path}/imzala", **form, amount_kurus="500").status_code == 302
    late = two.post(f"{path}/imzala", **form, amount_kurus="1.000,00")
    shown = main(late)
    assert "₺500.00" in shown and "₺1,000.00" in shown and "Ece Kasa · ₺500.00" in shown
    assert amount(database, request_id) == 50_000
    same = two.post(f"{path}/imzala", **form, amount_kurus="500")
    assert not offers(main(same)), "that is signed already"
    url, again = way_on(late)
    assert two.post(url, **again, confirmed="1").status_code == 302
    assert amount(database, request_id) == 100_000


def amount(database: ModuleDatabase, request_id: uuid.UUID) -> int:  # noqa: F811
    with as_owner(database) as owner:
        return int(owner.get_one(ExceptionRequest, request_id).amount_kurus)


def test_words_to_the_customer_after_a_colleague_asked(
    panel: flask.Flask,
    database: ModuleDatabase,
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    one, two = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.BILLING)
    path, seen = f"/istisna/{request_id}", version_of(database, ExceptionRequest, request_id)
    one.post(f"{path}/sor", version=seen, reason="Hangi günlerdi?")
    late = two.post(f"{path}/reddet", version=seen, reason="Kesinti bizde değildi.")
    shown = main(late)
    assert "Hangi günlerdi?" in shown and "Kesinti bizde değildi." in shown
    assert state_of(database, ExceptionRequest, request_id) == "needs_info"
    url, again = way_on(late)
    two.post(url, **again)
    assert state_of(database, ExceptionRequest, request_id) == "rejected"
    gone = main(one.post(f"{path}/sor", version=seen, reason="Bir soru daha."))
    assert "Bir soru daha." in gone and not offers(gone)


def test_money_and_suspension_ask_before_they_act(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    """A click before the page's script is there, or without scripts, is asked about, too."""
    money, abuse = hire(panel, StaffRole.BILLING), hire(panel, StaffRole.ABUSE_OPERATOR)
    path, version = f"/istisna/{request_id}", version_of(database, ExceptionRequest, request_id)
    asked(money, f"{path}/imzala", version=version, amount_kurus="500")
    version = version_of(database, ExceptionRequest, request_id)
    assert state_of(database, ExceptionRequest, request_id) == "approved"
    asked(money, f"{path}/iade-et", version=version)
    assert state_of(database, ExceptionRequest, request_id) == "executed"
    claim(abuse, database, case_id)
    form = {**DECISION, "outcome": "suspend", "explanation": MINE}
    del form["confirmed"]
    asked(abuse, f"/vaka/{case_id}/karar", **form, version=version_of(database, Case, case_id))
    assert state_of(database, Case, case_id) == "waiting"
    with as_owner(database) as owner:
        action = owner.scalars(sa.select(Action.id).where(Action.case_id == case_id)).one()
    second = hire(panel, StaffRole.OWNER)
    version = version_of(database, Case, case_id)
    asked(second, f"/vaka/{case_id}/onay/{action}", version=version)
    assert state_of(database, Case, case_id) == "decided"


def asked(who: Colleague, path: str, **form: str) -> None:
    """Sent without a yes it only asks; the form of that page does it."""
    page = who.post(path, **form)
    assert page.status_code == 200 and "confirmed" in page.text
    fields = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text.partition("<main")[2]
    )
    sent = {name: unescape(value) for name, value in fields if name != "csrf_token"}
    assert sent["confirmed"] == "1"
    assert who.post(path, **sent).status_code == 302


def lease_ended(database: ModuleDatabase, case_id: uuid.UUID) -> None:  # noqa: F811
    past = clock.now() - CLAIM_LEASE - timedelta(minutes=1)
    with as_owner(database) as owner:
        owner.execute(sa.update(Case).where(Case.id == case_id).values(claimed_until=past))
