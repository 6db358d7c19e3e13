// The XML of a workbook, read as it is unpacked. saxen finds the tags; entities are decoded here
// because names and emoji need whole code points.
import { Parser } from "../../vendor/saxen/saxen.mjs";

import { ImportProblem } from "./problem.mjs";

const STEP = 128 * 1024;
const NAMED = { amp: "&", apos: "'", gt: ">", lt: "<", quot: '"' };

/** `x:row` and `row` are one element to us: some programs prefix every name. */
export const local = (name) => name.slice(name.indexOf(":") + 1);

/** Decode XML entities, and Excel's own `_x000D_` for characters XML cannot carry. */
export function unescape(text) {
  let plain = text;
  if (plain.includes("&")) {
    plain = plain.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/giu, (all, hex, dec, name) => {
      if (name) return NAMED[name.toLowerCase()] ?? all;
      const code = hex ? Number.parseInt(hex, 16) : Number(dec);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
    });
  }
  if (plain.includes("_x")) {
    plain = plain.replace(/_x([0-9a-f]{4})_/giu, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return plain;
}

/**
 * Parse pieces of UTF-8 XML, handing over after each step.
 *
 * @param {Iterable<Uint8Array>} pieces
 * @param {{open?: (name: string, attributes: () => Record<string, string>) => void,
 *   close?: (name: string) => void, text?: (text: string) => void}} on names come without
 *   prefix, text undecoded (it may come in parts: join, then `unescape`), attributes decoded
 * @yields {number} bytes read so far; nothing else is needed to let other work run in between
 * @throws {ImportProblem} `damaged`
 */
export function* parseXml(pieces, on) {
  const parser = new Parser();
  parser.on("error", () => {
    throw new ImportProblem("damaged");
  });
  // saxen calls `attention` for <!DOCTYPE>: entity declarations in it are never expanded.
  if (on.open) parser.on("openTag", (name, attributes) => on.open(local(name), () => plain(attributes())));
  if (on.close) parser.on("closeTag", (name) => on.close(local(name)));
  if (on.text) {
    parser.on("text", on.text);
    parser.on("cdata", (text) => on.text(text.replaceAll("&", "&amp;")));
  }
  const decoder = new TextDecoder();
  let read = 0;
  for (const piece of pieces) {
    for (let start = 0; start < piece.length; start += STEP) {
      parser.write(decoder.decode(piece.subarray(start, start + STEP), { stream: true }));
      read += Math.min(STEP, piece.length - start);
      yield read;
    }
  }
  parser.write(decoder.decode());
  parser.end();
}

function plain(attributes) {
  const values = {};
  for (const [name, value] of Object.entries(attributes)) values[local(name)] = unescape(value);
  return values;
}
