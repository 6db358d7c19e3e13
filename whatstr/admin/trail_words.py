"""The audit trail in words: what was done, to what, by whom and why.

Events hold codes, which stay what they are; a code without words here is shown as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import flask
import sqlalchemy as sa
from flask_babel import lazy_gettext

from whatstr.abuse.desk import RevealReason
from whatstr.abuse.policies import GROUND_WORDS, POLICY_WORDS, DecisionGround, Policy
from whatstr.accounts.models import StaffUser
from whatstr.admin import code_words, labels
from whatstr.audit.models import ActorKind, AuditEvent
from whatstr.core.db import session
from whatstr.core.i18n import language

ACTS = {
    "audit.verified": lazy_gettext("The chain was proved"),
    "campaign.cancelled": lazy_gettext("Campaign called off"),
    "campaign.deleted": lazy_gettext("Campaign deleted"),
    "campaign.done": lazy_gettext("Campaign finished"),
    "campaign.expired": lazy_gettext("Campaign out of time"),
    "campaign.freed": lazy_gettext("Campaign set free again"),
    "campaign.held": lazy_gettext("Campaign put on hold"),
    "campaign.launched": lazy_gettext("Campaign launched"),
    "campaign.paused": lazy_gettext("Campaign stopped"),
    "campaign.refused": lazy_gettext("Campaign turned away"),
    "campaign.resealed": lazy_gettext("Campaign sealed anew"),
    "campaign.resumed": lazy_gettext("Campaign resumed"),
    "campaign.scheduled": lazy_gettext("Campaign planned"),
    "canned_reply.added": lazy_gettext("Canned reply added"),
    "canned_reply.deleted": lazy_gettext("Canned reply deleted"),
    "canned_reply.edited": lazy_gettext("Canned reply edited"),
    "case.action_approved": lazy_gettext("Action signed by a second person"),
    "case.action_refused": lazy_gettext("Action not signed"),
    "case.action_reversed": lazy_gettext("Action undone"),
    "case.asked_for": lazy_gettext("Case opened by hand"),
    "case.claimed": lazy_gettext("Case taken"),
    "case.decision": lazy_gettext("Case was decided"),
    "case.lease_ended": lazy_gettext("Case went back to the queue by itself"),
    "case.opened": lazy_gettext("Case opened"),
    "case.released": lazy_gettext("Case given back"),
    "disclosure.approved": lazy_gettext("Demand approved"),
    "disclosure.handed_over": lazy_gettext("Demand answered, data handed over"),
    "disclosure.recorded": lazy_gettext("Demand recorded"),
    "disclosure.refused": lazy_gettext("Demand refused"),
    "dispute.lost": lazy_gettext("Dispute lost"),
    "dispute.open": lazy_gettext("Dispute opened"),
    "dispute.won": lazy_gettext("Dispute won"),
    "exception.approved": lazy_gettext("Exception signed"),
    "exception.asked": lazy_gettext("Customer asked about an exception"),
    "exception.expired": lazy_gettext("Exception ran out without an answer"),
    "exception.lapsed": lazy_gettext("Signatures of an exception lapsed"),
    "exception.rejected": lazy_gettext("Exception turned down"),
    "exception.submitted": lazy_gettext("Exception asked for"),
    "export.approved": lazy_gettext("Export approved"),
    "export.built": lazy_gettext("Export written"),
    "export.downloaded": lazy_gettext("Export downloaded"),
    "export.failed": lazy_gettext("Export failed"),
    "export.refused": lazy_gettext("Export refused"),
    "export.removed": lazy_gettext("File of an export removed"),
    "export.requested": lazy_gettext("Export asked for"),
    "instance.released": lazy_gettext("Sender let go of its place"),
    "job.dropped": lazy_gettext("Job forgotten"),
    "job.retried": lazy_gettext("Job tried again"),
    "line.connected": lazy_gettext("Line connected"),
    "line.disconnected": lazy_gettext("Line disconnected"),
    "line.held": lazy_gettext("Line put on hold"),
    "line.labelled": lazy_gettext("Line named"),
    "line.paused": lazy_gettext("Line paused by staff"),
    "line.released": lazy_gettext("Line set free again"),
    "list.deleted": lazy_gettext("Contact list deleted"),
    "list.saved": lazy_gettext("Contact list saved"),
    "member.contact_edited": lazy_gettext("Contact data of a member edited"),
    "member.email_confirmed": lazy_gettext("E-mail address confirmed"),
    "member.invitation_withdrawn": lazy_gettext("Invitation of a member taken back"),
    "member.invited": lazy_gettext("Member invited"),
    "member.joined": lazy_gettext("Member joined"),
    "member.password_changed": lazy_gettext("Password of a member changed"),
    "member.preferences_set": lazy_gettext("Preferences of a member set"),
    "member.recovered": lazy_gettext("Account recovered with the code"),
    "member.removed": lazy_gettext("Member removed"),
    "member.restored": lazy_gettext("Member taken in again"),
    "member.role_changed": lazy_gettext("Role of a member changed"),
    "member.second_factor_off": lazy_gettext("Second factor of a member switched off"),
    "member.second_factor_on": lazy_gettext("Second factor of a member switched on"),
    "organization.contact_edited": lazy_gettext("Contact data of the organization edited"),
    "organization.deleted": lazy_gettext("Organization deleted"),
    "organization.enrolled": lazy_gettext("Organization signed up"),
    "organization.rekey_cancelled": lazy_gettext("Change of the vault's key called off"),
    "organization.rekey_started": lazy_gettext("Change of the vault's key begun"),
    "organization.rekeyed": lazy_gettext("Vault's key changed"),
    "organization.repinned": lazy_gettext("Sender's new key accepted"),
    "organization.sending_settings": lazy_gettext("Settings of sending changed"),
    "payment.expired": lazy_gettext("Payment ran out"),
    "payment.failed": lazy_gettext("Payment declined"),
    "payment.paid": lazy_gettext("Payment arrived"),
    "payment.pending": lazy_gettext("Payment under way"),
    "payment.started": lazy_gettext("Payment begun"),
    "plan.offered_again": lazy_gettext("Plan on sale again"),
    "plan.published": lazy_gettext("Plan published"),
    "plan.withdrawn": lazy_gettext("Plan taken off sale"),
    "plan.words_edited": lazy_gettext("Words of a plan edited"),
    "processor.added": lazy_gettext("Processor added"),
    "processor.changed": lazy_gettext("Processor changed"),
    "processor.ended": lazy_gettext("Processor ended"),
    "processor.resumed": lazy_gettext("Processor taken up again"),
    "refund.created": lazy_gettext("Refund was ordered"),
    "refund.failed": lazy_gettext("Refund did not go through"),
    "refund.retried": lazy_gettext("Refund tried again"),
    "refund.settled_offline": lazy_gettext("Refund settled another way"),
    "refund.succeeded": lazy_gettext("Refund paid back"),
    "report.category_set": lazy_gettext("Subject of a report changed"),
    "report.opened": lazy_gettext("Report read"),
    "report.rejected": lazy_gettext("Report set aside"),
    "reveal.alarm": lazy_gettext("Unusually many values shown"),
    "staff.changed": lazy_gettext("Colleague changed"),
    "staff.created": lazy_gettext("Colleague's account made"),
    "staff.email_asked": lazy_gettext("Change of a colleague's e-mail asked for"),
    "staff.email_changed": lazy_gettext("Colleague's e-mail changed"),
    "staff.factor_added": lazy_gettext("Second factor added"),
    "staff.factor_removed": lazy_gettext("Second factor removed"),
    "staff.factors_reset": lazy_gettext("Second factors of a colleague reset"),
    "staff.invitation_withdrawn": lazy_gettext("Invitation of a colleague taken back"),
    "staff.invited": lazy_gettext("Colleague invited"),
    "staff.locked": lazy_gettext("Colleague locked"),
    "staff.password_link_sent": lazy_gettext("Password link sent to a colleague"),
    "staff.password_set": lazy_gettext("Colleague set a password"),
    "staff.proved": lazy_gettext("Identity shown again"),
    "staff.recovery_codes_made": lazy_gettext("New recovery codes made"),
    "staff.refused": lazy_gettext("Refused: no right to it"),
    "staff.searched": lazy_gettext("Searched by personal data"),
    "staff.second_factor_failed": lazy_gettext("Wrong second factor"),
    "staff.session_ended": lazy_gettext("A session was ended"),
    "staff.sessions_ended": lazy_gettext("All other sessions were ended"),
    "staff.sign_in_failed": lazy_gettext("Sign-in failed"),
    "staff.signed_in": lazy_gettext("Signed in to the staff panel"),
    "staff.signed_out": lazy_gettext("Signed out of the staff panel"),
    "staff.unlocked": lazy_gettext("Colleague unlocked"),
    "support.answered": lazy_gettext("Request answered"),
    "support.assigned": lazy_gettext("Request given to somebody"),
    "support.closed": lazy_gettext("Request closed"),
    "support.opened": lazy_gettext("Request opened"),
    "support.rated": lazy_gettext("Request rated"),
    "support.reopened": lazy_gettext("Request opened again"),
    "template.told": lazy_gettext("Customer told about a message template"),
    "value.revealed": lazy_gettext("One value was shown"),
    "vault.reset": lazy_gettext("Vault emptied and made anew"),
    "vault.reset_cancelled": lazy_gettext("Emptying of the vault called off"),
    "vault.reset_requested": lazy_gettext("Emptying of the vault asked for"),
    "view.allowed": lazy_gettext("Customer allowed a look"),
    "view.begun": lazy_gettext("Look through the customer's eyes begun"),
    "view.ended": lazy_gettext("Look through the customer's eyes ended"),
    "view.looked": lazy_gettext("Page seen through the customer's eyes"),
}
SUBJECTS = {
    "abuse_case": lazy_gettext("Case"),
    "abuse_report": lazy_gettext("Report"),
    "allowed_view": lazy_gettext("Look"),
    "audit_event": lazy_gettext("Audit trail"),
    "campaign": lazy_gettext("Campaign"),
    "canned_reply": lazy_gettext("Canned reply"),
    "contact_list": lazy_gettext("Contact list"),
    "disclosure": lazy_gettext("Demand of an authority"),
    "dispute": lazy_gettext("Dispute"),
    "exception_request": lazy_gettext("Exception"),
    "export_job": lazy_gettext("Export"),
    "instance": lazy_gettext("Sender"),
    "invitation": lazy_gettext("Invitation"),
    "job": lazy_gettext("Job"),
    "line": lazy_gettext("Line"),
    "member": lazy_gettext("Member"),
    "message_template": lazy_gettext("Message template"),
    "organization": lazy_gettext("Organization"),
    "payment": lazy_gettext("Payment"),
    "plan": lazy_gettext("Plan"),
    "processor": lazy_gettext("Processor"),
    "refund": lazy_gettext("Refund"),
    "search": lazy_gettext("Search"),
    "staff_link": lazy_gettext("Invitation of a colleague"),
    "staff_user": lazy_gettext("Colleague"),
    "support_request": lazy_gettext("Support request"),
    "view": lazy_gettext("Page"),
}


def act(verb: str) -> str:
    """What was done."""
    return str(ACTS.get(verb, verb))


def subject(kind: str) -> str:
    """To what kind of record."""
    return str(SUBJECTS.get(kind, kind))


def reason(text: str | None) -> str:
    """Why: a reason of a closed list, a rule with its ground, or what somebody wrote."""
    if not text:
        return "–"
    if text in set(RevealReason):
        return labels.word(RevealReason(text))
    policy, _colon, ground = text.partition(":")
    if policy in set(Policy) and ground in set(DecisionGround):
        rule, rest = POLICY_WORDS[Policy(policy)], GROUND_WORDS[DecisionGround(ground)]
        return f"{rule.in_(language())} · {rest.in_(language())}"
    return code_words.reason(text)


def person(event: AuditEvent) -> str:
    """Who did it: a colleague by name, anybody else by the beginning of an id."""
    if event.actor_id is None:
        return "–"
    return _colleague(event) or event.actor_id.hex[:8]


def actor(event: AuditEvent) -> str:
    """A colleague by name, else what kind of actor it was."""
    return _colleague(event) or labels.word(event.actor_kind)


def remember_colleagues(events: Iterable[AuditEvent]) -> None:
    """Look up the names of all colleagues of a page of events at once."""
    ids = {one.actor_id for one in events if one.actor_kind is ActorKind.STAFF} - set(_known())
    if ids:
        names = sa.select(StaffUser.id, StaffUser.display_name).where(StaffUser.id.in_(ids))
        _known().update((row[0], row[1]) for row in session().execute(names))


def _known() -> dict[uuid.UUID, str]:
    found: dict[uuid.UUID, str] = flask.g.setdefault("colleague_names", {})
    return found


def _colleague(event: AuditEvent) -> str | None:
    if event.actor_kind is not ActorKind.STAFF or event.actor_id is None:
        return None
    if event.actor_id not in _known():
        remember_colleagues([event])
    return _known().get(event.actor_id)
