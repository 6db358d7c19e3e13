"""My work: whose next step a thing is sees it; who only looks is told where to look."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import Colleague, hire
from tests.admin.test_browser import support_request
from tests.admin.test_privacy_registers import demand
from tests.admin.test_workplaces import case_id, claim, request_id  # noqa: F401 - fixtures
from tests.apps import as_owner
from tests.services import ModuleDatabase
from whatstr.accounts.models import StaffRole
from whatstr.billing.models import ExceptionRequest, ExceptionState, Refund, RefundState
from whatstr.core import clock
from whatstr.exports.models import ExportJob, ExportState

A, B, S = StaffRole.ABUSE_OPERATOR, StaffRole.BILLING, StaffRole.SUPPORT
QUEUES = {
    A: {"signatures", "cases"},
    B: {"exceptions", "refunds"},
    S: {"support"},
    StaffRole.AUDITOR: {"alarms"},
    StaffRole.OWNER: {
        *("alarms", "signatures", "cases", "exceptions", "refunds", "support"),
        *("exports", "disclosures", "jobs"),
    },
}


def page(who: Colleague) -> str:
    return who.get("/?lang=en").text


def waits_for(who: Colleague, path: str) -> bool:
    return f'class="queue-item" href="{path}"' in page(who)


@pytest.mark.parametrize("role", list(StaffRole))
def test_everybody_has_the_queues_whose_next_step_is_theirs(
    panel: flask.Flask, role: StaffRole
) -> None:
    assert (
        set(re.findall(r'id="h-([a-z]+)"', page(hire(panel, role)))) - {"backlog"} == (QUEUES[role])
    )


def test_an_auditor_is_shown_where_to_look(
    panel: flask.Flask, database: ModuleDatabase, shop: Customer
) -> None:
    asked = support_request(database, shop)
    who = hire(panel, StaffRole.AUDITOR)
    assert not waits_for(who, f"/destek/{asked}/"), "who may not answer has no work in it"
    places = re.findall(r'class="queue-item" href="([^"]+)"', page(who))
    assert {"/denetim-kaydi/", "/vakalar/", "/gorevliler/", "/yetkiler/"} <= set(places)
    assert [who.get(place).status_code for place in places] == [200] * len(places)
    assert waits_for(hire(panel, S), f"/destek/{asked}/")


def test_a_large_export_waits_for_another_owner(
    panel: flask.Flask, database: ModuleDatabase
) -> None:
    asker, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    job = ExportJob(
        kind="ledger", columns=["id"], reason="Muhasebe istedi.", state=ExportState.REQUESTED,
        rows=4_000, requested_by=asker.id, requested_at=clock.now(),
    )  # fmt: skip
    with as_owner(database) as owner:
        owner.add(job)
        owner.flush()
        id_ = job.id
    path = f"/disa-aktarmalar/details/?id={id_}"
    assert waits_for(other, path) and not waits_for(asker, path)
    assert "4,000 rows" in page(other) and "4.000 satır" in other.get("/?lang=tr").text
    assert other.post(f"/disa-aktarmalar/{id_}/reddet", confirmed="1").status_code == 302
    assert not waits_for(other, path)


def test_a_demand_waits_for_another_owner_and_then_for_both(panel: flask.Flask) -> None:
    asker, other = hire(panel, StaffRole.OWNER), hire(panel, StaffRole.OWNER)
    id_ = demand(asker)
    path = f"/aciklamalar/details/?id={id_}"
    assert waits_for(other, path) and not waits_for(asker, path)
    other.post(f"/aciklamalar/{id_}/onayla", version="1")
    assert waits_for(other, path) and waits_for(asker, path)
    other.post(f"/aciklamalar/{id_}/teslim", version="2", what="Ad ve adres")
    assert not waits_for(other, path) and not waits_for(asker, path)


def test_a_refund_that_failed_waits_for_billing(
    panel: flask.Flask,
    database: ModuleDatabase,
    shop: Customer,
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    who, now = hire(panel, B), clock.now()
    with as_owner(database) as owner:
        asked = sa.update(ExceptionRequest).where(ExceptionRequest.id == request_id)
        owner.execute(asked.values(state=ExceptionState.EXECUTED))
        refund = Refund(
            payment_id=shop.payment, exception_id=request_id, amount_kurus=5_000,
            state=RefundState.SUCCEEDED, created_at=now, settled_at=now - timedelta(hours=30),
        )  # fmt: skip
        owner.add(refund)
        owner.flush()
        made = refund.id
    assert not waits_for(who, f"/istisna/{request_id}/")
    with as_owner(database) as owner:
        failed = sa.update(Refund).where(Refund.id == made)
        owner.execute(
            failed.values(state=RefundState.FAILED, failure_code="expired_or_canceled_card")
        )
    assert waits_for(who, f"/istisna/{request_id}/")
    assert not waits_for(hire(panel, S), f"/istisna/{request_id}/")


def begins_with(who: Colleague) -> str:
    """Where the button of "my work" leads; empty without one."""
    found = re.search(r'href="([^"]+)" data-next', page(who))
    return found[1] if found else ""


def test_nobody_is_sent_to_what_waits_for_somebody_else(
    panel: flask.Flask,
    database: ModuleDatabase,
    case_id: uuid.UUID,  # noqa: F811
    request_id: uuid.UUID,  # noqa: F811
) -> None:
    one, other, path = hire(panel, A), hire(panel, A), f"/vaka/{case_id}/"
    assert begins_with(one) == begins_with(other) == path
    claim(one, database, case_id)
    assert begins_with(one) == path and begins_with(other) != path
    assert waits_for(other, path), "it is still seen"
    who, desk = hire(panel, B), f"/istisna/{request_id}/"
    with as_owner(database) as owner:
        asked = sa.update(ExceptionRequest).where(ExceptionRequest.id == request_id)
        owner.execute(asked.values(created_at=clock.now() - timedelta(days=99)))
    assert begins_with(who) == desk
    with as_owner(database) as owner:
        owner.execute(asked.values(state=ExceptionState.NEEDS_INFO))
    assert begins_with(who) != desk and waits_for(who, desk)
