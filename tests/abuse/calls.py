"""What operators do, as the tests of the desk share it."""

from __future__ import annotations

import uuid

import flask
import sqlalchemy as sa

from tests.admin.customers import Customer
from tests.admin.office import hire
from whatstr.abuse import cases, decisions
from whatstr.abuse.models import (
    Action,
    ActionKind,
    Case,
)
from whatstr.abuse.policies import (
    DecisionGround,
    Policy,
    WantedAction,
)
from whatstr.accounts.models import StaffRole
from whatstr.audit.models import ActorKind
from whatstr.audit.services import Actor
from whatstr.core.db import session, transaction

WHY = "Üç bildirim doğrulandı; onay gösterilmedi."


def attach(worker: flask.Flask) -> int:
    with worker.app_context(), transaction():
        return cases.attach_reports()


def person(app: flask.Flask, *roles: StaffRole) -> Actor:
    made = hire(app, *(roles or (StaffRole.ABUSE_OPERATOR,)))
    return Actor(ActorKind.STAFF, made.id, "203.0.113.9")


def case_of(shop: Customer) -> Case:
    return (
        session()
        .scalars(
            sa.select(Case)
            .where(Case.organization_id == shop.organization)
            .order_by(Case.number.desc())
            .execution_options(populate_existing=True)
        )
        .first()
    )  # type: ignore[return-value]


def claimed(shop: Customer, who: Actor) -> Case:
    case = case_of(shop)
    with transaction():
        return cases.claim(actor=who, case_id=case.id, expected_version=case.version)


def decide(case: Case, who: Actor, *kinds: ActionKind, target: str = "") -> None:
    ground = DecisionGround.UNFOUNDED if ActionKind.DISMISS in kinds else DecisionGround.TERMS
    with transaction():
        decisions.decide(
            actor=who,
            case_id=case.id,
            expected_version=case.version,
            policy=Policy.CONSENT,
            ground=ground,
            explanation=WHY,
            actions=[WantedAction(kind, target) for kind in kinds],
        )


def undo(who: Actor, action: Action, note: str) -> None:
    seen = session().get_one(Case, action.case_id, populate_existing=True).version
    decisions.reverse_action(actor=who, action_id=action.id, expected_version=seen, note=note)


def only_action(case: Case, kind: ActionKind) -> Action:
    query = sa.select(Action).where(Action.case_id == case.id, Action.kind == kind)
    return session().scalars(query.execution_options(populate_existing=True)).one()


def fresh(model: type, id_: uuid.UUID) -> object:
    return session().get_one(model, id_, populate_existing=True)
