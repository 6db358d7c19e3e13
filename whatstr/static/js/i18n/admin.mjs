/** Words of the staff panel's script. */

export default {
  tr: {
    secondsLeft: "{n} saniye sonra gizlenir.",
    hiddenAgain: "Yeniden gizlendi.",
    nextRow: "Sonraki satır",
    previousRow: "Önceki satır",
    search: "Ara",
  },
  en: {
    secondsLeft: "Hidden again in {n} seconds.",
    hiddenAgain: "Hidden again.",
    nextRow: "Next row",
    previousRow: "Previous row",
    search: "Search",
  },
};
