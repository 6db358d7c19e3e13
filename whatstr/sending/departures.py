"""The sender's part when a customer deletes the account (vault design, section 12).

Meta's webhooks end, connections, opt-outs and aliases go. Franking rows live out their term: a
report that is still open needs them.
"""

from __future__ import annotations

import asyncio
import uuid

import sqlalchemy as sa

from whatstr.core.db import session, transaction
from whatstr.core.logs import get_logger
from whatstr.core.queues import task
from whatstr.sending import connecting, connections
from whatstr.sending.connections import Connection, NoConnection

log = get_logger(__name__)

TASK = "doors.departures"
_LEFT = (
    "DELETE FROM s_conn WHERE organization_id = :o",
    "DELETE FROM s_optout WHERE organization_id = :o",
    "DELETE FROM s_alias WHERE organization_id = :o",
    "DELETE FROM s_unreachable WHERE organization_id = :o",
    "DELETE FROM s_window WHERE line_id IN (SELECT id FROM line WHERE organization_id = :o)",
    "DELETE FROM s_root WHERE organization_id = :o",
)


_LEAVING = sa.text(
    "SELECT o.id FROM organization o WHERE o.state = 'deleted'"
    " AND (EXISTS (SELECT 1 FROM s_conn c WHERE c.organization_id = o.id)"
    " OR EXISTS (SELECT 1 FROM s_optout t WHERE t.organization_id = o.id)"
    " OR EXISTS (SELECT 1 FROM s_alias a WHERE a.organization_id = o.id)"
    " OR EXISTS (SELECT 1 FROM s_root r WHERE r.organization_id = o.id))"
)


def waiting() -> bool:
    """Whether somebody is to be seen off."""
    return session().scalars(_LEAVING).first() is not None


@task(TASK)
def see_off() -> None:
    """Everything of deleted organizations that only the sender holds. Safe to run twice."""
    with transaction():
        gone = list(session().scalars(_LEAVING))
    for organization_id in gone:
        for connection in _connections(organization_id):
            asyncio.run(connecting.disconnect(connection))
        with transaction():
            for statement in _LEFT:
                session().execute(sa.text(statement), {"o": organization_id})
        log.info("organization.seen_off", organization=organization_id)


def _connections(organization_id: uuid.UUID) -> list[Connection]:
    with transaction():
        try:
            return connections.all_of(organization_id)
        except NoConnection:  # of another keyring: there is no token to end anything with
            return []
