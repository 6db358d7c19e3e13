/**
 * Numbers, money and dates as people in Turkey read them: 12.480 · 1.250,00 ₺ · 23 Kas 2026 14:05.
 * Times are shown in Europe/Istanbul; the zone stands in the title of datetimeNode().
 */

import { h } from "./dom.mjs";
import { pageLang } from "./lang.mjs";

export const ZONE = "Europe/Istanbul";
const LOCALE = { tr: "tr-TR", en: "en-GB" };
const cache = new Map();

function cached(kind, lang, options, make) {
  const key = `${kind}|${lang}|${JSON.stringify(options)}`;
  if (!cache.has(key)) cache.set(key, make(LOCALE[lang] ?? LOCALE.tr, options));
  return cache.get(key);
}

const numbers = (lang, options) =>
  cached("n", lang, options, (locale, o) => new Intl.NumberFormat(locale, o));
const dates = (lang, options) =>
  cached("d", lang, options, (locale, o) =>
    new Intl.DateTimeFormat(locale, { timeZone: ZONE, ...o }),
  );

/** 12480 -> "12.480" (tr), "12,480" (en). */
export function number(value, lang = pageLang(), options = {}) {
  return numbers(lang, { maximumFractionDigits: 2, ...options }).format(value);
}

/** Kuruş (whole number) -> "1.250,00 ₺" (tr), "₺1,250.00" (en); never broken before the sign. */
export function money(kurus, lang = pageLang()) {
  const text = numbers(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
    Math.abs(kurus) / 100,
  );
  const sign = kurus < 0 ? "−" : "";
  return lang === "en" ? `${sign}₺${text}` : `${sign}${text}\u00a0₺`;
}

/** A share of 1 -> "%98,4" (tr), "98.4%" (en); what would round to nothing is "<%0,1". */
export function percent(share, lang = pageLang(), digits = 1) {
  const least = 10 ** -(digits + 2);
  if (share > 0 && share < least / 2) return `<${percent(least, lang, digits)}`;
  return numbers(lang, { style: "percent", maximumFractionDigits: digits }).format(share);
}

function parts(value, lang, options) {
  const found = {};
  for (const { type, value: text } of dates(lang, options).formatToParts(new Date(value))) {
    found[type] = text;
  }
  return found;
}

/** "23 Kas 2026" / "23 Nov 2026", on one line. Takes a Date, an ISO text or milliseconds. */
export function date(value, lang = pageLang()) {
  const p = parts(value, lang, { day: "numeric", month: "short", year: "numeric" });
  return [p.day, p.month, p.year].join("\u00a0");
}

/** "14:05". */
export function time(value, lang = pageLang()) {
  const p = parts(value, lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return `${p.hour}:${p.minute}`;
}

/** "23 Kas 2026 14:05". */
export function datetime(value, lang = pageLang()) {
  return `${date(value, lang)} ${time(value, lang)}`;
}

/** <time datetime=ISO title="… Europe/Istanbul (GMT+3)">23 Kas 2026 14:05</time> */
export function datetimeNode(value, lang = pageLang()) {
  const when = new Date(value);
  const zone = parts(when, lang, { timeZoneName: "short", hour: "2-digit" }).timeZoneName ?? "";
  return h(
    "time",
    { datetime: when.toISOString(), title: `${datetime(when, lang)} ${ZONE} (${zone})` },
    datetime(when, lang),
  );
}

const UNITS = {
  tr: { d: "gün", h: "sa", m: "dk", s: "sn" },
  en: { d: "d", h: "h", m: "min", s: "s" },
};

/** Seconds -> the two largest units: "2 sa 5 dk", "45 sn". */
export function duration(seconds, lang = pageLang()) {
  const total = Math.max(0, Math.round(seconds));
  const unit = UNITS[lang] ?? UNITS.tr;
  const split = [
    [Math.floor(total / 86400), unit.d],
    [Math.floor(total / 3600) % 24, unit.h],
    [Math.floor(total / 60) % 60, unit.m],
    [total % 60, unit.s],
  ];
  const first = split.findIndex(([n]) => n > 0);
  if (first === -1) return `0 ${unit.s}`;
  return split
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}`)
    .join(" ");
}

/** Lower case with the Turkish i, for searching: "IŞIK" -> "ışık". */
export function lower(text) {
  return String(text).toLocaleLowerCase("tr-TR");
}

/** A form for finding: dots of i and letters' marks do not matter. "İĞDIR" -> "igdir". */
export function fold(text) {
  return lower(text)
    .replaceAll("ı", "i")
    .normalize("NFD")
    .replace(/\p{M}/gu, "");
}
