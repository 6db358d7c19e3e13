"""The statement of reasons: generated from the fields of a decision, frozen in both languages,
mailed to the owners of the organization and shown in the portal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel.dates import format_date
from sqlalchemy.orm import load_only

from whatstr.abuse.models import Action, ActionKind, Case, Decision, StatementOfReasons
from whatstr.abuse.policies import (
    APPEAL_TIME,
    GROUND_WORDS,
    POLICY_WORDS,
    DecisionGround,
    Policy,
    Words,
)
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import Member, MemberRole, MemberState
from whatstr.core import clock
from whatstr.core.db import session
from whatstr.core.i18n import ZONE

SUBJECT = Words("WhatsTR: hesabınızla ilgili karar", "WhatsTR: a decision about your account")
_DONE: dict[ActionKind, Words] = {
    ActionKind.WARN: Words(
        "Sizi uyarıyoruz. Gönderimleriniz sürüyor.", "This is a warning. You can go on sending."
    ),
    ActionKind.PAUSE_CAMPAIGN: Words(
        "Bir kampanyanızı durdurduk.", "We paused one of your campaigns."
    ),
    ActionKind.PAUSE_LINE: Words(
        "Hattınızı durdurduk; bu hattan mesaj gitmez.",
        "We paused your line; no message leaves it.",
    ),
    ActionKind.SUSPEND_ORGANIZATION: Words(
        "Hesabınızı askıya aldık; hiçbir hattınızdan mesaj gitmez.",
        "We suspended your account; no message leaves any of your lines.",
    ),
}


def issue_statement(
    *, case: Case, decision: Decision, actions: Sequence[Action]
) -> StatementOfReasons:
    """Write, freeze and send the reasons of a decision, once."""
    now = clock.now()
    until = now + APPEAL_TIME
    done = [_DONE[action.kind] for action in actions if action.kind in _DONE]
    statement = StatementOfReasons(
        id=uuid.uuid4(),
        decision_id=decision.id,
        organization_id=case.organization_id,
        text_tr=_turkish(case, decision, done, until),
        text_en=_english(case, decision, done, until),
        appeal_until=until,
        sent_at=now,
    )
    session().add(statement)
    session().flush()
    _send(statement)
    return statement


def _turkish(case: Case, decision: Decision, done: Sequence[Words], until: datetime) -> str:
    policy = POLICY_WORDS[Policy(decision.policy)].tr
    ground = GROUND_WORDS[DecisionGround(decision.ground)].tr
    return "\n\n".join(
        [
            f"{case.number} numaralı vakada karar verdik.",
            "Ne yaptık: " + " ".join(one.tr for one in done),
            f"Kural: {policy}. Dayanak: {ground}.",
            f"Gerekçe: {decision.explanation}",
            "Karar, alıcılardan gelen bildirimler incelenerek bir görevlimiz tarafından verildi; "
            "otomatik bir karar değildir.",
            f"Katılmıyorsanız {_day(until)} gününe kadar itiraz edebilirsiniz; itirazı kararı "
            "verenden başka bir görevli inceler. Mahkemeye başvurma hakkınız saklıdır.",
        ]
    )


def _english(case: Case, decision: Decision, done: Sequence[Words], until: datetime) -> str:
    policy = POLICY_WORDS[Policy(decision.policy)].en
    ground = GROUND_WORDS[DecisionGround(decision.ground)].en
    return "\n\n".join(
        [
            f"We have decided case {case.number}.",
            "What we did: " + " ".join(one.en for one in done),
            f"Rule: {policy}. Ground: {ground}.",
            f"Reasons: {decision.explanation}",
            "A member of our staff decided after reviewing reports of recipients; this was not an "
            "automated decision.",
            f"If you disagree, you may appeal until {_english_day(until)}; somebody other than who "
            "decided reviews the appeal. You may also go to court.",
        ]
    )


def _day(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).strftime("%d.%m.%Y")


def _english_day(at: datetime) -> str:
    """As English pages write a day: its month in words, so that no reader takes it for another."""
    return str(format_date(at.astimezone(ZoneInfo(ZONE)).date(), "d MMM y", locale="en"))


def _send(statement: StatementOfReasons) -> None:
    owners = session().scalars(
        sa.select(Member)
        .where(
            Member.organization_id == statement.organization_id,
            Member.role == MemberRole.OWNER,
            Member.state == MemberState.ACTIVE,
        )
        # Only what is needed: this role has no right to a member's keys.
        .options(load_only(Member.language, Member.email_ct))
    )
    for member in owners:
        language = "en" if member.language == "en" else "tr"
        text = statement.text_en if language == "en" else statement.text_tr
        queue_mail(
            MailKind.NOTICE,
            to=member.email,
            values={"subject": SUBJECT.in_(language), "paragraphs": text.split("\n\n")},
            language=language,
            organization_id=statement.organization_id,
        )
