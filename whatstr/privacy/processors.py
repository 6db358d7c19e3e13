"""The register of processors: who works on personal data for us, and for what."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound
from whatstr.privacy.models import Processor


class ProcessorKnown(DomainError):
    """A processor has this name already."""

    code = "processor_known"
    status = 409


@dataclass(frozen=True)
class ProcessorWords:
    """What is written about a processor, in both languages."""

    name: str
    country: str
    purpose_tr: str
    purpose_en: str
    data_tr: str
    data_en: str
    contract_on: date | None


def listed_processors() -> Sequence[Processor]:
    """Who works for us now, as the public page shows it."""
    shown = ("id", "name", "country", "purpose_tr", "purpose_en", "data_tr", "data_en")
    columns = [getattr(Processor, name) for name in shown]
    return (
        session()
        .scalars(
            sa.select(Processor)
            .where(Processor.ended_at.is_(None))
            .order_by(Processor.created_at, Processor.name)
            .options(load_only(*columns, raiseload=True))
        )
        .all()
    )


def add(*, actor: Actor, words: ProcessorWords) -> Processor:
    """Raises InvalidInput, ProcessorKnown."""
    _check(words, None)
    row = Processor(created_at=clock.now(), **asdict(words))
    session().add(row)
    session().flush()
    _record(actor, row, "processor.added", after=_plain(words))
    return row


def change(
    *, actor: Actor, processor_id: uuid.UUID, words: ProcessorWords, version: int
) -> Processor:
    """Raises InvalidInput, ProcessorKnown, Conflict, NotFound."""
    row = _locked(processor_id)
    if row.version != version:
        raise Conflict(version=row.version)
    _check(words, row.id)
    before = {name: getattr(row, name) for name in asdict(words)}
    for name, value in asdict(words).items():
        setattr(row, name, value)
    session().flush()
    old = _plain(ProcessorWords(**before))
    _record(actor, row, "processor.changed", before=old, after=_plain(words))
    return row


def end(*, actor: Actor, processor_id: uuid.UUID) -> Processor:
    """We work with them no more; the row stays as history."""
    row = _locked(processor_id)
    if row.ended_at is None:
        row.ended_at = clock.now()
        _record(actor, row, "processor.ended")
    return row


def resume(*, actor: Actor, processor_id: uuid.UUID) -> Processor:
    """Undo `end`."""
    row = _locked(processor_id)
    if row.ended_at is not None:
        row.ended_at = None
        _record(actor, row, "processor.resumed")
    return row


def _check(words: ProcessorWords, own: uuid.UUID | None) -> None:
    for name, value in asdict(words).items():
        if name != "contract_on" and not 0 < len(value) <= 1000:
            raise InvalidInput(name, "length")
    known = sa.select(Processor.id).where(Processor.name == words.name, Processor.id != own)
    if own is None:
        known = sa.select(Processor.id).where(Processor.name == words.name)
    if session().scalar(known) is not None:
        raise ProcessorKnown()


def _locked(processor_id: uuid.UUID) -> Processor:
    row = session().get(Processor, processor_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("processor")
    return row


def _plain(words: ProcessorWords) -> dict[str, object]:
    on = words.contract_on
    return {**asdict(words), "contract_on": on.isoformat() if on else None}


def _record(actor: Actor, row: Processor, verb: str, **detail: object) -> None:
    record(actor=actor, verb=verb, subject_kind="processor", subject_id=row.id, detail=detail)
