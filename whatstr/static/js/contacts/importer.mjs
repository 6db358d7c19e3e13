// From a file to contacts: look first, then read. Runs in the vault's Worker; nothing it learns
// leaves the browser (vault.md §7).
import { layout, records } from "./csv.mjs";
import { toCsv } from "./csvwrite.mjs";
import { decode } from "./encoding.mjs";
import { guessMapping } from "./headers.mjs";
import { fileKind } from "./kind.mjs";
import { LIMITS } from "./limits.mjs";
import { ImportProblem } from "./problem.mjs";
import { Collector } from "./collector.mjs";
import { pacer } from "./turns.mjs";
import { Workbook } from "./xlsx.mjs";
import { rejectSentence, word } from "./words.mjs";

const SAMPLE_ROWS = 200;
const SHOWN_ROWS = 20;
const PROGRESS_MS = 100;

/**
 * One file on its way into a list.
 *
 * `inspect()` may be called again with other choices; `run()` reads with the last ones. Both throw
 * ImportProblem, whose codes have sentences in js/i18n/contacts.mjs (`problem.…`).
 */
export class Importer {
  #bytes;
  #limits;
  #region;
  #layout = null;
  #workbook = null;
  #sheet = 0;
  #collector = null;

  /**
   * @param {{bytes: Uint8Array|ArrayBuffer, filename?: string, region?: string,
   *   limits?: Partial<typeof LIMITS>}} file
   * @throws {ImportProblem} `too_large`, and what fileKind refuses
   */
  constructor({ bytes, filename = "", region = "TR", limits = {} }) {
    this.#bytes = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    this.#limits = { ...LIMITS, ...limits };
    this.#region = region;
    this.filename = filename;
    if (this.#bytes.length > this.#limits.fileBytes) {
      throw new ImportProblem("too_large", { megabytes: this.#limits.fileBytes / 1024 / 1024 });
    }
    /** @type {"csv"|"xlsx"} */
    this.kind = fileKind(this.#bytes);
  }

  /**
   * Step 1: what the file holds and how we would read it.
   *
   * @param {{encoding?: string, delimiter?: string, sheet?: number, signal?: AbortSignal}} [choices]
   *   what the person chose over our guess
   * @returns {Promise<{
   *   kind: string, encoding: string|null, hadErrors: boolean, delimiter: string|null,
   *   brokenQuotes: boolean, sheets: {name: string, hidden: boolean}[], sheet: number|null,
   *   rows: {line: number, cells: string[]}[],
   *   mapping: {headerLine: number|null, phone: number|null, name: number[], fields: number[]},
   *   columns: {index: number, title: string, kind: string, filled: number}[],
   *   totalRows: number, exact: boolean
   * }>} `rows`: the first 20, header included; `totalRows` counts people, without the header;
   *   `exact` is false for long workbooks, whose blank rows are only known after reading
   */
  async inspect({ encoding, delimiter, sheet, signal } = {}) {
    const seen =
      this.kind === "xlsx"
        ? await this.#inspectWorkbook(sheet, signal)
        : await this.#inspectText(encoding, delimiter, signal);
    if (seen.sample.length === 0) throw new ImportProblem("no_rows");
    const guess = guessMapping(seen.sample.map((row) => row.cells), this.#region);
    const headerLine = guess.headerRow === null ? null : seen.sample[guess.headerRow].line;
    const { sample, total, ...facts } = seen;
    return {
      kind: this.kind,
      encoding: null,
      hadErrors: false,
      delimiter: null,
      brokenQuotes: false,
      sheets: [],
      sheet: null,
      ...facts,
      rows: sample.slice(0, SHOWN_ROWS),
      mapping: { headerLine, phone: guess.phone, name: guess.name, fields: guess.fields },
      columns: guess.columns,
      totalRows: Math.max(total - (guess.headerRow === null ? 0 : guess.headerRow + 1), 0),
    };
  }

  /**
   * Step 2: read every row.
   *
   * @param {{
   *   mapping: {headerLine: number|null, phone: number, name: number[], fields: number[],
   *     titles?: string[]},
   *   existing?: Set<string>, signal?: AbortSignal,
   *   onProgress?: (p: {share: number, total: number, valid: number, invalid: number,
   *     duplicates: number}) => void
   * }} options `existing`: the digits already in the list; `titles`: of `fields`, when renamed
   * @returns {Promise<{rows: [string, string, string[]][], titles: string[], counts: object,
   *   reasons: Record<string, number>, warnings: Record<string, number>, warned: object[],
   *   rejects: {line: number, raw: string, reason: string}[]}>} a plain object that may be posted
   * @throws {ImportProblem} `cancelled`, `too_many_rows`, `no_phone_column`
   */
  async run({ mapping, existing = new Set(), onProgress, signal }) {
    if (!Number.isInteger(mapping.phone)) throw new ImportProblem("no_phone_column");
    if (!this.#layout && !this.#workbook) await this.inspect({ signal });
    const pace = pacer(signal);
    const collector = new Collector({
      mapping,
      existing,
      region: this.#region,
      limits: this.#limits,
    });
    let told = performance.now();
    for await (const { rows, share } of this.#batches(pace)) {
      for (let i = 0; i < rows.length; i += 1) {
        collector.add(rows[i]);
        if (i % 32 === 0) await pace();
      }
      if (onProgress && performance.now() - told > PROGRESS_MS) {
        told = performance.now();
        onProgress({ share, ...collector.progress() });
      }
    }
    onProgress?.({ share: 1, ...collector.progress() });
    this.#collector = collector;
    return collector.result();
  }

  /**
   * The rows that were not imported, for the person to mend: line, what stood there, why, and
   * the whole row.
   *
   * @param {"tr"|"en"} language
   * @returns {string} CSV after `run()`
   */
  rejectsCsv(language) {
    const { rejects = [], header = [] } = this.#collector?.rejected() ?? {};
    const width = rejects.reduce((most, { cells }) => Math.max(most, cells.length), header.length);
    const titles = Array.from({ length: width }, (_, i) => header[i] ?? "");
    const first = ["csv.line", "csv.phone", "csv.reason"].map((key) => word(language, key));
    const lines = rejects.map((reject) => [
      reject.line,
      reject.raw,
      rejectSentence(language, reject),
      ...reject.cells,
    ]);
    return toCsv([[...first, ...titles], ...lines]);
  }

  async #inspectText(encoding, delimiter, signal) {
    const { text, ...decoded } = decode(this.#bytes, encoding);
    this.#layout = { ...layout(text, delimiter), quotes: true };
    let counted;
    try {
      counted = await this.#countText(pacer(signal));
    } catch (error) {
      if (error.code !== "broken_quotes") throw error;
      this.#layout.quotes = false;
      counted = await this.#countText(pacer(signal));
    }
    const { quotes } = this.#layout;
    return {
      ...counted,
      ...decoded,
      delimiter: this.#layout.delimiter,
      brokenQuotes: !quotes,
      exact: true,
    };
  }

  async #countText(pace) {
    const sample = [];
    let total = 0;
    for await (const { rows } of this.#batches(pace)) {
      total += rows.length;
      if (sample.length < SAMPLE_ROWS) sample.push(...rows.slice(0, SAMPLE_ROWS - sample.length));
    }
    return { sample, total };
  }

  async #inspectWorkbook(sheet, signal) {
    this.#workbook ??= new Workbook(this.#bytes, this.#limits);
    const { sheets } = this.#workbook;
    this.#sheet = sheet ?? this.#workbook.firstVisible;
    if (!sheets[this.#sheet]) throw new ImportProblem("no_sheet");
    const sample = [];
    const pace = pacer(signal);
    for await (const { rows } of this.#workbook.rows(this.#sheet, pace)) {
      sample.push(...rows);
      if (sample.length >= SAMPLE_ROWS) break;
    }
    const exact = sample.length < SAMPLE_ROWS;
    return {
      sample: sample.slice(0, SAMPLE_ROWS),
      total: exact ? sample.length : await this.#workbook.countRows(this.#sheet, pace),
      exact,
      sheets: sheets.map(({ name, hidden }) => ({ name, hidden })),
      sheet: this.#sheet,
    };
  }

  /** The rows that hold anything, with the numbers a spreadsheet shows for them. */
  async *#batches(pace) {
    if (this.kind === "xlsx") {
      yield* this.#workbook.rows(this.#sheet, pace);
      return;
    }
    let line = 0;
    for await (const batch of records(this.#layout.text, this.#layout)) {
      const rows = [];
      for (const cells of batch.rows) {
        line += 1;
        if (cells.some((cell) => cell.trim() !== "")) rows.push({ line, cells });
      }
      yield { rows, share: batch.done };
      await pace();
    }
  }
}
