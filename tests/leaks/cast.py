"""Who appears in the story and what they type: invented, and distinctive on purpose."""

from __future__ import annotations

from whatstr.vault.client import Profile
from whatstr.vault.rows import ListRow

ADDRESS = "203.0.113.77"
PASSWORD = "uzun-bir-kasa-parolası-4471"
CHANGED = "değişen-kasa-parolası-9920"
PROFILE = Profile(
    organization_name="Gülçiçek Butik Anonim Ortaklığı",
    contact_name="Şükran Gülçiçekoğlu",
    email="Gizli.Sukran@gulcicek-butik.example",
    phone="+905307418529",
    address="Bağdat Caddesi 1453, Maltepe",
    website="https://gulcicek-butik.example",
    tax_number="7418529632",
    tax_office="Küçükyalı Vergi Dairesi",
)
# The endings say what the simulator lets these people do (whatstr.simulator.meta.behaviours).
GUESTS: list[ListRow] = [
    ("905417730220", "Nilüfer Karataşoğlu", ("Kehribar-7391-Lale", "Çınaraltı Sokağı")),
    ("905417731240", "Tuğrul İncesulu", ("Yakut-7392-Sümbül", "Gülbahçe Meydanı")),
    ("905417732261", "Gökçe Ağaçkıran", ("Zümrüt-7393-Nergis", "Ihlamur Yokuşu")),
    ("905417733251", "Ümmühan Şırnaklı", ("Safir-7394-Manolya", "Söğütlüçeşme")),
    ("905417734011", "Işılay Köprülüoğlu", ("Opal-7395-Begonya", "Değirmendere")),
    ("905417735021", "Çağatay Süsoğlu", ("Elmas-7396-Kardelen", "Karanfil Çıkmazı")),
    ("905417736291", "Hüsnü Yağızbayrak", ("Mercan-7397-Papatya", "Zeytinlik Yolu")),
]
LIST_NAME = "Sümbül gecesi davetlileri"
COLUMNS = ("Parça numarası", "Semt ve sokak")
TITLE = "Sümbül gecesi çağrısı 2026"
LATER_TITLE = "Yarınki gizli çağrı 8812"
REPLY = "Kapı kodumuz 5820, üçüncü kata bırakın"
REPORTED = "Bana izinsiz yazdılar ve kartımı sordular 8841"
PROVED_BY = "bana.ulasin@baska-posta.example"
UNPROVED = "Dolandırıcı bunlar, adımı da biliyorlar 3307"
REPORTER = "rapor.eden@ornek-posta.example"
DRAFT = "Yarım kalan taslak: bahar yemeği 6620"
ORDER_TEMPLATE = "siparis_yolda"
