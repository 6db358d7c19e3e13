"""What is kept of a campaign ends 180 days after it, by the worker with the worker's own rights;
and what outlives a deleted account ends three years after it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa

from tests.apps import as_owner, role_app
from tests.campaigns.shop import Shop
from tests.services import ModuleDatabase
from whatstr.accounts.models import AcceptedDocument, LoginEvent, Organization
from whatstr.campaigns import rekeying, retention
from whatstr.campaigns.models import CampaignChunk, CampaignState, Message, MessageStatus
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.local.valkey import EmbeddedValkey
from whatstr.workers import housekeeping

LONG_AGO, BEFORE_THAT = timedelta(days=180, hours=1), timedelta(days=179, hours=23)


@pytest.fixture
def worker(
    database: ModuleDatabase, valkey_server: EmbeddedValkey, web: flask.Flask
) -> Iterator[flask.Flask]:
    with role_app("worker", database, valkey_server) as app, app.app_context():
        yield app


def ended(shop: Shop, ago: timedelta, *, rows: int = 3, messages: int = 3) -> str:
    """A campaign that is over for so long; its first rows have a message."""
    shop.grant(rows)
    campaign = shop.launch(rows)
    shop.add_messages(campaign, [MessageStatus.DELIVERED] * (messages - 1) + [MessageStatus.FAILED])
    shop.set_campaign(
        campaign,
        state=CampaignState.DONE,
        finished_at=clock.now() - ago,
        totals={"delivered": rows - 1, "failed": 1},
    )
    return campaign


def kept(database: ModuleDatabase, campaign: str) -> tuple[int, int]:
    """Messages and chunks that are there."""
    name = uuid.UUID(hex=campaign)
    with as_owner(database) as owner:
        return tuple(  # type: ignore[return-value]
            owner.scalar(
                sa.select(sa.func.count()).select_from(kind).where(kind.campaign_id == name)
            )
            for kind in (Message, CampaignChunk)
        )


def test_an_old_campaign_keeps_its_counts_alone(
    shop: Shop, database: ModuleDatabase, worker: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_SLICES", [(text, 2) for text, _ in retention._SLICES])
    old, young = ended(shop, LONG_AGO), ended(shop, BEFORE_THAT)
    before = shop.read(old)
    assert before["jk_wrap"] and before["counts"]["failed"] == 1

    housekeeping.end_campaigns()

    assert kept(database, old) == (0, 0) and kept(database, young) == (3, 1)
    after = shop.read(old)
    assert (after["jk_wrap"], after["record"]) == ("", "")
    assert after["counts"] == before["counts"] and sum(after["counts"].values()) == 3
    shown = {one["id"]: one for one in shop.client.get("campaigns").get_json()["campaigns"]}
    assert shown[old]["counts"] == before["counts"] and shown[young]["jk_wrap"]
    with transaction():
        assert retention.next_due(now=clock.now()) is None
    # A new key of the account has nothing to box of it.
    with as_owner(database) as owner:
        wanted = {one.id for one in _wanted(owner, shop)}
    assert wanted == {uuid.UUID(hex=young)}


def _wanted(owner: sa.orm.Session, shop: Shop) -> list[rekeying.Wanted]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rekeying, "session", lambda: owner)
        return [one for one in rekeying.wanted(shop.id) if one.kind == "job"]


def test_a_run_that_stops_goes_on_in_the_next(
    shop: Shop, database: ModuleDatabase, worker: flask.Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slice by slice: none takes more than its rows, and a run takes so many slices at most."""
    monkeypatch.setattr(retention, "_SLICES", [(text, 2) for text, _ in retention._SLICES])
    monkeypatch.setattr(housekeeping, "SLICES", 1)
    old = ended(shop, LONG_AGO, rows=1_201, messages=5)
    left = []
    for _ in range(5):
        housekeeping.end_campaigns()
        left.append(kept(database, old))
    assert left == [(3, 3), (1, 3), (0, 3), (0, 1), (0, 0)]
    assert shop.read(old)["jk_wrap"] != ""
    housekeeping.end_campaigns()
    assert shop.read(old)["jk_wrap"] == ""


def test_slices_are_found_by_indexes(shop: Shop, database: ModuleDatabase) -> None:
    with as_owner(database) as owner:
        owner.execute(sa.text("SET LOCAL enable_seqscan = off"))
        due = (
            "SELECT id FROM campaign WHERE erased_at IS NULL AND finished_at < now()"
            " ORDER BY finished_at LIMIT 1"
        )
        statements = [(due, "ix_campaign_to_erase")]
        statements += [
            (text.replace(":c", f"'{uuid.uuid4()}'").replace(":n", "5"), f"pk_{table}")
            for (text, _), table in zip(
                retention._SLICES, ("message", "campaign_chunk"), strict=True
            )
        ]
        for text, index in statements:
            plan = "\n".join(owner.scalars(sa.text(f"EXPLAIN {text}")))
            assert index in plan and "Seq Scan" not in plan, plan


def test_proofs_outlive_a_deleted_account_for_three_years(
    shop: Shop, database: ModuleDatabase, worker: flask.Flask
) -> None:
    def proofs() -> list[int]:
        with as_owner(database) as owner:
            return [
                owner.scalar(
                    sa.select(sa.func.count())
                    .select_from(kind)
                    .where(kind.organization_id == shop.id)
                )
                or 0
                for kind in (LoginEvent, AcceptedDocument)
            ]

    def departed_since(ago: timedelta | None) -> None:
        with as_owner(database) as owner:
            at = None if ago is None else clock.now() - ago
            owner.execute(
                sa.update(Organization).where(Organization.id == shop.id).values(deleted_at=at)
            )

    there = proofs()
    assert all(there)
    for ago in (None, timedelta(days=3 * 365)):
        departed_since(ago)
        housekeeping.forget_departed()
        assert proofs() == there
    departed_since(timedelta(days=3 * 365 + 2))
    housekeeping.forget_departed()
    assert proofs() == [0, 0]
    session().rollback()
