"""Pause, resume, cancel, delete: by the customer and by our staff."""

from __future__ import annotations

import uuid
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.apps import as_owner, error_of, role_app
from tests.campaigns.shop import Shop, instant
from tests.services import ModuleDatabase
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.audit.services import Actor
from whatstr.billing import ledger
from whatstr.campaigns import services
from whatstr.campaigns.models import Campaign, CampaignSeal, CampaignState, MessageStatus
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.lines.models import LineState

STAFF = Actor(ActorKind.STAFF, uuid.uuid4())
C = CampaignState


def scheduled(shop: Shop) -> str:
    now = clock.now()
    return shop.launch(
        due_at=instant(now + timedelta(hours=5)), expires_at=instant(now + timedelta(days=1))
    )


def staff_pause(shop: Shop, campaign: str) -> None:
    """As the abuse desk does, with the staff panel's own login."""
    admin = role_app("admin", shop.database, None, REDIS_URL="redis://127.0.0.1:1")
    with admin as app, app.app_context(), transaction():
        services.pause_campaign(
            actor=STAFF,
            organization_id=shop.id,
            campaign_id=uuid.UUID(hex=campaign),
            reason="staff",
        )


@pytest.mark.parametrize("before", [C.QUEUED, C.RUNNING])
def test_pause_and_resume(shop: Shop, before: CampaignState) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=before)
    paused = shop.steer(campaign, "pause")
    assert (paused.status_code, paused.get_json()["state"]) == (200, "paused")
    assert shop.steer(campaign, "pause").status_code == 200
    resumed = shop.steer(campaign, "resume")
    assert (resumed.status_code, resumed.get_json()["state"]) == (200, "queued")
    assert shop.balance().reserved == 1


def test_a_scheduled_campaign_waits_again_after_a_pause(shop: Shop) -> None:
    campaign = scheduled(shop)
    assert shop.steer(campaign, "pause").get_json()["state"] == "paused"
    assert shop.steer(campaign, "resume").get_json()["state"] == "scheduled"


@pytest.mark.parametrize("state", [C.SCHEDULED, C.QUEUED, C.RUNNING])
def test_resuming_what_goes_on_changes_nothing(shop: Shop, state: CampaignState) -> None:
    """The answer to the first call may have been lost."""
    campaign = shop.launch()
    shop.set_campaign(campaign, state=state)
    again = shop.steer(campaign, "resume")
    assert (again.status_code, again.get_json()["state"]) == (200, state)


def test_an_upload_is_never_resumed_past_its_commit(shop: Shop) -> None:
    """Else it would be sent without credits, checks or all of its parts."""
    campaign = shop.upload()
    for verb in ("resume", "pause"):
        refused = shop.steer(campaign, verb)
        assert refused.status_code == 409 and error_of(refused)["code"] == "illegal_transition"
    assert shop.state(campaign) == "uploading" and shop.balance().reserved == 0


@pytest.mark.parametrize("state", [C.DONE, C.CANCELLED, C.EXPIRED, C.REFUSED])
@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_is_over_stays_over(shop: Shop, state: CampaignState, verb: str) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=state)
    assert shop.steer(campaign, verb).status_code == 409
    assert shop.state(campaign) == state


def test_a_hold_keeps_its_reason_until_it_is_resumed(shop: Shop) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=C.HELD, reason_code="no_connection")
    assert shop.steer(campaign, "pause").status_code == 409
    reason = shop.read(campaign)["reason"]
    assert reason["code"] == "no_connection" and "Hattı yeniden bağlayın" in reason["sentence"]
    resumed = shop.steer(campaign, "resume").get_json()
    assert (resumed["state"], resumed["reason"]) == ("queued", None)


@pytest.mark.parametrize("state", [LineState.HELD, LineState.PAUSED, LineState.DISCONNECTED])
def test_no_resume_on_a_line_that_cannot_send(shop: Shop, state: LineState) -> None:
    campaign = shop.launch()
    shop.steer(campaign, "pause")
    shop.set_line(state=state)
    refused = shop.steer(campaign, "resume")
    assert refused.status_code == 422 and error_of(refused)["code"] == "line_not_ready"
    assert shop.state(campaign) == "paused"


def test_no_resume_of_a_suspended_organization(shop: Shop) -> None:
    campaign = shop.launch()
    shop.steer(campaign, "pause")
    shop.suspend()
    refused = shop.steer(campaign, "resume")
    assert error_of(refused)["code"] == "organization_suspended"
    assert shop.steer(campaign, "cancel").status_code == 200


@pytest.mark.parametrize("before", [C.SCHEDULED, C.QUEUED, C.RUNNING, C.PAUSED, C.HELD])
def test_what_our_staff_paused_is_not_the_customers_to_resume(
    shop: Shop, before: CampaignState
) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=before, reason_code="no_connection")
    staff_pause(shop, campaign)
    staff_pause(shop, campaign)
    assert shop.state(campaign) == "paused"
    for verb in ("pause", "resume"):
        shop.steer(campaign, verb)
    refused = shop.steer(campaign, "resume")
    assert refused.status_code == 422 and error_of(refused)["code"] == "organization_suspended"
    assert shop.read(campaign)["reason"]["code"] == "staff"
    with as_owner(shop.database) as owner:
        assert _verbs(owner, campaign).count("campaign.paused") == 1
    assert shop.steer(campaign, "cancel").get_json()["state"] == "cancelled"


def _verbs(owner: Session, campaign: str) -> list[str]:
    found = owner.scalars(
        sa.select(AuditEvent.verb).where(AuditEvent.subject_id == campaign).order_by(AuditEvent.seq)
    )
    return list(found)


@pytest.mark.parametrize("before", [C.UPLOADING, C.SCHEDULED, C.QUEUED, C.RUNNING, C.PAUSED])
def test_cancel_ends_it_and_deletes_the_sealed_key(
    shop: Shop, database: ModuleDatabase, before: CampaignState
) -> None:
    campaign = shop.launch(3)
    shop.set_campaign(campaign, state=before)
    cancelled = shop.steer(campaign, "cancel").get_json()
    assert cancelled["state"] == "cancelled" and cancelled["finished_at"]
    assert cancelled["counts"]["cancelled"] == 3 and cancelled["counts"]["pending"] == 0
    assert shop.steer(campaign, "cancel").status_code == 200
    with as_owner(database) as owner:
        assert owner.get(CampaignSeal, uuid.UUID(hex=campaign)) is None
        assert _verbs(owner, campaign) == ["campaign.launched", "campaign.cancelled"]
    assert shop.steer(campaign, "resume").status_code == 409


def test_done_is_not_cancelled(shop: Shop) -> None:
    campaign = shop.launch()
    shop.set_campaign(campaign, state=C.DONE)
    assert shop.steer(campaign, "cancel").status_code == 409


def test_only_what_is_over_is_deleted(shop: Shop) -> None:
    campaign = shop.launch()
    refused = shop.client.delete(f"campaigns/{campaign}")
    assert refused.status_code == 409 and error_of(refused)["code"] == "illegal_transition"
    assert shop.state(campaign) == "queued"


def test_a_campaign_that_holds_credits_is_not_deleted_yet(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    """Its messages are what the credits are settled by."""
    campaign = shop.launch(5)
    shop.add_messages(campaign, [MessageStatus.ACCEPTED] * 2, accepted_at=clock.now())
    shop.steer(campaign, "cancel")
    refused = shop.client.delete(f"campaigns/{campaign}")
    assert refused.status_code == 409 and error_of(refused)["code"] == "campaign_settling"
    with web.app_context(), transaction():
        ledger.settle(
            organization_id=shop.id, campaign_id=uuid.UUID(hex=campaign), accepted=2, over=True
        )
    assert shop.client.delete(f"campaigns/{campaign}").status_code == 204
    assert shop.client.get(f"campaigns/{campaign}").status_code == 404
    assert (shop.balance().spent, shop.balance().reserved) == (2, 0)
    with as_owner(database) as owner:
        for table in ("campaign_chunk", "campaign_seal", "message"):
            query = sa.text(f"SELECT count(*) FROM {table} WHERE campaign_id = :c")
            assert owner.scalar(query, {"c": uuid.UUID(hex=campaign)}) == 0
        assert _verbs(owner, campaign)[-1] == "campaign.deleted"


def test_a_lock_shows_the_campaign_as_it_is_now(
    shop: Shop, web: flask.Flask, database: ModuleDatabase
) -> None:
    """What this session read before another one changed it decides nothing."""
    campaign = shop.launch()
    id_ = uuid.UUID(hex=campaign)
    with web.app_context(), transaction():
        seen = services.own_campaign(shop.id, id_)
        assert seen.state is C.QUEUED
        with as_owner(database) as other:
            other.execute(sa.update(Campaign).where(Campaign.id == id_).values(state=C.DONE))
        assert services.own_campaign(shop.id, id_, lock=True).state is C.DONE
