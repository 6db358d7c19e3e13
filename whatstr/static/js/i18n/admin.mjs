/** Words of the staff panel's script. */

export default {
  tr: {
    secondsLeft: "{n} saniye sonra gizlenir.",
    hiddenAgain: "Yeniden gizlendi.",
    nextRow: "Sonraki satır",
    previousRow: "Önceki satır",
    nextPage: "Sonraki sayfa",
    previousPage: "Önceki sayfa",
    next: "Sıradaki iş",
    searchAll: "Her şeyde ara",
    searchHere: "Bu listede ara",
    submitNext: "Gönder ve sıradakine geç",
  },
  en: {
    secondsLeft: "Hidden again in {n} {n|second|seconds}.",
    hiddenAgain: "Hidden again.",
    nextRow: "Next row",
    previousRow: "Previous row",
    nextPage: "Next page",
    previousPage: "Previous page",
    next: "Next piece of work",
    searchAll: "Search everything",
    searchHere: "Search this list",
    submitNext: "Send and go on to the next",
  },
};
