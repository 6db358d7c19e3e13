"""Looking through a customer's eyes: with the customer's code, read-only, for a while."""

from __future__ import annotations

import uuid
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy.orm import load_only

from whatstr.accounts.models import AcceptedDocument, LoginEvent, Member, Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels
from whatstr.admin.registers.traffic import quality_word
from whatstr.admin.views import Page
from whatstr.audit.queries import reveals_of
from whatstr.audit.services import record
from whatstr.billing import ledger
from whatstr.billing import queries as billing
from whatstr.campaigns.models import Campaign
from whatstr.core.db import session, transaction
from whatstr.lines.models import Line
from whatstr.privacy import views
from whatstr.privacy.models import AllowedView

_CAMPAIGNS, _SIGN_INS = 50, 20


class AllowedViews(Page):
    """Endpoint `looks`."""

    read = P.VIEW_AS

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        found = views.views_by(access.current_staff().staff_id)
        labels.remember_customers(found)
        page: str = self.render("admin/looks.html", found=found)
        return page

    @expose("/basla", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.VIEW_AS, step_up=True)
    def begin(self) -> Any:
        """The customer's code begins the time."""
        access.limits().view_code(staff=access.current_staff().staff_id.hex)
        with forms.refusals() as said:
            row = views.begin(actor=access.actor(), code=forms.text("code"))
        if said:
            return forms.back(self.get_url(".index"), said, "")
        return flask.redirect(self.get_url(".show", view_id=row.id))

    @expose("/<uuid:view_id>/")  # type: ignore[untyped-decorator]
    def show(self, view_id: uuid.UUID) -> Any:
        """What the customer's portal shows outside of the vault; every look is recorded."""
        row = views.live(view_id=view_id, staff_id=access.current_staff().staff_id)
        with transaction():
            record(
                actor=access.actor(),
                verb="view.looked",
                subject_kind="allowed_view",
                subject_id=row.id,
                organization_id=row.organization_id,
            )
        page: str = self.render(
            "admin/look.html",
            look=row,
            document_words=labels.document_words(),
            quality=quality_word,
            **_seen(row),
        )
        return page

    @expose("/<uuid:view_id>/bitir", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.VIEW_AS)
    def end(self, view_id: uuid.UUID) -> Any:
        with forms.refusals() as said:
            views.end(actor=access.actor(), view_id=view_id)
        return forms.back(self.get_url(".index"), said, _("The look has ended."))


def _seen(row: AllowedView) -> dict[str, Any]:
    """Metadata only. There is no way from here to a list, a text or a recipient."""
    run, owner = session().scalars, row.organization_id
    bought = billing.purchases(owner)
    return {
        "organization": session().get_one(Organization, owner),
        "members": run(
            sa.select(Member)
            .where(Member.organization_id == owner)
            .order_by(Member.created_at)
            .options(load_only(Member.role, Member.state, Member.email_masked, Member.phone_masked))
        ).all(),
        "lines": run(
            sa.select(Line).where(Line.organization_id == owner).order_by(Line.connected_at)
        ).all(),
        "campaigns": run(
            sa.select(Campaign)
            .where(Campaign.organization_id == owner)
            .order_by(Campaign.created_at.desc())
            .limit(_CAMPAIGNS)
        ).all(),
        "balance": ledger.balance(owner),
        "purchases": bought,
        "documents": run(
            sa.select(AcceptedDocument)
            .where(AcceptedDocument.organization_id == owner)
            .order_by(AcceptedDocument.at.desc())
        ).all(),
        "reveals": reveals_of(owner),
        "exceptions": [one.exception for one in bought if one.exception],
        "sign_ins": run(
            sa.select(LoginEvent)
            .where(LoginEvent.organization_id == owner)
            .order_by(LoginEvent.at.desc())
            .limit(_SIGN_INS)
        ).all(),
        "event_words": labels.event_words(),
    }
