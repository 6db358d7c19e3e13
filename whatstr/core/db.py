"""The database handle, the declarative base, column classification and the transaction helper."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedColumn, Session, deferred, mapped_column, registry

from whatstr.core.logs import get_logger

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def enum_text(members: type[enum.StrEnum], name: str | None = None) -> sa.Enum:
    """A StrEnum stored as text with a CHECK. `name` is needed where a table uses an enum twice."""
    named = {"name": name} if name else {}
    return sa.Enum(
        members,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda kinds: [kind.value for kind in kinds],
        **named,
    )


_REGISTRY = registry(
    metadata=sa.MetaData(naming_convention=NAMING),
    type_annotation_map={
        uuid.UUID: sa.Uuid(),
        datetime: sa.DateTime(timezone=True),
        date: sa.Date(),
        bytes: sa.LargeBinary(),
        str: sa.Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        enum.StrEnum: enum_text(enum.StrEnum),
    },
)


class Base(DeclarativeBase):
    """Base of every mapped class. Enums are text with a CHECK; instants carry a zone."""

    registry = _REGISTRY


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class Tier(StrEnum):
    """What a column holds; tests see to it that every column says so."""

    PUBLIC = "public"  # ids, states, counts, times
    PERSONAL = "personal"  # staff tier: sealed at rest, masked, revealed with a reason
    SECRET = "secret"  # noqa: S105 hashes of credentials: never shown to anybody
    SEALED = "sealed"  # vault tier: ciphertext that no process but its reader opens
    PSEUDONYM = "pseudonym"  # keyed indexes: meaningless without the key, never shown


def _column(tier: Tier, *args: Any, **kwargs: Any) -> MappedColumn[Any]:
    if tier is not Tier.PUBLIC and not kwargs.get("primary_key"):
        # Loaded when touched only: most roles have no right to select these (migration 0002).
        kwargs.setdefault("deferred", True)
        kwargs.setdefault("deferred_group", str(tier))
    return mapped_column(*args, info={"tier": tier}, **kwargs)


def public(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that holds nothing about a person."""
    return _column(Tier.PUBLIC, *args, **kwargs)


def secret(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A credential's hash or the like: loaded only where it is checked."""
    return _column(Tier.SECRET, *args, **kwargs)


def sealed(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """Vault-tier ciphertext."""
    return _column(Tier.SEALED, *args, **kwargs)


def pseudonym(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A keyed one-way index of a personal value."""
    return _column(Tier.PSEUDONYM, *args, **kwargs)


def masked(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A masked form of a personal value, safe to list."""
    return _column(Tier.PUBLIC, *args, **kwargs)


def personal(name: str, type_: Any, **kwargs: Any) -> Any:
    """A staff-tier column: deferred, and an error to touch without `undefer_group("pii")`."""
    column = sa.Column(name, type_, info={"tier": Tier.PERSONAL}, **kwargs)
    return deferred(column, group="pii", raiseload=True)


def pk() -> MappedColumn[Any]:
    """A random UUID primary key. `whatstr.core.crypto.PiiMixin` sets it before any sealed value."""
    return public(primary_key=True, default=uuid.uuid4)


def session() -> Session:
    """The session of the current application context."""
    return cast(Session, db.session)


_AFTER = "whatstr_after_commit"


def after_commit(call: Callable[..., object], *args: Any) -> None:
    """Run `call(*args)` once the current transaction is committed, never when it is rolled back.

    This is how ids reach a queue: persist, commit, enqueue the id.
    """
    waiting = session().info.get(_AFTER)
    if waiting is None:
        raise RuntimeError("no transaction to wait for")
    waiting.append((call, args))


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit at the end of the block, roll back on any error, then run what waited for the commit.

    Services never commit; shells and tasks open exactly one of these around them: one within
    another would commit half of the outer one's work, and raises RuntimeError.

    What waits cannot take the commit back, so its errors are logged, each by itself.
    """
    current = session()
    if _AFTER in current.info:
        raise RuntimeError("a transaction within a transaction")
    current.info[_AFTER] = []
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        current.info.pop(_AFTER, None)
        raise
    for call, args in current.info.pop(_AFTER, []):
        try:
            call(*args)
        except Exception as error:
            get_logger(__name__).error("after_commit.failed", error=type(error).__name__)


def notify(channel: str, payload: str = "") -> None:
    """PostgreSQL NOTIFY within the transaction; listeners hear it at the commit."""
    session().execute(sa.select(sa.func.pg_notify(channel, payload)))
