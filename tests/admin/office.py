"""A customer with a line, campaigns, a payment and reports, and colleagues who look after them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import flask
import pyotp
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.apps import DESK_PUBLIC, as_owner
from tests.services import ModuleDatabase
from whatstr.abuse.models import (
    AbuseReport,
    ReportCategory,
    ReportChannel,
    ReportState,
    Verdict,
)
from whatstr.accounts import staff, staff_factors, staff_sessions
from whatstr.accounts.models import Member, MemberRole, Organization, StaffRole
from whatstr.admin.access import cookie_name
from whatstr.audit.services import SYSTEM
from whatstr.billing.models import (
    CreditAccount,
    CreditEntry,
    EntryKind,
    Payment,
    PaymentState,
    Plan,
    PlanInterval,
)
from whatstr.campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignState,
    Message,
    MessageStatus,
)
from whatstr.core import clock
from whatstr.core.db import transaction
from whatstr.lines.models import Line, LineState, MessageTemplate
from whatstr.vault.seals import seal_to_desk

PASSWORD = "görevli parolası 2026"
WORDS = ("Kazandınız! Hemen tıklayın.", "Bu satırı biz yazmadık")
REPORTER = "905321112233"


@dataclass
class Customer:
    """Ids of everything that was made."""

    organization: uuid.UUID = field(default_factory=uuid.uuid4)
    member: uuid.UUID = field(default_factory=uuid.uuid4)
    line: uuid.UUID = field(default_factory=uuid.uuid4)
    template: uuid.UUID = field(default_factory=uuid.uuid4)
    running: uuid.UUID = field(default_factory=uuid.uuid4)
    scheduled: uuid.UUID = field(default_factory=uuid.uuid4)
    plan: uuid.UUID = field(default_factory=uuid.uuid4)
    payment: uuid.UUID = field(default_factory=uuid.uuid4)
    email: str = field(default_factory=lambda: f"ayse-{uuid.uuid4().hex[:8]}@gulcicek.example")


def open_shop(database: ModuleDatabase, *, now: datetime | None = None) -> Customer:
    """An organization that is sending: 1,000 rows running with 400 handed over, 250 planned."""
    made, now = Customer(), now or clock.now()
    with as_owner(database) as owner:
        _people(owner, made, now)
        _campaigns(owner, made, now)
        _money(owner, made, now)
    return made


def _people(owner: Session, made: Customer, now: datetime) -> None:
    organization = Organization(id=made.organization, created_at=now, language="tr")
    organization.name = "Gülçiçek Butik"
    organization.address = "Bağdat Cad. 123"
    organization.tax_number = "1234567890"
    owner.add(organization)
    owner.flush()
    member = Member(
        id=made.member,
        organization_id=made.organization,
        role=MemberRole.OWNER,
        created_at=now,
        email_confirmed_at=now,
        kdf="argon2id",
        salt=b"s" * 16,
        auth_hash=b"a",
        recovery_hash=b"r",
        member_pk=b"p" * 32,
        wrap_recovery=b"w",
    )
    member.wrap_pw, member.name = "wrap", "Ayşe Yılmazoğlu"
    member.email, member.phone = made.email, "905329876543"
    owner.add(member)
    line = Line(
        id=made.line,
        organization_id=made.organization,
        state=LineState.CONNECTED,
        quality="GREEN",
        connected_at=now,
    )
    line.display_number = "+90 850 123 45 67"
    owner.add(line)
    owner.add(
        MessageTemplate(
            id=made.template,
            organization_id=made.organization,
            template_ix=made.template.bytes[::-1],
            account_ix=made.line.bytes,
            status="APPROVED",
            quality="GREEN",
            category="MARKETING",
            changed_at=now,
            checked_at=now,
        )
    )
    owner.flush()


def _campaigns(owner: Session, made: Customer, now: datetime) -> None:
    shared = {
        "organization_id": made.organization,
        "line_id": made.line,
        "member_id": made.member,
        "kind": CampaignKind.MARKETING,
        "chunks": 2,
        "expires_at": now + timedelta(days=2),
        "jk_wrap": b"j",
        "record": b"r",
        "created_at": now,
        "committed_at": now,
        "state_changed_at": now,
    }
    running = Campaign(
        id=made.running, state=CampaignState.RUNNING, rows=1000, due_at=now, **shared
    )
    planned = Campaign(
        id=made.scheduled,
        state=CampaignState.SCHEDULED,
        rows=250,
        due_at=now + timedelta(days=1),
        **shared,
    )
    owner.add_all([running, planned])
    owner.flush()
    for row in range(400):
        owner.add(
            Message(
                campaign_id=made.running,
                row=row,
                status=MessageStatus.DELIVERED,
                mref=os.urandom(16),
                recipient_ix=os.urandom(16),
                handed_at=now,
                accepted_at=now,
                delivered_at=now,
            )
        )


def _money(owner: Session, made: Customer, now: datetime) -> None:
    owner.add(
        Plan(
            id=made.plan,
            code=f"p_{uuid.uuid4().hex[:8]}",
            title_tr="İşletme",
            title_en="Business",
            interval=PlanInterval.MONTH,
            price_kurus=199_900,
            credits=10_000,
            created_at=now,
        )
    )
    owner.flush()
    payment = Payment(
        id=made.payment,
        organization_id=made.organization,
        member_id=made.member,
        plan_id=made.plan,
        state=PaymentState.PAID,
        amount_kurus=199_900,
        vat_kurus=33_317,
        payment_intent=f"pi_{uuid.uuid4().hex}",
        term_version="2026-11-01",
        term_accepted_at=now,
        created_at=now,
        paid_at=now,
    )
    payment.address = "203.0.113.4"
    owner.add(payment)
    owner.flush()
    owner.add(
        CreditEntry(
            organization_id=made.organization,
            key=f"grant:{made.payment.hex}",
            kind=EntryKind.GRANT,
            source=CreditAccount.ISSUED,
            target=CreditAccount.AVAILABLE,
            amount=10_000,
            payment_id=made.payment,
            at=now,
        )
    )


def report(
    database: ModuleDatabase,
    made: Customer | None,
    *,
    verdict: Verdict = Verdict.VERIFIED,
    state: ReportState = ReportState.VERIFIED,
) -> uuid.UUID:
    """A report as the sender leaves it, about the customer's line or about nobody of ours."""
    words = {
        "v": 1,
        "from": REPORTER,
        "channel": "forward",
        "at": clock.now().isoformat(),
        "lines": [{"text": WORDS[0], "mark": "true"}, {"text": WORDS[1], "mark": "false"}],
    }
    id_ = uuid.uuid4()
    with as_owner(database) as owner:
        owner.add(
            AbuseReport(
                id=id_,
                received_at=clock.now(),
                channel=ReportChannel.FORWARD,
                category=ReportCategory.FRAUD,
                state=state,
                verdict=verdict,
                organization_id=made.organization if made else None,
                line_id=made.line if made else None,
                sealed=seal_to_desk(DESK_PUBLIC, json.dumps(words).encode()),
            )
        )
    return id_


@dataclass
class Colleague:
    """Somebody at the panel, with a browser of the test client and an authenticator app."""

    id: uuid.UUID
    email: str
    name: str
    app: flask.Flask
    browser: FlaskClient
    token: str
    secret: str
    last_step: int = 0

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.browser.get(path, **more)

    def post(self, path: str, **values: Any) -> TestResponse:
        """Send a form with a good token."""
        return self.browser.post(path, data={"csrf_token": token_of(self.browser), **values})

    def code(self) -> str:
        """What the app shows: the present code, or the next one where that is spent."""
        now = clock.unix() // staff_factors.STEP
        self.last_step = max(self.last_step + 1, now)
        assert self.last_step <= now + 1, "a third code within a minute: move the clock"
        return str(pyotp.TOTP(self.secret).generate_otp(self.last_step))

    def sign_in(self, browser: FlaskClient, *, target: str = "/") -> TestResponse:
        """Password, then code, in another browser; the answer of the second step."""
        form = {"email": self.email, "password": PASSWORD, "next": target}
        first = browser.post("/giris", data={**form, "csrf_token": token_of(browser, "/giris")})
        assert first.status_code == 302 and "/giris/ikinci" in first.headers["Location"]
        token = token_of(browser, "/giris/ikinci")
        return browser.post(
            "/giris/ikinci", data={"csrf_token": token, "code": self.code(), "next": target}
        )


def token_of(browser: FlaskClient, path: str = "/dogrula?lang=en") -> str:
    """The token of a page's form."""
    page = browser.get(path).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:300]
    return found.group(1)


_HASHER = staff._HASHER


@functools.cache
def _hashed() -> str:
    """The password of all colleagues takes a fifth of a second to hash: once a run."""
    return _HASHER.hash(PASSWORD)


class _Remembered:
    def hash(self, password: str) -> str:
        assert password == PASSWORD
        return _hashed()


def hire(app: flask.Flask, *roles: StaffRole, name: str = "") -> Colleague:
    """A colleague with these roles and an authenticator app, signed in."""
    email, secret = f"{uuid.uuid4().hex[:10]}@whatstr.example", pyotp.random_base32()
    with app.app_context():
        with transaction(), mock.patch.object(staff, "_HASHER", _Remembered()):
            user = staff.create_staff(
                actor=SYSTEM,
                email=email,
                name=name or f"Görevli {email[:4]}",
                roles=roles,
                password=PASSWORD,
                language="en",
            )
            staff_factors.add_totp(actor=SYSTEM, staff_id=user.id, secret=secret, label="")
            started = staff_sessions.start_session(staff_id=user.id)
        browser = app.test_client()
        browser.set_cookie(cookie_name(), started.token)
        return Colleague(user.id, email, user.display_name, app, browser, started.token, secret)


@contextlib.contextmanager
def served(app: flask.Flask, *, port: int = 0) -> Iterator[str]:
    """The application on a port of its own, for a real browser."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cookies(colleague: Colleague, address: str) -> Sequence[Any]:
    """The colleague's session for a browser context."""
    with colleague.app.app_context():
        return [{"name": cookie_name(), "value": colleague.token, "url": address}]
