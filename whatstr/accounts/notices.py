"""Service e-mails about an account's safety: sent whatever the preferences say."""

from __future__ import annotations

from collections.abc import Mapping

from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import Member

_PASSWORD = {
    "tr": {
        "subject": "Parolanız değiştirildi",
        "paragraphs": [
            "WhatsTR hesabınızın parolası az önce değiştirildi. Diğer oturumlarınız kapatıldı.",
            "Bunu siz yapmadıysanız giriş sayfasından hemen yeni bir parola isteyin ve bize yazın.",
        ],
    },
    "en": {
        "subject": "Your password was changed",
        "paragraphs": [
            "The password of your WhatsTR account was just changed. Your other sessions have "
            "ended.",
            "If it was not you, ask for a new password on the sign-in page at once and write "
            "to us.",
        ],
    },
}
_RECOVERED = {
    "tr": {
        "subject": "Kurtarma kodunuz kullanıldı",
        "paragraphs": [
            "Hesabınız kurtarma koduyla açıldı; yeni bir parola ve yeni bir kurtarma kodu "
            "belirlendi. Eski kod artık geçmez.",
            "Bunu siz yapmadıysanız bize hemen yazın.",
        ],
    },
    "en": {
        "subject": "Your recovery code was used",
        "paragraphs": [
            "Your account was opened with the recovery code; a new password and a new recovery "
            "code were set. The old code no longer works.",
            "If it was not you, write to us at once.",
        ],
    },
}


def tell_joined(member: Member, *, name: str) -> None:
    """Tell who invited that the invitation was used. Personal columns of `member` are loaded."""
    words = {
        "tr": {
            "subject": f"{name} davetinizi kabul etti",
            "paragraphs": [
                f"{name}, gönderdiğiniz bağlantıyla işletmenizin WhatsTR hesabına katıldı.",
                "Bu kişiyi tanımıyorsanız Ayarlar sayfasından hemen çıkarın ve hesap anahtarını "
                "değiştirin.",
            ],
        },
        "en": {
            "subject": f"{name} accepted your invitation",
            "paragraphs": [
                f"{name} joined the WhatsTR account of your business with the link you passed on.",
                "If you do not know this person, remove them on the settings page at once and "
                "change the account's key.",
            ],
        },
    }
    _tell(member, words)


def tell_password_changed(member: Member) -> None:
    """`member` has its personal columns loaded."""
    _tell(member, _PASSWORD)


def tell_recovered(member: Member) -> None:
    """`member` has its personal columns loaded."""
    _tell(member, _RECOVERED)


def _tell(member: Member, words: Mapping[str, Mapping[str, object]]) -> None:
    queue_mail(
        MailKind.NOTICE,
        to=member.email,
        values=words["en" if member.language == "en" else "tr"],
        language=member.language,
        organization_id=member.organization_id,
    )
