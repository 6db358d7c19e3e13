// The verdict on each row: a contact, a duplicate, or a reason why not.
import { ImportProblem } from "./problem.mjs";
import { recipient } from "./recipient.mjs";

const EXCEL_ERROR = /^#(?:N\/A|YOK|REF!|BAŞV!|VALUE!|DEĞER!|DIV\/0!|SAYI\/0!|NAME\?|AD\?|NULL!|BOŞ!|NUM!|SAYI!)$/u;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/gu;

/** Gathers contacts and rejects while the rows of a file go by. */
export class Collector {
  #mapping;
  #existing;
  #region;
  #limits;
  #header = [];
  #rows = [];
  #rejects = [];
  #warned = [];
  #seen = new Map();
  #counts = { total: 0, valid: 0, duplicateInFile: 0, alreadyInList: 0, invalid: 0, warnings: 0 };

  constructor({ mapping, existing, region, limits }) {
    this.#mapping = { name: [], fields: [], ...mapping };
    this.#existing = existing;
    this.#region = region;
    this.#limits = limits;
  }

  /** Judge one row. @throws {ImportProblem} `too_many_rows` */
  add({ line, cells }) {
    const { headerLine, phone } = this.#mapping;
    if (headerLine !== null && headerLine !== undefined && line <= headerLine) {
      if (line === headerLine) this.#header = cells.map(clean);
      return;
    }
    this.#counts.total += 1;
    if (this.#counts.total > this.#limits.rows) {
      throw new ImportProblem("too_many_rows", { rows: this.#limits.rows });
    }
    const raw = cells[phone] ?? "";
    const found = recipient(raw, { region: this.#region });
    if (!found.ok) return this.#reject("invalid", { line, raw, reason: found.reason, cells });
    const { digits, warning } = found;
    const first = this.#seen.get(digits);
    if (first !== undefined) {
      return this.#reject("duplicateInFile", { line, raw, reason: "duplicate_in_file", first, cells });
    }
    if (this.#existing.has(digits)) {
      this.#seen.set(digits, line);
      return this.#reject("alreadyInList", { line, raw, reason: "already_in_list", cells });
    }
    const contact = this.#contact(digits, cells);
    if (!contact) return this.#reject("invalid", { line, raw, reason: "cell_too_long", cells });
    this.#seen.set(digits, line);
    this.#rows.push(contact);
    this.#counts.valid += 1;
    if (warning) {
      this.#counts.warnings += 1;
      this.#warned.push({ line, raw, digits, warning });
    }
    return undefined;
  }

  /** Numbers for a progress bar. */
  progress() {
    const { total, valid, invalid, duplicateInFile, alreadyInList } = this.#counts;
    return { total, valid, invalid, duplicates: duplicateInFile + alreadyInList };
  }

  /** Everything, as plain values that may be posted to another thread. */
  result() {
    return {
      rows: this.#rows,
      titles: this.#titles(),
      counts: { ...this.#counts },
      reasons: tally(this.#rejects, "reason"),
      warnings: tally(this.#warned, "warning"),
      warned: this.#warned,
      rejects: this.#rejects.map(({ line, raw, reason }) => ({ line, raw, reason })),
    };
  }

  /** The rejects with their whole rows, and the heading row they stood under. */
  rejected() {
    return { rejects: this.#rejects, header: this.#header };
  }

  #contact(digits, cells) {
    const name = this.#mapping.name
      .map((i) => clean(cells[i]))
      .filter(Boolean)
      .join(" ");
    const fields = this.#mapping.fields.map((i) => clean(cells[i]));
    const longest = fields.reduce((most, field) => Math.max(most, field.length), name.length);
    return longest > this.#limits.cellChars ? null : [digits, name, fields];
  }

  #reject(count, reject) {
    this.#counts[count] += 1;
    this.#rejects.push(reject);
  }

  /** One title a field, none empty and no two alike: campaigns name variables by them. */
  #titles() {
    const given = this.#mapping.titles ?? [];
    const used = new Set();
    return this.#mapping.fields.map((column, i) => {
      const wanted = clean(given[i]) || this.#header[column] || columnLetters(column);
      let title = wanted;
      for (let n = 2; used.has(title); n += 1) title = `${wanted} (${n})`;
      used.add(title);
      return title;
    });
  }
}

/**
 * A cell as it may stand in a message: one line, single blanks (Meta refuses a parameter with line
 * breaks or long blanks, error 132018), and no `#N/A` of a broken formula.
 */
export function clean(cell) {
  const text = (cell ?? "").normalize("NFC").replace(CONTROLS, " ").replace(/\s+/gu, " ").trim();
  const formulaText = /^="(.*)"$/u.exec(text);
  return EXCEL_ERROR.test(text) ? "" : (formulaText?.[1] ?? text);
}

/** A, B, …, Z, AA, … as spreadsheets call their columns. */
export function columnLetters(index) {
  let letters = "";
  for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 26)) {
    letters = String.fromCharCode(65 + ((n - 1) % 26)) + letters;
  }
  return letters;
}

function tally(items, key) {
  const counts = {};
  for (const item of items) counts[item[key]] = (counts[item[key]] ?? 0) + 1;
  return counts;
}
