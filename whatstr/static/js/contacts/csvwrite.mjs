// CSV for people to download and open in Excel.

// A cell that begins so is a formula to Excel, LibreOffice or Google Sheets: the name in a
// contact list would then run on the reader's machine (OWASP, CSV injection).
const FORMULA = /^[\s\u200b-\u200f\ufeff]*[=+\-@\t\r＝＋－＠]|^[\t\r\n]/u;

/**
 * Write rows as CSV that opens in Excel and cannot run anything there.
 *
 * @param {Iterable<Array<string|number|boolean|null|undefined>>} rows
 * @param {{bom?: boolean, delimiter?: string}} [options] the byte order mark lets Excel see UTF-8;
 *   a semicolon is what Excel with Turkish settings expects
 * @returns {string}
 *
 * Text that begins like a formula gets an apostrophe in front; numbers given as numbers do not.
 */
export function toCsv(rows, { bom = true, delimiter = ";" } = {}) {
  const lines = [];
  for (const row of rows) lines.push(row.map((cell) => written(cell, delimiter)).join(delimiter));
  return (bom ? "\ufeff" : "") + lines.map((line) => `${line}\r\n`).join("");
}

function written(cell, delimiter) {
  if (cell === null || cell === undefined) return "";
  if (typeof cell === "number" && Number.isFinite(cell)) return String(cell);
  let text = String(cell);
  if (FORMULA.test(text)) text = `'${text}`;
  const quoted = /["\n\r\t;,|]/u.test(text) || text.includes(delimiter) || text !== text.trim();
  return quoted ? `"${text.replaceAll('"', '""')}"` : text;
}
