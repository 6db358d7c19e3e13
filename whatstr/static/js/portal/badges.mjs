/** Words, colours and icons of lines and payments; those of campaigns and messages are in ui/status.mjs. */

import { isUserId } from "../contacts/identity.mjs";
import billing from "../i18n/portal-billing.mjs";
import common from "../i18n/portal-common.mjs";
import { fmt, h, icon, pageLang, translator } from "../ui/index.mjs";

const t = translator(common);
const b = translator(billing);

export function toneBadge(word, tone, iconName) {
  return h("span", { class: `status tone-${tone}` }, icon(iconName), word);
}

const LINES = {
  connected: ["lineConnected", "ok", "ok"],
  held: ["lineHeld", "warn", "held"],
  paused: ["linePaused", "danger", "ban"],
  disconnected: ["lineDisconnected", "neutral", "cancel"],
};

export function lineBadge({ state }) {
  const [word, tone, name] = LINES[state] ?? LINES.disconnected;
  return toneBadge(t(word), tone, name);
}

const PAYMENTS = {
  created: ["neutral", "hourglass"],
  pending: ["info", "hourglass"],
  paid: ["ok", "ok"],
  failed: ["danger", "danger"],
  expired: ["neutral", "expired"],
};

export function paymentBadge({ state }) {
  const [tone, name] = PAYMENTS[state] ?? ["neutral", "question"];
  return toneBadge(b(`pay_${state}`), tone, name);
}

/** How Meta rates the line, in words. */
export const qualityWord = ({ quality }) => t(`quality${["GREEN", "YELLOW", "RED"].includes(quality) ? quality : "UNKNOWN"}`);

export const lineName = ({ verified_name: name, display_number: number }) => name || number || t("lineUnnamed");

/** A phone number stays on one line. */
export const unbroken = (number) => number?.replaceAll(" ", "\u00a0");

/** "Anadolu Çiçek · +90 532 111 22 33" */
export const lineTitle = (line) =>
  [line.verified_name, unbroken(line.display_number)].filter(Boolean).join("\u00a0· ") || t("lineUnnamed");

/** Digits with country code, or a user id, as people read them; `masked` keeps the last two. */
export function phoneText(digits, masked = false) {
  const turkish = /^90(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  if (turkish) {
    const [, a, x, y, z] = turkish;
    return masked ? `0${a} ••• •• ${z}` : `0${a} ${x} ${y} ${z}`;
  }
  if (isUserId(digits)) return masked ? `${digits.slice(0, 3)}•••${digits.slice(-2)}` : digits;
  return masked ? `+${digits.slice(0, 3)} ••• ${digits.slice(-2)}` : `+${digits}`;
}

export const kindWord = (kind) => t(kind === "informational" ? "kindInformational" : "kindMarketing");

export const whenText = (instant) => (instant ? fmt.datetime(instant) : "–");

/** Meta's code of a language ("tr", "en_US") as a word; one that nobody knows stays as it is. */
export function languageWord(code) {
  try {
    return new Intl.DisplayNames([pageLang()], { type: "language" }).of(code.replace("_", "-"));
  } catch {
    return code;
  }
}
