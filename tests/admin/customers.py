"""A customer with a line, campaigns, a payment and reports about them."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from tests.apps import DESK_PUBLIC, as_owner
from tests.services import ModuleDatabase
from whatstr.abuse.models import (
    AbuseReport,
    ReportCategory,
    ReportChannel,
    ReportState,
    Verdict,
)
from whatstr.accounts.models import Member, MemberRole, Organization
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
from whatstr.lines.models import Line, LineState, MessageTemplate
from whatstr.vault.seals import seal_to_desk

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
