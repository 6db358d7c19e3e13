"""Writing what became of posted rows: one statement for each kind, whatever the batch's size."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from whatstr.audiences.models import OptOutSource
from whatstr.core import arrays, clock
from whatstr.core.db import session
from whatstr.core.prf import prf16
from whatstr.lines.cloud_api import Accepted
from whatstr.sending import context, optouts
from whatstr.sending.rows import Candidate
from whatstr.vault.identity import is_user_id
from whatstr.vault.indexes import Purpose, account_index_key


class Result(StrEnum):
    """What is known of a row after an attempt."""

    ACCEPTED = "accepted"
    FAILED = "failed"  # for good, with Meta's code
    LATER = "later"  # refused or not sent: again after `not_before`
    UNKNOWN = "unknown"  # left, no answer seen
    RETURNED = "returned"  # taken in hand, never posted


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one row. `code`: Meta's number; `opt_out`: the person is not to be written to
    any more, and why."""

    candidate: Candidate
    result: Result
    at: datetime
    code: int | None = None
    not_before: datetime | None = None
    accepted: Accepted | None = None
    opt_out: OptOutSource | None = None


def write(
    outcomes: Sequence[Outcome],
    *,
    campaign_id: uuid.UUID,
    organization_id: uuid.UUID,
    claim: uuid.UUID,
) -> None:
    """Write a batch of outcomes of one campaign."""
    kinds: Mapping[Result, list[Outcome]] = {kind: [] for kind in Result}
    for outcome in outcomes:
        kinds[outcome.result].append(outcome)
    scope = {"c": campaign_id, "claim": claim}
    if kinds[Result.ACCEPTED]:
        _accepted(kinds[Result.ACCEPTED], campaign_id)
        index_accepted(kinds[Result.ACCEPTED], organization_id=organization_id)
    if kinds[Result.FAILED]:
        _drop_tags(_failed(kinds[Result.FAILED], scope))
        add_opt_outs(kinds[Result.FAILED], organization_id=organization_id)
    if kinds[Result.LATER]:
        _drop_tags(_later(kinds[Result.LATER], scope))
    if kinds[Result.RETURNED]:
        _drop_tags(_returned(kinds[Result.RETURNED], scope))
    if kinds[Result.UNKNOWN]:
        session().execute(
            sa.text(
                "UPDATE message SET status = 'unknown', claim = NULL, unknown_at = :now"
                " WHERE campaign_id = :c AND row = ANY(:rows) AND status = 'handing'"
                " AND claim = :claim"
            ),
            {
                **scope,
                "rows": [one.candidate.row for one in kinds[Result.UNKNOWN]],
                "now": clock.now(),
            },
        )


def _accepted(outcomes: Sequence[Outcome], campaign_id: uuid.UUID) -> None:
    # Acceptance is a fact whoever holds the claim now; a webhook may already have said more.
    session().execute(
        sa.text(
            "UPDATE message m SET status = CASE WHEN m.status IN ('handing', 'unknown', 'pending')"
            " THEN 'accepted' ELSE m.status END, accepted_at = coalesce(m.accepted_at, v.at),"
            " claim = NULL, not_before = NULL"
            " FROM unnest(CAST(:rows AS int[]), CAST(:ats AS timestamptz[])) AS v(row, at)"
            " WHERE m.campaign_id = :c AND m.row = v.row"
        ),
        {
            "c": campaign_id,
            "rows": arrays.of_numbers(one.candidate.row for one in outcomes),
            "ats": arrays.of_moments(one.at for one in outcomes),
        },
    )


def _failed(outcomes: Sequence[Outcome], scope: Mapping[str, object]) -> list[bytes]:
    return list(
        session().scalars(
            sa.text(
                "WITH done AS (UPDATE message m SET status = 'failed', code = v.code,"
                " failed_at = v.at, claim = NULL, not_before = NULL"
                " FROM unnest(CAST(:rows AS int[]), CAST(:codes AS int[]),"
                " CAST(:ats AS timestamptz[])) AS v(row, code, at)"
                " WHERE m.campaign_id = :c AND m.row = v.row AND m.status = 'handing'"
                " AND m.claim = :claim RETURNING m.mref, m.resent_at)"
                " SELECT mref FROM done WHERE resent_at IS NULL"
            ),
            {
                **scope,
                "rows": [one.candidate.row for one in outcomes],
                "codes": [one.code for one in outcomes],
                "ats": [one.at for one in outcomes],
            },
        )
    )


def _later(outcomes: Sequence[Outcome], scope: Mapping[str, object]) -> list[bytes]:
    return list(
        session().scalars(
            sa.text(
                "WITH done AS (UPDATE message m SET status = 'pending', code = v.code,"
                " not_before = v.at, claim = NULL,"
                " attempts = m.attempts + CASE WHEN v.code IS NULL THEN 0 ELSE 1 END"
                " FROM unnest(CAST(:rows AS int[]), CAST(:codes AS int[]),"
                " CAST(:ats AS timestamptz[])) AS v(row, code, at)"
                " WHERE m.campaign_id = :c AND m.row = v.row AND m.status = 'handing'"
                " AND m.claim = :claim RETURNING m.mref, m.resent_at)"
                " SELECT mref FROM done WHERE resent_at IS NULL"
            ),
            {
                **scope,
                "rows": [one.candidate.row for one in outcomes],
                "codes": [one.code for one in outcomes],
                "ats": [one.not_before for one in outcomes],
            },
        )
    )


def _returned(outcomes: Sequence[Outcome], scope: Mapping[str, object]) -> list[bytes]:
    return list(
        session().scalars(
            sa.text(
                "WITH done AS (UPDATE message SET status = 'pending', not_before = NULL,"
                " claim = NULL WHERE campaign_id = :c AND row = ANY(:rows)"
                " AND status = 'handing' AND claim = :claim RETURNING mref, resent_at)"
                " SELECT mref FROM done WHERE resent_at IS NULL"
            ),
            {**scope, "rows": [one.candidate.row for one in outcomes]},
        )
    )


def _drop_tags(mrefs: Sequence[bytes]) -> None:
    """What was surely not sent keeps no tags; after an unknown first try they stay."""
    if mrefs:
        session().execute(
            sa.text("DELETE FROM s_frank WHERE mref = ANY(:mrefs)"), {"mrefs": list(mrefs)}
        )


def index_accepted(outcomes: Sequence[Outcome], *, organization_id: uuid.UUID) -> None:
    """Keep the keyed index of each wamid, and of a wa_id that is not the dialled number."""
    ik = context.keyring().ik
    by_wamid = account_index_key(ik, Purpose.WAMID, b"")
    wamids: dict[bytes, bytes] = {}
    aliases: dict[bytes, bytes] = {}
    for one in outcomes:
        accepted, candidate = one.accepted, one.candidate
        if accepted is None:
            continue
        if accepted.wamid:
            wamids[prf16(by_wamid, "v", accepted.wamid)] = candidate.mref
        if accepted.wa_id and accepted.wa_id != candidate.to:
            if is_user_id(candidate.to):
                person = optouts.recipient(organization_id, accepted.wa_id)
                aliases[optouts.alias(organization_id, candidate.to)] = person
            else:
                alias = optouts.alias(organization_id, accepted.wa_id)
                aliases[alias] = candidate.recipient_ix
    if wamids:
        session().execute(
            sa.text(
                "INSERT INTO s_wamid (wamid_ix, mref, at) SELECT v.ix, v.mref, :at"
                " FROM unnest(CAST(:ixs AS bytea[]), CAST(:mrefs AS bytea[])) AS v(ix, mref)"
                " ON CONFLICT DO NOTHING"
            ),
            {
                "ixs": arrays.of_bytes(wamids),
                "mrefs": arrays.of_bytes(wamids.values()),
                "at": outcomes[0].at,
            },
        )
    optouts.add_aliases(organization_id, aliases.items())


def add_opt_outs(outcomes: Sequence[Outcome], *, organization_id: uuid.UUID) -> None:
    """Whom Meta named as having stopped us, or as blocked, is not written to again."""
    stopped = [one for one in outcomes if one.opt_out is not None]
    if stopped:
        session().execute(
            sa.text(
                "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
                " SELECT :o, v.ix, v.via, :at"
                " FROM unnest(CAST(:ixs AS bytea[]), CAST(:vias AS text[])) AS v(ix, via)"
                " ON CONFLICT DO NOTHING"
            ),
            {
                "o": organization_id,
                "vias": [str(one.opt_out) for one in stopped],
                "at": stopped[0].at,
                "ixs": [one.candidate.recipient_ix for one in stopped],
            },
        )
