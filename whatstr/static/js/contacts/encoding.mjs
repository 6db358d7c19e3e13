// Bytes to text for the encodings that Turkish spreadsheets and shop systems really write.

/** The encodings that `decode` knows; the last is what DOS programs and old cash registers wrote. */
export const ENCODINGS = Object.freeze(["utf-8", "utf-16le", "utf-16be", "windows-1254", "ibm857"]);

// Code page 857, bytes 80–FF. TextDecoder has no name for it.
const IBM857 =
  "ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ" +
  "\ufffdÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\ufffd×ÚÛÙìÿ¯´\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0";
const SAMPLE = 256 * 1024;
const BROKEN = "\ufffd";

/**
 * Decode a text file whose encoding nobody wrote down.
 *
 * @param {Uint8Array} bytes
 * @param {string} [encoding] one of ENCODINGS when the person chose it; guessed otherwise
 * @returns {{text: string, encoding: string, hadErrors: boolean}} text without a byte order mark;
 *   `hadErrors` when some bytes mean nothing in that encoding
 */
export function decode(bytes, encoding = guess(bytes)) {
  const text = encoding === "ibm857" ? decode857(bytes) : new TextDecoder(encoding).decode(bytes);
  return { text, encoding, hadErrors: text.includes(BROKEN) };
}

function guess(bytes) {
  return byMark(bytes) ?? byZeros(bytes) ?? byValidity(bytes);
}

function byMark(b) {
  if (b[0] === 0xef && b[1] === 0xbb && b[2] === 0xbf) return "utf-8";
  if (b[0] === 0xff && b[1] === 0xfe) return "utf-16le";
  if (b[0] === 0xfe && b[1] === 0xff) return "utf-16be";
  return undefined;
}

/** UTF-16 without a mark: digits, blanks and Latin letters leave every second byte zero. */
function byZeros(bytes) {
  const end = Math.min(bytes.length, 4096) & ~1;
  if (end < 4) return undefined;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < end; i += 2) {
    if (bytes[i] === 0) even += 1;
    if (bytes[i + 1] === 0) odd += 1;
  }
  const pairs = end / 2;
  if (odd > pairs * 0.4 && even < pairs * 0.1) return "utf-16le";
  if (even > pairs * 0.4 && odd < pairs * 0.1) return "utf-16be";
  return undefined;
}

function byValidity(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf-8";
  } catch {
    // Not valid throughout: a single-byte encoding, or UTF-8 with a few damaged places.
  }
  const sample = fromFirstHighByte(bytes);
  const asUtf8 = new TextDecoder("utf-8").decode(sample);
  const broken = count(asUtf8, /\ufffd/gu);
  if (count(asUtf8, /[çğıöşüÇĞİÖŞÜ]/gu) > broken * 3) return "utf-8";
  const windows = turkishness(new TextDecoder("windows-1254").decode(sample));
  return turkishness(decode857(sample)) > windows ? "ibm857" : "windows-1254";
}

/** A slice that certainly holds letters outside ASCII, however late they come in the file. */
function fromFirstHighByte(bytes) {
  const first = bytes.findIndex((b) => b > 0x7f);
  const start = Math.max(0, first - 64);
  return bytes.subarray(start, start + SAMPLE);
}

/** How much a text looks Turkish: its letters inside words count for it, oddities against it. */
function turkishness(text) {
  const letters = count(text, /(?<=[A-Za-zçğıöşüÇĞİÖŞÜ])[çğıöşüÇĞİÖŞÜ]|[çğıöşüÇĞİÖŞÜ](?=[A-Za-z])/gu);
  const odd = count(text, /[\u0080-\u009f\ufffd\u2500-\u25ff¤§¨¦¬¯±¶¸¹²³÷×‡†‰›‹˜„ƒ…ˆ¢£¥«»¡¿]/gu);
  return letters - 2 * odd;
}

function count(text, pattern) {
  return text.match(pattern)?.length ?? 0;
}

function decode857(bytes) {
  const parts = [];
  const step = 8192;
  for (let start = 0; start < bytes.length; start += step) {
    const codes = [];
    for (const b of bytes.subarray(start, start + step)) {
      codes.push(b < 0x80 ? b : IBM857.charCodeAt(b - 0x80));
    }
    parts.push(String.fromCharCode(...codes));
  }
  return parts.join("");
}
