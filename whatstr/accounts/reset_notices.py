"""What people are told of a reset to an empty vault: at the start, before the end, when it is over.

Sent whatever the preferences say. `member` has name and address loaded.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from whatstr.accounts.mail import MailKind, queue_mail
from whatstr.accounts.models import Member

_ISTANBUL = timezone(timedelta(hours=3))


def tell_asked(member: Member, url: str) -> None:
    """The link that starts the wait."""
    _tell(
        member,
        url,
        tr=(
            "Boş kasayla yeniden başlama isteği",
            "Parolanızı ve kurtarma kodunuzu birlikte kaybettiğinizi bildirdiniz. Bağlantıyı "
            "açarsanız 72 saatlik bekleme başlar; sonunda kişi listeleriniz, taslaklarınız ve "
            "kampanyalarınızın içeriği silinir, kasanız boş olarak yeniden kurulur.",
            "Bağlantı 30 dakika geçerlidir. Bunu siz istemediyseniz hiçbir şey yapmayın.",
            "Beklemeyi başlat",
        ),
        en=(
            "Request to start anew with an empty vault",
            "You told us that you lost both your password and your recovery code. The link starts "
            "a wait of 72 hours; at its end your contact lists, drafts and the contents of your "
            "campaigns are deleted and your vault is set up anew, empty.",
            "The link is valid for 30 minutes. If it was not you, do nothing.",
            "Start the wait",
        ),
    )


def tell_not_owner(member: Member) -> None:
    """Only an owner can empty the vault; others are invited anew."""
    _tell(
        member,
        None,
        tr=(
            "Kasayı yalnızca sahip sıfırlayabilir",
            "Parolanızı ve kurtarma kodunuzu kaybettiğinizi bildirdiniz. Kasayı sıfırlamaya gerek "
            "yok: işletmenizin sahibi sizi Ekip sayfasında çıkarıp yeniden davet edebilir.",
            "Bunu siz istemediyseniz hiçbir şey yapmayın.",
            "",
        ),
        en=(
            "Only an owner can empty the vault",
            "You told us that you lost your password and your recovery code. The vault need not be "
            "emptied: the owner of your business can remove you on the Team page and invite you "
            "anew.",
            "If it was not you, do nothing.",
            "",
        ),
    )


def tell_begun(member: Member, url: str, due_at: datetime) -> None:
    """The wait has begun; anybody concerned can stop it."""
    at = _when(due_at)
    _tell(
        member,
        url,
        tr=(
            "Kasanız 72 saat sonra boşaltılacak",
            f"İşletmenizin sahibi, parolasını ve kurtarma kodunu kaybettiğini bildirdi. {at} "
            "zamanında kişi listeleri, taslaklar ve kampanya içerikleri silinebilir hale gelir.",
            "Kasayı hâlâ açabilen biri varsa ya da bunu siz istemediyseniz hemen vazgeçin.",
            "Vazgeç, kasa kalsın",
        ),
        en=(
            "Your vault will be emptied in 72 hours",
            "The owner of your business told us that password and recovery code are lost. At "
            f"{at} contact lists, drafts and the contents of campaigns may be deleted.",
            "If somebody can still open the vault, or if it was not you, cancel at once.",
            "Cancel, keep the vault",
        ),
    )


def tell_near(member: Member, url: str, due_at: datetime) -> None:
    """Half a day is left."""
    at = _when(due_at)
    _tell(
        member,
        url,
        tr=(
            "Kasanızın boşaltılmasına 12 saatten az kaldı",
            f"Bekleme {at} zamanında bitiyor. Sonra kişi listeleri, taslaklar ve kampanya "
            "içerikleri silinip kasa boş kurulabilir. Silinen geri gelmez.",
            "Durdurmak için bağlantıyı kullanın.",
            "Vazgeç, kasa kalsın",
        ),
        en=(
            "Less than 12 hours until your vault is emptied",
            f"The wait ends at {at}. Then contact lists, drafts and the contents of campaigns can "
            "be deleted and the vault set up empty. What is deleted does not come back.",
            "Use the link to stop it.",
            "Cancel, keep the vault",
        ),
    )


def tell_ready(member: Member, url: str) -> None:
    """The wait is over."""
    _tell(
        member,
        url,
        tr=(
            "Yeni kasanızı kurabilirsiniz",
            "72 saatlik bekleme bitti. Bağlantıyla yeni bir parola ve kurtarma kodu belirlersiniz; "
            "eski kasanın içeriği o anda silinir. Hatlarınızı yeniden bağlamanız gerekir.",
            "Bağlantı 14 gün geçerlidir; o zamana kadar vazgeçebilirsiniz.",
            "Yeni kasamı kur",
        ),
        en=(
            "You can set up your new vault",
            "The wait of 72 hours is over. With the link you set a new password and recovery code; "
            "what the old vault holds is deleted at that moment. Your lines have to be connected "
            "again.",
            "The link is valid for 14 days; until you use it you may still cancel.",
            "Set up my new vault",
        ),
    )


def tell_cancelled(member: Member) -> None:
    """Nothing was deleted."""
    _tell(
        member,
        None,
        tr=(
            "Kasanızın boşaltılmasından vazgeçildi",
            "Hiçbir şey silinmedi. Kasanız parolanız ve kurtarma kodunuzla açılmayı sürdürür.",
            "Bunu ekibinizden biri yapmadıysa bize yazın.",
            "",
        ),
        en=(
            "Emptying your vault was cancelled",
            "Nothing was deleted. Your vault opens with your password and recovery code as before.",
            "If nobody of your team did this, write to us.",
            "",
        ),
    )


def tell_deleted(member: Member) -> None:
    """The account is gone; the last e-mail."""
    _tell(
        member,
        None,
        tr=(
            "WhatsTR hesabınız silindi",
            "Kişi listeleri, kampanya içerikleri, hat bağlantıları ve profil bilgileri silindi. "
            "Faturalar yasanın istediği süre boyunca saklanır.",
            "Yedeklerdeki kopyalar 30 gün içinde silinir.",
            "",
        ),
        en=(
            "Your WhatsTR account was deleted",
            "Contact lists, the contents of campaigns, line connections and profile data were "
            "deleted. Invoices are kept for as long as the law asks.",
            "Copies in backups are gone within 30 days.",
            "",
        ),
    )


def _when(at: datetime) -> str:
    return at.astimezone(_ISTANBUL).strftime("%d.%m.%Y %H:%M")


Words = tuple[str, str, str, str]


def _tell(member: Member, url: str | None, *, tr: Words, en: Words) -> None:
    subject, first, second, label = en if member.language == "en" else tr
    values: dict[str, object] = {"subject": subject, "paragraphs": [first, second]}
    if url is not None:
        values |= {"url": url, "link_label": label}
    queue_mail(
        MailKind.NOTICE,
        to=member.email,
        values=values,
        language=member.language,
        organization_id=member.organization_id,
    )
