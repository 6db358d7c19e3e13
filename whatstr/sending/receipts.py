"""Statuses of messages as Meta tells them: late, twice and in any order (sending design, "Rows").

What a row shows is a function of the set of receipts that came, not of their order: each time is
the earliest told, the status is the highest in rank.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from whatstr.audiences.models import OptOutSource
from whatstr.campaigns.models import MessageStatus
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.lines.error_policy import Action, rule_for
from whatstr.lines.reasons import meta_reason
from whatstr.sending import context, holds, notices, optouts
from whatstr.sending.mref import mref_of_opaque
from whatstr.sending.posting import Trouble
from whatstr.vault.indexes import Purpose, ix

log = get_logger(__name__)

_S = MessageStatus
RANK: Mapping[MessageStatus, int] = {
    _S.HANDING: 1,
    _S.UNKNOWN: 2,
    _S.ACCEPTED: 3,
    _S.SENT: 4,
    _S.FAILED: 5,
    _S.DELIVERED: 6,
    _S.READ: 7,
}
"""`failed` is final but for what proves it wrong. A status that is not here (a row written off, or
waiting for its second try) is below all: what Meta tells of it really happened."""

_TOLD = {"sent": _S.SENT, "delivered": _S.DELIVERED, "read": _S.READ, "played": _S.READ}
_HOLDING = frozenset({Action.LINE, Action.STOP, Action.OFF, Action.SETUP, Action.BUG})
FRESH = timedelta(hours=1)
"""An older failure holds nothing: webhooks come for days, and somebody may have mended it since."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One status of one message. The wamid is used for a look-up and never kept."""

    mref: bytes | None
    wamid: str
    status: MessageStatus
    at: datetime
    code: int | None
    recipient: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What a row knows of its way."""

    status: MessageStatus
    code: int | None = None
    accepted_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None

    def after(self, receipt: Receipt) -> Progress:
        """With one more receipt."""
        field = f"{receipt.status}_at"
        known: datetime | None = getattr(self, field)
        times: dict[str, Any] = {field: receipt.at if known is None else min(known, receipt.at)}
        if self.accepted_at is None:
            # Meta tells only of what it took.
            times["accepted_at"] = receipt.at
        if RANK[receipt.status] > RANK.get(self.status, 0):
            return replace(self, status=receipt.status, code=receipt.code, **times)
        if self.status is _S.FAILED is receipt.status and receipt.code is not None:
            code = receipt.code if self.code is None else min(self.code, receipt.code)
            return replace(self, code=code, **times)
        return replace(self, **times)


@dataclass(frozen=True, slots=True)
class _Row:
    mref: bytes
    campaign_id: uuid.UUID
    row: int
    recipient_ix: bytes
    organization_id: uuid.UUID
    line_id: uuid.UUID
    before: Progress


def read_status(entry: Any) -> Receipt | None:
    """One member of `statuses`; None for what says nothing about delivery."""
    if not isinstance(entry, dict):
        return None
    told = entry.get("status")
    status = _S.FAILED if told == "failed" else _TOLD.get(str(told))
    at = instant(entry.get("timestamp"))
    if status is None or at is None:
        return None
    return Receipt(
        mref=mref_of_opaque(entry.get("biz_opaque_callback_data")),
        wamid=text_of(entry.get("id")),
        status=status,
        at=at,
        code=_code(entry.get("errors")) if status is _S.FAILED else None,
        recipient=text_of(entry.get("recipient_id")),
        user_id=text_of(entry.get("recipient_user_id")),
    )


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
        after[row.mref] = now
    changed = [row for row in rows if after[row.mref] != row.before]
    _write(changed, after)
    _tie_aliases(rows, by_mref)
    failed = [
        row for row in changed if after[row.mref].status is _S.FAILED is not row.before.status
    ]
    _opt_out(failed, after)
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
    """The rows, held until the end of the transaction, so that what is decided here stands."""
    found = session().execute(
        sa.text(
            "SELECT m.mref, m.campaign_id, m.row, m.recipient_ix, c.organization_id, c.line_id,"
            " m.status, m.code, m.accepted_at, m.sent_at, m.delivered_at, m.read_at, m.failed_at"
            " FROM message m JOIN campaign c ON c.id = m.campaign_id WHERE m.mref = ANY(:mrefs)"
            " ORDER BY m.campaign_id, m.row FOR UPDATE OF m"
        ),
        {"mrefs": list(mrefs)},
    )
    return [
        _Row(bytes(mref), campaign, row, bytes(who), organization, line, _progress(*rest))
        for mref, campaign, row, who, organization, line, *rest in found
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
            " failed_at = v.failed, claim = NULL, not_before = NULL"
            " FROM unnest(CAST(:mrefs AS bytea[]), CAST(:statuses AS text[]),"
            " CAST(:codes AS int[]), CAST(:accepted AS timestamptz[]),"
            " CAST(:sent AS timestamptz[]), CAST(:delivered AS timestamptz[]),"
            " CAST(:seen AS timestamptz[]), CAST(:failed AS timestamptz[]))"
            " AS v(mref, status, code, accepted, sent, delivered, seen, failed)"
            " WHERE m.mref = v.mref"
        ),
        {
            "mrefs": [row.mref for row in rows],
            "statuses": [str(one.status) for one in states],
            "codes": [one.code for one in states],
            "accepted": [one.accepted_at for one in states],
            "sent": [one.sent_at for one in states],
            "delivered": [one.delivered_at for one in states],
            "seen": [one.read_at for one in states],
            "failed": [one.failed_at for one in states],
        },
    )


def _tie_aliases(rows: Sequence[_Row], by_mref: Mapping[bytes, Sequence[Receipt]]) -> None:
    """A status names the person as Meta knows them: keep what differs from the dialled number."""
    pairs: dict[uuid.UUID, dict[bytes, bytes]] = {}
    for row in rows:
        organization = row.organization_id
        for number, user in {(one.recipient, one.user_id) for one in by_mref[row.mref]}:
            mine = pairs.setdefault(organization, {})
            if number and optouts.recipient(organization, number) != row.recipient_ix:
                mine[optouts.alias(organization, number)] = row.recipient_ix
            if user:
                mine[optouts.alias(organization, user)] = row.recipient_ix
    for organization, mine in pairs.items():
        optouts.add_aliases(organization, sorted(mine.items()))


def _opt_out(failed: Sequence[_Row], after: Mapping[bytes, Progress]) -> None:
    """Whom Meta names as having stopped the business is not written to again, and it is told."""
    via = OptOutSource.META_ERROR
    for row in failed:
        state = after[row.mref]
        if state.code is None or rule_for(state.code).action is not Action.SUPPRESS:
            continue
        at = state.failed_at or clock.now()
        if optouts.add(row.organization_id, [row.recipient_ix], via=via, at=at):
            fields = {"job": row.campaign_id.hex, "row": row.row, "via": via}
            notices.leave(row.organization_id, "optout", at, fields)


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


# Reading Meta's JSON --------------------------------------------------------------------------


def instant(value: Any) -> datetime | None:
    """Unix seconds, as a number or as text; None for anything that is no such moment."""
    text = str(value) if type(value) in (int, str) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return None
    return datetime.fromtimestamp(int(text), UTC)


def text_of(value: Any, limit: int = 512) -> str:
    """A string of Meta's, cut, without what is no character (JSON may name half of one); or ""."""
    return value[:limit].encode(errors="replace").decode() if isinstance(value, str) else ""


def _code(errors: Any) -> int | None:
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    return code if type(code) is int and -(2**31) <= code < 2**31 else None
