"""Accepting a new version of a document (terms, section 8)."""

from __future__ import annotations

from typing import Any

from whatstr.accounts import documents
from whatstr.accounts.permissions import Permission
from whatstr.core.db import transaction
from whatstr.core.errors import InvalidInput
from whatstr.core.i18n import language
from whatstr.portal import api
from whatstr.portal.access import actor, current_member, member_access, organization_id
from whatstr.portal.inputs import documents_field, json_body


@api.post("/documents")
@member_access(Permission.SELF)
def accept_documents() -> Any:
    """Accept what `GET /api/me` lists as due; what is not due is left alone."""
    given = documents_field(json_body())
    known = {str(name): name for name in documents.SIGN_UP}
    with transaction():
        due = {document.name for document in documents.documents_due(organization_id())}
        for name, version in given:
            if name not in known:
                raise InvalidInput("documents", "not_a_choice")
            if known[name] in due:
                documents.accept(
                    actor=actor(),
                    organization_id=organization_id(),
                    member_id=current_member().member_id,
                    name=known[name],
                    version=version,
                    context="new_version",
                    language=language(),
                )
    return "", 204
