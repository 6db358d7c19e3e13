"""Statements of reasons: what our abuse desk decided about the organization, word for word."""

from __future__ import annotations

from typing import Any

from whatstr.abuse.queries import statements_of
from whatstr.accounts.permissions import Permission
from whatstr.core.i18n import language
from whatstr.portal import api
from whatstr.portal.access import member_access, organization_id
from whatstr.portal.inputs import show_id, show_instant


@api.get("/statements")
@member_access(Permission.SELF)
def read_statements() -> Any:
    turkish = language() == "tr"
    return {
        "statements": [
            {
                "id": show_id(one.id),
                "at": show_instant(one.sent_at),
                "text": one.text_tr if turkish else one.text_en,
                "appeal_until": show_instant(one.appeal_until),
            }
            for one in statements_of(organization_id())
        ]
    }
