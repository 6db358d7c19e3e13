// Workbooks (.xlsx, ECMA-376) as rows of text, streamed: no DOM, no whole sheet in memory.
import { isDateFormat } from "./cells.mjs";
import { ImportProblem } from "./problem.mjs";
import { SheetReader, StringReader } from "./sheet.mjs";
import { parseXml } from "./xml.mjs";
import { Zip } from "./zip.mjs";

const ROW_TAG = /<(?:\w+:)?row[\s>]/gu;

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
   * @yields {{rows: {line: number, cells: string[]}[], share: number}} `line` is the row number
   *   that Excel shows; `share` of the sheet read, 0 to 1
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
      if (reader.ready.length > 0) yield { rows: reader.take(), share: this.#zip.share };
      await pace();
    }
    if (reader.ready.length > 0) yield { rows: reader.take(), share: 1 };
  }

  /**
   * How many rows a sheet may hold, counted without reading them: its own word for that is often
   * missing, and often a million.
   */
  async countRows(index, pace) {
    const latin = new TextDecoder("latin1");
    let rows = 0;
    let open = "";
    for (const piece of this.#zip.pieces(this.sheets[index].path)) {
      const text = open + latin.decode(piece);
      const cut = Math.max(text.lastIndexOf("<"), 0);
      rows += text.slice(0, cut).match(ROW_TAG)?.length ?? 0;
      open = text.slice(cut);
      await pace();
    }
    return rows;
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
