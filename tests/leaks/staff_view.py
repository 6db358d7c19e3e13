"""What somebody sees who has the database and every secret of the web and staff processes."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import sqlalchemy as sa

from whatstr import models
from whatstr.abuse.models import AbuseReport
from whatstr.core.crypto import PiiType, Ring
from whatstr.core.db import Base, Tier
from whatstr.vault.seals import open_desk_seal

__all__ = ["models", "opened_profiles", "opened_reports"]


def opened_profiles(address: str, ring: str) -> Iterator[tuple[str, str]]:
    """(table.column, text) of every staff-tier value, opened with the staff ring."""
    before = (Ring.keys, Ring.current, Ring.index_key)
    Ring.load(ring)
    engine = sa.create_engine(address)
    try:
        with engine.connect() as connection:
            for table in Base.metadata.sorted_tables:
                for column in table.columns:
                    if column.info.get("tier") is not Tier.PERSONAL:
                        continue
                    assert isinstance(column.type, PiiType), column
                    for value in connection.scalars(sa.select(column).where(column.isnot(None))):
                        yield f"{table.name}.{column.name}", value[1]
    finally:
        engine.dispose()
        Ring.keys, Ring.current, Ring.index_key = before


def opened_reports(address: str, desk_key: str) -> Iterator[bytes]:
    """The words of every complaint, opened with the abuse desk's key."""
    engine = sa.create_engine(address)
    try:
        with engine.connect() as connection:
            for sealed in connection.scalars(sa.select(AbuseReport.sealed)):
                yield open_desk_seal(base64.b64decode(desk_key), bytes(sealed))
    finally:
        engine.dispose()
