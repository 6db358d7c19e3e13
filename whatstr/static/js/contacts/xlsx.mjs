// Workbooks (.xlsx, ECMA-376) as rows of text, streamed: no DOM, no whole sheet in memory.
import { columnOf, dateText, isDateFormat, numberText } from "./cells.mjs";
import { ImportProblem } from "./problem.mjs";
import { parseXml, unescape } from "./xml.mjs";
import { Zip } from "./zip.mjs";

/** An open workbook. */
export class Workbook {
  #zip;
  #limits;
  #dates1904 = false;
  #dateStyles = [];
  #strings = null;
  #paths;

  /**
   * @param {Uint8Array} bytes
   * @param {import("./limits.mjs").LIMITS} limits
   * @throws {ImportProblem} `damaged`, `encrypted`, `xlsb`, `ods`, `numbers`, `not_a_workbook`,
   *   `no_sheet`, `too_large`
   */
  constructor(bytes, limits) {
    this.#limits = limits;
    this.#zip = new Zip(bytes, limits);
    const main = mainPart(this.#zip);
    this.#paths = related(this.#zip, main);
    /** @type {{name: string, hidden: boolean, path: string}[]} */
    this.sheets = this.#readSheets(main);
    if (this.sheets.length === 0) throw new ImportProblem("no_sheet");
    this.#readStyles();
  }

  /** The sheet to read when the person chose none: the first that is not hidden. */
  get firstVisible() {
    return Math.max(0, this.sheets.findIndex((sheet) => !sheet.hidden));
  }

  /**
   * Rows of one sheet, in batches. Rows without any text are left out.
   *
   * @param {number} index into `sheets`
   * @param {() => Promise<void>} pace see turns.mjs
   * @yields {{rows: {line: number, cells: string[]}[], expected: number}} `line` is the row number
   *   that Excel shows; `expected` what the sheet says of its length, 0 when it says nothing
   */
  async *rows(index, pace) {
    await this.#loadStrings(pace);
    const reader = new SheetReader({
      strings: this.#strings,
      dateStyles: this.#dateStyles,
      dates1904: this.#dates1904,
      columns: this.#limits.columns,
    });
    for (const _ of parseXml(this.#zip.pieces(this.sheets[index].path), reader)) {
      if (reader.ready.length > 0) yield { rows: reader.take(), expected: reader.expected };
      await pace();
    }
    if (reader.ready.length > 0) yield { rows: reader.take(), expected: reader.expected };
  }

  #readSheets(main) {
    const sheets = [];
    const open = (name, attributes) => {
      if (name === "workbookPr") {
        this.#dates1904 = ["1", "true"].includes(attributes().date1904);
      } else if (name === "sheet") {
        const { name: title = "", state = "visible", id = "" } = attributes();
        const part = this.#paths.get(id);
        if (part?.type === "worksheet") {
          sheets.push({ name: title, hidden: state !== "visible", path: part.path });
        }
      }
    };
    drain(parseXml(this.#zip.pieces(main), { open }));
    return sheets;
  }

  #readStyles() {
    const path = this.#partOfType("styles");
    if (!path) return;
    const codes = new Map();
    let inCellFormats = false;
    drain(
      parseXml(this.#zip.pieces(path), {
        open: (name, attributes) => {
          if (name === "cellXfs") inCellFormats = true;
          else if (name === "numFmt") {
            const { numFmtId, formatCode } = attributes();
            codes.set(Number(numFmtId), formatCode ?? "");
          } else if (name === "xf" && inCellFormats) {
            const id = Number(attributes().numFmtId ?? 0);
            this.#dateStyles.push(isDateFormat(id, codes.get(id)));
          }
        },
        close: (name) => {
          if (name === "cellXfs") inCellFormats = false;
        },
      }),
    );
  }

  async #loadStrings(pace) {
    if (this.#strings) return;
    const path = this.#partOfType("sharedStrings");
    const strings = [];
    if (path) {
      const limit = this.#limits.sharedTextChars;
      for (const _ of parseXml(this.#zip.pieces(path), new StringReader(strings, limit))) {
        await pace();
      }
    }
    this.#strings = strings;
  }

  #partOfType(type) {
    for (const part of this.#paths.values()) {
      if (part.type === type && this.#zip.has(part.path)) return part.path;
    }
    return undefined;
  }
}

/** The workbook part; anything else that is a zip is refused by name. */
function mainPart(zip) {
  if (zip.has("xl/workbook.bin")) throw new ImportProblem("xlsb");
  if (zip.has("Index/Document.iwa") || zip.has("Index.zip")) throw new ImportProblem("numbers");
  if (zip.has("mimetype") && zip.text("mimetype").includes("opendocument")) {
    throw new ImportProblem("ods");
  }
  if (!zip.has("[Content_Types].xml")) throw new ImportProblem("not_a_workbook");
  for (const part of related(zip, "").values()) {
    if (part.type === "officeDocument" && zip.has(part.path) && part.path.includes("workbook")) {
      return part.path;
    }
  }
  if (zip.has("xl/workbook.xml")) return "xl/workbook.xml";
  throw new ImportProblem("not_a_workbook");
}

/** The relationships of a part: id to kind and path (ECMA-376 part 2, 6.5). */
function related(zip, part) {
  const folder = part.slice(0, part.lastIndexOf("/") + 1);
  const list = `${folder}_rels/${part.slice(folder.length)}.rels`;
  const found = new Map();
  if (!zip.has(list)) return found;
  const open = (name, attributes) => {
    if (name !== "Relationship") return;
    const { Id, Type = "", Target = "", TargetMode } = attributes();
    if (TargetMode === "External") return;
    const type = Type.slice(Type.lastIndexOf("/") + 1);
    found.set(Id, { type, path: resolved(folder, Target) });
  };
  drain(parseXml(zip.pieces(list), { open }));
  return found;
}

function resolved(folder, target) {
  const path = target.startsWith("/") ? target.slice(1) : folder + target;
  const parts = [];
  for (const step of path.split("/")) {
    if (step === "..") parts.pop();
    else if (step !== ".") parts.push(step);
  }
  return parts.join("/");
}

function drain(steps) {
  for (const _ of steps);
}

/** Collects shared strings; runs are joined, phonetic readings left out. */
class StringReader {
  #strings;
  #limit;
  #chars = 0;
  #parts = [];
  #reading = false;
  #phonetic = false;

  constructor(strings, limit) {
    this.#strings = strings;
    this.#limit = limit;
  }

  open = (name) => {
    if (name === "si") this.#parts = [];
    else if (name === "rPh") this.#phonetic = true;
    else if (name === "t") this.#reading = !this.#phonetic;
  };

  text = (text) => {
    if (this.#reading) this.#parts.push(text);
  };

  close = (name) => {
    if (name === "t") this.#reading = false;
    else if (name === "rPh") this.#phonetic = false;
    else if (name === "si") {
      const value = unescape(this.#parts.join(""));
      this.#chars += value.length;
      if (this.#chars > this.#limit) throw new ImportProblem("too_large");
      this.#strings.push(value);
    }
  };
}

/** Turns the tags of a sheet into rows of text. */
class SheetReader {
  ready = [];
  expected = 0;
  #book;
  #line = 0;
  #cells = null;
  #column = -1;
  #type = "n";
  #style = 0;
  #value = [];
  #reading = false;
  #phonetic = false;

  constructor(book) {
    this.#book = book;
  }

  /** The rows read since the last call. */
  take() {
    const rows = this.ready;
    this.ready = [];
    return rows;
  }

  open = (name, attributes) => {
    if (name === "c") this.#openCell(attributes());
    else if (name === "row") {
      const { r } = attributes();
      this.#line = r ? Number(r) : this.#line + 1;
      this.#cells = [];
      this.#column = -1;
    } else if (name === "v" || name === "t") this.#reading = !this.#phonetic;
    else if (name === "rPh") this.#phonetic = true;
    else if (name === "dimension") this.#expect(attributes().ref ?? "");
  };

  text = (text) => {
    if (this.#reading) this.#value.push(text);
  };

  close = (name) => {
    if (name === "v" || name === "t") this.#reading = false;
    else if (name === "rPh") this.#phonetic = false;
    else if (name === "c") this.#closeCell();
    else if (name === "row") this.#closeRow();
  };

  #expect(reference) {
    const rows = /:[A-Z]+(\d+)$/u.exec(reference);
    this.expected = rows ? Number(rows[1]) : 0;
  }

  #openCell({ r = "", t = "n", s = "0" }) {
    const column = columnOf(r);
    this.#column = column === -1 ? this.#column + 1 : column;
    this.#type = t;
    this.#style = Number(s);
    this.#value = [];
  }

  #closeCell() {
    if (!this.#cells || this.#column >= this.#book.columns || this.#value.length === 0) return;
    const value = this.#meaning(this.#value.join(""));
    while (this.#cells.length < this.#column) this.#cells.push("");
    this.#cells[this.#column] = value;
  }

  #meaning(stored) {
    if (this.#type === "s") return this.#book.strings[Number(stored)] ?? "";
    if (this.#type === "b") return stored.trim() === "1" ? "TRUE" : "FALSE";
    if (this.#type === "d") return stored.replace("T", " ").replace(/ 00:00:00(?:\.0+)?Z?$/u, "");
    if (this.#type !== "n") return unescape(stored);
    const isDate = this.#book.dateStyles[this.#style] ?? false;
    return isDate ? dateText(stored, this.#book.dates1904) : numberText(stored);
  }

  #closeRow() {
    if (this.#cells?.some((cell) => cell.trim() !== "")) {
      this.ready.push({ line: this.#line, cells: this.#cells });
    }
    this.#cells = null;
  }
}
