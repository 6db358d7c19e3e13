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

# The days in a real browser.
BROWSER_PASSWORD = "tarayıcıda-yazılan-parola-6031"
BROWSER_CHANGED = "tarayıcıda-değişen-parola-7142"
BROWSER_RECOVERED = "kurtarılan-kasanın-parolası-8253"
BROWSER_PROFILE = Profile(
    organization_name="Çağlayan Ebru Atölyesi Kollektif",
    contact_name="Ümran Çağlayangil",
    email="saklanan.umran@caglayan-ebru.example",
    phone="+905318529637",
    address="Tophane İskelesi 2771, Beyoğlu",
    website="https://caglayan-ebru.example",
    tax_number="8529637412",
    tax_office="Beyoğlu Vergi Dairesi",
)
BROWSER_FILE = "ebru-kursu-katilimcilari-6604.csv"
BROWSER_LIST = "Ebru kursu katılımcıları"
BROWSER_TITLE = "Ebru sergisi açılışı 4415"
BROWSER_LATER = "Ertelenen ebru duyurusu 5526"
BROWSER_LONG = "Uzun ebru duyurusu 6637"
BROWSER_REPLY = "Fırçaları çarşamba getiririm 7748"
BROWSER_DRAFT = "Tarayıcıdaki taslak sözler 8859"
BROWSER_REPORTED = "Tanımadığım biri sergiye çağırıyor 9960"
BROWSER_REPORTER = "sikayetci.ziyaretci@baska-kutu.example"
TESTED_NUMBER = "905319638520"
INVITED = "davet.edilen@caglayan-ebru.example"
INVITED_NAME = "Zekâi Düzgünman"
INVITED_PASSWORD = "davetlinin-kendi-parolası-3364"
ADDED = ("905419772233", "Şerare Tellikaya", "Kayık-2211-Tellikaya")
CORRECTED = ("905419772244", "Şerare Yaldızkaya", "Kayık-2212-Yaldızkaya")
# The endings again: the second one thanks us, the third one is not reached.
MASTERS = (
    ("905419790100", "Nâzım Kıraçoğlu", "Sandal-3311-Kıraç"),
    ("905419790260", "Rûkiye Bozdoğanlı", "Sandal-3312-Bozdoğan"),
    ("905419790291", "Ömür Çırağanlı", "Sandal-3313-Çırağan"),
)
MASTERS_FILE, MASTERS_LIST = "ebru-ustalari-1188.csv", "Ebru ustaları çemberi"
PICTURE_FILE, PICTURE_WORDS = "battal-ebru-2299.png", "Resmin içine yazılan sözler 3300"
PICTURE_TITLE = "Resimli ebru çağrısı 4411"
ANSWER = "Boyaları getirmeniz yeter 5522"
TEXT_TITLE, TEXT_WORDS = "Yazanlara duyuru 6633", "Atölye yarın da açık, çay bizden 7744"
SUPPORT_SUBJECT, SUPPORT_WORDS = "Faturamdaki unvan 8855", "Unvanımız Ebruzen olarak düzelsin 9966"
SUPPORT_ANSWER = "Unvanınızı düzelttik, teşekkürler 1077"
LEAVER = Profile(
    organization_name="Ayrılan Sahafiye Kitabevi",
    contact_name="Nermin Sahafoğulları",
    email="ayrilan.nermin@sahafiye.example",
    phone="+905329637418",
    address="Beyazıt Çınaraltı 6688, Fatih",
    website="https://sahafiye.example",
    tax_number="9637418527",
    tax_office="Beyazıt Vergi Dairesi",
)
LEAVER_PASSWORD, LEAVER_NEW = "ayrılanın-parolası-4477", "ayrılanın-yeni-parolası-5588"
LEAVER_LIST = "Sahafiye okurları"
LEAVER_PEOPLE: list[ListRow] = [
    ("905419850011", "Müzeyyen Kitapçıoğlu", ("Elyazması-7711-Kitap",)),
    ("905419850111", "Ferîdun Ciltçibaşı", ("Elyazması-7712-Cilt",)),
]
FIRST_NAMES = ("Ümmügül", "Bünyamin", "Gülsüm", "Şefika", "Çelebi", "Işılay", "Öztürk", "İsmihan")
LAST_NAMES = ("Ebruzenoğlu", "Düzgünman", "Çağlayangil", "Hatipzade", "Şebekçioğlu", "Üsküdarlı")
