// What a cell of a workbook means as text.

const DAY_SECONDS = 86_400;
const EPOCH_1900 = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);
// ECMA-376 part 1, 18.8.30: formats that need no definition in the file and are dates or times.
const BUILT_IN_DATES = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
];

/** Is this number format one of a date or a time? */
export function isDateFormat(id, code) {
  if (code === undefined) return BUILT_IN_DATES.some(([from, to]) => id >= from && id <= to);
  const bare = code
    .replace(/"[^"]*"/gu, "")
    .replace(/\\.|_.|\*./gu, "")
    .replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/giu, "")
    .split(";")[0];
  return /[dmyhs]/iu.test(bare) && !/^general$/iu.test(bare.trim());
}

/**
 * A stored number as text: Excel's 15 digits, never an exponent, so that a phone number typed as
 * a number comes out whole.
 */
export function numberText(stored) {
  const value = Number(stored);
  if (stored.trim() === "" || !Number.isFinite(value)) return stored;
  if (Number.isInteger(value)) return Math.abs(value) < 1e21 ? String(value) : stored;
  return String(Number(value.toPrecision(15)));
}

/** A stored serial date as ISO: `2026-11-23`, `2026-11-23 14:05`, or `14:05` for a time alone. */
export function dateText(stored, is1904) {
  const serial = Number(stored);
  if (!Number.isFinite(serial) || serial < 0 || serial > 2_958_466) return numberText(stored);
  const seconds = Math.round(serial * DAY_SECONDS);
  // Excel believes in 29 February 1900 (serial 60); earlier days are one off from its epoch.
  const epoch = is1904 ? EPOCH_1904 : EPOCH_1900 + (serial < 60 ? DAY_SECONDS * 1000 : 0);
  const iso = new Date(epoch + seconds * 1000).toISOString();
  const time = iso.slice(11, 19).replace(/:00$/u, "");
  if (serial < 1 && seconds > 0) return time;
  return seconds % DAY_SECONDS === 0 ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${time}`;
}

/** The column of a reference such as `BC12`, counted from 0; -1 when there is none. */
export function columnOf(reference) {
  let column = 0;
  for (let i = 0; i < reference.length; i += 1) {
    const letter = reference.charCodeAt(i) & ~0x20;
    if (letter < 65 || letter > 90) break;
    column = column * 26 + letter - 64;
  }
  return column - 1;
}
