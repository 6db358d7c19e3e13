"""E-mails to the owners of WhatsTR about the safety of the panel: no names, no values."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import StaffRole, StaffState, StaffUser
from whatstr.core.db import session

_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "chain_head": {
        "tr": (
            "Denetim kaydının bugünkü son halkası",
            "Denetim kaydı bütün. Son olay {seq}, özeti {head}. Bu e-postayı saklayın: kaydın "
            "kesilip kesilmediği yalnızca dışarıda duran bir özetle anlaşılır.",
        ),
        "en": (
            "Today's head of the audit trail",
            "The audit trail is whole. The last event is {seq}, its hash {head}. Keep this e-mail: "
            "only a hash that is kept elsewhere shows whether the trail was cut.",
        ),
    },
    "chain_broken": {
        "tr": (
            "Denetim kaydı bozuk",
            "Denetim kaydının zinciri {at} numaralı olayda tutmuyor. Veritabanına kimin eriştiğini "
            "araştırın ve son yedekle karşılaştırın.",
        ),
        "en": (
            "The audit trail is broken",
            "The chain of the audit trail does not hold at event {at}. Find out who reached the "
            "database, and compare it with the last backup.",
        ),
    },
    "many_reveals": {
        "tr": (
            "Bir görevli bugün çok sayıda bilgi açtı",
            "Bir görevli bugün {count} örtülü değeri açtırdı. Kim olduğunu ve gerekçeleri denetim "
            "kaydında görürsünüz (“Bir değer gösterildi”).",
        ),
        "en": (
            "A member of staff showed many values today",
            "A member of staff had {count} masked values shown today. The audit trail says who and "
            "why (“One value was shown”).",
        ),
    },
}


def tell_owners(what: str, **values: object) -> int:
    """Queue an e-mail to every owner who can sign in; how many."""
    owners = session().scalars(
        sa.select(StaffUser)
        .where(
            StaffUser.state == StaffState.ACTIVE,
            StaffUser.roles.contains([str(StaffRole.OWNER)]),
        )
        .options(load_only(StaffUser.id, StaffUser.language, StaffUser.email_ct))
        .execution_options(populate_existing=True)
    )
    found = owners.all()
    for owner in found:
        language = "en" if owner.language == "en" else "tr"
        subject, text = _WORDS[what][language]
        queue_mail(
            MailKind.NOTICE,
            to=owner.email,
            values={"subject": subject, "paragraphs": [text.format(**values)]},
            language=language,
            organization_id=None,
        )
    return len(found)
