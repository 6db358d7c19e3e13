"""E-mails to send: a row first, the worker afterwards. Queues and logs never see their content."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from enum import StrEnum

from whatstr.accounts.models import OutboundMail
from whatstr.core import clock, queues
from whatstr.core.db import session


class MailKind(StrEnum):
    """An e-mail is `templates/email/<kind>.txt` and `.html`; the values it needs are named here."""

    CONFIRM_EMAIL = "confirm_email"  # url
    RESET_LINK = "reset_link"  # url
    NOTICE = "notice"  # subject, paragraphs: list of text; url and link_label where wanted


def queue_mail(
    kind: MailKind,
    *,
    to: str,
    values: Mapping[str, object],
    language: str,
    organization_id: uuid.UUID | None,
) -> OutboundMail:
    """Store an e-mail with address and values sealed, and let the worker send it after the commit.

    What does not reach the queue is found again by the worker's sweep.
    """
    mail = OutboundMail(
        kind=str(kind),
        language=language,
        organization_id=organization_id,
        created_at=clock.now(),
        attempts=0,
    )
    mail.to = to
    mail.values_json = json.dumps(dict(values), ensure_ascii=False)
    session().add(mail)
    session().flush()
    queues.later("mail", "mail.send", mail.id)
    return mail
