"""What the sender asks of a database with millions of messages, and whether any question walks a
big table from its beginning to its end."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from benchmarks import seeding
from benchmarks.measure import Result, machine, main
from benchmarks.statement_plans import listening, long_walks, short
from benchmarks.world import World, world
from whatstr import create_app
from whatstr.campaigns.models import MessageStatus
from whatstr.config import Settings
from whatstr.core.db import db, transaction
from whatstr.sending import context, optouts, receipts, slices
from whatstr.sending.dispatcher import Dispatcher
from whatstr.sending.quota import quota_of
from whatstr.sending.statuses import Receipt

BIG = ("message", "s_frank", "s_wamid")
MORE_CAMPAIGNS = 10
"""Done two days ago over the same line, each as large as the one that is sent: whoever needs that
one reads a small part of the table, and to read all of it is wrong."""
SLOWEST = 5


def _old(made: World, rows: int) -> None:
    before = datetime.now(UTC) - timedelta(days=2)
    for _ in range(MORE_CAMPAIGNS):
        campaign = seeding.nearly_done(made, rows, left=0)
        made.stage.sql(
            "UPDATE campaign SET state = 'done', started_at = %s, finished_at = %s,"
            " state_changed_at = %s WHERE id = %s",
            *(before, before, before, campaign),
        )
        made.stage.sql(
            "UPDATE message SET handed_at = %s, accepted_at = %s, delivered_at = %s"
            " WHERE campaign_id = %s",
            *(before, before, before, campaign),
        )


def _told(made: World, campaign: uuid.UUID) -> None:
    """What is with Meta is delivered, and one person refuses."""
    rows = made.stage.sql(
        "SELECT mref, recipient_ix FROM message WHERE campaign_id = %s AND status = 'accepted'"
        " LIMIT 500",
        campaign,
    )
    now = datetime.now(UTC)
    told = [
        Receipt(bytes(row["mref"]), "", MessageStatus.DELIVERED, now, None, "", "")
        for row in rows[:-1]
    ]
    refused = Receipt(bytes(rows[-1]["mref"]), "", MessageStatus.FAILED, now, 131050, "", "")
    receipts.apply([*told, refused])
    optouts.sent_message(bytes(rows[0]["mref"]))


def _lost(made: World) -> None:
    """One row has been unknown for twenty minutes."""
    made.stage.sql(
        "UPDATE message SET status = 'unknown', unknown_at = now() - interval '20 minutes'"
        " WHERE ctid = (SELECT max(ctid) FROM message WHERE status = 'delivered')"
    )


def _rebuild(made: World) -> None:
    """The people of a day, counted anew from the rows: Redis is empty."""
    now = datetime.now(UTC)
    quota_of(
        context.pace_redis(),
        line_id=made.stage.line,
        organization_id=made.stage.organization,
        now=now,
    ).build(now=now)


def run(quick: bool) -> Result:
    rows, left = (3_000, 600) if quick else (200_000, 2_000)
    with world() as made:
        campaign = seeding.nearly_done(made, rows, left=left)
        _old(made, rows)
        made.stage.sql("VACUUM ANALYZE")
        app = create_app(
            Settings.from_environment({**made.environment, "WHATSTR_CANARY_ROWS": "100"})
        )
        line = made.stage.line
        with app.app_context():
            with listening(db.engine) as asked:
                for _ in range(2):  # the canary, then the rest
                    slices.run_slice.__wrapped__(line.hex)  # type: ignore[attr-defined]
                    with transaction():
                        _told(made, campaign)
                made.stage.sql("UPDATE line SET limit_tier = 'TIER_100K'")
                with transaction():
                    _rebuild(made)
                _lost(made)
                Dispatcher().look()
            sizes = {
                table: made.stage.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in BIG
            }
            walks = long_walks(db.engine, asked, sizes)
            db.session.remove()
            db.engine.dispose()
    slowest = sorted(asked.seconds.items(), key=lambda one: -one[1])[:SLOWEST]
    return Result(
        value=len(walks),
        unit="sequential scans of big tables",
        bar="0",
        ok=not walks,
        detail={
            "statements": len(asked.statements),
            "rows": sizes,
            "walks": walks,
            "slowest_ms": {short(text): round(1_000 * seconds) for text, seconds in slowest},
            **machine(),
        },
    )


if __name__ == "__main__":
    main("sender_plans", run)
