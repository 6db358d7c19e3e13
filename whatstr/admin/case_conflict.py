"""A decision or a reason about a case that came too late: beside what colleagues did meanwhile."""

from __future__ import annotations

import uuid
from typing import Any

import flask
from flask_babel import gettext as _

from whatstr.abuse import queries
from whatstr.abuse.models import ActionKind, ActionState, CaseState
from whatstr.abuse.policies import GROUND_WORDS, POLICY_WORDS, REVERSIBLE, Words, lease_runs
from whatstr.accounts.models import StaffUser
from whatstr.admin import access, conflicts, forms, labels
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.i18n import language, moment

# What the form of a decision offers: a name, and the actions it stands for.
OUTCOMES: dict[str, tuple[ActionKind, ...]] = {
    "dismiss": (ActionKind.DISMISS,),
    "warn": (ActionKind.WARN,),
    "pause_campaign": (ActionKind.PAUSE_CAMPAIGN,),
    "pause_line": (ActionKind.PAUSE_LINE,),
    "suspend": (ActionKind.SUSPEND_ORGANIZATION,),
}


def outcome_words() -> str:
    """What the form asks for, in words."""
    return ", ".join(labels.word(kind) for kind in OUTCOMES.get(forms.text("outcome"), ()))


def of_decision(case_id: uuid.UUID) -> tuple[str, int]:
    """A decision that came too late. It can be carried out now, or after the case is taken again,
    unless a colleague has it or it is decided: then its words stand there to be read."""
    detail = queries.case_detail(case_id)
    last = detail.decisions[-1] if detail.decisions else None
    done = [one for one in detail.actions if last and one.decision_id == last.id]
    rows = [
        (_("State"), _state_of(detail), ""),
        (_("What happens"), ", ".join(labels.word(one.kind) for one in done), outcome_words()),
        (
            _("Rule"),
            _in(POLICY_WORDS, last.policy if last else ""),
            _in(POLICY_WORDS, forms.text("policy")),
        ),
        (
            _("Ground"),
            _in(GROUND_WORDS, last.ground if last else ""),
            _in(GROUND_WORDS, forms.text("ground")),
        ),
        (_("Explanation"), last.explanation if last else "", forms.text("explanation")),
    ]
    return _page(detail, rows, _way_on(detail))


def of_note(case_id: uuid.UUID, action_id: uuid.UUID) -> tuple[str, int]:
    """A reason for taking an action back that came too late."""
    detail = queries.case_detail(case_id)
    action = next(one for one in detail.actions if one.id == action_id)
    proposed = flask.request.path.split("/")[-2] == "ret"
    possible = (
        action.state is ActionState.PROPOSED
        if proposed
        else action.state is ActionState.APPLIED and action.kind in REVERSIBLE
    )
    rows = [
        (_("State"), _state_of(detail), ""),
        (labels.word(action.kind), labels.word(action.state), ""),
        (_("Reason"), "", forms.text("note")),
    ]
    again = conflicts.Again(
        url=flask.request.path,
        label=_("Send mine all the same"),
        seen={"version": str(detail.case.version)},
        asks=True,
    )
    return _page(detail, rows, again if possible else None)


def _way_on(detail: queries.CaseDetail) -> conflicts.Again | None:
    case, seen = detail.case, {"version": str(detail.case.version)}
    held = lease_runs(until=case.claimed_until, now=clock.now())
    if case.state is CaseState.CLAIMED and held:
        if case.claimed_by != access.current_staff().staff_id:
            return None
        url = flask.url_for("case.decide", case_id=case.id)
        return conflicts.Again(url=url, label=_("Decide all the same"), seen=seen, asks=True)
    if case.state not in (CaseState.OPEN, CaseState.CLAIMED):
        return None
    url = flask.url_for("case.claim", case_id=case.id)
    return conflicts.Again(url=url, label=_("Take the case again and go on"), seen=seen)


def _page(
    detail: queries.CaseDetail, rows: list[conflicts.Row], again: conflicts.Again | None
) -> tuple[str, int]:
    back = flask.url_for("case.show", case_id=detail.case.id)
    return conflicts.page(rows, back=back, about=("abuse_case", detail.case.id), again=again)


def _state_of(detail: queries.CaseDetail) -> str:
    """The state, and who holds the case until when."""
    case = detail.case
    if case.state is not CaseState.CLAIMED or case.claimed_by is None:
        return labels.word(case.state)
    person = session().get(StaffUser, case.claimed_by)
    name = person.display_name if person else "–"
    return f"{labels.word(case.state)} · {name} · {moment(case.claimed_until)}"


def _in(words: dict[Any, Words], value: str) -> str:
    """A rule or a ground in the reader's language."""
    found = {str(key): one.in_(language()) for key, one in words.items()}
    return found.get(value, "")
