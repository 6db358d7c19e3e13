"""Service e-mails about money: what was paid, what was decided, what went back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from babel.numbers import format_currency, format_decimal
from sqlalchemy.orm import load_only

from whatstr import settings_of
from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import Member
from whatstr.billing.models import ExceptionRequest, Payment, Plan, Refund
from whatstr.core.db import session
from whatstr.core.money import lira


@dataclass(frozen=True)
class Words:
    subject: str
    paragraphs: Sequence[str]


def tell_paid(payment: Payment, plan: Plan) -> None:
    """The figures of a purchase: net, KDV and total."""

    def words(language: str) -> Words:
        net, vat, gross = (
            _money(kurus, language)
            for kurus in (
                payment.amount_kurus - payment.vat_kurus,
                payment.vat_kurus,
                payment.amount_kurus,
            )
        )
        if language == "en":
            return Words(
                "Your payment was received",
                [
                    f"{_number(plan.credits, language)} credits of the plan {plan.title_en} were "
                    "added to your account.",
                    f"Net {net}, VAT {vat}, total {gross}.",
                ],
            )
        return Words(
            "Ödemeniz alındı",
            [
                f"{plan.title_tr} paketinin {_number(plan.credits, language)} kontörü hesabınıza "
                "eklendi.",
                f"Net {net}, KDV {vat}, toplam {gross}.",
            ],
        )

    _tell(payment.member_id, words)


def tell_rejected(payment: Payment, request: ExceptionRequest) -> None:
    """The request was declined, and why."""

    def words(language: str) -> Words:
        reason = request.decision_reason or ""
        if language == "en":
            return Words(
                "Your exception request was declined",
                ["We looked into your request and cannot give the payment back.", reason],
            )
        return Words(
            "İstisna talebiniz reddedildi",
            ["Talebinizi inceledik; ödemeyi iade edemiyoruz.", reason],
        )

    _tell(payment.member_id, words)


def tell_asked(payment: Payment, request: ExceptionRequest) -> None:
    """We need to know more before we can decide."""

    def words(language: str) -> Words:
        question = request.decision_reason or ""
        if language == "en":
            return Words(
                "We have a question about your exception request",
                [question, "Please answer on the payments page within 30 days."],
            )
        return Words(
            "İstisna talebinizle ilgili bir sorumuz var",
            [question, "Lütfen 30 gün içinde ödemeler sayfasından yanıtlayın."],
        )

    _tell(payment.member_id, words)


def tell_refunded(payment: Payment, refund: Refund) -> None:
    """The money is on its way to the card."""

    def words(language: str) -> Words:
        amount = _money(refund.amount_kurus, language)
        if language == "en":
            return Words(
                "Your refund was made",
                [f"We gave {amount} back to your card. Banks show it within 5 to 10 days."],
            )
        return Words(
            "İadeniz yapıldı",
            [f"{amount} kartınıza iade edildi. Bankalar bunu 5–10 gün içinde gösterir."],
        )

    _tell(payment.member_id, words)


def _tell(member_id: uuid.UUID, words: Callable[[str], Words]) -> None:
    # Worker and admin may read these columns of a member only (migration 0002).
    few = load_only(Member.organization_id, Member.language, Member.email_ct)
    member = session().get_one(Member, member_id, options=[few], populate_existing=True)
    language = "en" if member.language == "en" else "tr"
    said = words(language)
    queue_mail(
        MailKind.NOTICE,
        to=member.email,
        values={
            "subject": said.subject,
            "paragraphs": list(said.paragraphs),
            "url": f"{settings_of()['WHATSTR_WEB_URL'].rstrip('/')}/odeme",
            "link_label": "Payments" if language == "en" else "Ödemeler",
        },
        language=language,
        organization_id=member.organization_id,
    )


def _money(kurus: int, language: str) -> str:
    if language == "en":
        return str(format_currency(lira(kurus), "TRY", locale="en"))
    return str(format_decimal(lira(kurus), format="#,##0.00", locale="tr_TR")) + " ₺"


def _number(value: int, language: str) -> str:
    return str(format_decimal(value, locale="tr_TR" if language == "tr" else "en"))
