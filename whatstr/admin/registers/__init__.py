"""The registers: every table as a read-only list, with the verbs that call services."""

from __future__ import annotations

from whatstr.abuse.models import AbuseReport, Case
from whatstr.accounts.models import AcceptedDocument, Member, Organization, StaffUser
from whatstr.admin.registers import (
    abuse,
    acceptances,
    customers,
    exports,
    house,
    money,
    people,
    plans,
    privacy,
    support,
    templates,
    traffic,
)
from whatstr.admin.views import Register
from whatstr.audit.models import AuditEvent
from whatstr.billing.models import (
    CreditEntry,
    ExceptionRequest,
    Payment,
    Plan,
    Refund,
    Subscription,
)
from whatstr.campaigns.models import Campaign, CampaignCheck
from whatstr.exports.models import ExportJob
from whatstr.lines.models import Line, MessageTemplate
from whatstr.privacy.models import Disclosure, Processor
from whatstr.support.models import CannedReply, SupportRequest
from whatstr.vault.models import SenderCertificate


def views() -> list[Register]:
    """Made anew for each application: Flask-Admin's views belong to one."""
    return [
        abuse.Cases(Case, endpoint="cases", url="/vakalar"),
        abuse.Reports(AbuseReport, endpoint="reports", url="/bildirimler"),
        customers.Organizations(Organization, endpoint="organizations", url="/isletmeler"),
        customers.Members(Member, endpoint="members", url="/kullanicilar"),
        traffic.Lines(Line, endpoint="lines", url="/hatlar"),
        templates.Templates(MessageTemplate, endpoint="templates", url="/sablonlar"),
        traffic.Campaigns(Campaign, endpoint="campaigns", url="/kampanyalar"),
        traffic.Checks(CampaignCheck, endpoint="checks", url="/rakam-denetimi"),
        plans.Plans(Plan, endpoint="plans", url="/paketler"),
        money.Subscriptions(Subscription, endpoint="subscriptions", url="/abonelikler"),
        money.Payments(Payment, endpoint="payments", url="/odemeler"),
        money.Ledger(CreditEntry, endpoint="ledger", url="/kontor"),
        money.Refunds(Refund, endpoint="refunds", url="/iadeler"),
        money.Exceptions(ExceptionRequest, endpoint="exceptions", url="/istisnalar"),
        support.Requests(SupportRequest, endpoint="requests", url="/destek-talepleri"),
        support.CannedReplies(CannedReply, endpoint="canned", url="/hazir-yanitlar"),
        people.People(StaffUser, endpoint="people", url="/gorevliler"),
        house.Trail(AuditEvent, endpoint="trail", url="/denetim-kaydi"),
        exports.Exports(ExportJob, endpoint="exports", url="/disa-aktarmalar"),
        acceptances.Acceptances(AcceptedDocument, endpoint="acceptances", url="/onaylar"),
        privacy.Processors(Processor, endpoint="processors", url="/isleyenler"),
        privacy.Disclosures(Disclosure, endpoint="disclosures", url="/aciklamalar"),
        house.Certificates(SenderCertificate, endpoint="certificates", url="/sertifikalar"),
    ]
