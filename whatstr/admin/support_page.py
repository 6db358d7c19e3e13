"""The support page: one request, its thread, what surrounds the customer, the answer."""

from __future__ import annotations

import uuid
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from whatstr.accounts.models import StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.listing import events_of
from whatstr.admin.views import Page
from whatstr.billing import ledger
from whatstr.billing import queries as billing
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput
from whatstr.lines import queries as lines
from whatstr.support import desk, queries
from whatstr.support.queries import Thread


class SupportPage(Page):
    """Endpoint `support`. Who may only read the queue sees what surrounds a request, not its
    words."""

    read = P.SUPPORT_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return flask.redirect(flask.url_for("requests.index_view"))

    @expose("/<uuid:request_id>/")  # type: ignore[untyped-decorator]
    def show(self, request_id: uuid.UUID) -> Any:
        return self._page(request_id)

    @expose("/<uuid:request_id>/al", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def take(self, request_id: uuid.UUID) -> Response:
        return self._assign(request_id, access.current_staff().staff_id, _("It is yours."))

    @expose("/<uuid:request_id>/ver", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def give(self, request_id: uuid.UUID) -> Response:
        """To a colleague, or back to everybody."""
        chosen = forms.text("staff")
        with forms.refusals() as said:
            try:
                to = uuid.UUID(hex=chosen) if chosen else None
            except ValueError:
                raise InvalidInput("staff", "unknown") from None
        if said:
            return forms.back(_url(request_id), said, "")
        done = _("Given to a colleague.") if to else _("Back in the queue.")
        return self._assign(request_id, to, done)

    def _assign(self, request_id: uuid.UUID, to: uuid.UUID | None, done: str) -> Response:
        with forms.refusals() as said:
            desk.assign(
                actor=access.actor(),
                request_id=request_id,
                expected_version=forms.number("version"),
                staff_id=to,
            )
        return forms.back(_url(request_id), said, done)

    @expose("/<uuid:request_id>/yanit", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def answer(self, request_id: uuid.UUID) -> Any:
        """Answer; then stay, or go on with whoever waits longest."""
        after = forms.text("after")
        with forms.refused(self._page, request_id) as refused:
            desk.answer(
                actor=access.actor(),
                request_id=request_id,
                expected_version=forms.number("version"),
                body=flask.request.form.get("body", ""),
                closes=forms.text("closes") == "1",
            )
        if refused.page:
            return refused.page
        target = _url(request_id)
        if after == "next":
            more = queries.next_waiting(request_id, access.current_staff().staff_id)
            target = _url(more.id) if more else flask.url_for("admin.index")
        return forms.back(target, [], _("Sent. The customer is told by e-mail."))

    @expose("/<uuid:request_id>/kapat", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def close(self, request_id: uuid.UUID) -> Response:
        with forms.refusals() as said:
            desk.close(
                actor=access.actor(),
                request_id=request_id,
                expected_version=forms.number("version"),
            )
        return forms.back(_url(request_id), said, _("Closed. It can be opened again here."))

    @expose("/<uuid:request_id>/ac", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.SUPPORT_WRITE)
    def reopen(self, request_id: uuid.UUID) -> Response:
        with forms.refusals() as said:
            desk.reopen(
                actor=access.actor(),
                request_id=request_id,
                expected_version=forms.number("version"),
            )
        return forms.back(_url(request_id), said, _("Open again."))

    def _page(self, request_id: uuid.UUID, errors: dict[str, list[str]] | None = None) -> str:
        reads = access.may(P.SUPPORT_WRITE)
        found = queries.thread(request_id) if reads else Thread(queries.header(request_id), ())
        request = found.request
        money = access.may(P.PAYMENTS_READ)
        customer = request.organization_id
        page: str = self.render(
            "admin/support.html",
            r=request,
            messages=found.messages,
            reads=reads,
            names=_names(found),
            me=access.current_staff().staff_id,
            colleagues=queries.colleagues() if reads else (),
            canned=queries.canned_replies(request.topic) if reads else (),
            others=[one for one in queries.headers_of(customer) if one.id != request.id],
            lines=lines.lines(customer),
            balance=ledger.balance(customer) if money else None,
            subscription=billing.current_subscription(customer) if money else None,
            events=events_of("support_request", request.id.hex),
            errors=errors or {},
            said=flask.request.form,
            labels=labels,
            admin_active="requests",
        )
        return page


def _url(request_id: uuid.UUID) -> str:
    return flask.url_for("support.show", request_id=request_id)


def _names(found: Thread) -> dict[uuid.UUID, str]:
    """Names of the colleagues who wrote or who work on it."""
    ids = {found.request.assigned_to, *(one.author_id for one in found.messages)} - {None}
    rows = session().execute(
        sa.select(StaffUser.id, StaffUser.display_name).where(StaffUser.id.in_(ids))
    )
    return {row[0]: row[1] for row in rows}
