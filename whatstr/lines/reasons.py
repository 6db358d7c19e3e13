"""Why a campaign is held, refused or over, and why a line is held: codes with their sentences.

`Campaign.reason_code` and `Line.state_reason` hold either a code of this table or `meta:<number>`,
whose sentence is that of the error table.
"""

from __future__ import annotations

from whatstr.lines.error_policy import rule_for

_META = "meta:"
HEALTH_UNEXPLAINED = 141_002
"""Meta's code for an account or line that cannot send, where it gives no other."""
TEMPLATE_MARKETING = "template_marketing"
_RESEAL_TR = "Kampanya açılamadı: {}. Kampanyayı yeniden hazırlayıp gönderin."
_RESEAL_EN = "The campaign could not be opened: {}. Prepare and launch it again."


def meta_reason(number: int) -> str:
    """The reason code for one of Meta's numbers."""
    return f"{_META}{number}"


def sentence_for(reason: str | None, language: str) -> str | None:
    """The sentence of a reason code in `tr` or `en`; None for no reason."""
    if not reason:
        return None
    turkish = language.startswith("tr")
    if reason.startswith(_META):
        number = reason[len(_META) :]
        return rule_for(int(number)).sentence(language) if number.lstrip("-").isdigit() else None
    found = REASONS.get(reason)
    if found is None:
        return None
    return found[0] if turkish else found[1]


def _reseal(turkish: str, english: str) -> tuple[str, str]:
    return _RESEAL_TR.format(turkish), _RESEAL_EN.format(english)


REASONS: dict[str, tuple[str, str]] = {
    # refused: the sealed header and the clear row, or the chunks, do not belong together
    "signature": _reseal("imzası işletmenizin anahtarıyla uyuşmuyor", "its signature is not yours"),
    "format": _reseal("biçimi tanınmıyor", "its format is unknown"),
    "account": _reseal("başka bir işletme için mühürlenmiş", "it was sealed for another business"),
    "job": _reseal("başka bir kampanyanın mührünü taşıyor", "it carries another campaign's seal"),
    "conn": _reseal("başka bir hat için mühürlenmiş", "it was sealed for another line"),
    "kid": _reseal("gönderim anahtarı uyuşmuyor", "its sender key does not agree"),
    "chunks": _reseal("parça sayısı mühürdekinden farklı", "its number of parts differs"),
    "rows": _reseal("alıcı sayısı mühürdekinden farklı", "its number of recipients differs"),
    "iat": _reseal("mühür tarihi geçerli değil", "the date of its seal is not valid"),
    "nb": _reseal("başlangıcı çok ileride", "its start is too far ahead"),
    "exp": _reseal("bitiş zamanı geçerli değil", "its end is not valid"),
    "early": _reseal("mühürdeki başlangıç zamanı gelmemiş", "its sealed start has not come"),
    "seal_missing": _reseal("mühürlü anahtarı silinmiş", "its sealed key is deleted"),
    "chunks_missing": _reseal("bazı parçaları eksik", "some of its parts are missing"),
    "chunk_altered": _reseal("bir parçası değiştirilmiş ya da bozulmuş", "a part is damaged"),
    "media_altered": _reseal("başlık dosyası değişmiş ya da eksik", "its file is damaged"),
    # stopped by our staff, or with its line
    "staff": (
        "Görevlilerimiz durdurdu. Gerekçesi e-posta adresinize gönderildi.",
        "Our staff stopped this. The reasons were sent to your e-mail address.",
    ),
    "suspended": (
        "İşletmenizin gönderimleri durduruldu. Gerekçesi e-posta adresinize gönderildi.",
        "The sending of your organization is stopped. The reasons were sent to your e-mail "
        "address.",
    ),
    "line_stopped": (
        "Bu kampanyanın hattı şu anda gönderemiyor; hat açılınca kendiliğinden sürer.",
        "The line of this campaign cannot send at present; it goes on by itself afterwards.",
    ),
    # held: somebody can lift it
    "sender_key_gone": (
        "Bu kampanyanın mühürlendiği gönderim anahtarı artık yok. Yeniden mühürlenmesi "
        "gerekir; aynı alıcılara, aynı metinle sürer.",
        "The sender's key that this campaign was sealed to is gone. It has to be sealed again "
        "and goes on with the same recipients and text.",
    ),
    "optout_index": (
        "Gönderimi reddedenlerin kaydı yenilenmek zorunda. Paneli açtığınızda tarayıcınız bunu "
        "kasanızdan tamamlar; sonra kampanyayı sürdürün.",
        "The record of those who opted out has to be renewed. Your browser does so from your vault "
        "when you open the panel; then resume the campaign.",
    ),
    "no_connection": (
        "Hattın bağlantısı açılamadı. Hattı yeniden bağlayın, sonra kampanyayı sürdürün.",
        "The line's connection could not be opened. Connect the line again, then resume.",
    ),
    "template_not_approved": (
        "Mesaj şablonu şu anda Meta'da onaylı değil. Onaylanınca sürdürün.",
        "The template is not approved at Meta now. Resume once it is.",
    ),
    "template_rejected": (
        "Meta mesaj şablonunu reddetti. Şablonu WhatsApp Yöneticisi'nde düzeltip onaya gönderin; "
        "onaylanınca sürdürün.",
        "Meta rejected the message template. Mend it in WhatsApp Manager and send it to review; "
        "resume once it is approved.",
    ),
    TEMPLATE_MARKETING: (
        "Meta mesaj şablonunu pazarlama sayıyor, kampanya ise bilgilendirme olarak hazırlandı. "
        "Pazarlama için alıcıların onayı gerekir: onayı olan kişilere yeni bir pazarlama "
        "kampanyası hazırlayın ya da bilgilendirme şablonu kullanın.",
        "Meta counts the template as marketing, but the campaign was prepared as informational. "
        "Marketing needs the recipients' consent: prepare a marketing campaign for those who "
        "gave it, or use an informational template.",
    ),
    "template_changed": (
        "Mesaj şablonu silinip yeniden oluşturulmuş. Kampanyayı yeni şablonla hazırlayın.",
        "The template was deleted and made anew. Prepare the campaign with the new one.",
    ),
    "all_rows_fail": (
        "Denenen ilk alıcıların hepsi geri çevrildi. Nedenlere bakın, düzeltip sürdürün.",
        "Every one of the first recipients was refused. See the reasons, mend them, resume.",
    ),
    "unknown_codes": (
        "Meta bilinmeyen hatalar veriyor. Ekibimiz inceliyor; sonra sürdürebilirsiniz.",
        "Meta gives unknown errors. Our team looks into it; you may resume later.",
    ),
    "late_start": (
        "Kampanya zamanında başlatılamadı; izin verdiğiniz gecikme aşıldı. Şimdi başlatın ya da "
        "iptal edin.",
        "The campaign could not start in time, and the delay that you allowed is over. Start it "
        "now or cancel it.",
    ),
    "canary_failed": (
        "Önce gönderilen mesajların beşte birinden çoğu ulaşmadı. Başarısızlık nedenlerine bakın, "
        "listeyi ya da şablonu düzeltin. Sürdürürseniz yine önce küçük bir bölüm gönderilir.",
        "More than one in five of the first messages failed. See why, mend the list or the "
        "template. If you resume, a small part goes first again.",
    ),
    "canary_silent": (
        "Önce gönderilen mesajlardan yarım saat içinde yeterince haber gelmedi. Biraz bekleyip "
        "sürdürün; yine önce küçük bir bölüm gönderilir.",
        "Too little was heard of the first messages within half an hour. Wait a while, then "
        "resume; a small part goes first again.",
    ),
    "restored": (
        "Hizmet bir yedekten geri yüklendi; bu kampanyanın bir bölümü yedekten sonra gönderilmiş "
        "olabilir. Meta'daki sayılara bakın, sonra sürdürün ya da iptal edin.",
        "The service was restored from a backup, and part of this campaign may have been sent "
        "after it was made. Look at the figures at Meta, then resume or cancel.",
    ),
    # expired
    "expired": (
        "Kampanya süresi içinde tamamlanamadı. Kalan alıcılara gönderilmedi.",
        "The campaign's time ran out. The remaining recipients got nothing.",
    ),
}
