/** What is accepted by a tick. A changed sentence is a new version; old ones are kept. */
export default {
  tr: {
    "refund-term@2026-11-01": [
      "Ödediğim ücret, istisnai durumlar dışında iade edilmez. Hizmetin hemen başlamasını istiyorum; kontörler ödemenin ardından hesabıma geçer ve iade hakkım bu koşulla sınırlıdır.",
      "Şu durumlarda istisna isteyebilirim: ücretin iki kez alınması, hizmetin hiç verilmemesi, WhatsTR'den kaynaklanan kesinti, fiyat hatası, mahkeme veya kurum kararı, ağır güçlük. Talebimi iki görevli ayrı ayrı inceler, gerekçesini bana yazar. Tüketicilerin yasadan doğan hakları saklıdır.",
    ],
    "launch-statement@2026-11-01": [
      "Bu kampanyanın içeriğinden, spam bildirimlerinden, hattımın kısıtlanmasından ve yasalara uymaktan ben sorumluyum. Tanıtım içeriyorsa alıcıların önceden onayı vardır, kanıtını saklıyorum ve İYS kayıtlarım günceldir. Reddeden hiç kimseye göndermiyorum.",
    ],
    "consent-statement@2026-11-01": [
      "Bu listedeki kişileri hukuka uygun biçimde topladım. Seçtiğim dayanak doğrudur, kanıtı bendedir ve istendiğinde gösterebilirim. Listede satın alınmış ya da sahibinin haberi olmayan numara yoktur.",
    ],
  },
  en: {
    "refund-term@2026-11-01": [
      "What I pay is not refunded, exceptional cases aside. I want the service to begin at once; the credits come to my account after the payment, and my right to a refund is limited by this term.",
      "I may ask for an exception when the price was charged twice, the service was never given, WhatsTR caused an outage, the price was wrong, a court or authority decided so, or in severe hardship. Two members of staff look at my request separately and write the reasons to me. Rights of consumers by law remain.",
    ],
    "launch-statement@2026-11-01": [
      "I answer for the content of this campaign, for spam reports, for restrictions of my line and for keeping the law. If it is marketing, the recipients agreed beforehand, I keep the proof and my İYS records are up to date. I send to nobody who refused.",
    ],
    "consent-statement@2026-11-01": [
      "I collected the people of this list lawfully. The basis I chose is true, I hold the proof and can show it when asked. The list holds no bought numbers and none whose owners do not know of it.",
    ],
  },
};
