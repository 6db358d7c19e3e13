"""The exception desk: facts, the most that can be defended, signatures, execution."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _

from whatstr.abuse.policies import check_note
from whatstr.accounts.models import StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, asking, code_words, conflicts, forms, labels
from whatstr.admin.views import Page
from whatstr.billing import exceptions, queries, refunds
from whatstr.billing.models import (
    EXCEPTION_MACHINE,
    ExceptionRequest,
    ExceptionState,
    Ground,
    Payment,
)
from whatstr.campaigns.settlement import delivery_since
from whatstr.core.db import session, transaction
from whatstr.core.errors import Conflict, DomainError, NotFound
from whatstr.core.i18n import money
from whatstr.core.web import sentence


class ExceptionDesk(Page):
    """Endpoint `desk`."""

    read = P.EXCEPTIONS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return flask.redirect(flask.url_for("exceptions.index_view"))

    @expose("/<uuid:request_id>/")  # type: ignore[untyped-decorator]
    def show(self, request_id: uuid.UUID) -> Any:
        detail = queries.detail(request_id)
        person = access.current_staff()
        signed = {one.staff_id for one in detail.approvals}
        rows = session().execute(
            sa.select(StaffUser.id, StaffUser.display_name).where(
                StaffUser.id.in_(signed | {detail.request.requester_id})
            )
        )
        budget = next(one for one in queries.budgets() if one.ground is detail.request.ground)
        return self.render(
            "admin/exception.html",
            d=detail,
            request_row=detail.request,
            budget=budget,
            names={row[0]: row[1] for row in rows},
            failure=code_words.refund_failure,
            own=detail.request.requester_id == person.staff_id,
            signed_by_me=person.staff_id in signed,
            states=ExceptionState,
            admin_active="exceptions",
        )

    @expose("/yeni/<uuid:payment_id>", methods=["GET", "POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_REQUEST)
    def begin(self, payment_id: uuid.UUID) -> Any:
        """A request that staff make for a customer; somebody else has to approve it."""
        payment = session().get(Payment, payment_id)
        if payment is None:
            raise NotFound("payment")
        errors: dict[str, list[str]] = {}
        if flask.request.method == "POST":
            try:
                with transaction():
                    made = self._submit(payment)
            except DomainError as error:
                session().expire_all()
                field = str(error.context.get("field", ""))
                errors = {"explanation" if field == "note" else field: [sentence(error)]}
            else:
                return forms.back(_url(made.id), [], _("Submitted. Somebody else has to sign."))
        page = self.render(
            "admin/exception_new.html",
            payment=payment,
            obstacle=_obstacle(payment),
            grounds=labels.options(Ground),
            errors=errors,
            said=flask.request.form,
            admin_active="exceptions",
        )
        return page, 400 if errors else 200

    def _submit(self, payment: Payment) -> ExceptionRequest:
        return exceptions.submit(
            actor=access.actor(),
            organization_id=payment.organization_id,
            payment_id=payment.id,
            ground=forms.choice("ground", Ground),
            explanation=check_note(forms.text("explanation")),
            delivery=delivery_since(payment.organization_id, payment.paid_at or payment.created_at),
        )

    @expose("/<uuid:request_id>/imzala", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE, step_up=True)
    def approve(self, request_id: uuid.UUID) -> Any:
        unsure = asking.first(
            title=_("Sign this exception?"),
            body=_("Another amount than the present one voids the signatures that were given."),
            confirm=_("Sign"),
            danger=False,
        )
        if unsure:
            return unsure
        return self._carry_out(
            request_id,
            lambda: exceptions.approve(
                request_id=request_id,
                amount_kurus=forms.kurus("amount_kurus"),
                actor=access.actor(),
                expected_version=forms.number("version"),
            ),
            _("Signed."),
        )

    @expose("/<uuid:request_id>/reddet", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE)
    def reject(self, request_id: uuid.UUID) -> Any:
        return self._carry_out(
            request_id,
            lambda: exceptions.reject(
                request_id=request_id,
                reason=forms.text("reason"),
                actor=access.actor(),
                expected_version=forms.number("version"),
            ),
            _("Turned down. The customer is told why."),
        )

    @expose("/<uuid:request_id>/sor", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE)
    def ask(self, request_id: uuid.UUID) -> Any:
        return self._carry_out(
            request_id,
            lambda: exceptions.ask(
                request_id=request_id,
                question=forms.text("reason"),
                actor=access.actor(),
                expected_version=forms.number("version"),
            ),
            _("The customer is asked."),
        )

    @expose("/<uuid:request_id>/iade-et", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE, step_up=True)
    def execute(self, request_id: uuid.UUID) -> Any:
        amount = money(queries.detail(request_id).request.amount_kurus)
        unsure = asking.first(
            title=_("Refund %(amount)s?", amount=amount),
            body=_(
                "Stripe pays it back to the card. Unspent credits of this payment are taken back. "
                "This cannot be undone."
            ),
            confirm=_("Refund %(amount)s", amount=amount),
        )
        if unsure:
            return unsure
        return self._carry_out(
            request_id,
            lambda: refunds.execute(
                request_id=request_id,
                actor=access.actor(),
                expected_version=forms.number("version"),
            ),
            _("The refund is ordered from Stripe."),
        )

    @expose("/<uuid:request_id>/yinele/<uuid:refund_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE, step_up=True)
    def retry(self, request_id: uuid.UUID, refund_id: uuid.UUID) -> Any:
        unsure = asking.first(
            title=_("Order the refund from Stripe again?"),
            body=_("The credits are taken back once more."),
            confirm=_("Try again"),
        )
        if unsure:
            return unsure
        return self._carry_out(
            request_id,
            lambda: refunds.retry(refund_id=refund_id, actor=access.actor()),
            _("The refund is ordered from Stripe again."),
        )

    @expose("/<uuid:request_id>/elden/<uuid:refund_id>", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.EXCEPTIONS_DECIDE, step_up=True)
    def settle(self, request_id: uuid.UUID, refund_id: uuid.UUID) -> Any:
        return self._carry_out(
            request_id,
            lambda: refunds.settle_offline(
                refund_id=refund_id, reason=forms.text("reason"), actor=access.actor()
            ),
            _("Noted as settled another way."),
        )

    def _carry_out(self, request_id: uuid.UUID, change: Callable[[], object], done: str) -> Any:
        """One change of a request. What came too late is shown beside what is stored."""
        try:
            with transaction():
                change()
        except Conflict:
            session().expire_all()
            return _conflict(request_id)
        except DomainError as error:
            session().expire_all()
            return forms.back(_url(request_id), [sentence(error)], "")
        return forms.back(_url(request_id), [], done)


def _obstacle(payment: Payment) -> str:
    """Why nothing can be asked for, before anybody writes an explanation; empty when it can."""
    found = exceptions.obstacle(payment)
    return "" if found is None else sentence(found)


def _url(request_id: uuid.UUID) -> str:
    return flask.url_for("desk.show", request_id=request_id)


# What each verb would make of a request: it can be sent again while that is possible.
_AFTER = {
    "imzala": ExceptionState.APPROVED,
    "reddet": ExceptionState.REJECTED,
    "sor": ExceptionState.NEEDS_INFO,
    "iade-et": ExceptionState.EXECUTED,
}


def _conflict(request_id: uuid.UUID) -> tuple[str, int]:
    """The request as it stands beside the amount or the words that came too late."""
    detail = queries.detail(request_id)
    row, verb = detail.request, flask.request.path.rpartition("/")[2]
    amount = forms.kurus("amount_kurus") if verb == "imzala" else 0
    rows = [
        (_("State"), labels.word(row.state), ""),
        (
            _("Signatures"),
            ", ".join(
                f"{_name(one.staff_id)} · {money(one.amount_kurus)}" for one in detail.approvals
            ),
            "",
        ),
        (_("Amount"), money(row.amount_kurus), money(amount) if amount else ""),
        (_("Our words to the customer"), row.decision_reason or "", forms.text("reason")),
    ]
    possible = EXCEPTION_MACHINE.allows(row.state, _AFTER[verb]) or (
        row.state is ExceptionState.APPROVED and amount not in (0, row.amount_kurus)
    )
    again = conflicts.Again(
        url=flask.request.path,
        label=_("Send mine all the same"),
        seen={"version": str(row.version)},
        asks=True,
    )
    return conflicts.page(
        rows,
        back=_url(request_id),
        about=("exception_request", row.id),
        again=again if possible else None,
    )


def _name(staff_id: uuid.UUID) -> str:
    person = session().get(StaffUser, staff_id)
    return person.display_name if person else "–"
