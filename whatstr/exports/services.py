"""Exports of registers: requested with a reason, approved by another above 1,000 rows, built by the
worker, downloaded within a day, then removed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import undefer_group

from whatstr.accounts.permissions import StaffPermission as P
from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.core import clock, queues
from whatstr.core.db import session
from whatstr.core.errors import DomainError, InvalidInput, NotAllowed, NotFound
from whatstr.exports import csv
from whatstr.exports.kinds import KINDS, statement
from whatstr.exports.models import EXPORT_MACHINE, ExportJob, ExportPart, ExportState

APPROVED_ABOVE = 1_000
MOST_ROWS = 100_000
LIFE = timedelta(hours=24)
_PART = 500
_REASON = (10, 500)


class OwnExport(DomainError):
    """Another person has to approve."""

    code = "own_export"
    status = 403


class ExportTooLarge(DomainError):
    """More rows than a file may have; `most` says how many."""

    code = "export_too_large"


class ExportGone(DomainError):
    """The link has expired or the file was never made."""

    code = "export_gone"
    status = 410


def request(
    *,
    actor: Actor,
    permissions: Collection[P],
    kind: str,
    columns: Collection[str],
    reason: str,
    language: str,
) -> ExportJob:
    """Ask for a register as a file. Raises InvalidInput, NotAllowed, ExportTooLarge."""
    if kind not in KINDS:
        raise InvalidInput("kind", "unknown")
    if actor.id is None:
        raise TypeError("a person asks for an export")
    allowed = [column.name for column in KINDS[kind].allowed(permissions)]
    if not allowed:
        raise NotAllowed("export")
    if not set(columns) <= set(allowed):
        raise NotAllowed("export column")
    if not columns:
        raise InvalidInput("columns", "missing")
    words = reason.strip()
    if not _REASON[0] <= len(words) <= _REASON[1]:
        raise InvalidInput("note", "length", min=_REASON[0])
    own = kind == "trail" and P.AUDIT_EXPORT not in permissions
    query = statement(KINDS[kind], columns, actor.id if own else None)
    rows = session().scalar(
        sa.select(sa.func.count()).select_from(query.order_by(None).limit(MOST_ROWS + 1).subquery())
    )
    if (rows or 0) > MOST_ROWS:
        raise ExportTooLarge(most=MOST_ROWS)
    job = ExportJob(
        kind=kind,
        columns=[name for name in allowed if name in columns],
        own_rows=own,
        reason=words,
        language=language,
        state=ExportState.REQUESTED,
        rows=rows or 0,
        requested_by=actor.id,
        requested_at=clock.now(),
    )
    session().add(job)
    session().flush()
    _record(actor, job, "export.requested", reason=words, rows=job.rows, columns=job.columns)
    if job.rows <= APPROVED_ABOVE:
        _queue(job)
    return job


def approve(*, actor: Actor, job_id: uuid.UUID) -> ExportJob:
    """A second person lets it through. Raises OwnExport, NotFound, IllegalTransition."""
    job = _decided(actor, job_id)
    _queue(job)
    _record(actor, job, "export.approved")
    return job


def refuse(*, actor: Actor, job_id: uuid.UUID) -> ExportJob:
    """A second person, or the asker, stops it. Raises NotFound, IllegalTransition."""
    job = _locked(job_id)
    _move(job, ExportState.REFUSED)
    job.decided_by, job.decided_at = actor.id, clock.now()
    _record(actor, job, "export.refused")
    return job


def build(job_id: uuid.UUID) -> bool:
    """Write the file. False where there is nothing to do (any more)."""
    job = session().get(ExportJob, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state is not ExportState.QUEUED:
        return False
    session().execute(sa.delete(ExportPart).where(ExportPart.job_id == job.id))
    own = job.requested_by if job.own_rows else None
    query = statement(KINDS[job.kind], job.columns, own).limit(MOST_ROWS)
    found = session().execute(query.execution_options(yield_per=_PART))
    _write(job, 0, "\ufeff" + csv.lines([job.columns]))
    count = 0
    for place, rows in enumerate(found.partitions(), start=1):
        _write(job, place, csv.lines(rows))
        count += len(rows)
    now = clock.now()
    _move(job, ExportState.READY)
    job.rows, job.ready_at, job.expires_at = count, now, now + LIFE
    _record(SYSTEM, job, "export.built", rows=count)
    return True


def fail(job_id: uuid.UUID) -> None:
    """The file could not be written."""
    job = _locked(job_id)
    if job.state is ExportState.QUEUED:
        _move(job, ExportState.FAILED)
        _record(SYSTEM, job, "export.failed")


def take(*, actor: Actor, job_id: uuid.UUID) -> ExportJob:
    """Count and audit a download, before the first byte leaves. Only the asker has the file. Raises
    NotFound, ExportGone."""
    job = _locked(job_id)
    if job.requested_by != actor.id:
        raise NotFound("export_job")
    if (
        job.state is not ExportState.READY
        or job.expires_at is None
        or job.expires_at <= clock.now()
    ):
        raise ExportGone()
    job.downloads += 1
    _record(actor, job, "export.downloaded", rows=job.rows)
    return job


def content(job_id: uuid.UUID) -> Iterator[str]:
    """The file, part by part, after `take` is committed."""
    query = sa.select(ExportPart.id).where(ExportPart.job_id == job_id).order_by(ExportPart.place)
    for part_id in session().scalars(query).all():
        part = session().get(
            ExportPart, part_id, options=[undefer_group("pii")], populate_existing=True
        )
        if part is not None:
            yield part.data
            session().expunge(part)


def remove_expired() -> int:
    """Take away the files whose time is over; how many."""
    jobs = session().scalars(
        sa.select(ExportJob)
        .where(ExportJob.state == ExportState.READY, ExportJob.expires_at <= clock.now())
        .with_for_update(skip_locked=True)
    )
    found = jobs.all()
    for job in found:
        session().execute(
            sa.delete(ExportPart).where(ExportPart.job_id == job.id),
            execution_options={"synchronize_session": False},
        )
        _move(job, ExportState.REMOVED)
        _record(SYSTEM, job, "export.removed")
    return len(found)


def waiting_jobs() -> Sequence[uuid.UUID]:
    """Jobs that are queued, for the sweep: their place on the queue may be lost."""
    query = sa.select(ExportJob.id).where(ExportJob.state == ExportState.QUEUED)
    return session().scalars(query.order_by(ExportJob.requested_at).limit(20)).all()


def waiting_approval() -> Sequence[ExportJob]:
    """Jobs that a second person has to let through, oldest first."""
    query = sa.select(ExportJob).where(ExportJob.state == ExportState.REQUESTED)
    return session().scalars(query.order_by(ExportJob.requested_at)).all()


def _queue(job: ExportJob) -> None:
    _move(job, ExportState.QUEUED)
    queues.later("housekeeping", "exports.build", job.id)


def _write(job: ExportJob, place: int, text: str) -> None:
    part = ExportPart(job_id=job.id, place=place)
    part.data = text
    session().add(part)
    session().flush()
    session().expunge(part)


def _decided(actor: Actor, job_id: uuid.UUID) -> ExportJob:
    job = _locked(job_id)
    if job.requested_by == actor.id:
        raise OwnExport()
    job.decided_by, job.decided_at = actor.id, clock.now()
    return job


def _move(job: ExportJob, to: ExportState) -> None:
    EXPORT_MACHINE.check(job.state, to)
    job.state = to


def _locked(job_id: uuid.UUID) -> ExportJob:
    job = session().get(ExportJob, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise NotFound("export_job")
    return job


def _record(
    actor: Actor, job: ExportJob, verb: str, reason: str | None = None, **detail: object
) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="export_job",
        subject_id=job.id,
        reason=reason,
        detail={"kind": job.kind, **detail},
    )
