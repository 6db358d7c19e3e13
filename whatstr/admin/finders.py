"""What the search console looks up, each kind by its own index and within a few rows.

Personal values match whole or not at all, by blind index. Numbers and ids match by their
beginning. A name matches by its beginning within a keyed bucket (decision 0006).
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import flask
import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import load_only

from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import NAME, Member, Organization, StaffUser
from whatstr.accounts.permissions import StaffPermission as P
from whatstr.admin import labels
from whatstr.billing.models import Dispute, ExceptionRequest, Payment, Refund
from whatstr.campaigns.models import Campaign, Message
from whatstr.core.crypto import head_matches, matches, name_letters, norm_email, norm_text
from whatstr.core.db import session
from whatstr.core.i18n import moment, money
from whatstr.core.phone import PhoneError, normalise
from whatstr.lines.models import Line
from whatstr.support.models import SupportRequest

SHOWN = 10
# Names of one bucket that are opened to see whether they begin as asked: about 40 ms.
OPENED = 2000
_ID = re.compile(r"[0-9a-f]{6,32}")
_MESSAGE = re.compile(r"([0-9a-f]{6,32})/(\d{1,9})")
_NUMBER = re.compile(r"\d{1,9}")
_LIKE_NUMBER = re.compile(r"[\d\s()+./-]+")


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is, how it is called, where it is."""

    kind: str
    title: str
    url: str
    state: Any = None
    about: str = ""
    customer: uuid.UUID | None = None


@dataclass(frozen=True)
class Finder:
    """`personal` finders match a value of a person: that they were used is on record."""

    name: str
    permission: P
    find: Callable[[str], Iterator[Hit]]
    personal: bool = False


def _rows(query: sa.Select[Any]) -> Sequence[Any]:
    return session().scalars(query.limit(SHOWN)).all()


def _starts(column: Any, digits: str, *, low: int, high: int) -> Any:
    """Numbers of a sequence that begin with these digits, as ranges of its index."""
    found = []
    for length in range(len(digits), len(str(high)) + 1):
        first = int(digits.ljust(length, "0"))
        last = int(digits.ljust(length, "9"))
        if last >= low and first <= high:
            found.append(column.between(max(first, low), min(last, high)))
    return sa.or_(*found) if found else sa.false()


def _id_starts(column: Any, text: str) -> Any:
    """Ids that begin with these hexadecimal digits."""
    low, high = text.ljust(32, "0"), text.ljust(32, "f")
    return column.between(uuid.UUID(hex=low), uuid.UUID(hex=high))


def _plain_id(text: str) -> str | None:
    plain = text.replace("-", "").lower()
    return plain if _ID.fullmatch(plain) else None


def _organization(row: Organization) -> Hit:
    return Hit(
        kind=_("Organization"),
        title=_("Customer %(number)s", number=row.customer_no),
        url=flask.url_for("organization.show", organization_id=row.id),
        state=row.state,
    )


def by_email(text: str) -> Iterator[Hit]:
    if "@" in text:
        yield from _members(matches(Member.email_ix, "member.email", norm_email(text)))


def by_phone(text: str) -> Iterator[Hit]:
    try:
        digits = normalise(text).digits
    except PhoneError:
        return
    yield from _members(matches(Member.phone_ix, "member.phone", norm_text(digits)))


def _members(condition: Any) -> Iterator[Hit]:
    shown = load_only(
        Member.organization_id, Member.email_masked, Member.phone_masked, Member.state
    )
    for row in _rows(sa.select(Member).where(condition).options(shown)):
        yield Hit(
            kind=_("Member"),
            title=row.email_masked or "–",
            url=flask.url_for("organization.show", organization_id=row.organization_id),
            state=row.state,
            about=row.phone_masked or "",
            customer=row.organization_id,
        )


def by_tax_number(text: str) -> Iterator[Hit]:
    plain = norm_text(text)
    if len(plain) in (10, 11) and plain.isdecimal():
        same = matches(Organization.tax_number_ix, "organization.tax_number", plain)
        found = sa.select(Organization).where(same)
        yield from map(_organization, _rows(found))


def by_line_number(text: str) -> Iterator[Hit]:
    if not _LIKE_NUMBER.fullmatch(text):
        return
    forms = {norm_text(text)}
    with contextlib.suppress(PhoneError):
        forms.add(normalise(text).digits)
    same = matches(Line.number_ix, "line.display_number", *forms)
    for row in _rows(sa.select(Line).where(same)):
        yield _line(row)


def _line(row: Line) -> Hit:
    return Hit(
        kind=_("Line"),
        title=row.number_masked or row.id.hex[:8],
        url=flask.url_for("lines.details_view", id=row.id),
        state=row.state,
        customer=row.organization_id,
    )


def by_customer_number(text: str) -> Iterator[Hit]:
    if _NUMBER.fullmatch(text) and len(text) >= 3:
        top = session().scalar(sa.select(sa.func.max(Organization.customer_no))) or 0
        query = sa.select(Organization).where(
            _starts(Organization.customer_no, text, low=100_001, high=top)
        )
        yield from map(_organization, _rows(query.order_by(Organization.customer_no)))


def by_name(text: str) -> Iterator[Hit]:
    """Organizations whose name begins so: candidates of a bucket, newest first, are opened in
    memory and compared. Nothing of a name leaves this function."""
    letters = name_letters(text)
    if len(letters) < 4 or letters.isdecimal() or "@" in text:
        return
    width = 8 if len(letters) >= 8 else 4
    column = Organization.name_head8 if width == 8 else Organization.name_head4
    table = Organization.__table__.c
    rows = session().execute(
        sa.select(table.id, table.customer_no, table.state, table.name)
        .where(head_matches(column, NAME, letters, width))
        .order_by(Organization.created_at.desc())
        .limit(OPENED)
    )
    shown = 0
    for row in rows:
        if row.name[0] != row.id or not name_letters(row.name[1]).startswith(letters):
            continue
        yield Hit(
            kind=_("Organization"),
            title=_("Customer %(number)s", number=row.customer_no),
            url=flask.url_for("organization.show", organization_id=row.id),
            state=row.state,
            about=labels.mask_words(row.name[1]),
        )
        shown += 1
        if shown == SHOWN:
            return


def by_case(text: str) -> Iterator[Hit]:
    if _NUMBER.fullmatch(text):
        wanted = Case.number == int(text)
    elif plain := _plain_id(text):
        wanted = _id_starts(Case.id, plain)
    else:
        return
    for row in _rows(sa.select(Case).where(wanted)):
        yield Hit(
            kind=_("Case"),
            title=_("Case %(number)s", number=row.number),
            url=flask.url_for("case.show", case_id=row.id),
            state=row.state,
            customer=row.organization_id,
        )


def by_report(text: str) -> Iterator[Hit]:
    if _NUMBER.fullmatch(text):
        for row in _rows(sa.select(AbuseReport).where(AbuseReport.number == int(text))):
            yield Hit(
                kind=_("Report"),
                title=_("Report %(number)s", number=row.number),
                url=flask.url_for("reports.details_view", id=row.id),
                state=row.state,
                customer=row.organization_id,
            )


def by_payment(text: str) -> Iterator[Hit]:
    plain = _plain_id(text)
    if text.startswith(("pi_", "cs_")):
        wanted = sa.or_(Payment.payment_intent == text, Payment.checkout_id == text)
    elif text.startswith(("dp_", "du_")):
        of = sa.select(Dispute.payment_id).where(Dispute.stripe_dispute == text)
        wanted = Payment.id.in_(of)
    elif plain:
        wanted = _id_starts(Payment.id, plain)
    else:
        return
    for row in _rows(sa.select(Payment).where(wanted)):
        yield Hit(
            kind=_("Payment"),
            title=money(row.amount_kurus),
            url=flask.url_for("payments.details_view", id=row.id),
            state=row.state,
            about=moment(row.created_at),
            customer=row.organization_id,
        )


def by_refund(text: str) -> Iterator[Hit]:
    plain = _plain_id(text)
    if text.startswith(("re_", "pyr_")):
        wanted = Refund.stripe_refund == text
    elif plain:
        wanted = _id_starts(Refund.id, plain)
    else:
        return
    for row in _rows(sa.select(Refund).where(wanted)):
        yield Hit(
            kind=_("Refund"),
            title=money(row.amount_kurus),
            url=flask.url_for("refunds.details_view", id=row.id),
            state=row.state,
            about=moment(row.created_at),
        )


def by_exception(text: str) -> Iterator[Hit]:
    if plain := _plain_id(text):
        wanted = sa.select(ExceptionRequest).where(_id_starts(ExceptionRequest.id, plain))
        for row in _rows(wanted):
            yield Hit(
                kind=_("Exception"),
                title=money(row.amount_kurus),
                url=flask.url_for("desk.show", request_id=row.id),
                state=row.state,
                customer=row.organization_id,
            )


def by_id(text: str) -> Iterator[Hit]:
    """Organizations, lines and campaigns by the beginning of their id."""
    plain = _plain_id(text)
    if plain is None:
        return
    of = Organization.id
    yield from map(_organization, _rows(sa.select(Organization).where(_id_starts(of, plain))))
    yield from map(_line, _rows(sa.select(Line).where(_id_starts(Line.id, plain))))
    for row in _rows(sa.select(Campaign).where(_id_starts(Campaign.id, plain))):
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
    for row in _rows(sa.select(Campaign).where(_id_starts(Campaign.id, found[1]))):
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
    if _NUMBER.fullmatch(text):
        wanted = sa.select(SupportRequest).where(SupportRequest.number == int(text))
        for row in _rows(wanted):
            yield Hit(
                kind=_("Support request"),
                title=_("Request %(number)s", number=row.number),
                url=flask.url_for("support.show", request_id=row.id),
                state=row.state,
                customer=row.organization_id,
            )


def by_staff_email(text: str) -> Iterator[Hit]:
    if "@" in text:
        same = matches(StaffUser.email_ix, "staff_user.email", norm_email(text))
        for row in _rows(sa.select(StaffUser).where(same)):
            yield Hit(
                kind=_("Colleague"),
                title=row.display_name,
                url=flask.url_for("people.details_view", id=row.id),
                state=row.state,
            )


FINDERS: Sequence[Finder] = (
    Finder("email", P.ORGANIZATIONS_READ, by_email, personal=True),
    Finder("phone", P.ORGANIZATIONS_READ, by_phone, personal=True),
    Finder("tax_number", P.ORGANIZATIONS_READ, by_tax_number, personal=True),
    Finder("line_number", P.ORGANIZATIONS_READ, by_line_number, personal=True),
    Finder("customer_number", P.ORGANIZATIONS_READ, by_customer_number),
    Finder("name", P.ORGANIZATIONS_READ, by_name, personal=True),
    Finder("support", P.SUPPORT_READ, by_support_number),
    Finder("case", P.CASES_READ, by_case),
    Finder("report", P.CASES_READ, by_report),
    Finder("payment", P.PAYMENTS_READ, by_payment),
    Finder("refund", P.PAYMENTS_READ, by_refund),
    Finder("exception", P.EXCEPTIONS_READ, by_exception),
    Finder("id", P.ORGANIZATIONS_READ, by_id),
    Finder("message", P.ORGANIZATIONS_READ, by_message),
    Finder("staff_email", P.STAFF_READ, by_staff_email, personal=True),
)
