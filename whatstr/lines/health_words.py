"""Meta's `health_status` in our words: what stands in the way, level by level, and the remedy
(facts, section 6). Meta's own English texts are not stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from whatstr.lines.error_policy import ERRORS, rule_for


@dataclass(frozen=True, slots=True)
class Trouble:
    """One level that is not well: Meta's kind of entity, `LIMITED` or `BLOCKED`, its codes."""

    entity: str
    can_send: str
    codes: tuple[int, ...]
    sentence: str


def troubles(health: Mapping[str, Any], language: str) -> list[Trouble]:
    """What Meta reported at the last look, in `tr` or `en`; empty when all is well. A code that has
    words of its own adds them; Meta's 141xxx only repeat the level."""
    found = []
    for one in health.get("entities") or ():
        if one["can_send"] not in _STATES:
            continue
        codes = tuple(one["codes"])
        words = _of(one["type"], one["can_send"], language)
        told = [rule_for(code).sentence(language) for code in codes if _explains(code)]
        found.append(Trouble(one["type"], one["can_send"], codes, " ".join([words, *told[:1]])))
    return found


def _explains(code: int) -> bool:
    return code in ERRORS and code not in _LEVELS


def _of(entity: str, state: str, language: str) -> str:
    what = _ENTITIES.get(entity, _ENTITIES["OTHER"])
    turkish = language.startswith("tr")
    subject, remedy = what[0 if turkish else 1]
    return f"{subject} {_STATES[state][0 if turkish else 1]} {remedy}"


_LEVELS = range(141_000, 142_000)
_STATES = {
    "LIMITED": (
        "Meta'da kısıtlı; gönderim sürer ama sınırlanabilir.",
        "is limited at Meta; sending goes on but may be restricted.",
    ),
    "BLOCKED": (
        "Meta'da engelli; bu düzelene kadar gönderim yapılamaz.",
        "is blocked at Meta; nothing can be sent until this is mended.",
    ),
}
_ENTITIES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "PHONE_NUMBER": (
        (
            "Numaranız",
            "WhatsApp Yöneticisi'nde Telefon numaraları bölümünden durumunu ve kayıtlı olduğunu "
            "denetleyin.",
        ),
        (
            "Your number",
            "Check its state and registration under Phone numbers in WhatsApp Manager.",
        ),
    ),
    "WABA": (
        (
            "WhatsApp Business hesabınız",
            "Meta Business Suite'te Hesap kalitesi sayfasındaki uyarıyı açın, ödeme yöntemini ve "
            "itiraz yolunu orada bulursunuz.",
        ),
        (
            "Your WhatsApp Business account",
            "Open the notice on the Account quality page of Meta Business Suite; payment method "
            "and appeal are found there.",
        ),
    ),
    "BUSINESS": (
        (
            "Meta işletme portföyünüz",
            "İşletme doğrulamasını ve kısıtlamaları Meta Business Suite'te Güvenlik Merkezi'nden "
            "tamamlayın.",
        ),
        (
            "Your Meta business portfolio",
            "Complete business verification and see restrictions in the Security Centre of Meta "
            "Business Suite.",
        ),
    ),
    "APP": (
        ("Uygulamamız", "Bu bizim işimizdir; ekibimiz ilgileniyor, sizin yapacağınız yok."),
        ("Our app", "This is ours to mend; our team is on it, there is nothing for you to do."),
    ),
    "MESSAGE_TEMPLATE": (
        ("Mesaj şablonu", "Başka bir onaylı şablon kullanın ya da bunu düzeltip onaya gönderin."),
        ("The message template", "Use another approved one, or mend it and send it to review."),
    ),
    "OTHER": (
        ("Meta'daki bir kayıt", "Ayrıntıyı WhatsApp Yöneticisi'nde görebilirsiniz."),
        ("A record at Meta", "See the details in WhatsApp Manager."),
    ),
}
