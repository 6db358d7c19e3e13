"""One organization: state, lines, campaigns in numbers, payments, the masked profile, reveals."""

from __future__ import annotations

import uuid
from typing import Any

import flask
import sqlalchemy as sa
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy.orm import load_only, undefer

from whatstr.abuse import queries as abuse
from whatstr.abuse.desk import RevealReason
from whatstr.abuse.models import Case
from whatstr.accounts.models import Member, Organization
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import access, forms, labels, reveals
from whatstr.admin.views import Page
from whatstr.audit import queries as audit
from whatstr.billing import ledger
from whatstr.billing import queries as billing
from whatstr.campaigns.models import Campaign
from whatstr.core.db import session
from whatstr.core.errors import NotFound
from whatstr.lines.models import Line

# This role has no right to a member's keys.
_MASKED = (Member.email_masked, Member.phone_masked)


class OrganizationPage(Page):
    """Endpoint `organization`."""

    read = P.ORGANIZATIONS_READ

    @expose("/")  # type: ignore[untyped-decorator]
    def index(self) -> Any:
        return flask.redirect(flask.url_for("organizations.index_view"))

    @expose("/<uuid:organization_id>/")  # type: ignore[untyped-decorator]
    def show(self, organization_id: uuid.UUID) -> Any:
        return self._page(organization_id)

    @expose("/<uuid:organization_id>/goster", methods=["POST"])  # type: ignore[untyped-decorator]
    @access.needs(P.REVEAL_IN_CASE, P.REVEAL_IN_PAYMENT, P.REVEAL_IN_REQUEST, step_up=True)
    def reveal(self, organization_id: uuid.UUID) -> Any:
        """One value, for thirty seconds. The log row is committed before the value is read."""
        with forms.refusals() as said:
            wanted = reveals.log_reveal(
                actor=access.actor(),
                person=access.current_staff(),
                organization_id=organization_id,
                field=forms.text("field"),
                reason=forms.choice("reason", RevealReason),
                note=forms.text("note"),
            )
        if said:
            return forms.back(_url(organization_id), said, "")
        return self._page(organization_id, shown=(wanted.key, reveals.read_value(wanted)))

    def _page(self, organization_id: uuid.UUID, shown: tuple[str, str | None] | None = None) -> str:
        organization = session().get(
            Organization,
            organization_id,
            options=[undefer(Organization.name_ct)],
            populate_existing=True,
        )
        if organization is None:
            raise NotFound("organization")
        run, mine = session().scalars, Member.organization_id == organization_id
        counts = session().execute(
            sa.select(Campaign.state, sa.func.count(), sa.func.sum(Campaign.rows))
            .where(Campaign.organization_id == organization_id)
            .group_by(Campaign.state)
            .order_by(Campaign.state)
        )
        money = access.may(P.PAYMENTS_READ)
        page: str = self.render(
            "admin/organization.html",
            organization=organization,
            members=run(
                sa.select(Member)
                .where(mine)
                .order_by(Member.created_at)
                .options(load_only(Member.role, Member.state, *_MASKED))
            ).all(),
            lines=run(
                sa.select(Line)
                .where(Line.organization_id == organization_id)
                .order_by(Line.connected_at)
            ).all(),
            campaign_counts=counts.all(),
            purchases=billing.purchases(organization_id) if money else None,
            balance=ledger.balance(organization_id) if money else None,
            cases=run(
                sa.select(Case)
                .where(Case.organization_id == organization_id)
                .order_by(Case.opened_at.desc())
            ).all()
            if access.may(P.CASES_READ)
            else None,
            statements=abuse.statements_of(organization_id) if access.may(P.CASES_READ) else None,
            reveals=audit.reveals_of(organization_id),
            fields=reveals.fields_for(access.current_staff(), organization_id),
            reasons=labels.options(RevealReason),
            field_words={**{k: f.label for k, f in reveals.FIELDS.items()}, "words": _("Report")},
            reason_words=dict(labels.options(RevealReason)),
            shown=shown,
            admin_active="organizations",
        )
        return page


def _url(organization_id: uuid.UUID) -> str:
    return flask.url_for("organization.show", organization_id=organization_id)
