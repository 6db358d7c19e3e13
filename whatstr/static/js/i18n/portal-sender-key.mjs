/** The key that this browser seals to: its dates, and what it means when they are over. */
export default {
  tr: {
    title: "Gönderim sürecinin anahtarı",
    text: "Tarayıcınız bir gönderimi yalnızca bu anahtara mühürler. Anahtar her hafta değişir; tarayıcınız imzasını ve tarihlerini her seferinde kendisi denetler.",
    from: "Geçerlilik başı",
    until: "Geçerlilik sonu",
    valid: "Geçerli: imza ve tarihler doğrulandı",
    datesTitle: "Anahtarın tarihi geçmiş ya da henüz gelmemiş",
    datesText: "Tarayıcınız bu anahtara hiçbir şey mühürlemez: gönderim başlatılamaz, hat bağlanamaz. Listeleriniz ve başlamış gönderimleriniz yerinde. Önce bilgisayarınızın tarihine bakın; doğruysa bize yazın.",
    signatureTitle: "Anahtarın imzası doğrulanamadı",
    signatureText: "Tarayıcınız bu anahtara hiçbir şey mühürlemez. Listeleriniz yerinde. Gönderim başlatmayın ve bize bildirin.",
    missingTitle: "Şu anda geçerli anahtar yok",
    missingText: "Gönderim başlatılamaz, hat bağlanamaz; listeleriniz ve başlamış gönderimleriniz yerinde. Görevlilerimize alarm gitti. Bir saat sonra yeniden bakın.",
  },
  en: {
    title: "The sender's key",
    text: "Your browser seals a campaign to this key only. The key changes every week; your browser checks its signature and its dates by itself each time.",
    from: "Valid from",
    until: "Valid until",
    valid: "Valid: signature and dates were checked",
    datesTitle: "The key is out of date, or its time has not come",
    datesText: "Your browser seals nothing to this key: no campaign can be launched and no line connected. Your lists and the campaigns that have begun are untouched. Look at your computer's date first; if it is right, write to us.",
    signatureTitle: "The key's signature could not be verified",
    signatureText: "Your browser seals nothing to this key. Your lists are untouched. Launch nothing, and tell us.",
    missingTitle: "There is no valid key at the moment",
    missingText: "No campaign can be launched and no line connected; your lists and the campaigns that have begun are untouched. Our staff see an alarm. Look again in an hour.",
  },
};
