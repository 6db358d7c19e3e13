"""The registers: every table as a read-only list, with the verbs that call services."""

from __future__ import annotations

from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import Member, Organization, StaffUser
from whatstr.admin.registers import abuse, customers, house, money
from whatstr.admin.views import Register
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import CreditEntry, ExceptionRequest, Payment, Plan, Refund
from whatstr.campaigns.models import Campaign
from whatstr.lines.models import Line
from whatstr.vault.models import SenderCertificate


def views() -> list[Register]:
    """Made anew for each application: Flask-Admin's views belong to one."""
    return [
        abuse.Cases(Case, endpoint="cases", url="/vakalar"),
        abuse.Reports(AbuseReport, endpoint="reports", url="/bildirimler"),
        customers.Organizations(Organization, endpoint="organizations", url="/isletmeler"),
        customers.Members(Member, endpoint="members", url="/kullanicilar"),
        customers.Lines(Line, endpoint="lines", url="/hatlar"),
        customers.Campaigns(Campaign, endpoint="campaigns", url="/kampanyalar"),
        money.Plans(Plan, endpoint="plans", url="/paketler"),
        money.Payments(Payment, endpoint="payments", url="/odemeler"),
        money.Ledger(CreditEntry, endpoint="ledger", url="/kontor"),
        money.Refunds(Refund, endpoint="refunds", url="/iadeler"),
        money.Exceptions(ExceptionRequest, endpoint="exceptions", url="/istisnalar"),
        house.People(StaffUser, endpoint="people", url="/gorevliler"),
        house.Trail(AuditEvent, endpoint="trail", url="/denetim-kaydi"),
        house.Certificates(SenderCertificate, endpoint="certificates", url="/sertifikalar"),
    ]
