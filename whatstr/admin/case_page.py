"""The case page: reports, what an action would hit, the decision, the second signature."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr import settings_of
from whatstr.abuse import cases, decisions, desk, queries
from whatstr.abuse.models import AbuseReport, Action, ActionKind, Case, CaseState
from whatstr.abuse.policies import (
    GROUND_WORDS,
    POLICY_WORDS,
    REVERSIBLE,
    CaseNotClaimed,
    DecisionGround,
    Policy,
    WantedAction,
    lease_runs,
)
from whatstr.accounts.models import StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, asking, case_conflict, forms, labels
from whatstr.admin.case_conflict import OUTCOMES
from whatstr.admin.registers.traffic import quality_word
from whatstr.admin.views import Page
from whatstr.core import clock
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, DomainError, InvalidInput, NotFound
from whatstr.core.i18n import language
from whatstr.core.statemachine import IllegalTransition
from whatstr.core.web import sentence


class CasePage(Page):
    """Endpoint `case`."""

    read = P.CASES_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return flask.redirect(flask.url_for("cases.index_view"))

    @expose("/<uuid:case_id>/")  # type: ignore[untyped-decorator]
    def show(self, case_id: uuid.UUID) -> Any:
        return self._page(case_id)

    @expose("/<uuid:case_id>/ustlen", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE)
    def claim(self, case_id: uuid.UUID) -> Any:
        """What was written before the claim ran out comes along into the form of the decision."""
        with forms.refusals() as said:
            cases.claim(
                actor=access.actor(), case_id=case_id, expected_version=forms.number("version")
            )
        if forms.text("explanation"):
            return self._page(case_id) if not said else case_conflict.of_decision(case_id)
        return forms.back(_url(case_id), said, _("The case is yours for 30 minutes."))

    @expose("/<uuid:case_id>/birak", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE)
    def release(self, case_id: uuid.UUID) -> Response:
        with forms.refusals() as said:
            cases.release(
                actor=access.actor(), case_id=case_id, expected_version=forms.number("version")
            )
        return forms.back(_url(case_id), said, _("The case is back in the queue."))

    @expose("/<uuid:case_id>/bildirim/<uuid:report_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.REVEAL_IN_CASE, step_up=True)
    def open_report(self, case_id: uuid.UUID, report_id: uuid.UUID) -> Any:
        """The reported words. The log row is committed before the desk key is touched."""
        report = session().get(AbuseReport, report_id)
        if report is None or report.case_id != case_id:
            raise NotFound("abuse_report")
        with forms.refusals() as said:
            desk.log_opening(
                actor=access.actor(),
                report_id=report_id,
                reason=forms.choice("reason", desk.RevealReason),
                note=forms.text("note"),
                roles=[str(role) for role in access.current_staff().roles],
            )
        if said:
            return forms.back(_url(case_id), said, "")
        key = base64.b64decode(settings_of()["WHATSTR_DESK_KEY"])
        words = desk.read_words(report_id=report_id, desk_key=key)
        return self.render(
            "admin/words.html",
            report=report,
            words=words,
            case=session().get(Case, case_id),
            back=_url(case_id),
            admin_active="cases",
        )

    @expose("/<uuid:case_id>/karar", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.CASES_WRITE, step_up=True)
    def decide(self, case_id: uuid.UUID) -> Any:
        unsure = asking.first(
            title=_("Carry out this decision?"),
            body=case_conflict.outcome_words(),
            confirm=_("Decide"),
        )
        if unsure:
            return unsure
        try:
            with transaction():
                self._decide(case_id)
        except (Conflict, CaseNotClaimed):
            session().expire_all()
            return case_conflict.of_decision(case_id)
        except DomainError as error:
            session().expire_all()
            field = str(error.context.get("field", ""))
            return self._page(case_id, {field: [sentence(error)]}), error.status
        case = session().get_one(Case, case_id)
        waits = case.state is CaseState.WAITING
        done = (
            _("Proposed. A second person has to sign the suspension.")
            if waits
            else _("Decided. What was stopped has stopped.")
        )
        return forms.back(_url(case_id), [], done)

    def _decide(self, case_id: uuid.UUID) -> None:
        outcome = forms.text("outcome")
        if outcome not in OUTCOMES:
            raise InvalidInput("actions", "missing")
        kinds = list(OUTCOMES[outcome])
        if outcome == "suspend":
            if not access.may(P.SUSPEND):
                raise InvalidInput("actions", "unknown")
            if forms.text("hold_line") == "1":
                kinds.append(ActionKind.PAUSE_LINE)
        target = forms.text("campaign") if outcome == "pause_campaign" else ""
        if outcome == "pause_campaign" and not target:
            raise InvalidInput("campaign", "missing")
        decisions.decide(
            actor=access.actor(),
            case_id=case_id,
            expected_version=forms.number("version"),
            policy=forms.choice("policy", Policy),
            ground=forms.choice("ground", DecisionGround),
            explanation=forms.text("explanation"),
            actions=[WantedAction(kind, target) for kind in kinds],
        )

    @expose("/<uuid:case_id>/onay/<uuid:action_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUSPEND, step_up=True)
    def approve(self, case_id: uuid.UUID, action_id: uuid.UUID) -> Any:
        unsure = asking.first(
            title=_("Suspend the organization?"),
            body=_("All that it has queued stops at once. The action can be undone."),
            confirm=_("Sign: suspend the organization"),
        )
        if unsure:
            return unsure
        with forms.refusals() as said:
            _belongs(action_id, case_id)
            decisions.approve_action(
                actor=access.actor(), action_id=action_id, expected_version=forms.number("version")
            )
        return forms.back(_url(case_id), said, _("The organization is suspended."))

    @expose("/<uuid:case_id>/ret/<uuid:action_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUSPEND)
    def refuse(self, case_id: uuid.UUID, action_id: uuid.UUID) -> Any:
        return self._with_note(
            case_id,
            action_id,
            decisions.refuse_action,
            _("Not suspended. The case is back in the queue."),
        )

    @expose("/<uuid:case_id>/geri-al/<uuid:action_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUSPEND, step_up=True)
    def reverse(self, case_id: uuid.UUID, action_id: uuid.UUID) -> Any:
        return self._with_note(
            case_id, action_id, decisions.reverse_action, _("Undone. Sending may go on.")
        )

    def _with_note(
        self, case_id: uuid.UUID, action_id: uuid.UUID, change: Callable[..., object], done: str
    ) -> Any:
        """A change of an action with a reason; one that came too late keeps the reason."""
        try:
            with transaction():
                _belongs(action_id, case_id)
                change(
                    actor=access.actor(),
                    action_id=action_id,
                    expected_version=forms.number("version"),
                    note=forms.text("note"),
                )
        except (Conflict, IllegalTransition):
            session().expire_all()
            return case_conflict.of_note(case_id, action_id)
        except DomainError as error:
            session().expire_all()
            return forms.back(_url(case_id), [sentence(error)], "")
        return forms.back(_url(case_id), [], done)

    def _page(self, case_id: uuid.UUID, errors: dict[str, list[str]] | None = None) -> str:
        detail = queries.case_detail(case_id)
        person, now = access.current_staff(), clock.now()
        claimed = lease_runs(until=detail.case.claimed_until, now=now)
        mine = (
            claimed
            and detail.case.state is CaseState.CLAIMED
            and detail.case.claimed_by == person.staff_id
        )
        lang = language()
        page: str = self.render(
            "admin/case.html",
            d=detail,
            case=detail.case,
            mine=mine,
            taken=claimed and not mine,
            names=_names(detail),
            policies=[(str(p), words.in_(lang)) for p, words in POLICY_WORDS.items()],
            grounds=[(str(g), words.in_(lang)) for g, words in GROUND_WORDS.items()],
            policy_words={str(p): words.in_(lang) for p, words in POLICY_WORDS.items()},
            ground_words={str(g): words.in_(lang) for g, words in GROUND_WORDS.items()},
            reasons=labels.options(desk.RevealReason),
            quality=quality_word,
            reversible=REVERSIBLE,
            errors=errors or {},
            said=flask.request.form,
            me=person.staff_id,
            admin_active="cases",
        )
        return page


def _url(case_id: uuid.UUID) -> str:
    return flask.url_for("case.show", case_id=case_id)


def _belongs(action_id: uuid.UUID, case_id: uuid.UUID) -> None:
    action = session().get(Action, action_id)
    if action is None or action.case_id != case_id:
        raise NotFound("action")


def _names(detail: queries.CaseDetail) -> dict[uuid.UUID, str]:
    """Names of colleagues that the page speaks of."""
    ids = {detail.case.claimed_by, *(one.staff_id for one in detail.decisions)}
    for action in detail.actions:
        ids |= {action.proposed_by, action.approved_by}
    rows = session().execute(
        sa.select(StaffUser.id, StaffUser.display_name).where(StaffUser.id.in_(ids - {None}))
    )
    return {row[0]: row[1] for row in rows}
