// Delimited text to rows. Papa Parse does the parsing; here are the delimiter, Excel's `sep=`
// line, and what to do with a quote that never closes.
import Papa from "../../vendor/papaparse/papaparse.mjs";

import { ImportProblem } from "./problem.mjs";

/** What may separate cells, in order of preference when a file gives no hint. */
export const DELIMITERS = Object.freeze([";", ",", "\t", "|"]);

const CHUNK = 256 * 1024;
const SAMPLE = 64 * 1024;
const SAMPLE_ROWS = 60;
// A record that is still open after this many chunks is a stray quote, not an address.
const OPEN_CHUNKS = 4;

/**
 * Find out how a text is laid out.
 *
 * @param {string} text
 * @param {string} [delimiter] when the person chose it
 * @returns {{delimiter: string, text: string, announced: boolean}} the text with one kind of line
 *   break and without the `sep=` line; `announced` when that line was there
 */
export function layout(text, delimiter) {
  let body = text.includes("\r") ? text.replace(/\r\n?/gu, "\n") : text;
  const said = /^sep=(.)\n/iu.exec(body);
  if (said) body = body.slice(said[0].length);
  return { delimiter: delimiter ?? said?.[1] ?? guess(body), text: body, announced: Boolean(said) };
}

function guess(text) {
  let best = { delimiter: DELIMITERS[0], score: 0 };
  const sample = text.length > SAMPLE ? text.slice(0, text.lastIndexOf("\n", SAMPLE) + 1) : text;
  for (const delimiter of DELIMITERS) {
    const score = evenness(sample || text.slice(0, SAMPLE), delimiter);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

/** High when most rows have the same number of cells, and more than one. */
function evenness(sample, delimiter) {
  const { data } = Papa.parse(sample, {
    delimiter,
    newline: "\n",
    preview: SAMPLE_ROWS,
    skipEmptyLines: "greedy",
  });
  const widths = new Map();
  for (const row of data) widths.set(row.length, (widths.get(row.length) ?? 0) + 1);
  let score = 0;
  for (const [width, rows] of widths) {
    if (width > 1) score = Math.max(score, (rows / data.length) * (1 + Math.log2(width) / 10));
  }
  return score;
}

/**
 * Read the records of a text that `layout` has prepared, in batches.
 *
 * @param {string} text
 * @param {{delimiter: string, quotes?: boolean}} options `quotes: false` takes quotes as ordinary
 *   characters and only strips them around a cell: for files whose quotes do not match
 * @yields {{rows: string[][], done: number}} `done`: the share of the text read, 0 to 1
 * @throws {ImportProblem} `broken_quotes` when a quote never closes
 */
export async function* records(text, { delimiter, quotes = true }) {
  const state = { chunks: [], open: 0, handle: null, ended: false };
  Papa.parse(text, {
    delimiter,
    newline: "\n",
    fastMode: quotes ? undefined : true,
    chunkSize: CHUNK,
    chunk(results, handle) {
      handle.pause();
      state.handle = handle;
      state.chunks.push(results);
    },
    complete() {
      state.ended = true;
    },
  });
  for (;;) {
    const results = state.chunks.shift();
    if (results) {
      refuseBrokenQuotes(results, state);
      const rows = quotes ? results.data : results.data.map((row) => row.map(unquoted));
      yield { rows, done: Math.min(1, results.meta.cursor / Math.max(1, text.length)) };
    } else if (state.ended) {
      return;
    } else {
      state.handle.resume();
    }
  }
}

function refuseBrokenQuotes(results, state) {
  state.open = results.data.length === 0 ? state.open + 1 : 0;
  const broken = results.errors.some((error) => swallowedRows(error, results.data));
  if (!broken && state.open < OPEN_CHUNKS) return;
  state.handle.abort();
  throw new ImportProblem("broken_quotes");
}

/** A quote that closed in the wrong place is harmless unless it drew the next rows into a cell. */
function swallowedRows(error, rows) {
  if (error.code === "MissingQuotes") return true;
  if (error.code !== "InvalidQuotes") return false;
  return rows[error.row]?.some((cell) => cell.includes("\n")) ?? true;
}

function unquoted(cell) {
  const inner = /^\s*"(.*)"\s*$/su.exec(cell);
  if (inner) return inner[1].replaceAll('""', '"');
  // The quote that never closes, or its lost partner.
  return cell.split('"').length === 2 ? cell.replace(/^\s*"|"\s*$/u, "") : cell;
}
