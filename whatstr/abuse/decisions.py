"""Deciding a case: policy, ground and explanation lead to actions that take effect at once.

A suspension needs a second person (staff design, "Roles"): until then the case waits, while a pause
of the line that was decided with it already holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from whatstr.abuse import effects
from whatstr.abuse.cases import locked_case, require_claim
from whatstr.abuse.models import (
    ACTION_MACHINE,
    CASE_MACHINE,
    Action,
    ActionKind,
    ActionState,
    Case,
    CaseState,
    Decision,
)
from whatstr.abuse.policies import (
    FOUR_EYES,
    REVERSIBLE,
    DecisionGround,
    Policy,
    SecondPersonNeeded,
    WantedAction,
    check_decision,
    check_note,
)
from whatstr.abuse.statements import issue_statement
from whatstr.audit.services import Actor, record
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput, NotFound
from whatstr.core.statemachine import IllegalTransition


def decide(
    *,
    actor: Actor,
    case_id: uuid.UUID,
    expected_version: int,
    policy: Policy,
    ground: DecisionGround,
    explanation: str,
    actions: Sequence[WantedAction],
) -> Decision:
    """Conclude a case that the actor has claimed. Raises InvalidInput, CaseNotClaimed, Conflict.

    Everything happens in the caller's transaction; with the commit the sender stops.
    """
    check_decision(kinds=[one.kind for one in actions], ground=ground, explanation=explanation)
    case = locked_case(case_id, expected_version=expected_version)
    require_claim(case, actor)
    decision = Decision(
        id=uuid.uuid4(),
        case_id=case.id,
        staff_id=_person(actor),
        policy=str(policy),
        ground=str(ground),
        explanation=explanation.strip(),
        at=clock.now(),
    )
    session().add(decision)
    session().flush()
    made = [_propose(decision, case, one, actor) for one in actions]
    for action in made:
        if action.kind not in FOUR_EYES:
            _take_effect(action, case=case, actor=actor)
    _note(actor, case, "case.decision", decision, made)
    if any(action.state is ActionState.PROPOSED for action in made):
        _move(case, CaseState.WAITING)
        case.claimed_until = None
    else:
        _conclude(case, decision, made)
    session().flush()
    return decision


def approve_action(*, actor: Actor, action_id: uuid.UUID, expected_version: int) -> Action:
    """The second signature under a suspension: it takes effect. Raises SecondPersonNeeded."""
    action, case = _proposed(action_id, expected_version)
    if action.proposed_by == actor.id:
        raise SecondPersonNeeded()
    ACTION_MACHINE.check(action.state, ActionState.APPROVED)
    action.state, action.approved_by = ActionState.APPROVED, actor.id
    _take_effect(action, case=case, actor=actor)
    decision = session().get_one(Decision, action.decision_id)
    _move(case, CaseState.CLAIMED)
    _note(actor, case, "case.action_approved", decision, [action])
    _conclude(case, decision, actions_of(decision.id))
    session().flush()
    return action


def refuse_action(
    *, actor: Actor, action_id: uuid.UUID, expected_version: int, note: str
) -> Action:
    """Do not suspend: what held meanwhile is undone and the case goes back to the queue. Who
    proposed it may take it back the same way."""
    reason = check_note(note)
    action, case = _proposed(action_id, expected_version)
    ACTION_MACHINE.check(action.state, ActionState.EXPIRED)
    action.state = ActionState.EXPIRED
    for other in actions_of(action.decision_id):
        if other.state is ActionState.APPLIED and other.kind in REVERSIBLE:
            _undo(other, case=case, actor=actor)
    _move(case, CaseState.CLAIMED)
    _move(case, CaseState.OPEN)
    case.claimed_by = case.claimed_until = None
    decision = session().get_one(Decision, action.decision_id)
    _note(actor, case, "case.action_refused", decision, [action], reason=reason)
    session().flush()
    return action


def reverse_action(
    *, actor: Actor, action_id: uuid.UUID, expected_version: int, note: str
) -> Action:
    """Take an applied action back, with a reason. Raises Conflict, IllegalTransition, NotFound."""
    reason = check_note(note)
    action = _action(action_id)
    case = locked_case(action.case_id, expected_version=expected_version)
    if action.kind not in REVERSIBLE:
        raise IllegalTransition("reverse", before=str(action.state))
    _undo(action, case=case, actor=actor)
    decision = session().get_one(Decision, action.decision_id)
    _note(actor, case, "case.action_reversed", decision, [action], reason=reason)
    session().flush()
    return action


def actions_of(decision_id: uuid.UUID) -> Sequence[Action]:
    """The actions of a decision."""
    return session().scalars(sa.select(Action).where(Action.decision_id == decision_id)).all()


def _propose(decision: Decision, case: Case, wanted: WantedAction, actor: Actor) -> Action:
    action = Action(
        id=uuid.uuid4(),
        decision_id=decision.id,
        case_id=case.id,
        kind=wanted.kind,
        state=ActionState.PROPOSED,
        target_id=effects.check_target(case, wanted.kind, _uuid(wanted.target)),
        proposed_by=_person(actor),
        proposed_at=decision.at,
    )
    session().add(action)
    session().flush()
    return action


def _take_effect(action: Action, *, case: Case, actor: Actor) -> None:
    ACTION_MACHINE.check(action.state, ActionState.APPLIED)
    effects.apply(action, case=case, actor=actor)
    action.state, action.applied_at = ActionState.APPLIED, clock.now()


def _undo(action: Action, *, case: Case, actor: Actor) -> None:
    ACTION_MACHINE.check(action.state, ActionState.REVERSED)
    effects.undo(action, case=case, actor=actor)
    action.state, action.reversed_at = ActionState.REVERSED, clock.now()


def _conclude(case: Case, decision: Decision, actions: Sequence[Action]) -> None:
    """The case is decided. Whoever is affected gets the reasons; a dismissal closes the case."""
    _move(case, CaseState.DECIDED)
    case.claimed_until = None
    if any(action.kind is ActionKind.DISMISS for action in actions):
        _move(case, CaseState.CLOSED)
        case.closed_at = clock.now()
    else:
        issue_statement(case=case, decision=decision, actions=actions)


def _move(case: Case, after: CaseState) -> None:
    CASE_MACHINE.check(case.state, after)
    case.state = after


def _proposed(action_id: uuid.UUID, expected_version: int) -> tuple[Action, Case]:
    found = _action(action_id)
    case = locked_case(found.case_id, expected_version=expected_version)
    if found.state is not ActionState.PROPOSED:
        raise IllegalTransition("action", before=str(found.state))
    return found, case


def _action(action_id: uuid.UUID) -> Action:
    found = session().scalar(sa.select(Action).where(Action.id == action_id).with_for_update())
    if found is None:
        raise NotFound("action")
    return found


def _person(actor: Actor) -> uuid.UUID:
    if actor.id is None:
        raise TypeError("a case is decided by a person")
    return actor.id


def _uuid(text: str) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("target", "malformed") from None


def _note(
    actor: Actor,
    case: Case,
    verb: str,
    decision: Decision,
    actions: Sequence[Action],
    *,
    reason: str | None = None,
) -> None:
    record(
        actor=actor,
        verb=verb,
        subject_kind="abuse_case",
        subject_id=case.id,
        organization_id=case.organization_id,
        reason=reason or f"{decision.policy}:{decision.ground}",
        detail={
            "decision": decision.id.hex,
            "actions": [{"kind": a.kind, "state": a.state} for a in actions],
        },
    )
