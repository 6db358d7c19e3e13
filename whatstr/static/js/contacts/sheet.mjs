// What the tags of a workbook's sheets and shared strings add up to.
import { columnOf, dateText, numberText } from "./cells.mjs";
import { ImportProblem } from "./problem.mjs";
import { unescape } from "./xml.mjs";

/** Collects shared strings; runs are joined, phonetic readings left out. */
export class StringReader {
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
export class SheetReader {
  ready = [];
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
