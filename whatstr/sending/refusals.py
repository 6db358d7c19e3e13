"""Why the sender does not do what it was asked: stable codes with a sentence in both languages.

The answer is sealed to the customer, so the sentences are made here and not in WEB.
"""

from __future__ import annotations

from whatstr.core.errors import DomainError
from whatstr.lines.cloud_api import GraphError, NotSent, OutcomeUnknown
from whatstr.lines.error_policy import rule_for
from whatstr.lines.reasons import meta_reason


class Denied(DomainError):
    """A request that the sender understands and does not carry out; `reason` is the code."""

    code = "denied"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_AGAIN = (
    "İstek işlenemedi. Sayfayı yenileyip yeniden deneyin.",
    "The request could not be processed. Reload the page and try again.",
)
SENTENCES: dict[str, tuple[str, str]] = {
    "signature": (
        "İstek işletmenizin anahtarıyla imzalanmamış. Oturumu kapatıp yeniden açın.",
        "The request was not signed with your organization's key. Sign out and in again.",
    ),
    "expired": (
        "İsteğin süresi geçti. Bilgisayarınızın saatini denetleyip yeniden deneyin.",
        "The request came too late. Check your computer's clock and try again.",
    ),
    "not_connected": (
        "Bağlı bir hattınız yok. Önce bir WhatsApp hattı bağlayın.",
        "You have no connected line. Connect a WhatsApp line first.",
    ),
    "repin": _AGAIN,
    "reconnect_first": (
        "Kasanız sıfırlandı. Önce daha önce bağlı olan bir hattınızı yeniden bağlayın; ötekiler "
        "ondan sonra bağlanır.",
        "Your vault was emptied. First connect a line again that you had connected before; others "
        "can follow.",
    ),
    "optout_index": (
        "Gönderimi reddedenlerin kaydı yenileniyor; o bitene kadar bir şey gönderilmez. Paneli "
        "açıp biraz sonra yeniden deneyin.",
        "The record of those who opted out is being renewed; nothing is sent before. Open the "
        "panel and try again in a while.",
    ),
    "sender_key_gone": _AGAIN,
    "format": _AGAIN,
    "context": _AGAIN,
    "kid": _AGAIN,
    "op": _AGAIN,
    "failed": (
        "Beklenmedik bir sorun oldu. Yeniden deneyin; sürerse destek ekibimize yazın.",
        "Something unexpected happened. Try again; if it goes on, write to our support team.",
    ),
    "bad_arguments": (
        "Gönderilen bilgiler eksik ya da hatalı. Alanları denetleyip yeniden deneyin.",
        "Something is missing or wrong in what was sent. Check the fields and try again.",
    ),
    "not_supported": (
        "Bu işlem henüz sunulmuyor.",
        "This operation is not offered yet.",
    ),
    "bad_pin": (
        "İki adımlı doğrulama kodu altı rakam olmalı.",
        "The two-step code must be six digits.",
    ),
    "bad_number": (
        "Numaralar ülke koduyla ve yalnız rakamla yazılmalı. Örnek: 905321112233.",
        "Numbers must be digits with the country code, for example 905321112233.",
    ),
    "no_connection": (
        "Bu hat bağlı değil. Hattı yeniden bağlayın.",
        "This line is not connected. Connect it again.",
    ),
    "line_taken": (
        "Bu numara WhatsTR'de başka bir işletmeye bağlı. Orada bağlantısı kesilmeden bağlanamaz.",
        "This number is connected to another organization on WhatsTR. It has to be disconnected "
        "there first.",
    ),
    "other_number": (
        "Bu hat başka bir numarayla bağlı. Yeni numarayı yeni bir hat olarak bağlayın.",
        "This line is connected with another number. Connect the new one as a new line.",
    ),
    "other_account": (
        "Verilen izin bu WhatsApp işletme hesabını ya da numarayı kapsamıyor. Meta'da doğru "
        "hesabı seçip yeniden bağlayın.",
        "The permission does not cover this WhatsApp business account or number. Choose the "
        "right account at Meta and connect again.",
    ),
    "token_invalid": (
        "Meta bu erişim anahtarını tanımıyor ya da anahtar başka bir uygulamaya ait. Yeni bir "
        "anahtarla deneyin.",
        "Meta does not know this access token, or it belongs to another app. Try a new one.",
    ),
    "scopes_missing": (
        "Erişim anahtarında WhatsApp yönetme ve mesaj gönderme izinleri eksik. İkisini de verip "
        "yeniden deneyin.",
        "The token lacks the permissions to manage WhatsApp and to send messages. Grant both and "
        "try again.",
    ),
    "pin_mismatch": (
        "Bu kasa anahtarı, işletmenin öteki hatlarınınkiyle aynı değil. Önce o hatların "
        "bağlantısını kesin.",
        "This vault's key is not that of the organization's other lines. Disconnect those first.",
    ),
    "meta_not_reached": (
        "Meta'ya ulaşılamadı. Birkaç dakika sonra yeniden deneyin.",
        "Meta could not be reached. Try again in a few minutes.",
    ),
    "meta_outcome_unknown": (
        "Meta'dan yanıt gelmedi. Birkaç dakika sonra yeniden deneyin.",
        "Meta gave no answer. Try again in a few minutes.",
    ),
}


CODE_USED = 100
_CODE_SENTENCE = (
    "Meta'nın verdiği kodun süresi geçti ya da kod kullanıldı. Hattı bağlamayı baştan başlatın.",
    "The code that Meta gave is used or too old. Start connecting the line again.",
)


def told(error: Exception) -> tuple[str, str, str]:
    """(code, Turkish, English) of what went wrong; never anything that the error carries."""
    if isinstance(error, GraphError):
        if error.number == CODE_USED and error.subcode in (36_007, 36_008, 36_009):
            return "code_used", *_CODE_SENTENCE
        rule = rule_for(error.number)
        return meta_reason(error.number), rule.sentence_tr, rule.sentence_en
    if isinstance(error, NotSent | OutcomeUnknown):
        return error.code, *SENTENCES[error.code]
    reason = getattr(error, "reason", None) or getattr(error, "code", None)
    code = str(reason) if str(reason) in SENTENCES else "failed"
    return code, *SENTENCES[code]
