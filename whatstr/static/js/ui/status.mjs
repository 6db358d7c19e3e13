/**
 * The words, colours and icons of every status, once for all pages made by script.
 * The server's twin is templates/macros/status.html; a test keeps the two equal.
 */

import { h, icon, s } from "./dom.mjs";
import { number, percent } from "./fmt.mjs";
import { pageLang } from "./lang.mjs";

/** Delivery status of one message, in the order in which the sum bar shows them. */
export const MESSAGE_STATUSES = {
  read: { tr: "Okundu", en: "Read", tone: "ok", icon: "mail-opened" },
  delivered: { tr: "Ulaştı", en: "Delivered", tone: "ok", icon: "checks" },
  sent: { tr: "Gönderildi", en: "Sent", tone: "info", icon: "check" },
  accepted: { tr: "Kabul edildi", en: "Accepted", tone: "info", icon: "accepted" },
  handing: { tr: "Gönderiliyor", en: "Being sent", tone: "info", icon: "handing" },
  unknown: { tr: "Yanıt bekleniyor", en: "Awaiting answer", tone: "warn", icon: "question" },
  pending: { tr: "Sırada", en: "Waiting", tone: "neutral", icon: "clock" },
  failed: { tr: "Ulaşmadı", en: "Failed", tone: "danger", icon: "danger" },
  suppressed: { tr: "Engellendi", en: "Blocked", tone: "neutral", icon: "ban" },
  cancelled: { tr: "Vazgeçildi", en: "Cancelled", tone: "neutral", icon: "cancel" },
  expired: { tr: "Süresi doldu", en: "Expired", tone: "warn", icon: "expired" },
};

/** State of a campaign. */
export const CAMPAIGN_STATES = {
  uploading: { tr: "Yükleniyor", en: "Uploading", tone: "info", icon: "upload" },
  scheduled: { tr: "Planlandı", en: "Scheduled", tone: "info", icon: "calendar" },
  queued: { tr: "Sıraya alındı", en: "Queued", tone: "info", icon: "hourglass" },
  running: { tr: "Gönderiliyor", en: "Sending", tone: "ok", icon: "play" },
  paused: { tr: "Duraklatıldı", en: "Paused", tone: "warn", icon: "pause" },
  held: { tr: "Bekletiliyor", en: "On hold", tone: "warn", icon: "held" },
  done: { tr: "Tamamlandı", en: "Done", tone: "ok", icon: "ok" },
  cancelled: { tr: "İptal edildi", en: "Cancelled", tone: "neutral", icon: "cancel" },
  expired: { tr: "Süresi doldu", en: "Expired", tone: "neutral", icon: "expired" },
  refused: { tr: "Reddedildi", en: "Refused", tone: "danger", icon: "danger" },
};

function badge(entry, status, lang) {
  const known = entry ?? { tr: status, en: status, tone: "neutral", icon: "question" };
  return h(
    "span",
    { class: `status tone-${known.tone}`, "data-status": status },
    icon(known.icon),
    known[lang] ?? known.tr,
  );
}

/** The badge of a message's status: word, colour and icon together. */
export function statusBadge(status, lang = pageLang()) {
  return badge(MESSAGE_STATUSES[status], status, lang);
}

/** The badge of a campaign's state. `held:token` and `refused:code` show the state's own word. */
export function campaignBadge(state, lang = pageLang()) {
  const name = String(state).split(":", 1)[0];
  return badge(CAMPAIGN_STATES[name], name, lang);
}

const SUM = {
  tr: { status: "Durum", count: "Alıcı", share: "Pay", total: "Toplam", label: "İletim durumu" },
  en: { status: "Status", count: "Recipients", share: "Share", total: "Total", label: "Delivery status" },
};

/** The rows' shares in tenths of a per cent, rounded so that they make exactly the whole: what is
    missing after rounding down goes to those that lost most. */
function tenths(rows, total) {
  const exact = rows.map(([, count]) => (1000 * count) / total);
  const whole = exact.map(Math.floor);
  const missing = 1000 - whole.reduce((sum, n) => sum + n, 0);
  const lost = (i) => exact[i] - whole[i];
  const first = [...whole.keys()].sort((a, b) => lost(b) - lost(a)).slice(0, missing);
  for (const i of first) whole[i] += 1;
  return whole;
}

function segments(rows, total) {
  let x = 0;
  return rows.map(([status, count]) => {
    const width = (100 * count) / total;
    const rect = s("rect", {
      class: `seg seg-${status}`,
      x: `${x.toFixed(4)}%`,
      y: "0",
      width: `${width.toFixed(4)}%`,
      height: "100%",
    });
    x += width;
    return rect;
  });
}

/**
 * One bar that sums to the whole, with its table. `counts` maps status -> rows; a status that is
 * absent counts 0 and one that is not known is shown under its own name, never dropped.
 */
export function sumBar(counts, lang = pageLang()) {
  const words = SUM[lang] ?? SUM.tr;
  const order = [...new Set([...Object.keys(MESSAGE_STATUSES), ...Object.keys(counts)])];
  const rows = order.map((status) => [status, Number(counts[status] ?? 0)]).filter(([, n]) => n > 0);
  const total = rows.reduce((sum, [, n]) => sum + n, 0);
  const shares = tenths(rows, total);
  return h(
    "figure",
    { class: "sumbar" },
    s(
      "svg",
      { class: "sumbar-bar", width: "100%", height: "20", "aria-hidden": "true" },
      total > 0 ? segments(rows, total) : null,
    ),
    h(
      "table",
      { class: "table sumbar-table" },
      h("caption", { class: "visually-hidden" }, words.label),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, words.status),
          h("th", { scope: "col", class: "num" }, words.count),
          h("th", { scope: "col", class: "num" }, words.share),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([status, count], i) =>
          h(
            "tr",
            { "data-status": status },
            h(
              "th",
              { scope: "row" },
              h("span", { class: `swatch seg-${status}`, "aria-hidden": "true" }),
              MESSAGE_STATUSES[status]?.[lang] ?? status,
            ),
            h("td", { class: "num" }, number(count, lang)),
            h("td", { class: "num" }, percent((shares[i] || 0.1) / 1000, lang)),
          ),
        ),
      ),
      h(
        "tfoot",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "row" }, words.total),
          h("td", { class: "num" }, number(total, lang)),
          h("td", { class: "num" }, total > 0 ? percent(1, lang) : ""),
        ),
      ),
    ),
  );
}
