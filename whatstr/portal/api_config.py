"""What the browser needs to know before anybody signs in."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from whatstr import settings_of
from whatstr.accounts.documents import DOCUMENTS, DocumentName
from whatstr.audiences.policies import CHUNK_ROWS, MAX_ROWS
from whatstr.core.i18n import language
from whatstr.core.security import open_to_all
from whatstr.portal import api
from whatstr.portal.inputs import show_bytes
from whatstr.portal.sentences import Sentence
from whatstr.vault import queries

CAMPAIGN_DAYS = 30


@api.get("/config")
@open_to_all
def config() -> dict[str, Any]:
    settings = settings_of()
    version = settings["META_GRAPH_VERSION"]
    dialog = settings["META_DIALOG_URL"].rstrip("/")
    return {
        "ident": [
            key.strip() for key in settings["WHATSTR_IDENT_PUBLIC"].split(",") if key.strip()
        ],
        "meta": {
            "app_id": settings["META_APP_ID"],
            "dialog_url": f"{dialog}/{version}/dialog/oauth",
            "graph_version": version,
        },
        "documents": [
            {
                "document": str(document.name),
                "version": document.version,
                "title": document.title(language()),
                "url": document.path,
            }
            for document in DOCUMENTS.values()
        ],
        "abuse_line": settings["WHATSTR_ABUSE_LINE"],
        "statement_version": DOCUMENTS[DocumentName.CONSENT].version,
        "limits": {
            "list_rows": MAX_ROWS,
            "chunk_rows": CHUNK_ROWS,
            "campaign_days": CAMPAIGN_DAYS,
        },
    }


@api.get("/sender-cert")
@open_to_all
def sender_certificate() -> dict[str, Any]:
    found = queries.current_certificate()
    return {"kid": found.kid, "cert": show_bytes(found.cert)}


SENTENCES: dict[str, Sentence] = {
    "sender_certificate_missing": lambda e: _(
        "The sender is not ready yet. Nothing was lost; please try again in a minute."
    ),
}
