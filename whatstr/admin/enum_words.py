"""Labels of every enum that staff see."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext

from whatstr.abuse.desk import RevealReason
from whatstr.abuse.models import (
    ActionKind,
    ActionState,
    CaseState,
    ReportCategory,
    ReportChannel,
    ReportState,
    Verdict,
)
from whatstr.accounts.documents import DocumentName
from whatstr.accounts.models import (
    MemberRole,
    MemberState,
    OrganizationState,
    StaffRole,
    StaffState,
)
from whatstr.accounts.staff_models import FactorKind
from whatstr.audiences.models import OptOutSource
from whatstr.audit.models import ActorKind
from whatstr.billing.models import (
    CreditAccount,
    EntryKind,
    ExceptionState,
    Ground,
    PaymentState,
    PlanInterval,
    RefundState,
    SubscriptionState,
)
from whatstr.campaigns.models import CampaignKind, CampaignState, Difference, MessageStatus
from whatstr.exports.models import ExportState
from whatstr.lines.models import LineState
from whatstr.privacy.models import DisclosureState, LegalGround
from whatstr.support.models import Satisfaction, SupportState, SupportTopic

WORDS: dict[type, dict[str, Any]] = {
    OrganizationState: {
        "active": lazy_gettext("In use"),
        "suspended": lazy_gettext("Suspended"),
        "closed": lazy_gettext("Account closed"),
        "deleted": lazy_gettext("Deleted"),
    },
    MemberRole: {
        "owner": lazy_gettext("Owner"),
        "manager": lazy_gettext("Manager"),
        "billing": lazy_gettext("Bookkeeping"),
    },
    MemberState: {"active": lazy_gettext("In use"), "removed": lazy_gettext("Removed")},
    ExportState: {
        "requested": lazy_gettext("Waits for approval"),
        "queued": lazy_gettext("Being written"),
        "ready": lazy_gettext("Ready"),
        "failed": lazy_gettext("Failed"),
        "refused": lazy_gettext("Refused"),
        "removed": lazy_gettext("File removed"),
    },
    DisclosureState: {
        "received": lazy_gettext("Received"),
        "approved": lazy_gettext("Approved"),
        "handed_over": lazy_gettext("Handed over"),
        "refused": lazy_gettext("Refused"),
    },
    LegalGround: {
        "court_order": lazy_gettext("Court order"),
        "prosecutor": lazy_gettext("Prosecutor"),
        "tax_office": lazy_gettext("Tax office"),
        "kvkk_board": lazy_gettext("Data protection board"),
        "other_law": lazy_gettext("Other law"),
    },
    DocumentName: {
        "terms": lazy_gettext("Terms of use"),
        "privacy": lazy_gettext("Privacy agreement"),
        "processing-agreement": lazy_gettext("Data processing agreement"),
        "refund-term": lazy_gettext("No-refund term"),
        "launch-statement": lazy_gettext("Statement at launch"),
        "consent-statement": lazy_gettext("Statement of consent"),
    },
    FactorKind: {
        "passkey": lazy_gettext("Passkey"),
        "totp": lazy_gettext("Authenticator app"),
    },
    StaffState: {"active": lazy_gettext("In use"), "locked": lazy_gettext("Locked")},
    StaffRole: {
        "abuse_operator": lazy_gettext("Abuse operator"),
        "billing": lazy_gettext("Billing"),
        "support": lazy_gettext("Support"),
        "owner": lazy_gettext("Owner"),
        "auditor": lazy_gettext("Auditor"),
    },
    LineState: {
        "connected": lazy_gettext("Connected"),
        "held": lazy_gettext("On hold"),
        "paused": lazy_gettext("Paused by staff"),
        "disconnected": lazy_gettext("Disconnected"),
    },
    CampaignKind: {
        "marketing": lazy_gettext("Marketing"),
        "informational": lazy_gettext("Informational"),
    },
    CampaignState: {
        "uploading": lazy_gettext("Being uploaded"),
        "scheduled": lazy_gettext("Planned"),
        "queued": lazy_gettext("In the queue"),
        "running": lazy_gettext("Running"),
        "paused": lazy_gettext("Stopped"),
        "held": lazy_gettext("On hold"),
        "done": lazy_gettext("Finished"),
        "cancelled": lazy_gettext("Called off"),
        "expired": lazy_gettext("Out of time"),
        "refused": lazy_gettext("Refused"),
    },
    PlanInterval: {
        "month": lazy_gettext("A month"),
        "year": lazy_gettext("A year"),
        "once": lazy_gettext("One-off"),
    },
    PaymentState: {
        "created": lazy_gettext("Begun"),
        "pending": lazy_gettext("In progress"),
        "paid": lazy_gettext("Paid"),
        "failed": lazy_gettext("Declined"),
        "expired": lazy_gettext("Out of time"),
    },
    EntryKind: {
        "grant": lazy_gettext("Granted"),
        "reserve": lazy_gettext("Reserved"),
        "settle": lazy_gettext("Settled"),
        "release": lazy_gettext("Released"),
        "claw_back": lazy_gettext("Taken back"),
        "restore": lazy_gettext("Restored"),
    },
    CreditAccount: {
        "issued": lazy_gettext("issued"),
        "available": lazy_gettext("available"),
        "reserved": lazy_gettext("set aside"),
        "spent": lazy_gettext("spent"),
    },
    Ground: {
        "duplicate_charge": lazy_gettext("Charged twice"),
        "never_delivered": lazy_gettext("Service never delivered"),
        "our_outage": lazy_gettext("Our outage"),
        "price_error": lazy_gettext("Error in the price"),
        "legal_order": lazy_gettext("Legal order"),
        "hardship": lazy_gettext("Hardship"),
    },
    ExceptionState: {
        "draft": lazy_gettext("Draft"),
        "submitted": lazy_gettext("Awaiting signature"),
        "needs_info": lazy_gettext("Awaiting an answer"),
        "approved": lazy_gettext("Approved"),
        "rejected": lazy_gettext("Turned down"),
        "expired": lazy_gettext("Out of time"),
        "executed": lazy_gettext("Refund ordered"),
    },
    RefundState: {
        "created": lazy_gettext("Ordered"),
        "submitted": lazy_gettext("At Stripe"),
        "pending": lazy_gettext("In progress"),
        "succeeded": lazy_gettext("Paid back"),
        "failed": lazy_gettext("Did not go through"),
        "settled_offline": lazy_gettext("Settled another way"),
    },
    ReportChannel: {
        "reply": lazy_gettext("Reply to the message"),
        "forward": lazy_gettext("Forwarded to us"),
        "web": lazy_gettext("Report page"),
        "link": lazy_gettext("Report link"),
    },
    ReportCategory: {
        "never_agreed": lazy_gettext("Never agreed"),
        "told_to_stop": lazy_gettext("Told them to stop"),
        "fraud": lazy_gettext("Fraud"),
        "phishing": lazy_gettext("Phishing"),
        "impersonation": lazy_gettext("Impersonation"),
        "illegal_content": lazy_gettext("Illegal content"),
        "harassment": lazy_gettext("Harassment"),
        "other": lazy_gettext("Something else"),
    },
    ReportState: {
        "received": lazy_gettext("Received"),
        "verified": lazy_gettext("Verified"),
        "unverified": lazy_gettext("Not verified"),
        "attached": lazy_gettext("In a case"),
        "rejected": lazy_gettext("Set aside"),
    },
    Verdict: {
        "pending": lazy_gettext("Not checked yet"),
        "verified": lazy_gettext("Verified"),
        "partly": lazy_gettext("Partly verified"),
        "sender_only": lazy_gettext("Sender verified only"),
        "unverified": lazy_gettext("Not verified"),
    },
    CaseState: {
        "open": lazy_gettext("Waiting for review"),
        "claimed": lazy_gettext("Under review"),
        "waiting": lazy_gettext("Awaiting second signature"),
        "decided": lazy_gettext("Decided"),
        "appealed": lazy_gettext("Appealed"),
        "upheld": lazy_gettext("Upheld"),
        "changed": lazy_gettext("Changed on appeal"),
        "closed": lazy_gettext("Case closed"),
    },
    ActionKind: {
        "dismiss": lazy_gettext("Dismiss"),
        "warn": lazy_gettext("Warn"),
        "limit_rate": lazy_gettext("Limit the rate"),
        "pause_campaign": lazy_gettext("Pause a campaign"),
        "pause_line": lazy_gettext("Pause the line"),
        "suspend_organization": lazy_gettext("Suspend the organization"),
        "close_organization": lazy_gettext("Close the organization"),
    },
    ActionState: {
        "proposed": lazy_gettext("Awaiting second signature"),
        "approved": lazy_gettext("Approved"),
        "applied": lazy_gettext("In force"),
        "expired": lazy_gettext("Not carried out"),
        "reversed": lazy_gettext("Undone"),
    },
    ActorKind: {
        "member": lazy_gettext("Member"),
        "staff": lazy_gettext("Colleague"),
        "system": lazy_gettext("System"),
        "recipient": lazy_gettext("Recipient"),
    },
    RevealReason: {
        "abuse_review": lazy_gettext("Abuse review"),
        "billing": lazy_gettext("A payment"),
        "support": lazy_gettext("A support request"),
        "legal_request": lazy_gettext("Legal request"),
    },
    SubscriptionState: {
        "active": lazy_gettext("Current"),
        "ended": lazy_gettext("Over"),
        "refunded": lazy_gettext("Paid back"),
    },
    OptOutSource: {
        "word": lazy_gettext("A word (DUR, STOP)"),
        "button": lazy_gettext("The button"),
        "meta_switch": lazy_gettext("Meta's own switch"),
        "meta_error": lazy_gettext("Meta refused to deliver"),
        "link": lazy_gettext("The link"),
        "desk": lazy_gettext("Our abuse line"),
        "customer": lazy_gettext("Entered by the customer"),
        "unreachable": lazy_gettext("Out of reach: no refusal"),
        "blocked": lazy_gettext("Blocked by the business: no refusal"),
    },
    Difference: {
        "silent": lazy_gettext("Accepted, and not a word since"),
        "too_little": lazy_gettext("Receipts told more than we showed"),
        "too_much": lazy_gettext("We showed more than receipts told"),
        "totals": lazy_gettext("The stored sum was not that of the rows"),
        "rows": lazy_gettext("More messages than rows"),
    },
    MessageStatus: {
        "pending": lazy_gettext("Still to be sent"),
        "handing": lazy_gettext("Being handed over"),
        "unknown": lazy_gettext("Answer awaited"),
        "accepted": lazy_gettext("Accepted by Meta"),
        "sent": lazy_gettext("Sent"),
        "delivered": lazy_gettext("Delivered to the phone"),
        "read": lazy_gettext("Seen"),
        "failed": lazy_gettext("Did not get there"),
        "suppressed": lazy_gettext("Held back: refused before"),
        "cancelled": lazy_gettext("Called off"),
        "expired": lazy_gettext("Out of time"),
    },
    SupportTopic: {
        "account": lazy_gettext("Account"),
        "billing": lazy_gettext("Payments and plans"),
        "line": lazy_gettext("Line"),
        "sending": lazy_gettext("Sending"),
        "privacy": lazy_gettext("Privacy"),
        "other": lazy_gettext("Something else"),
    },
    SupportState: {
        "open": lazy_gettext("Waits for us"),
        "answered": lazy_gettext("Answered"),
        "closed": lazy_gettext("Closed"),
    },
    Satisfaction: {
        "good": lazy_gettext("Well"),
        "fair": lazy_gettext("So-so"),
        "poor": lazy_gettext("Badly"),
    },
}
