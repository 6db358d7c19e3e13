"""The rows of the error table (facts, section 3). Sentences: what happened, then what to do."""

from __future__ import annotations

from whatstr.lines.error_rules import (
    DUPLICATE,
    NO_MORE_PEOPLE,
    OPTED_OUT,
    TEMPLATE_EDIT,
    UNREACHABLE,
    UNUSABLE_ROW,
    Action,
    ErrorRule,
    Scope,
)

_HOUR = 3_600
_REAUTH_TR = "Meta hattın erişim anahtarını kabul etmiyor. Hattı yeniden bağlayın."
_REAUTH_EN = "Meta no longer accepts the line's access token. Connect the line again."
_RIGHT_TR = "Hattın erişim izni eksik ya da geri alınmış. Hattı gerekli izinlerle yeniden bağlayın."
_RIGHT_EN = "A permission of the line is missing or was taken back. Connect it again with all."
_BUSY_TR = "Meta şu anda yoğun. Gönderim biraz sonra kendiliğinden sürer."
_BUSY_EN = "Meta is busy. Sending goes on by itself in a moment."
_OURS_TR = "İstek Meta'nın beklediği gibi değildi. Kampanya durduruldu, ekibimiz inceliyor."
_OURS_EN = "The request was not what Meta expects. The campaign stopped; our team looks into it."
_PIN_TR = "İki adımlı doğrulama kodu kabul edilmedi. Kodu WhatsApp Yöneticisi'nden yenileyin."
_PIN_EN = "The two-step code was not accepted. Reset it in WhatsApp Manager."
_WAIT_PIN_TR = "Kod çok sık denendi. Bir süre bekleyip yeniden deneyin."
_WAIT_PIN_EN = "The code was tried too often. Wait a while, then try again."
_REGISTER_TR = "Hat Meta'da kayıtlı değil. Hattı yeniden bağlayıp kaydedin."
_REGISTER_EN = "The line is not registered with Meta. Connect and register it again."
_CARE_TR = "Hat Meta'da bakımda. Birkaç dakika sonra gönderim sürer."
_CARE_EN = "The line is in maintenance at Meta. Sending goes on in a few minutes."

_R, _S, _L, _T, _C, _A, _APP = (
    Scope.ROW,
    Scope.RECIPIENT,
    Scope.LINE,
    Scope.TEMPLATE,
    Scope.CAMPAIGN,
    Scope.ACCOUNT,
    Scope.APP,
)


def _row(
    code: int,
    action: Action,
    scope: Scope,
    turkish: str,
    english: str,
    *,
    wait: int = 0,
    tries: int = 1,
) -> ErrorRule:
    return ErrorRule(code, action, scope, wait, turkish, english, tries)


_OURS = (
    _row(
        OPTED_OUT,
        Action.SUPPRESS,
        _S,
        "Alıcı sizden mesaj almayı reddetmiş. Gönderilmedi.",
        "The recipient refused your messages. Nothing was sent.",
    ),
    _row(
        DUPLICATE,
        Action.ROW,
        _R,
        "Bu numara kampanyada daha önce geçiyor. Kimseye iki kez gönderilmez.",
        "This number is in the campaign already. Nobody is sent the same twice.",
    ),
    _row(
        UNUSABLE_ROW,
        Action.ROW,
        _R,
        "Satırda boş bir değişken var. Kişi listesindeki alanı doldurun.",
        "A variable of this row is empty. Fill the field in the contact list.",
    ),
    _row(
        UNREACHABLE,
        Action.SUPPRESS,
        _S,
        "Bu kişiye art arda üç mesaj ulaşmadı; gönderilmedi. Numarayı denetleyin. Kişi size "
        "yazınca yeniden gönderilir.",
        "Three messages in a row did not reach this person; nothing was sent. Check the number. "
        "Once the person writes to you, it is sent to again.",
    ),
    _row(
        NO_MORE_PEOPLE,
        Action.ROW,
        _R,
        "Son 24 saatte yazılabilecek kişi sayısına ulaşıldı. Yarın yeniden deneyin.",
        "As many people as allowed were written to in the last 24 hours. Try again tomorrow.",
    ),
)

_ACCESS = (
    _row(0, Action.OFF, _L, _REAUTH_TR, _REAUTH_EN),
    _row(190, Action.OFF, _L, _REAUTH_TR, _REAUTH_EN),
    _row(3, Action.OFF, _L, _RIGHT_TR, _RIGHT_EN),
    _row(10, Action.OFF, _L, _RIGHT_TR, _RIGHT_EN),
    _row(200, Action.OFF, _L, _RIGHT_TR, _RIGHT_EN),
    _row(131005, Action.OFF, _L, _RIGHT_TR, _RIGHT_EN),
    _row(104, Action.BUG, _L, _OURS_TR, _OURS_EN),
    _row(
        368,
        Action.OFF,
        _A,
        "Meta, kural ihlali nedeniyle WhatsApp işletme hesabınızı kısıtladı. WhatsApp "
        "Yöneticisi'nde nedenine bakın ve inceleme isteyin.",
        "Meta restricted your WhatsApp business account for breaking a policy. See why in "
        "WhatsApp Manager and ask for a review.",
    ),
    _row(
        131031,
        Action.OFF,
        _A,
        "WhatsApp işletme hesabınız kilitli ya da bilgileri doğrulanamadı. WhatsApp Yöneticisi'nde "
        "hesap durumuna bakın.",
        "Your WhatsApp business account is locked or could not be checked. See its state in "
        "WhatsApp Manager.",
    ),
    _row(
        130497,
        Action.ROW,
        _S,
        "Hesabınız bu ülkedeki kişilere mesaj gönderemiyor. Bu numaraları listeden çıkarın.",
        "Your account may not message people in this country. Take these numbers out.",
    ),
    _row(
        131042,
        Action.STOP,
        _A,
        "Meta'daki ödeme yönteminizde sorun var. WhatsApp Yöneticisi'nde ödeme bilgilerini "
        "düzeltin, sonra sürdürün.",
        "There is a problem with your payment method at Meta. Mend it in WhatsApp Manager, "
        "then resume.",
    ),
    _row(
        131063,
        Action.STOP,
        _A,
        "Bu hesapta pazarlama mesajları kapalı. WhatsApp Yöneticisi'nden açın.",
        "Marketing messages are switched off for this account. Switch them on in WhatsApp Manager.",
    ),
)

_PACE = (
    _row(4, Action.BACKOFF, _APP, _BUSY_TR, _BUSY_EN, wait=60, tries=20),
    _row(80007, Action.BACKOFF, _A, _BUSY_TR, _BUSY_EN, wait=60, tries=20),
    _row(
        130429,
        Action.BACKOFF,
        _L,
        "Hattın hız sınırına ulaşıldı. Gönderim daha yavaş sürüyor.",
        "The line's speed limit was reached. Sending goes on more slowly.",
        wait=7,
        tries=20,
    ),
    _row(
        131048,
        Action.STOP,
        _L,
        "Çok sayıda engelleme ve şikâyet nedeniyle Meta hattı kısıtladı. Hattı dinlendirin; yalnız "
        "onayı olan kişilere yazın.",
        "Meta restricted the line after many blocks and reports. Let it rest; write only to people "
        "who agreed.",
        wait=6 * _HOUR,
    ),
    _row(
        131056,
        Action.BACKOFF,
        _S,
        "Bu kişiye kısa sürede çok mesaj gönderildi. Biraz sonra yeniden denenir.",
        "Too many messages to this person in a short time. It is tried again later.",
        wait=7,
        tries=6,
    ),
    _row(
        131064,
        Action.STOP,
        _L,
        "Yanlış sınıflanmış bir şablon yüzünden Meta hattı sınırladı. Sınır kendiliğinden kalkar; "
        "şablonun türünü düzeltin.",
        "Meta limited the line because of a misclassified template. The limit lifts by itself; "
        "correct the template's category.",
        wait=6 * _HOUR,
    ),
    _row(131057, Action.LINE, _L, _CARE_TR, _CARE_EN, wait=120, tries=10),
    _row(2494100, Action.LINE, _L, _CARE_TR, _CARE_EN, wait=120, tries=10),
)

_SERVICE = (
    _row(1, Action.BACKOFF, _R, _OURS_TR, _OURS_EN, wait=30, tries=3),
    _row(2, Action.BACKOFF, _A, _BUSY_TR, _BUSY_EN, wait=30, tries=20),
    _row(131016, Action.BACKOFF, _A, _BUSY_TR, _BUSY_EN, wait=30, tries=20),
    _row(133004, Action.BACKOFF, _A, _BUSY_TR, _BUSY_EN, wait=30, tries=20),
    _row(
        131000,
        Action.BACKOFF,
        _R,
        "Meta nedenini bildirmeden gönderemedi. Bu kişiye daha sonra yeniden deneyin.",
        "Meta could not send it and gave no reason. Try this person again later.",
        wait=20,
        tries=3,
    ),
    _row(135000, Action.BACKOFF, _R, _OURS_TR, _OURS_EN, wait=30, tries=2),
    _row(
        33,
        Action.OFF,
        _L,
        "Bu hat Meta'da silinmiş. Yeni bir hat bağlayın.",
        "This line was deleted at Meta. Connect another line.",
    ),
    _row(100, Action.BUG, _C, _OURS_TR, _OURS_EN),
    _row(131008, Action.BUG, _C, _OURS_TR, _OURS_EN),
    _row(131051, Action.BUG, _C, _OURS_TR, _OURS_EN),
    _row(131055, Action.BUG, _C, _OURS_TR, _OURS_EN),
    _row(134100, Action.BUG, _C, _OURS_TR, _OURS_EN),
)

_PEOPLE = (
    _row(
        130403,
        Action.SUPPRESS,
        _S,
        "Bu kişiyi işletmeniz Meta'da engellemiş; engel sürdükçe gönderilmez. Yazmak için önce "
        "engeli kaldırın.",
        "Your business blocked this person at Meta; nothing is sent while that lasts. Unblock them "
        "first.",
    ),
    _row(
        130472,
        Action.ROW,
        _S,
        "Meta bir deneme kapsamında bu mesajı iletmedi. Ücret alınmaz; başka yapılacak bir şey "
        "yok.",
        "Meta held this message back for an experiment. It costs nothing and needs nothing.",
    ),
    _row(
        131009,
        Action.ROW,
        _R,
        "Numara ya da değişkenlerden biri geçersiz. Kişinin bilgilerini düzeltin.",
        "The number or one of the variables is invalid. Correct the contact.",
    ),
    _row(
        131021,
        Action.ROW,
        _R,
        "Bu numara gönderen hattın kendisi. Listeden çıkarın.",
        "This number is the sending line itself. Take it out of the list.",
    ),
    _row(
        131026,
        Action.ROW,
        _S,
        "İletilemedi: numara WhatsApp'ta olmayabilir ya da uygulaması eski. Numarayı kişiye sorun. "
        "Art arda üç kez olursa artık gönderilmez.",
        "Not delivered: the number may not be on WhatsApp or its app is old. Check the number. "
        "After three times in a row it is not sent to any more.",
    ),
    _row(
        131030,
        Action.ROW,
        _S,
        "Bu bir deneme hattı; alıcı izinli numaralar arasında değil. Numarayı Meta'da ekleyin ya "
        "da gerçek bir hat bağlayın.",
        "This is a test line and the recipient is not on its allowed list. Add the number at Meta "
        "or connect a real line.",
    ),
    _row(
        131047,
        Action.ROW,
        _S,
        "Kişi son 24 saatte size yazmamış. Onaylı bir mesaj şablonu kullanın.",
        "The person did not write to you in the last 24 hours. Use an approved template.",
    ),
    _row(
        131049,
        Action.TOMORROW,
        _S,
        "Meta bu kişinin bugünkü pazarlama mesajı sınırını dolu sayıyor. Kampanyanın süresi "
        "yeterse bir gün sonra bir kez daha denenir; yetmezse siz en erken 24 saat sonra yeniden "
        "gönderin.",
        "Meta counts this person's marketing messages for today as full. If the campaign's time "
        "allows, it is tried once more a day later; if not, send again after 24 hours.",
        wait=24 * _HOUR,
        tries=2,
    ),
    _row(
        131050,
        Action.SUPPRESS,
        _S,
        "Kişi işletmenizin pazarlama mesajlarını WhatsApp'ta kapatmış. Bir daha gönderilmez.",
        "The person switched off your marketing messages in WhatsApp. None will be sent again.",
    ),
    _row(
        131052,
        Action.NOTE,
        _R,
        "Kişinin gönderdiği dosya alınamadı. Dosyayı yeniden göndermesini isteyin.",
        "The file the person sent could not be fetched. Ask them to send it again.",
    ),
)

_TEMPLATES = (
    _row(
        131053,
        Action.STOP,
        _C,
        "Başlıktaki dosya kullanılamadı. Türünü ve boyutunu denetleyip kampanyayı yeniden "
        "hazırlayın.",
        "The header's file could not be used. Check its type and size and prepare the campaign "
        "again.",
    ),
    _row(
        132000,
        Action.BUG,
        _T,
        "Değişken sayısı mesaj şablonuyla uyuşmuyor. Şablonları yenileyip kampanyayı yeniden "
        "hazırlayın.",
        "The number of variables differs from the template. Refresh the templates and prepare the "
        "campaign again.",
    ),
    _row(
        132001,
        Action.STOP,
        _T,
        "Bu dilde onaylı böyle bir mesaj şablonu yok. Şablonları yenileyip başka birini seçin.",
        "There is no such approved template in this language. Refresh the templates and choose "
        "another.",
    ),
    _row(
        132005,
        Action.ROW,
        _R,
        "Değişkenler yerine konunca mesaj çok uzun oluyor. Bu kişinin alanlarını kısaltın.",
        "With its variables the message is too long. Shorten this contact's fields.",
    ),
    _row(
        132007,
        Action.STOP,
        _T,
        "Şablonun içeriği Meta'nın kurallarına aykırı bulundu. Metni değiştirip yeniden onaya "
        "gönderin.",
        "Meta found the template's content against its policy. Change the text and submit it "
        "again.",
    ),
    _row(
        132012,
        Action.ROW,
        _R,
        "Bir değişkenin biçimi şablona uymuyor. Bu kişinin alanlarını düzeltin.",
        "A variable does not fit the template. Correct this contact's fields.",
    ),
    _row(
        132015,
        Action.STOP,
        _T,
        "Meta, düşük kalite nedeniyle mesaj şablonunu durdurdu. Şablon yeniden etkin olunca "
        "sürdürün ya da başka bir şablon seçin.",
        "Meta paused the template for low quality. Resume once it is active again, or choose "
        "another.",
    ),
    _row(
        132016,
        Action.STOP,
        _T,
        "Meta bu mesaj şablonunu kalıcı olarak kapattı. Yeni bir şablon hazırlayın.",
        "Meta disabled this template for good. Prepare a new one.",
    ),
    _row(
        132018,
        Action.BUG,
        _T,
        "Şablonun değişkenlerinde hata var. Şablonları yenileyip kampanyayı yeniden hazırlayın.",
        "There is a fault in the template's variables. Refresh the templates and prepare the "
        "campaign again.",
    ),
    _row(
        132068,
        Action.STOP,
        _T,
        "Şablondaki akış engellenmiş. Akışı WhatsApp Yöneticisi'nde düzeltin.",
        "The template's flow is blocked. Mend the flow in WhatsApp Manager.",
    ),
    _row(
        132069,
        Action.STOP,
        _T,
        "Şablondaki akış yavaşlatılmış; saatte çok az gönderilebiliyor. Akışı WhatsApp "
        "Yöneticisi'nde düzeltin.",
        "The template's flow is throttled to a few an hour. Mend the flow in WhatsApp Manager.",
    ),
    _row(
        134101,
        Action.LINE,
        _T,
        "Mesaj şablonu Meta'da hazırlanıyor. Gönderim birkaç dakika içinde sürer.",
        "The template is being prepared at Meta. Sending goes on in a few minutes.",
        wait=600,
        tries=6,
    ),
    _row(
        134102,
        Action.STOP,
        _T,
        "Bu mesaj şablonu şu anda kullanılamıyor. Şablonları yenileyip başka birini seçin.",
        "This template cannot be used now. Refresh the templates and choose another.",
    ),
    _row(
        TEMPLATE_EDIT,
        Action.SETUP,
        _T,
        "Meta şablonu kabul etmedi. Adını, metnini ve değişkenlerini denetleyin.",
        "Meta did not take the template. Check its name, text and variables.",
    ),
)

_LINES = (
    _row(
        131037,
        Action.OFF,
        _L,
        "Deneme hattının görünen adı onaylı değil. Adı WhatsApp Yöneticisi'nde onaylatın.",
        "The test line's display name is not approved. Have it approved in WhatsApp Manager.",
    ),
    _row(131045, Action.OFF, _L, _REGISTER_TR, _REGISTER_EN),
    _row(133006, Action.OFF, _L, _REGISTER_TR, _REGISTER_EN),
    _row(133010, Action.OFF, _L, _REGISTER_TR, _REGISTER_EN),
    _row(133000, Action.SETUP, _L, _REGISTER_TR, _REGISTER_EN),
    _row(133005, Action.SETUP, _L, _PIN_TR, _PIN_EN),
    _row(133008, Action.SETUP, _L, _WAIT_PIN_TR, _WAIT_PIN_EN, wait=_HOUR),
    _row(133009, Action.SETUP, _L, _WAIT_PIN_TR, _WAIT_PIN_EN, wait=60),
    _row(
        133015,
        Action.SETUP,
        _L,
        "Numara az önce silinmiş. Beş dakika sonra yeniden deneyin.",
        "The number was deleted a moment ago. Try again in five minutes.",
        wait=300,
    ),
    _row(
        133016,
        Action.SETUP,
        _L,
        "Hat çok sık kaydedilip silindi. Yeniden denemek için üç gün bekleyin.",
        "The line was registered and removed too often. Wait three days before the next try.",
        wait=72 * _HOUR,
    ),
    _row(
        134011,
        Action.SETUP,
        _A,
        "WhatsApp Payments koşulları kabul edilmemiş. WhatsApp Yöneticisi'nde kabul edin.",
        "The WhatsApp Payments terms are not accepted. Accept them in WhatsApp Manager.",
    ),
    _row(
        141002,
        Action.NOTE,
        _L,
        "Meta hat için bir sorun bildiriyor. Önerilen çözüme WhatsApp Yöneticisi'nde bakın.",
        "Meta reports a problem with the line. See the suggested remedy in WhatsApp Manager.",
    ),
)

ROWS: tuple[ErrorRule, ...] = (
    *_OURS,
    *_ACCESS,
    *_PACE,
    *_SERVICE,
    *_PEOPLE,
    *_TEMPLATES,
    *_LINES,
)
