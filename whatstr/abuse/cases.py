"""Cases: reports join them, one person at a time works on them."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from whatstr.abuse.models import (
    CASE_MACHINE,
    REPORT_MACHINE,
    AbuseReport,
    Case,
    CaseState,
    ReportCategory,
    ReportState,
)
from whatstr.abuse.policies import CLAIM_LEASE, CaseNotClaimed, CaseTaken, check_note, lease_runs
from whatstr.accounts.models import Organization, OrganizationState
from whatstr.audit.services import SYSTEM, Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import Conflict, NotFound

_LOCK = 7_274_601  # advisory lock: one process opens cases at a time
WORKED_ON = frozenset({CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING})
_LOOSE = (ReportState.RECEIVED, ReportState.VERIFIED, ReportState.UNVERIFIED)


def attach_reports(*, limit: int = 200) -> int:
    """Join waiting reports to the open case of their line, or open one; gives how many joined.

    A report that names no organization of ours stays as it is: there is nobody to act on. A later
    verdict of the sender changes only the report, whose badge the case page shows.
    """
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    reports = session().scalars(
        sa.select(AbuseReport)
        .where(
            AbuseReport.state.in_(_LOOSE),
            AbuseReport.case_id.is_(None),
            AbuseReport.organization_id.is_not(None),
        )
        .order_by(AbuseReport.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    joined = 0
    for report in reports.all():
        organization_id = report.organization_id
        if organization_id is None:
            continue
        case = _open_case_of(organization_id, report.line_id)
        REPORT_MACHINE.check(report.state, ReportState.ATTACHED)
        report.case_id, report.state = case.id, ReportState.ATTACHED
        joined += 1
    session().flush()
    return joined


def open_for(*, actor: Actor, organization_id: uuid.UUID, note: str) -> Case:
    """The open case about an organization as a whole, or a new one that staff open themselves, on
    what they saw. Raises InvalidInput, NotFound."""
    reason = check_note(note)
    organization = session().get(Organization, organization_id)
    if organization is None or organization.state is OrganizationState.DELETED:
        raise NotFound("organization")
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    case = _open_case_of(organization_id, None)
    record(
        actor=actor,
        verb="case.asked_for",
        subject_kind="abuse_case",
        subject_id=case.id,
        organization_id=organization_id,
        reason=reason,
    )
    return case


def _open_case_of(organization_id: uuid.UUID, line_id: uuid.UUID | None) -> Case:
    found = session().scalar(
        sa.select(Case).where(
            Case.organization_id == organization_id,
            Case.line_id.is_not_distinct_from(line_id),
            Case.state.in_(WORKED_ON),
        )
    )
    if found is not None:
        return found
    case = Case(
        id=uuid.uuid4(),
        organization_id=organization_id,
        line_id=line_id,
        state=CaseState.OPEN,
        opened_at=clock.now(),
    )
    session().add(case)
    session().flush()
    record(
        actor=SYSTEM,
        verb="case.opened",
        subject_kind="abuse_case",
        subject_id=case.id,
        organization_id=organization_id,
    )
    return case


def locked_case(case_id: uuid.UUID, *, expected_version: int | None = None) -> Case:
    """The case, locked until the transaction ends. Raises NotFound, Conflict (another version)."""
    case = session().scalar(
        sa.select(Case)
        .where(Case.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if case is None:
        raise NotFound("case")
    if expected_version is not None and case.version != expected_version:
        raise Conflict("case", version=case.version)
    return case


def claim(*, actor: Actor, case_id: uuid.UUID, expected_version: int) -> Case:
    """Take a case, or take it on for another lease. Raises CaseTaken, IllegalTransition."""
    case, now = locked_case(case_id, expected_version=expected_version), clock.now()
    if case.state is CaseState.CLAIMED:
        if case.claimed_by != actor.id and lease_runs(until=case.claimed_until, now=now):
            raise CaseTaken()
    else:
        CASE_MACHINE.check(case.state, CaseState.CLAIMED)
        if case.state is not CaseState.OPEN:
            raise CaseTaken()
    case.state = CaseState.CLAIMED
    case.claimed_by, case.claimed_until = actor.id, now + CLAIM_LEASE
    _note(actor, case, "case.claimed")
    return case


def release(*, actor: Actor, case_id: uuid.UUID, expected_version: int) -> Case:
    """Give a claimed case back to the queue. Raises CaseNotClaimed."""
    case = locked_case(case_id, expected_version=expected_version)
    require_claim(case, actor)
    _open_again(case)
    _note(actor, case, "case.released")
    return case


def release_expired() -> int:
    """Cases whose lease is over go back to the queue; gives how many."""
    late = session().scalars(
        sa.select(Case)
        .where(Case.state == CaseState.CLAIMED, Case.claimed_until < clock.now())
        .with_for_update(skip_locked=True)
    )
    count = 0
    for case in late.all():
        _open_again(case)
        _note(SYSTEM, case, "case.lease_ended")
        count += 1
    session().flush()
    return count


def require_claim(case: Case, actor: Actor) -> None:
    """Raise CaseNotClaimed unless the actor holds the case now."""
    holds = (
        case.state is CaseState.CLAIMED
        and case.claimed_by == actor.id
        and lease_runs(until=case.claimed_until, now=clock.now())
    )
    if not holds:
        raise CaseNotClaimed()


def reject_report(*, actor: Actor, report_id: uuid.UUID, note: str) -> AbuseReport:
    """Put a report aside that belongs to no case: about no line of ours, or not a report at all."""
    report = session().scalar(
        sa.select(AbuseReport).where(AbuseReport.id == report_id).with_for_update()
    )
    if report is None:
        raise NotFound("abuse_report")
    reason = check_note(note)
    REPORT_MACHINE.check(report.state, ReportState.REJECTED)
    report.state = ReportState.REJECTED
    record(
        actor=actor,
        verb="report.rejected",
        subject_kind="abuse_report",
        subject_id=report.id,
        organization_id=report.organization_id,
        reason=reason,
    )
    return report


def set_category(
    *, actor: Actor, report_id: uuid.UUID, seen: str, category: ReportCategory, note: str
) -> AbuseReport:
    """Say better what a report is about. `seen` is the category that the editor saw. Raises
    Conflict, InvalidInput, NotFound."""
    report = session().scalar(
        sa.select(AbuseReport)
        .where(AbuseReport.id == report_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise NotFound("abuse_report")
    if str(report.category) != seen:
        raise Conflict("abuse_report")
    reason = check_note(note)
    if report.category is not category:
        before, report.category = report.category, category
        record(
            actor=actor,
            verb="report.category_set",
            subject_kind="abuse_report",
            subject_id=report.id,
            organization_id=report.organization_id,
            reason=reason,
            detail={"before": str(before), "after": str(category)},
        )
    return report


def _open_again(case: Case) -> None:
    CASE_MACHINE.check(case.state, CaseState.OPEN)
    case.state = CaseState.OPEN
    case.claimed_by = case.claimed_until = None


def _note(actor: Actor, case: Case, verb: str) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="abuse_case",
        subject_id=case.id,
        organization_id=case.organization_id,
    )
