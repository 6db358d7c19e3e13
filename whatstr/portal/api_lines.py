"""Lines over the API. Connecting one is a sealed request; here is what came of it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask_babel import gettext as _

from whatstr import settings_of
from whatstr.accounts.permissions import Permission
from whatstr.core.db import transaction
from whatstr.core.errors import DomainError
from whatstr.core.i18n import language
from whatstr.lines import queries, services
from whatstr.lines.models import Line, LineState
from whatstr.lines.reasons import sentence_for
from whatstr.portal import api
from whatstr.portal.access import actor, member_access, organization_id
from whatstr.portal.api_line_health import show_troubles
from whatstr.portal.inputs import (
    b64_field,
    json_body,
    show_id,
    show_instant,
)
from whatstr.portal.sentences import Sentence
from whatstr.vault.box import VaultFormatError
from whatstr.vault.signed import Label, verify


class BadStatement(DomainError):
    """The statement about a line is not one of the sender's."""

    code = "bad_statement"


@api.get("/lines")
@member_access(Permission.LINES_READ)
def read_lines() -> Any:
    return {"lines": [_show(line) for line in queries.lines(organization_id())]}


@api.post("/lines/<uuid:line_id>/label")
@member_access(Permission.LINES_WRITE)
def label_line(line_id: uuid.UUID) -> Any:
    statement = _checked(b64_field(json_body(), "statement", max=4096))
    named = (statement.get("account"), statement.get("line"))
    if named != (organization_id().hex, line_id.hex):
        raise BadStatement("another line")
    with transaction():
        services.set_label(
            actor=actor(),
            organization_id=organization_id(),
            line_id=line_id,
            number=str(statement.get("display_number", ""))[:32],
            name=str(statement.get("verified_name", ""))[:256],
        )
    return "", 204


def _checked(statement: bytes) -> dict[str, Any]:
    """The body, if one of the sender's IDENT keys signed it."""
    import base64

    for key in settings_of()["WHATSTR_IDENT_PUBLIC"].split(","):
        try:
            body = verify(Label.LINE_LABEL, statement, base64.b64decode(key))
        except VaultFormatError:
            continue
        found: dict[str, Any] = json.loads(body)
        return found
    raise BadStatement("signature")


def line_reason(line: Line) -> str | None:
    """Why a line does not send, with the remedy; None when it does."""
    if line.state is LineState.CONNECTED:
        return None
    if line.state is LineState.DISCONNECTED:
        return str(_("This line is disconnected. Connect it again to send from it."))
    if line.state is LineState.PAUSED:
        return str(
            _(
                "Our abuse desk has stopped this line. The statement of reasons has been sent to "
                "you; you may answer it."
            )
        )
    held = str(_("This line is on hold. Check it again on the lines page."))
    return sentence_for(line.state_reason, language()) or held


def _show(line: Line) -> dict[str, Any]:
    return {
        "id": show_id(line.id),
        "state": line.state,
        "hold_code": line.hold_code,
        "reason": line_reason(line),
        "display_number": line.display_number,
        "verified_name": line.verified_name,
        "quality": line.quality,
        "limit_tier": line.limit_tier,
        "throughput": line.throughput,
        "meta_status": line.meta_status,
        "troubles": show_troubles(line),
        "connected_at": show_instant(line.connected_at),
        "checked_at": show_instant(line.checked_at),
    }


SENTENCES: dict[str, Sentence] = {
    "bad_statement": lambda e: str(
        _("The line's details do not bear our sender's signature. Please connect the line again.")
    ),
}
