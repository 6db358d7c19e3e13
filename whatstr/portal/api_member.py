"""What a signed-in member sees about the account: the frame's figures, held data, preferences."""

from __future__ import annotations

from typing import Any

from whatstr.accounts import preferences as own_preferences
from whatstr.accounts import queries, resets
from whatstr.accounts.documents import documents_due
from whatstr.accounts.models import LoginEvent, Member, Organization
from whatstr.accounts.permissions import Permission
from whatstr.accounts.preferences import Preferences
from whatstr.audiences.queries import list_count
from whatstr.audit.models import Reveal
from whatstr.audit.queries import reveals_of
from whatstr.billing import ledger
from whatstr.campaigns.queries import campaign_count
from whatstr.core.db import transaction
from whatstr.core.i18n import LANGUAGES, language
from whatstr.core.phone import to_e164
from whatstr.lines.queries import line_count
from whatstr.lines.reasons import sentence_for
from whatstr.portal import api
from whatstr.portal.access import actor, current_member, member_access, organization_id
from whatstr.portal.api_support import show_thread
from whatstr.portal.inputs import field, json_body, one_of, show_id, show_instant
from whatstr.privacy.views import live_until
from whatstr.support.queries import threads_of


@api.get("/me")
@member_access(Permission.SELF)
def me() -> dict[str, Any]:
    signed_in = current_member()
    owner = signed_in.organization_id
    known = queries.identity(organization_id=owner, member_id=signed_in.member_id)
    balance = ledger.balance(owner)
    emptied = resets.waiting(owner)
    return {
        "organization": {
            "id": show_id(owner),
            "customer_no": known.organization.customer_no,
            "name": known.organization.name,
            "state": str(known.organization.state),
            "suspended_reason": sentence_for(known.organization.state_reason, language()),
        },
        "member": {
            "id": show_id(signed_in.member_id),
            "name": known.member.name,
            "email_masked": known.member.email_masked,
            "role": str(signed_in.role),
            "language": signed_in.language,
            "email_confirmed": signed_in.email_confirmed,
        },
        "documents_due": [
            {"document": str(document.name), "version": document.version}
            for document in documents_due(owner)
        ],
        "vault_reset": {"due_at": show_instant(emptied.due_at)} if emptied is not None else None,
        "balance": {
            "available": balance.available,
            "reserved": balance.reserved,
            "spent": balance.spent,
        },
        "staff_looks_until": show_instant(live_until(owner)),
        "lines": line_count(owner),
        "lists": list_count(owner),
        "campaigns": campaign_count(owner),
    }


@api.get("/held-data")
@member_access(Permission.SETTINGS_READ)
def held_data() -> dict[str, Any]:
    held = queries.held_data(organization_id())
    return {
        "profile": _profile(held.organization),
        "members": [_member(row) for row in held.members],
        "documents": [
            {
                "document": row.document,
                "version": row.document_version,
                "context": row.context,
                "at": show_instant(row.at),
                "address": row.address,
            }
            for row in held.documents
        ],
        "events": [_event(row) for row in held.events],
        "reveals": [_reveal(row) for row in reveals_of(organization_id())],
        "support": [show_thread(one) for one in threads_of(organization_id())],
    }


@api.get("/preferences")
@member_access(Permission.SELF)
def preferences() -> dict[str, Any]:
    return _preferences(own_preferences.preferences_of(current_member().member_id))


@api.put("/preferences")
@member_access(Permission.SELF)
def set_preferences() -> dict[str, Any]:
    data = json_body()
    wanted = Preferences(
        email=field(data, "email", bool),
        sms=field(data, "sms", bool),
        whatsapp=field(data, "whatsapp", bool),
        language=one_of(data, "language", LANGUAGES),
    )
    with transaction():
        stored = own_preferences.set_preferences(
            actor=actor(), member_id=current_member().member_id, wanted=wanted
        )
    return _preferences(stored)


def _preferences(chosen: Preferences) -> dict[str, Any]:
    return {
        "email": chosen.email,
        "sms": chosen.sms,
        "whatsapp": chosen.whatsapp,
        "language": chosen.language,
    }


def _profile(row: Organization) -> dict[str, Any]:
    return {
        "customer_no": row.customer_no,
        "organization_name": row.name,
        "address": row.address,
        "website": row.website,
        "tax_number": row.tax_number,
        "tax_office": row.tax_office,
        "created_at": show_instant(row.created_at),
    }


def _member(row: Member) -> dict[str, Any]:
    return {
        "id": show_id(row.id),
        "role": str(row.role),
        "state": str(row.state),
        "name": row.name,
        "email": row.email,
        "email_confirmed_at": show_instant(row.email_confirmed_at),
        "phone": to_e164(row.phone) if row.phone else None,
        "language": row.language,
        "created_at": show_instant(row.created_at),
    }


def _event(row: LoginEvent) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "at": show_instant(row.at),
        "outcome": row.outcome,
        "address": row.address,
        "browser": row.browser,
    }


def _reveal(row: Reveal) -> dict[str, Any]:
    return {
        "at": show_instant(row.at),
        "role": row.staff_roles,
        "fields": [row.field],
        "reason": row.reason,
    }
