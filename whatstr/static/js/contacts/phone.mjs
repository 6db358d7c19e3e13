// Phone numbers as people type them, made into WhatsApp's digits (country code first, no plus).
// The twin of whatstr/core/phone.py: tests/contacts/phones.json binds both.
import libphonenumber from "../../vendor/libphonenumber-js/libphonenumber-max.mjs";

const { Metadata, parsePhoneNumberFromString, validatePhoneNumberLength } = libphonenumber;

/** Why a value is refused. The codes are stable: translations and exports carry them. */
export const REASONS = Object.freeze([
  "empty",
  "not_a_number",
  "scientific",
  "too_short",
  "too_long",
  "special",
  "invalid_country",
  "invalid_number",
  "missing_plus",
]);

/** What a valid number is worth saying about. */
export const WARNINGS = Object.freeze(["fixed_line", "unknown_range", "several_numbers"]);

const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const FOREIGN_DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/gu;
const EXCEL_TEXT = /^(?:=?"(.*)"|'(.*?)'?)$/su;
const SCIENTIFIC = /^\+?\d+(?:[.,]\d+)?\s*e\s*\+?\d+$/iu;
const WHOLE_AS_DECIMAL = /^(\d{7,}|\d{1,3}(?:\.\d{3})+(?=,)|\d{1,3}(?:,\d{3})+(?=\.))[.,]0{1,2}$/u;
const REAL_DECIMAL = /^\d{8,}[.,]\d{1,2}$/u;
const PUNCTUATION = /[\s()[\]{}./,\\_'’"`~·:\-\u2010-\u2015\u2212]/gu;
const BETWEEN_NUMBERS = /[;,/|\\&\n\r]+/u;
const FOLDS_TO_ONE_NUMBER = 7;
const E164_DIGITS = 15;

const SPECIAL_TYPES = new Set([
  "TOLL_FREE",
  "PREMIUM_RATE",
  "SHARED_COST",
  "UAN",
  "VOICEMAIL",
  "PAGER",
]);

// Most rows of most lists are Turkish mobiles: the same data as one pattern, ten times as fast.
const TURKISH_MOBILE = turkishMobile();

const refused = (reason) => ({ ok: false, reason });
const accepted = (digits, warning) => (warning ? { ok: true, digits, warning } : { ok: true, digits });

/**
 * Make WhatsApp digits of one cell.
 *
 * @param {string|number|null|undefined} raw what the cell holds
 * @param {{region?: string}} [options] the country of numbers written without a country code
 * @returns {{ok: true, digits: string, warning?: string} | {ok: false, reason: string}}
 *
 * Several numbers in one cell: the first valid one is taken, with the warning `several_numbers`.
 * Numbers of a range that the numbering data does not know are accepted with `unknown_range`:
 * the data ages faster than operators open ranges.
 */
export function normalise(raw, { region = "TR" } = {}) {
  const text = tidy(raw);
  if (!/[\p{L}\p{N}]/u.test(text)) return refused("empty");
  if (SCIENTIFIC.test(text)) return refused("scientific");
  const whole = single(text, region);
  if (whole.ok) return whole;
  const parts = severalNumbers(text);
  if (parts.length === 0) return whole;
  for (const part of parts) {
    const found = single(part, region);
    if (found.ok) return accepted(found.digits, "several_numbers");
  }
  return single(parts[0], region);
}

function turkishMobile() {
  const metadata = new Metadata();
  metadata.selectNumberingPlan("TR");
  return new RegExp(`^(?:${metadata.numberingPlan.type("MOBILE").pattern()})$`, "u");
}

function tidy(raw) {
  if (raw === null || raw === undefined) return "";
  let text = String(raw)
    .normalize("NFKC")
    .replace(INVISIBLE, "")
    .replace(FOREIGN_DIGITS, (c) => String(c.charCodeAt(0) & 0xf))
    .trim();
  const quoted = EXCEL_TEXT.exec(text);
  if (quoted) text = (quoted[1] ?? quoted[2]).trim();
  return text;
}

/** The pieces that may each be a number; empty when the cell holds only one. */
function severalNumbers(text) {
  const pieces = text.split(BETWEEN_NUMBERS).map((piece) => piece.trim()).filter(Boolean);
  if (pieces.length > 1) {
    return pieces.filter((piece) => piece.replace(/\D/gu, "").length >= FOLDS_TO_ONE_NUMBER);
  }
  const words = text.split(/\s+-\s+|\s+|-/u).filter((word) => /^\+?\d{10,}$/u.test(word));
  return words.length > 1 ? words : [];
}

function single(source, region) {
  let text = source.trim();
  const decimal = WHOLE_AS_DECIMAL.exec(text);
  if (decimal) text = decimal[1];
  else if (REAL_DECIMAL.test(text)) return refused("not_a_number");
  text = text.replace(PUNCTUATION, "");
  if (!/^\+*[0-9]+$/u.test(text)) return refused("not_a_number");
  if (text.startsWith("+")) return international(text.replace(/^\++(?:00)?/u, ""));
  if (text.startsWith("00")) return international(text.slice(2));
  return region === "TR" ? turkish(withoutPrefixes(text), text) : judged(text, region);
}

/** 0532…, 90532…, 090532…, 900532… and 532… all become 532…. */
function withoutPrefixes(digits) {
  return digits.replace(/^0?90(?=0?\d{10}$)/u, "").replace(/^0/u, "");
}

/** A Turkish number without country code and trunk prefix; `written` is what stood in the cell. */
function turkish(digits, written) {
  if (/^444\d{4}$/u.test(digits)) return refused("special");
  if (digits.length < 10) return refused("too_short");
  if (digits.length > 10) {
    return looksForeign(written) ? refused("missing_plus") : refused("too_long");
  }
  if (/^(?:9|8(?!50)|444)/u.test(digits)) return refused("special");
  if (digits.startsWith("5")) {
    return accepted(`90${digits}`, TURKISH_MOBILE.test(digits) ? undefined : "unknown_range");
  }
  const parsed = parsePhoneNumberFromString(`+90${digits}`, { extract: false });
  return parsed?.isValid() ? accepted(`90${digits}`, "fixed_line") : refused("invalid_number");
}

function looksForeign(written) {
  if (written.startsWith("0") || written.length > E164_DIGITS) return false;
  return Boolean(parsePhoneNumberFromString(`+${written}`, { extract: false })?.isValid());
}

/** Digits that begin with a country code. */
function international(digits) {
  if (digits.startsWith("90")) {
    const rest = digits.slice(2).replace(/^0/u, "");
    return turkish(rest, digits);
  }
  if (digits.length > E164_DIGITS) return refused("too_long");
  if (digits.length < 5) return refused("too_short");
  return judged(`+${digits}`);
}

function judged(number, region) {
  const parsed = parsePhoneNumberFromString(number, { extract: false, defaultCountry: region });
  if (!parsed || !parsed.isPossible()) {
    return refused(lengthReason(validatePhoneNumberLength(number, region)));
  }
  const digits = parsed.number.slice(1);
  if (!parsed.isValid()) return accepted(digits, "unknown_range");
  const type = parsed.getType();
  if (SPECIAL_TYPES.has(type)) return refused("special");
  return accepted(digits, type === "FIXED_LINE" || type === "VOIP" ? "fixed_line" : undefined);
}

function lengthReason(code) {
  const known = {
    INVALID_COUNTRY: "invalid_country",
    TOO_SHORT: "too_short",
    INVALID_LENGTH: "too_short",
    TOO_LONG: "too_long",
    NOT_A_NUMBER: "not_a_number",
  };
  return known[code] ?? "invalid_number";
}
