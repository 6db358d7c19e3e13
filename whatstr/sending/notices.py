"""News for customers: signed by IDENT, sealed to the organization's pinned box key."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from whatstr.core.db import session
from whatstr.core.logs import get_logger
from whatstr.sending import connections, context
from whatstr.vault.models import Notice
from whatstr.vault.notices import seal_notice

log = get_logger(__name__)


def leave(
    organization_id: uuid.UUID,
    kind: str,
    at: datetime,
    fields: Mapping[str, object],
    *,
    pins: connections.Pins | None = None,
) -> bool:
    """Put a notice `{t: kind, at, **fields}` into the organization's mailbox, within the current
    transaction. `pins` spares a look-up. False when no line is connected: then nobody's key is
    known and there is nobody to tell."""
    pins = pins or connections.pins(organization_id)
    if pins is None:
        log.info("notice.no_pins", organization=organization_id, kind=kind)
        return False
    sealed = seal_notice(
        organization_id.bytes,
        kind,
        int(at.timestamp()),
        ident_sk=context.keyring().ident_sk,
        box_pk=pins.box_pk,
        **fields,
    )
    session().execute(
        sa.insert(Notice).values(organization_id=organization_id, at=at, sealed=sealed)
    )
    return True
