"""Finders of customers, their members and lines, and of colleagues.

Personal values match whole or not at all, by blind index. A name matches by its beginning within a
keyed bucket (decision 0006).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import flask
import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import load_only

from whatstr.accounts.models import NAME, Member, Organization, StaffUser
from whatstr.admin import labels
from whatstr.admin.finding import SHOWN, Hit, is_number, rows_of, starts
from whatstr.core.crypto import head_matches, matches, name_letters, norm_email, norm_text
from whatstr.core.db import session
from whatstr.core.phone import PhoneError, normalise
from whatstr.lines.models import Line

# Names of one bucket that are opened to see whether they begin as asked: about 40 ms.
OPENED = 2000
_LIKE_NUMBER = re.compile(r"[\d\s()+./-]+")


def organization_hit(row: Organization) -> Hit:
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
    for row in rows_of(sa.select(Member).where(condition).options(shown)):
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
        yield from map(organization_hit, rows_of(found))


def by_line_number(text: str) -> Iterator[Hit]:
    if not _LIKE_NUMBER.fullmatch(text):
        return
    forms = {norm_text(text)}
    with contextlib.suppress(PhoneError):
        forms.add(normalise(text).digits)
    same = matches(Line.number_ix, "line.display_number", *forms)
    for row in rows_of(sa.select(Line).where(same)):
        yield line_hit(row)


def line_hit(row: Line) -> Hit:
    return Hit(
        kind=_("Line"),
        title=row.number_masked or row.id.hex[:8],
        url=flask.url_for("lines.details_view", id=row.id),
        state=row.state,
        customer=row.organization_id,
    )


def by_customer_number(text: str) -> Iterator[Hit]:
    if is_number(text) and len(text) >= 3:
        top = session().scalar(sa.select(sa.func.max(Organization.customer_no))) or 0
        query = sa.select(Organization).where(
            starts(Organization.customer_no, text, low=100_001, high=top)
        )
        yield from map(organization_hit, rows_of(query.order_by(Organization.customer_no)))


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


def by_staff_email(text: str) -> Iterator[Hit]:
    if "@" in text:
        same = matches(StaffUser.email_ix, "staff_user.email", norm_email(text))
        for row in rows_of(sa.select(StaffUser).where(same)):
            yield Hit(
                kind=_("Colleague"),
                title=row.display_name,
                url=flask.url_for("people.details_view", id=row.id),
                state=row.state,
            )
