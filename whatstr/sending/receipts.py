"""What Meta tells of messages, written down in batches, with what follows from it.

What it makes of a row is `statuses`' part.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from whatstr.audiences.models import OptOutSource
from whatstr.campaigns.models import OVER_STATES, Campaign, CampaignState, MessageStatus
from whatstr.core import arrays, clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.error_policy import Action, rule_for
from whatstr.lines.reasons import meta_reason
from whatstr.sending import context, holds, notices, optouts, reach
from whatstr.sending.statuses import Progress, Receipt
from whatstr.sending.stop import Trouble
from whatstr.sending.webhook_values import FRESH
from whatstr.vault.indexes import Purpose, ix

log = get_logger(__name__)

_S = MessageStatus
_HOLDING = frozenset({Action.LINE, Action.STOP, Action.OFF, Action.SETUP, Action.BUG})


@dataclass(frozen=True, slots=True)
class _Row:
    mref: bytes
    campaign_id: uuid.UUID
    row: int
    recipient_ix: bytes
    organization_id: uuid.UUID
    line_id: uuid.UUID
    until: datetime
    goes_on: bool
    before: Progress

    @property
    def person(self) -> reach.Person:
        return self.organization_id, self.recipient_ix


def apply(receipts: Sequence[Receipt]) -> int:
    """Write a batch of receipts within the current transaction; how many rows changed."""
    by_mref: dict[bytes, list[Receipt]] = {}
    for receipt in _named(receipts):
        if receipt.mref is not None:
            by_mref.setdefault(receipt.mref, []).append(receipt)
    rows = _locked(by_mref)
    after: dict[bytes, Progress] = {}
    for row in rows:
        now = row.before
        for receipt in by_mref[row.mref]:
            now = now.after(receipt)
        after[row.mref] = now.tried_again(until=row.until) if row.goes_on else now
    changed = [row for row in rows if after[row.mref] != row.before]
    _write(changed, after)
    _mark_stale(changed)
    _tie_aliases(rows, by_mref)
    failed = [
        row for row in changed if after[row.mref].status is _S.FAILED is not row.before.status
    ]
    _opt_out(failed, after)
    _count_missed(failed, after)
    _tell_reached([row for row in changed if _arrived(after[row.mref]) > _arrived(row.before)])
    _hold(failed, after)
    return len(changed)


def _named(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Give a receipt without our opaque data its message by the index of its wamid."""
    ik = context.keyring().ik
    nameless = {
        ix(ik, Purpose.WAMID, b"", one.wamid): one.wamid
        for one in receipts
        if one.mref is None and one.wamid
    }
    if not nameless:
        return list(receipts)
    found = session().execute(
        sa.text("SELECT wamid_ix, mref FROM s_wamid WHERE wamid_ix = ANY(:ixs)"),
        {"ixs": list(nameless)},
    )
    mrefs = {nameless[bytes(index)]: bytes(mref) for index, mref in found}
    return [one if one.mref else replace(one, mref=mrefs.get(one.wamid)) for one in receipts]


def _locked(mrefs: Collection[bytes]) -> list[_Row]:
    """The rows, held until the end of the transaction, so that what is decided here stands. Their
    campaigns first, in the order that everybody keeps: none ends while a row of it opens again."""
    known = {"mrefs": arrays.of_bytes(mrefs)}
    session().execute(
        sa.text(
            "SELECT 1 FROM campaign WHERE id IN (SELECT campaign_id FROM message"
            " WHERE mref = ANY(CAST(:mrefs AS bytea[]))) ORDER BY id FOR SHARE"
        ),
        known,
    )
    found = session().execute(
        sa.text(
            "SELECT m.mref, m.campaign_id, m.row, m.recipient_ix, c.organization_id, c.line_id,"
            " c.expires_at, c.state, m.status, m.code, m.accepted_at, m.sent_at, m.delivered_at,"
            " m.read_at, m.failed_at, m.attempts, m.handed_at, m.not_before"
            " FROM message m JOIN campaign c ON c.id = m.campaign_id"
            " WHERE m.mref = ANY(CAST(:mrefs AS bytea[]))"
            " ORDER BY m.campaign_id, m.row FOR UPDATE OF m"
        ),
        known,
    )
    return [
        _Row(
            bytes(mref),
            campaign,
            row,
            bytes(who),
            organization,
            line,
            until,
            CampaignState(state) not in OVER_STATES,
            _progress(*rest),
        )
        for mref, campaign, row, who, organization, line, until, state, *rest in found
    ]


def _progress(status: str, *rest: Any) -> Progress:
    return Progress(MessageStatus(status), *rest)


def _write(rows: Sequence[_Row], after: Mapping[bytes, Progress]) -> None:
    if not rows:
        return
    states = [after[row.mref] for row in rows]
    session().execute(
        sa.text(
            "UPDATE message m SET status = v.status, code = v.code, accepted_at = v.accepted,"
            " sent_at = v.sent, delivered_at = v.delivered, read_at = v.seen,"
            " failed_at = v.failed, attempts = v.attempts, claim = NULL, not_before = v.again"
            " FROM unnest(CAST(:mrefs AS bytea[]), CAST(:statuses AS text[]),"
            " CAST(:codes AS int[]), CAST(:accepted AS timestamptz[]),"
            " CAST(:sent AS timestamptz[]), CAST(:delivered AS timestamptz[]),"
            " CAST(:seen AS timestamptz[]), CAST(:failed AS timestamptz[]),"
            " CAST(:attempts AS int[]), CAST(:again AS timestamptz[]))"
            " AS v(mref, status, code, accepted, sent, delivered, seen, failed, attempts, again)"
            " WHERE m.mref = v.mref"
        ),
        {
            "mrefs": arrays.of_bytes(row.mref for row in rows),
            "statuses": arrays.of_words(one.status for one in states),
            "codes": arrays.of_numbers(one.code for one in states),
            "accepted": arrays.of_moments(one.accepted_at for one in states),
            "sent": arrays.of_moments(one.sent_at for one in states),
            "delivered": arrays.of_moments(one.delivered_at for one in states),
            "seen": arrays.of_moments(one.read_at for one in states),
            "failed": arrays.of_moments(one.failed_at for one in states),
            "attempts": arrays.of_numbers(one.attempts for one in states),
            "again": arrays.of_moments(
                one.not_before if one.status is _S.PENDING else None for one in states
            ),
        },
    )


def _mark_stale(changed: Sequence[_Row]) -> None:
    """The stored totals of what is over are not the sum of its rows any more."""
    over = {row.campaign_id for row in changed if not row.goes_on}
    if over:
        session().execute(
            sa.update(Campaign)
            .where(Campaign.id.in_(over), ~Campaign.totals_stale)
            .values(totals_stale=True)
            .execution_options(synchronize_session=False)
        )


def _tie_aliases(rows: Sequence[_Row], by_mref: Mapping[bytes, Sequence[Receipt]]) -> None:
    """A status names the person as Meta knows them: keep what differs from the dialled number."""
    pairs: dict[uuid.UUID, dict[bytes, bytes]] = {}
    naming: dict[uuid.UUID, optouts.Naming] = {}
    for row in rows:
        organization = row.organization_id
        if organization not in naming:
            naming[organization] = optouts.Naming(organization)
        names = naming[organization]
        for number, user in {(one.recipient, one.user_id) for one in by_mref[row.mref]}:
            mine = pairs.setdefault(organization, {})
            person = row.recipient_ix
            hidden = names.alias(user) if user else None
            if number and hidden == person:  # sent to the user id, and now the number is told
                person = names.recipient(number)
            elif number and names.recipient(number) != person:
                mine[names.alias(number)] = person
            if hidden is not None and hidden != person:
                mine[hidden] = person
    for organization, mine in pairs.items():
        optouts.add_aliases(organization, sorted(mine.items()))


def _opt_out(failed: Sequence[_Row], after: Mapping[bytes, Progress]) -> None:
    """Whom Meta names as having stopped the business is not written to again, and it is told."""
    for row in failed:
        state = after[row.mref]
        if state.code is None or rule_for(state.code).action is not Action.SUPPRESS:
            continue
        via = optouts.source_of(state.code)
        at = state.failed_at or clock.now()
        if optouts.add(row.organization_id, [row.recipient_ix], via=via, at=at):
            fields = {"job": row.campaign_id.hex, "row": row.row, "via": via}
            notices.leave(row.organization_id, "optout", at, fields)


def _count_missed(failed: Sequence[_Row], after: Mapping[bytes, Progress]) -> None:
    """Three messages in a row that found nobody: no more until something proves them wrong."""
    found = [
        (row, reach.Missed(row.person, after[row.mref].failed_at or clock.now()))
        for row in failed
        if after[row.mref].code == reach.NOBODY_THERE
    ]
    given_up = reach.missed([one for _, one in found])
    for row, one in found:
        if row.person in given_up:
            given_up.discard(row.person)
            fields = {"job": row.campaign_id.hex, "row": row.row, "via": OptOutSource.UNREACHABLE}
            notices.leave(row.organization_id, "optout", one.at, fields)


def _arrived(progress: Progress) -> int:
    """How many receipts prove that there is somebody."""
    return (progress.delivered_at is not None) + (progress.read_at is not None)


def _tell_reached(rows: Sequence[_Row]) -> None:
    lifted = reach.reached({row.person for row in rows})
    named = {row.person: row for row in rows}
    for person, ways in lifted.items():
        row = named[person]
        for via in ways:
            fields = {"job": row.campaign_id.hex, "row": row.row, "via": via}
            notices.leave(row.organization_id, "optout_lifted", clock.now(), fields)


def _hold(failed: Sequence[_Row], after: Mapping[bytes, Progress]) -> None:
    """What reaches further than the row holds campaign, line or account, once a batch."""
    wanted: dict[tuple[uuid.UUID, uuid.UUID, int], None] = {}
    for row in failed:
        state = after[row.mref]
        fresh = state.failed_at is not None and state.failed_at > clock.now() - FRESH
        if fresh and state.code is not None and rule_for(state.code).action in _HOLDING:
            wanted[row.campaign_id, row.line_id, state.code] = None
    for campaign_id, line_id, number in wanted:
        rule = rule_for(number)
        log.warning("receipt.holds", campaign=campaign_id, line=line_id, code=number)
        holds.apply(
            Trouble(meta_reason(number), rule.action, rule.scope, number, rule.wait_seconds),
            campaign_id=campaign_id,
            line_id=line_id,
        )
