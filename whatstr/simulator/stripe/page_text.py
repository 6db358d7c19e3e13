"""The words of the hosted page, in Turkish and English."""

from typing import Final

TEXT: Final[dict[str, dict[str, str]]] = {
    "tr": {
        "title": "Ödeme",
        "test_mode": "Deneme ortamı: gerçek para çekilmez",
        "pay_to": "{name} için ödeme",
        "quantity": "Adet: {count}",
        "each_month": "her ay",
        "each_year": "her yıl",
        "each_week": "her hafta",
        "each_day": "her gün",
        "total": "Toplam",
        "contact": "E-posta",
        "card": "Kart numarası",
        "expiry": "Son kullanma (AA / YY)",
        "cvc": "Güvenlik kodu",
        "pay": "{amount} öde",
        "subscribe": "{amount} ile abone ol",
        "back": "Vazgeç ve geri dön",
        "cards_title": "Deneme kartları",
        "cards_help": "Burada yalnız bu numaralar geçer. Gerçek kart girmeyin.",
        "bad_card": "Bu bir deneme kartı değil. Aşağıdaki numaralardan birini yazın.",
        "bad_email": "Geçerli bir e-posta adresi yazın.",
        "bad_expiry": "Geçerli bir son kullanma tarihi yazın: 12 / 34 gibi.",
        "bad_cvc": "Güvenlik kodu üç rakamdır.",
        "declined": "Ödeme alınamadı; kartınızdan para çekilmedi.",
        "expired_title": "Bu ödeme sayfasının süresi doldu",
        "expired_help": "Paket sayfasına dönüp yeniden başlayın. Kartınızdan para çekilmedi.",
        "missing_title": "Böyle bir ödeme sayfası yok",
        "missing_help": "Bağlantı eksik kopyalanmış olabilir.",
        "bank_title": "Bankanızın doğrulaması",
        "bank_help": "Bu, 3-D Secure adımının benzeridir. Ödemeyi onaylayın ya da reddedin.",
        "bank_yes": "Onayla",
        "bank_no": "Reddet",
    },
    "en": {
        "title": "Payment",
        "test_mode": "Test environment: no real money is taken",
        "pay_to": "Pay {name}",
        "quantity": "Quantity: {count}",
        "each_month": "each month",
        "each_year": "each year",
        "each_week": "each week",
        "each_day": "each day",
        "total": "Total",
        "contact": "E-mail",
        "card": "Card number",
        "expiry": "Expiry (MM / YY)",
        "cvc": "Security code",
        "pay": "Pay {amount}",
        "subscribe": "Subscribe for {amount}",
        "back": "Cancel and go back",
        "cards_title": "Test cards",
        "cards_help": "Only these numbers work here. Do not enter a real card.",
        "bad_card": "This is not a test card. Enter one of the numbers below.",
        "bad_email": "Enter a valid e-mail address.",
        "bad_expiry": "Enter a valid expiry date, such as 12 / 34.",
        "bad_cvc": "The security code has three digits.",
        "declined": "The payment failed; nothing was taken from your card.",
        "expired_title": "This payment page has expired",
        "expired_help": "Go back to the plans and start again. Nothing was taken from your card.",
        "missing_title": "There is no such payment page",
        "missing_help": "The link may have been copied in part.",
        "bank_title": "Your bank's check",
        "bank_help": "This stands for the 3-D Secure step. Approve or reject the payment.",
        "bank_yes": "Approve",
        "bank_no": "Reject",
    },
}

DECLINES: Final[dict[str, dict[str, str]]] = {
    "tr": {
        "Your card was declined.": "Kartınız reddedildi.",
        "Your card has expired.": "Kartınızın süresi dolmuş.",
        "Your card's security code is incorrect.": "Güvenlik kodu yanlış.",
        "An error occurred while processing your card. Try again in a little bit.": (
            "Kart işlenirken bir hata oldu. Biraz sonra yeniden deneyin."
        ),
        "The provided PaymentMethod has failed authentication.": "Bankanız ödemeyi onaylamadı.",
    },
    "en": {
        "The provided PaymentMethod has failed authentication.": (
            "Your bank did not approve the payment."
        ),
    },
}

CARD_TITLES_TR: Final[dict[str, str]] = {
    "pays": "öder",
    "asks for 3-D Secure": "3-D Secure ister",
    "is declined": "reddedilir",
    "has no funds": "bakiyesi yetersiz",
    "was reported lost": "kayıp bildirilmiş",
    "has expired": "süresi dolmuş",
    "has another security code": "güvenlik kodu tutmaz",
    "meets a processing error": "işleme hatası verir",
    "pays; its refunds are pending, then succeed": "öder; iadesi bekler, sonra tamamlanır",
    "pays; its refunds succeed, then fail": "öder; iadesi tamamlanır, sonra başarısız olur",
    "pays, then is disputed": "öder, sonra ters ibraz gelir",
    "pays, then is disputed as not received": "öder, sonra “almadım” diye ters ibraz gelir",
}


def money(amount: int, currency: str, language: str) -> str:
    """`1.250,00 ₺` in Turkish, `₺1,250.00` in English."""
    text = f"{amount // 100:,}.{amount % 100:02d}"
    sign = "₺" if currency == "try" else currency.upper()
    if language == "tr":
        return f"{text.translate(str.maketrans(',.', '.,'))} {sign}"
    return f"{sign}{text}" if len(sign) == 1 else f"{text} {sign}"
