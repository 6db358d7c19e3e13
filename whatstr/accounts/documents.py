"""The legal documents: which exist, which version is in force, who accepted what.

A changed text is a new version and asks again (terms, section 8). The texts of the documents with
a `path` are pages of the public site.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from whatstr.accounts.models import AcceptedDocument
from whatstr.audit.services import Actor
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.errors import InvalidInput


class DocumentName(StrEnum):
    TERMS = "terms"
    PRIVACY = "privacy"
    PROCESSING = "processing-agreement"
    REFUND_TERM = "refund-term"
    LAUNCH = "launch-statement"
    CONSENT = "consent-statement"


@dataclass(frozen=True)
class Document:
    """A document in force. `path` is its public page, None for a sentence that stands by a tick."""

    name: DocumentName
    version: str
    title_tr: str
    title_en: str
    path: str | None = None

    def title(self, language: str) -> str:
        return self.title_en if language == "en" else self.title_tr


_VERSION = "2026-11-01"
DOCUMENTS: Mapping[DocumentName, Document] = {
    document.name: document
    for document in (
        Document(
            DocumentName.TERMS, _VERSION, "Kullanım koşulları", "Terms of use", path="/kosullar"
        ),
        Document(
            DocumentName.PRIVACY,
            _VERSION,
            "Gizlilik sözleşmesi",
            "Privacy agreement",
            path="/gizlilik",
        ),
        Document(
            DocumentName.PROCESSING,
            _VERSION,
            "Veri işleme sözleşmesi",
            "Data processing agreement",
            path="/kosullar#gizlilik",  # a section of the terms
        ),
        Document(DocumentName.REFUND_TERM, _VERSION, "İade edilmezlik koşulu", "No-refund term"),
        Document(DocumentName.LAUNCH, _VERSION, "Gönderim beyanı", "Statement at launch"),
        Document(DocumentName.CONSENT, _VERSION, "Onay beyanı", "Statement of consent"),
    )
}
SIGN_UP = (DocumentName.TERMS, DocumentName.PRIVACY, DocumentName.PROCESSING)


def current_version(name: DocumentName) -> str:
    return DOCUMENTS[name].version


def check_accepted(
    accepted: Iterable[tuple[str, str]], needed: Iterable[DocumentName], *, field: str = "documents"
) -> list[Document]:
    """The needed documents, if `accepted` (pairs of name and version) holds each in its current
    version. Raises InvalidInput: `document_missing` or `document_outdated`."""
    given = dict(accepted)
    for name in needed:
        if name not in given:
            raise InvalidInput(field, "document_missing", document=str(name))
        if given[name] != DOCUMENTS[name].version:
            raise InvalidInput(
                field,
                "document_outdated",
                document=str(name),
                current=DOCUMENTS[name].version,
            )
    return [DOCUMENTS[name] for name in needed]


def accept(
    *,
    actor: Actor,
    organization_id: uuid.UUID,
    member_id: uuid.UUID,
    name: DocumentName,
    version: str,
    context: str,
    language: str,
    context_id: uuid.UUID | None = None,
) -> AcceptedDocument:
    """Record that a member accepted a document: `context` is `sign_up`, `checkout`, `launch` …,
    `context_id` what it was for. The actor's address is stored sealed. Raises InvalidInput unless
    the version is the current one."""
    check_accepted([(str(name), version)], [name], field="version")
    row = AcceptedDocument(
        organization_id=organization_id,
        member_id=member_id,
        document=str(name),
        document_version=version,
        context=context,
        context_id=context_id,
        language=language,
        at=clock.now(),
    )
    row.address = actor.address or "unknown"
    session().add(row)
    session().flush()
    return row


def documents_due(organization_id: uuid.UUID) -> list[Document]:
    """Documents of the sign-up whose current version the organization has not accepted yet."""
    rows = session().execute(
        sa.select(AcceptedDocument.document, AcceptedDocument.document_version).where(
            AcceptedDocument.organization_id == organization_id,
            AcceptedDocument.document.in_([str(name) for name in SIGN_UP]),
        )
    )
    known = {(name, version) for name, version in rows}
    return [DOCUMENTS[n] for n in SIGN_UP if (str(n), DOCUMENTS[n].version) not in known]
