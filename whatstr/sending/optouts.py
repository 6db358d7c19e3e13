"""Who does not want messages: pseudonyms of people, and the refusals kept under them.

A person may be known by a number, by another number at Meta (wa_id) or by a business-scoped user
id alone; whatever is known is turned into the one pseudonym that claims look up (vault design, 10).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from whatstr.audiences.models import UNDONE_BY_RECEIPT, OptOutSource
from whatstr.core import arrays
from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.core.prf import prf16
from whatstr.lines.error_policy import OPTED_OUT, UNREACHABLE
from whatstr.sending import context, windows
from whatstr.vault.identity import is_user_id
from whatstr.vault.indexes import Purpose, account_index_key, ix

log = get_logger(__name__)

_BLOCKED_BY_US = 130403


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message of ours, as its franking row tells. `campaign_id` is None for a test send."""

    mref: bytes
    organization_id: uuid.UUID
    line_id: uuid.UUID
    campaign_id: uuid.UUID | None
    row: int | None
    recipient_ix: bytes


class Naming:
    """`recipient` and `alias` for many names of one organization: its keys are made once."""

    def __init__(self, organization_id: uuid.UUID) -> None:
        ik, account = context.keyring().ik, organization_id.bytes
        self._recipients = account_index_key(ik, Purpose.RECIPIENT, account)
        self._aliases = account_index_key(ik, Purpose.ALIAS, account)

    def recipient(self, digits: str) -> bytes:
        return prf16(self._recipients, "v", digits)

    def alias(self, name: str) -> bytes:
        return prf16(self._aliases, "v", name)


def recipient(organization_id: uuid.UUID, digits: str) -> bytes:
    """The pseudonym of a number within an organization."""
    return ix(context.keyring().ik, Purpose.RECIPIENT, organization_id.bytes, digits)


def alias(organization_id: uuid.UUID, name: str) -> bytes:
    """The index of another name of a person: a differing wa_id, or a user id."""
    return ix(context.keyring().ik, Purpose.ALIAS, organization_id.bytes, name)


def of_rows(organization_id: uuid.UUID, names: Collection[str]) -> dict[str, bytes]:
    """The pseudonym under which each person of a row is looked up: that of the number; for a user
    id that of the number it is tied to, or else its own alias index."""
    key = account_index_key(context.keyring().ik, Purpose.RECIPIENT, organization_id.bytes)
    found = {name: prf16(key, "v", name) for name in names if not is_user_id(name)}
    hidden = {alias(organization_id, name): name for name in names if name not in found}
    if hidden:
        tied = session().execute(
            sa.text(
                "SELECT alias_ix, recipient_ix FROM s_alias WHERE organization_id = :o"
                " AND alias_ix = ANY(CAST(:ixs AS bytea[]))"
            ),
            {"o": organization_id, "ixs": arrays.of_bytes(hidden)},
        )
        known = {bytes(index): bytes(person) for index, person in tied}
        found |= {name: known.get(index, index) for index, name in hidden.items()}
    return found


def sent_message(mref: bytes) -> SentMessage | None:
    """The message that a code or opaque data names; None when its tags are gone."""
    row = (
        session()
        .execute(
            sa.text(
                "SELECT mref, organization_id, line_id, campaign_id, row, recipient_ix"
                " FROM s_frank WHERE mref = :m"
            ),
            {"m": mref},
        )
        .first()
    )
    return _sent(row)


def sent_message_by_wamid(wamid: str) -> SentMessage | None:
    """The message that somebody replied to."""
    row = (
        session()
        .execute(
            sa.text(
                "SELECT f.mref, f.organization_id, f.line_id, f.campaign_id, f.row, f.recipient_ix"
                " FROM s_wamid w JOIN s_frank f USING (mref) WHERE w.wamid_ix = :ix"
            ),
            {"ix": ix(context.keyring().ik, Purpose.WAMID, b"", wamid)},
        )
        .first()
    )
    return _sent(row)


def pseudonyms(
    organization_id: uuid.UUID,
    *,
    digits: str = "",
    user_id: str = "",
    replied: SentMessage | None = None,
) -> set[bytes]:
    """Every pseudonym under which this person may stand in a campaign. Where nothing ties a user
    id to a number, its alias index itself: it takes effect once a status does (`add_aliases`)."""
    found = {recipient(organization_id, digits)} if digits else set()
    names = [alias(organization_id, name) for name in (digits, user_id) if name]
    found |= {
        bytes(index)
        for index in session().scalars(
            sa.text(
                "SELECT recipient_ix FROM s_alias"
                " WHERE organization_id = :o AND alias_ix = ANY(:names)"
            ),
            {"o": organization_id, "names": names},
        )
    }
    if replied is not None and replied.organization_id == organization_id:
        found.add(replied.recipient_ix)
    return found or {alias(organization_id, user_id)}


def add(
    organization_id: uuid.UUID, indexes: Collection[bytes], *, via: OptOutSource, at: datetime
) -> int:
    """Keep refusals; in force for the next batch of every running campaign. How many were new."""
    made = session().scalars(
        sa.text(
            "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
            " SELECT :o, v.ix, :via, :at FROM unnest(CAST(:ixs AS bytea[])) AS v(ix)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ),
        {"o": organization_id, "via": via.value, "at": at, "ixs": sorted(set(indexes))},
    )
    count = len(made.all())
    if count:
        log.info("optout.added", organization=organization_id, via=via, n=count)
    return count


def refused(organization_id: uuid.UUID, indexes: Collection[bytes]) -> dict[bytes, int]:
    """Those among these people who are not to be written to, with the code that says why."""
    found = session().execute(
        sa.text(
            "SELECT recipient_ix, array_agg(via) FROM s_optout"
            " WHERE organization_id = :o AND recipient_ix = ANY(CAST(:ixs AS bytea[]))"
            " GROUP BY recipient_ix"
        ),
        {"o": organization_id, "ixs": arrays.of_bytes(indexes)},
    )
    return {bytes(index): _why(set(ways)) for index, ways in found}


def _why(ways: set[str]) -> int:
    """The person's own word counts more than what we only conclude."""
    if ways - UNDONE_BY_RECEIPT:
        return OPTED_OUT
    return _BLOCKED_BY_US if OptOutSource.BLOCKED in ways else UNREACHABLE


def source_of(code: int) -> OptOutSource:
    """How somebody is kept whom Meta's code names as not to be written to."""
    return OptOutSource.BLOCKED if code == _BLOCKED_BY_US else OptOutSource.META_ERROR


def lift(
    organization_id: uuid.UUID, indexes: Collection[bytes], *, via: OptOutSource, until: datetime
) -> set[bytes]:
    """Forget refusals of one source that are not younger than `until`; others stay in force. Gives
    those for whom one was lifted."""
    gone = session().scalars(
        sa.text(
            "DELETE FROM s_optout WHERE organization_id = :o AND via = :via AND at <= :until"
            " AND recipient_ix = ANY(:ixs) RETURNING recipient_ix"
        ),
        {"o": organization_id, "via": via.value, "until": until, "ixs": list(indexes)},
    )
    lifted = {bytes(index) for index in gone}
    if lifted:
        log.info("optout.lifted", organization=organization_id, via=via, n=len(lifted))
    return lifted


def tie(organization_id: uuid.UUID, *, user_id: str, person: bytes) -> None:
    """A user id and a pseudonym are one person's."""
    index = alias(organization_id, user_id)
    if index != person:
        add_aliases(organization_id, [(index, person)])


def add_aliases(organization_id: uuid.UUID, pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Keep (alias index, pseudonym) pairs. A refusal that was kept under the alias alone now
    stands under the pseudonym too."""
    known = dict(pairs)
    if not known:
        return
    values = {
        "o": organization_id,
        "names": arrays.of_bytes(known),
        "ixs": arrays.of_bytes(known.values()),
    }
    # Every status names its person: what is known already costs a look, not a row's lock.
    session().execute(
        sa.text(
            "INSERT INTO s_alias AS a (organization_id, alias_ix, recipient_ix)"
            " SELECT :o, v.name, v.ix"
            " FROM unnest(CAST(:names AS bytea[]), CAST(:ixs AS bytea[])) AS v(name, ix)"
            " WHERE NOT EXISTS (SELECT 1 FROM s_alias k WHERE k.organization_id = :o"
            " AND k.alias_ix = v.name AND k.recipient_ix = v.ix)"
            " ON CONFLICT (organization_id, alias_ix) DO UPDATE"
            " SET recipient_ix = excluded.recipient_ix"
            " WHERE a.recipient_ix <> excluded.recipient_ix"
        ),
        values,
    )
    windows.inherit(known)
    session().execute(
        sa.text(
            "INSERT INTO s_optout (organization_id, recipient_ix, via, at)"
            " SELECT s.organization_id, v.ix, s.via, s.at"
            " FROM unnest(CAST(:names AS bytea[]), CAST(:ixs AS bytea[])) AS v(name, ix)"
            " JOIN s_optout s ON s.organization_id = :o AND s.recipient_ix = v.name"
            " ON CONFLICT DO NOTHING"
        ),
        values,
    )


def add_own(
    organization_id: uuid.UUID,
    numbers: Collection[str],
    *,
    via: OptOutSource = OptOutSource.CUSTOMER,
    at: datetime,
) -> int:
    """The customer's own entries, in bulk, or with another `via` what the vault was told before
    and gives again. How many were new."""
    indexes = _indexes(organization_id, numbers)
    return add(organization_id, list(indexes), via=via, at=at)


def take_back_own(
    organization_id: uuid.UUID, numbers: Collection[str], *, at: datetime
) -> list[tuple[str, OptOutSource]]:
    """The same taken back, with what nobody has said but we concluded. What the person said stays.
    Gives (number, source) of each that was lifted."""
    indexes = _indexes(organization_id, numbers)
    return [
        (indexes[index], via)
        for via in (OptOutSource.CUSTOMER, *UNDONE_BY_RECEIPT)
        for index in lift(organization_id, indexes, via=via, until=at)
    ]


def _indexes(organization_id: uuid.UUID, numbers: Collection[str]) -> dict[bytes, str]:
    return {index: name for name, index in of_rows(organization_id, numbers).items()}


def _sent(row: sa.Row[tuple[object, ...]] | None) -> SentMessage | None:
    if row is None:
        return None
    mref, organization_id, line_id, campaign_id, number, recipient_ix = row
    return SentMessage(
        bytes(mref), organization_id, line_id, campaign_id, number, bytes(recipient_ix)
    )
