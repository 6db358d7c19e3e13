"""What e-mails to staff say, in both languages: subject, text, and the label of the link."""

from __future__ import annotations

from collections.abc import Mapping

from whatstr.accounts.staff_models import StaffLinkPurpose

WORDS: Mapping[tuple[StaffLinkPurpose, str], tuple[str, str, str]] = {
    (StaffLinkPurpose.INVITATION, "tr"): (
        "WhatsTR görevli paneline davet edildiniz",
        "Hesabınızı açmak için bağlantıyı izleyin, bir parola ve ikinci bir doğrulama yolu "
        "belirleyin. Bağlantı bir kez kullanılır ve 3 gün geçerlidir. Böyle bir davet "
        "beklemiyorsanız bu e-postayı silin.",
        "Hesabı aç",
    ),
    (StaffLinkPurpose.INVITATION, "en"): (
        "You are invited to the staff panel of WhatsTR",
        "Follow the link to open your account: choose a password and a second factor. The link "
        "works once, for 3 days. If you did not expect this invitation, delete this e-mail.",
        "Open the account",
    ),
    (StaffLinkPurpose.PASSWORD, "tr"): (
        "WhatsTR görevli paneli için yeni parola",
        "Yeni bir parola belirlemek için bağlantıyı izleyin. Bağlantı bir kez kullanılır ve 1 saat "
        "geçerlidir. İkinci doğrulama yolunuz değişmez. Bunu siz istemediyseniz bir yöneticiye "
        "haber verin.",
        "Parola belirle",
    ),
    (StaffLinkPurpose.PASSWORD, "en"): (
        "A new password for the staff panel of WhatsTR",
        "Follow the link to choose a new password. It works once, for 1 hour. Your second factor "
        "stays as it is. If you did not ask for this, tell an owner.",
        "Choose a password",
    ),
    (StaffLinkPurpose.EMAIL, "tr"): (
        "WhatsTR görevli paneli için yeni e-posta adresi",
        "Bu adresin sizin olduğunu bağlantıyı izleyerek doğrulayın. Bağlantı bir kez kullanılır ve "
        "1 saat geçerlidir. Doğruladığınızda bütün oturumlarınız kapanır ve yeni adresinizle "
        "girersiniz. Bunu siz istemediyseniz bu e-postayı silin.",
        "Adresi doğrula",
    ),
    (StaffLinkPurpose.EMAIL, "en"): (
        "A new e-mail address for the staff panel of WhatsTR",
        "Follow the link to confirm that this address is yours. It works once, for 1 hour. Then "
        "all your sessions end and you sign in with the new address. If you did not ask for this, "
        "delete this e-mail.",
        "Confirm the address",
    ),
}
# To the old address: that a change was asked for, and that it happened.
ASKED: Mapping[str, tuple[str, str]] = {
    "tr": (
        "Görevli hesabınızın e-posta adresi değiştiriliyor",
        "Görevli hesabınız için yeni bir e-posta adresi istendi. Adres, yeni kutuya giden bağlantı "
        "izlendiğinde değişir. Bunu siz istemediyseniz hemen bir yöneticiye haber verin.",
    ),
    "en": (
        "The e-mail address of your staff account is being changed",
        "A new e-mail address was asked for your staff account. It changes once the link in the "
        "new mailbox is followed. If you did not ask for this, tell an owner at once.",
    ),
}
CHANGED: Mapping[str, tuple[str, str]] = {
    "tr": (
        "Görevli hesabınızın e-posta adresi değişti",
        "Görevli hesabınızın e-posta adresi değişti ve bütün oturumları kapandı. Bu adresle artık "
        "girilemez. Bunu siz yapmadıysanız hemen bir yöneticiye haber verin.",
    ),
    "en": (
        "The e-mail address of your staff account has changed",
        "The e-mail address of your staff account has changed and all its sessions have ended. "
        "This address opens it no more. If it was not you, tell an owner at once.",
    ),
}
