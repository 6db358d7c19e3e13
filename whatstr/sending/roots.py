"""Under which index key an organization's refusals stand, and changing the keys by command.

Refusals are kept as keyed marks. With another key none of them is found any more, so an
organization whose marks were made under another root sends nothing until its own vault has given
them again (vault design, 17 and 22: fail closed).
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.logs import get_logger
from whatstr.lines.models import LineConnection
from whatstr.sending import connections, context, notices
from whatstr.sending.connections import NoConnection
from whatstr.sending.models import IndexRoot

log = get_logger(__name__)

REBUILD = "rebuild"
"""Kind of the notice that asks a customer's browser for its refusals."""


def note_all() -> int:
    """Write the present root beside every connected organization that has none yet: from then on
    another key is noticed. How many were new."""
    known = sa.select(LineConnection.organization_id).distinct()
    fresh = [
        {"organization_id": one, "root": context.keyring().root, "at": clock.now()}
        for one in session().scalars(known.where(LineConnection.organization_id.not_in(
            sa.select(IndexRoot.organization_id)
        )))
    ]  # fmt: skip
    if fresh:
        session().execute(insert(IndexRoot).values(fresh).on_conflict_do_nothing())
    return len(fresh)


def complete(organization_id: uuid.UUID) -> bool:
    """Whether every refusal that we were told stands under the present root. An organization that
    was never noted has none under another one."""
    root = session().scalar(
        sa.select(IndexRoot.root).where(IndexRoot.organization_id == organization_id)
    )
    return root is None or root == context.keyring().root


def rebuilt(organization_id: uuid.UUID) -> None:
    """The organization's browser has given the last of its refusals."""
    values = {"root": context.keyring().root, "at": clock.now()}
    session().execute(
        insert(IndexRoot)
        .values(organization_id=organization_id, **values)
        .on_conflict_do_update(index_elements=["organization_id"], set_=values)
    )
    log.info("optout.rebuilt", organization=organization_id)


# By command ---------------------------------------------------------------------------------------


def rotate_ck() -> int:
    """Box every connection under a new CK, then destroy the one before; how many connections.

    Safe while the service runs, since readers try both, and safe to run again after a crash."""
    context.keyring().begin_ck()
    with transaction():
        found = _readable()
        for one in found:
            connections.replace_sealed(one)
        lost = _count() - len(found)
    if lost:
        # They open under neither key: keeping the one before would not help them.
        log.warning("connection.unreadable", n=lost)
    context.keyring().end_ck()
    return len(found)


def rotate_ik() -> int:
    """Another root of every index; how many organizations have to give their refusals again."""
    with transaction():
        note_all()
    context.keyring().new_ik()
    return reindex()


def reindex() -> int:
    """Drop what was indexed under another root and index the connections anew; also the second
    half of `rotate_ik` after a crash, and the first step after a keyring was lost. Returns how
    many organizations send nothing until their browser has given their refusals."""
    with transaction():
        for one in _readable():
            connections.index_anew(one)
        waiting = list(
            session().scalars(
                sa.select(IndexRoot.organization_id).where(IndexRoot.root != context.keyring().root)
            )
        )
        for organization_id in waiting:
            _drop_marks(organization_id)
            _ask(organization_id)
        session().execute(sa.text("UPDATE line SET portfolio_ix = NULL"))
        session().execute(sa.text("UPDATE campaign SET template_ix = NULL"))
        session().execute(sa.text("DELETE FROM s_wamid"))
        session().execute(sa.text("DELETE FROM s_seen"))
    log.info("optout.reindexed", n=len(waiting))
    return len(waiting)


def _readable() -> list[connections.Connection]:
    found = []
    owners = session().scalars(sa.select(LineConnection.organization_id).distinct())
    for organization_id in list(owners):
        try:
            found += connections.all_of(organization_id)
        except NoConnection:
            log.warning("organization.connections_unreadable", organization=organization_id)
    return found


def _count() -> int:
    return session().scalar(sa.select(sa.func.count()).select_from(LineConnection)) or 0


def _drop_marks(organization_id: uuid.UUID) -> None:
    for statement in (
        "DELETE FROM s_optout WHERE organization_id = :o",
        "DELETE FROM s_alias WHERE organization_id = :o",
    ):
        session().execute(sa.text(statement), {"o": organization_id})


def _ask(organization_id: uuid.UUID) -> None:
    """Tell the customer's browser, where a line is connected; else its next connection does."""
    try:
        notices.leave(organization_id, REBUILD, clock.now(), {})
    except NoConnection:
        log.warning("notice.no_pins", organization=organization_id)
