"""Finders of cases, reports, money, campaigns, messages and support requests. Numbers and ids match
by their beginning, each within its own index."""

from __future__ import annotations

import re
from collections.abc import Iterator

import flask
import sqlalchemy as sa
from flask_babel import gettext as _

from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import Organization
from whatstr.admin.customer_finders import line_hit, organization_hit
from whatstr.admin.finding import Hit, id_starts, is_number, numbered, plain_id, rows_of
from whatstr.billing.models import Dispute, ExceptionRequest, Payment, Refund
from whatstr.campaigns.models import Campaign, Message
from whatstr.core.db import session
from whatstr.core.i18n import moment, money
from whatstr.lines.models import Line
from whatstr.support.models import SupportRequest

_MESSAGE = re.compile(r"([0-9a-f]{6,32})/(\d{1,9})")


def by_case(text: str) -> Iterator[Hit]:
    found = numbered(Case, text)
    if not is_number(text) and (plain := plain_id(text)):
        found = rows_of(sa.select(Case).where(id_starts(Case.id, plain)))
    for row in found:
        yield Hit(
            kind=_("Case"),
            title=_("Case %(number)s", number=row.number),
            url=flask.url_for("case.show", case_id=row.id),
            state=row.state,
            customer=row.organization_id,
        )


def by_report(text: str) -> Iterator[Hit]:
    for row in numbered(AbuseReport, text):
        yield Hit(
            kind=_("Report"),
            title=_("Report %(number)s", number=row.number),
            url=flask.url_for("reports.details_view", id=row.id),
            state=row.state,
            customer=row.organization_id,
        )


def by_payment(text: str) -> Iterator[Hit]:
    plain = plain_id(text)
    if text.startswith(("pi_", "cs_")):
        wanted = sa.or_(Payment.payment_intent == text, Payment.checkout_id == text)
    elif text.startswith(("dp_", "du_")):
        of = sa.select(Dispute.payment_id).where(Dispute.stripe_dispute == text)
        wanted = Payment.id.in_(of)
    elif plain:
        wanted = id_starts(Payment.id, plain)
    else:
        return
    for row in rows_of(sa.select(Payment).where(wanted)):
        yield Hit(
            kind=_("Payment"),
            title=money(row.amount_kurus),
            url=flask.url_for("payments.details_view", id=row.id),
            state=row.state,
            about=moment(row.created_at),
            customer=row.organization_id,
        )


def by_refund(text: str) -> Iterator[Hit]:
    plain = plain_id(text)
    if text.startswith(("re_", "pyr_")):
        wanted = Refund.stripe_refund == text
    elif plain:
        wanted = id_starts(Refund.id, plain)
    else:
        return
    for row in rows_of(sa.select(Refund).where(wanted)):
        yield Hit(
            kind=_("Refund"),
            title=money(row.amount_kurus),
            url=flask.url_for("refunds.details_view", id=row.id),
            state=row.state,
            about=moment(row.created_at),
        )


def by_exception(text: str) -> Iterator[Hit]:
    if plain := plain_id(text):
        wanted = sa.select(ExceptionRequest).where(id_starts(ExceptionRequest.id, plain))
        for row in rows_of(wanted):
            yield Hit(
                kind=_("Exception"),
                title=money(row.amount_kurus),
                url=flask.url_for("desk.show", request_id=row.id),
                state=row.state,
                customer=row.organization_id,
            )


def by_id(text: str) -> Iterator[Hit]:
    """Organizations, lines and campaigns by the beginning of their id."""
    plain = plain_id(text)
    if plain is None:
        return
    of = Organization.id
    yield from map(organization_hit, rows_of(sa.select(Organization).where(id_starts(of, plain))))
    yield from map(line_hit, rows_of(sa.select(Line).where(id_starts(Line.id, plain))))
    for row in rows_of(sa.select(Campaign).where(id_starts(Campaign.id, plain))):
        yield _campaign(row)


def _campaign(row: Campaign) -> Hit:
    return Hit(
        kind=_("Campaign"),
        title=row.id.hex[:8],
        url=flask.url_for("campaigns.details_view", id=row.id),
        state=row.state,
        about=moment(row.created_at),
        customer=row.organization_id,
    )


def by_message(text: str) -> Iterator[Hit]:
    """`campaign id/row`, as the customer's own report names a message: its state and times."""
    found = _MESSAGE.fullmatch(text.replace("-", "").lower())
    if not found:
        return
    for row in rows_of(sa.select(Campaign).where(id_starts(Campaign.id, found[1]))):
        # Only what is needed: this role has no right to the rest.
        query = sa.select(Message.status, Message.accepted_at, Message.handed_at).where(
            Message.campaign_id == row.id, Message.row == int(found[2])
        )
        message = session().execute(query).first()
        if message is not None:
            yield Hit(
                kind=_("Message"),
                title=f"{row.id.hex[:8]}/{found[2]}",
                url=flask.url_for("campaigns.details_view", id=row.id),
                state=message.status,
                about=moment(message.accepted_at or message.handed_at),
                customer=row.organization_id,
            )


def by_support_number(text: str) -> Iterator[Hit]:
    for row in numbered(SupportRequest, text):
        yield Hit(
            kind=_("Support request"),
            title=_("Request %(number)s", number=row.number),
            url=flask.url_for("support.show", request_id=row.id),
            state=row.state,
            customer=row.organization_id,
        )
