// What kind of file this is, from its bytes; names lie.
import { ImportProblem } from "./problem.mjs";

const starts = (bytes, ...head) => head.every((byte, i) => bytes[i] === byte);

/**
 * Tell a workbook from text, and refuse by name what we do not read.
 *
 * @param {Uint8Array} bytes
 * @returns {"xlsx"|"csv"}
 * @throws {ImportProblem} `empty_file`, `encrypted`, `xls`, `pdf`, `image`, `archive`, `html`,
 *   `xml`, `rtf` or `binary`
 */
export function fileKind(bytes) {
  if (bytes.length === 0) throw new ImportProblem("empty_file");
  if (starts(bytes, 0x50, 0x4b, 0x03, 0x04) || starts(bytes, 0x50, 0x4b, 0x05, 0x06)) return "xlsx";
  if (starts(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    // A workbook with a password is an OLE container that holds a stream of this name (MS-OFFCRYPTO).
    const names = new TextDecoder("utf-16le").decode(bytes);
    throw new ImportProblem(names.includes("EncryptedPackage") ? "encrypted" : "xls");
  }
  refuseKnown(bytes);
  if (!hasTextMark(bytes) && looksBinary(bytes)) throw new ImportProblem("binary");
  return "csv";
}

function refuseKnown(bytes) {
  const head = new TextDecoder("windows-1254").decode(bytes.subarray(0, 512)).trimStart();
  if (head.startsWith("%PDF")) throw new ImportProblem("pdf");
  if (head.startsWith("{\\rtf")) throw new ImportProblem("rtf");
  if (starts(bytes, 0x89, 0x50, 0x4e, 0x47) || starts(bytes, 0xff, 0xd8, 0xff)) {
    throw new ImportProblem("image");
  }
  if (starts(bytes, 0x1f, 0x8b) || head.startsWith("Rar!") || head.startsWith("7z\u00bc\u00af")) {
    throw new ImportProblem("archive");
  }
  const plain = head.replace(/^ï»¿/u, "").trimStart().toLowerCase();
  if (/^<(?:!doctype html|html|table|head|meta|body|style)\b/u.test(plain)) {
    throw new ImportProblem("html");
  }
  if (plain.startsWith("<?xml")) throw new ImportProblem("xml");
}

function hasTextMark(bytes) {
  return starts(bytes, 0xff, 0xfe) || starts(bytes, 0xfe, 0xff) || starts(bytes, 0xef, 0xbb, 0xbf);
}

/** Control characters that no text file holds, and zeros that are not UTF-16's. */
function looksBinary(bytes) {
  const head = bytes.subarray(0, 4096);
  let odd = 0;
  let zeros = 0;
  for (const b of head) {
    if (b === 0) zeros += 1;
    else if (b < 9 || (b > 13 && b < 27) || (b > 27 && b < 32)) odd += 1;
  }
  return odd > head.length * 0.02 || (zeros > head.length * 0.05 && zeros < head.length * 0.2);
}
