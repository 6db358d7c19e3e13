// Which row holds the headings and which column holds what: a guess that the person can change.
import { recipient } from "./recipient.mjs";

const LOOK_FOR_HEADINGS_IN = 15;
const SAMPLE_ROWS = 200;

// Headings as `fold` leaves them: small letters, no Turkish marks, single blanks.
const PHONE_EXACT = new Set([
  "telefon", "tel", "tel no", "telno", "telefon no", "telefon numarasi", "telefonu", "cep", "cep tel",
  "cep telefonu", "cep no", "ceptel", "gsm", "gsm no", "gsm numarasi", "mobil", "mobil telefon",
  "whatsapp", "whatsapp no", "whatsapp numarasi", "wp", "wp no", "numara", "iletisim", "iletisim no",
  "phone", "phone number", "phone no", "mobile", "mobile phone", "mobile number", "cell", "cell phone",
  "cellphone", "telephone", "msisdn", "contact number", "phone 1 value", "number",
]);
const PHONE_PART = /\b(?:telefon\w*|tel|cep\w*|gsm\w*|whatsapp|phone|mobile|msisdn)\b/u;
const PHONE_BETTER = /\b(?:cep\w*|gsm\w*|mobil\w*|whatsapp|cell\w*)\b/u;
const PHONE_WORSE = /\b(?:fax|faks|ev|is|sabit|home|work|office|fatura|2|3)\b/u;
const FULL_NAME = new Set([
  "ad soyad", "adi soyadi", "ad soyadi", "adsoyad", "adisoyadi", "isim soyisim", "isim soyad",
  "isim", "ismi", "isim soy isim", "musteri", "musteri adi", "musteri ad soyad",
  "musteri adi soyadi", "musteri ismi", "kisi", "kisi adi", "uye", "uye adi", "hasta", "hasta adi",
  "ogrenci", "veli", "alici", "alici adi", "unvan", "unvani", "cari adi", "cari unvan", "firma",
  "firma adi", "yetkili", "name", "full name", "fullname", "customer", "customer name",
  "contact", "contact name", "display name", "name surname",
]);
const FIRST_NAME = new Set(["ad", "adi", "ilk ad", "first name", "firstname", "given name"]);
const LAST_NAME = new Set([
  "soyad", "soyadi", "soyisim", "soy ad", "soyismi", "last name", "lastname", "surname", "family name",
]);
const NATIONAL_ID = /\b(?:t ?c ?(?:kimlik|no|numarasi)|tckn|kimlik no|kimlik numarasi|national id)\b|^tc$/u;
const OTHER_HEADING = new RegExp(
  "\\b(?:sehir|il|ilce|adres|mail|e ?posta|eposta|email|tarih|tarihi|dogum|tutar|borc|bakiye|urun|" +
    "siparis|no|sira|id|kod|kodu|not|aciklama|grup|sube|plaka|city|date|address|amount|order|" +
    "code|note|group|birthday|cinsiyet|gender|meslek|vade|fatura|randevu|saat)\\b",
  "u",
);

/** Small letters without marks, so that İSİM, isim and "İsim:" are one heading. */
export function fold(text) {
  return String(text)
    .toLowerCase()
    .replaceAll("ı", "i")
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/**
 * Guess the mapping from the first rows of a sheet.
 *
 * @param {string[][]} rows the first rows, as many as are at hand (200 are enough)
 * @param {string} [region] the country of numbers without a country code
 * @returns {{
 *   headerRow: number|null, phone: number|null, name: number[], fields: number[],
 *   columns: {index: number, title: string, kind: string, filled: number}[]
 * }} `headerRow` is an index into `rows`; `kind` is phone, name, national_id, other or empty.
 *   National ids are left out of `fields`: nothing that need not be sent is imported unasked
 *   (Law 6698 art. 4).
 */
export function guessMapping(rows, region = "TR") {
  const headerRow = findHeaderRow(rows, region);
  const body = rows.slice(headerRow === null ? 0 : headerRow + 1).slice(0, SAMPLE_ROWS);
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const columns = [];
  for (let index = 0; index < width; index += 1) {
    const heading = headerRow === null ? "" : (rows[headerRow][index] ?? "").trim();
    columns.push(describe(index, heading, body, region));
  }
  const phone = best(columns, (column) => column.phoneScore);
  const name = guessName(columns.filter((c) => c.index !== phone));
  const taken = new Set([phone, ...name]);
  return {
    headerRow,
    phone,
    name,
    fields: columns
      .filter((c) => !taken.has(c.index) && c.kind === "other")
      .map((c) => c.index),
    columns: columns.map(({ index, title, kind, filled }) => ({
      index,
      title,
      kind: index === phone ? "phone" : name.includes(index) ? "name" : kind,
      filled,
    })),
  };
}

function findHeaderRow(rows, region) {
  let found = { row: null, score: 0 };
  for (let i = 0; i < Math.min(rows.length, LOOK_FOR_HEADINGS_IN); i += 1) {
    const cells = rows[i].map((cell) => cell.trim()).filter(Boolean);
    if (cells.some((cell) => recipient(cell, { region }).ok)) break;
    const score = cells.reduce((sum, cell) => sum + headingWeight(cell), 0);
    if (score > found.score) found = { row: i, score };
  }
  return found.row ?? plainHeaderRow(rows, region);
}

function headingWeight(cell) {
  const heading = fold(cell);
  if (heading.length > 40) return 0;
  if (PHONE_EXACT.has(heading)) return 3;
  if (FULL_NAME.has(heading) || FIRST_NAME.has(heading) || LAST_NAME.has(heading)) return 3;
  if (PHONE_PART.test(heading) || NATIONAL_ID.test(heading)) return 2;
  return OTHER_HEADING.test(heading) ? 1 : 0;
}

/** Headings in words that we do not know: text over a column of numbers. */
function plainHeaderRow(rows, region) {
  const first = rows[0];
  if (!first || rows.length < 2) return null;
  if (first.some((cell) => /\d{3}/u.test(cell))) return null;
  const isPhone = (cell) => recipient(cell ?? "", { region }).ok;
  const below = rows.slice(1, 1 + SAMPLE_ROWS);
  const headed = first.findIndex(
    (cell, i) => cell.trim() && below.filter((row) => isPhone(row[i])).length > below.length / 2,
  );
  return headed === -1 ? null : 0;
}

function describe(index, title, body, region) {
  const heading = fold(title);
  const values = body.map((row) => (row[index] ?? "").trim()).filter(Boolean);
  const content = contentScores(values, region);
  const nationalId = NATIONAL_ID.test(heading) || content.nationalId > 0.8;
  let kind = "other";
  if (values.length === 0 && !title) kind = "empty";
  else if (nationalId) kind = "national_id";
  return {
    index,
    title,
    heading,
    kind,
    filled: values.length,
    words: content.words,
    phoneScore: nationalId ? 0 : phoneScore(heading, content.phone, values.length),
  };
}

function contentScores(values, region) {
  if (values.length === 0) return { phone: 0, words: 0, nationalId: 0 };
  let phone = 0;
  let words = 0;
  let ids = 0;
  for (const value of values) {
    const found = recipient(value, { region });
    if (found.ok) phone += found.warning === "fixed_line" ? 0.6 : 1;
    if (/^\p{L}[\p{L}\p{M}.'’ &-]+$/u.test(value)) words += /\s/u.test(value) ? 1 : 0.6;
    if (isNationalId(value)) ids += 1;
  }
  const n = values.length;
  return { phone: phone / n, words: words / n, nationalId: ids / n };
}

/** The check digits of a Turkish identity number. */
function isNationalId(value) {
  if (!/^[1-9]\d{10}$/u.test(value)) return false;
  const d = Array.from(value, Number);
  const odd = d[0] + d[2] + d[4] + d[6] + d[8];
  const even = d[1] + d[3] + d[5] + d[7];
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === d[9] && (odd + even + d[9]) % 10 === d[10];
}

function phoneScore(heading, content, filled) {
  let named = 0;
  if (PHONE_EXACT.has(heading)) named = 1;
  else if (PHONE_PART.test(heading)) named = 0.8;
  if (named && PHONE_BETTER.test(heading)) named += 0.2;
  if (PHONE_WORSE.test(heading)) named -= 0.5;
  if (filled === 0) return named > 0 ? named / 10 : 0;
  if (content < 0.2 && named <= 0) return 0;
  return content * 2 + named;
}

function guessName(columns) {
  const first = columns.find((c) => FIRST_NAME.has(c.heading));
  const last = columns.find((c) => LAST_NAME.has(c.heading));
  if (first && last) return [first.index, last.index];
  const full = columns.find((c) => FULL_NAME.has(c.heading)) ?? first;
  if (full) return last ? [full.index, last.index] : [full.index];
  const untitled = columns.filter((c) => !c.heading);
  const guess = best(untitled, (c) => (c.words > 0.6 ? c.words : 0));
  return guess === null ? [] : [guess];
}

function best(columns, score) {
  let found = null;
  let most = 0;
  for (const column of columns) {
    const value = score(column);
    if (value > most) [found, most] = [column.index, value];
  }
  return found;
}
