/** The file as we read it, with our guess on top of every column, for its owner to change. */

import contacts from "../i18n/contacts.mjs";
import words from "../i18n/portal-contacts.mjs";
import { fill, fmt, h, icon, notice, translator } from "../ui/index.mjs";
import { field } from "./forms.mjs";

const t = translator(words);
const c = translator(contacts);
const ENCODINGS = ["utf-8", "windows-1254", "utf-16le", "ibm857"];
const DELIMITERS = [";", ",", "\t", "|"];
const MOST_SHOWN = 9;

export const letters = (index) => {
  let name = "";
  for (let n = index + 1; n > 0; n = Math.floor((n - 1) / 26)) name = String.fromCharCode(65 + ((n - 1) % 26)) + name;
  return name;
};

/** column index -> "phone" | "name" | "field" | "skip" */
function roles({ mapping, columns }) {
  return new Map(columns.map(({ index }) => {
    if (index === mapping.phone) return [index, "phone"];
    if (mapping.name.includes(index)) return [index, "name"];
    return [index, mapping.fields.includes(index) ? "field" : "skip"];
  }));
}

function titleOf(found, state, index) {
  const head = found.rows.find(({ line }) => line === state.headerLine);
  return head?.cells[index]?.trim() || c("column.letter", { letter: letters(index) });
}

function choices(found, reinspect) {
  const pick = (name, label, options, value) =>
    field({ name, label, type: "select", required: true, options, value, attrs: { onChange: (event) => reinspect({ [name]: event.target.value }) } });
  const parts = [];
  if (found.kind === "csv") {
    const encodings = ENCODINGS.includes(found.encoding) ? ENCODINGS : [found.encoding, ...ENCODINGS];
    parts.push(pick("encoding", t("encoding"), encodings.map((one) => [one, c(`encoding.${one}`)]), found.encoding));
    const delimiters = DELIMITERS.includes(found.delimiter) ? DELIMITERS : [found.delimiter, ...DELIMITERS];
    parts.push(pick("delimiter", t("delimiter"), delimiters.map((one) => [one, c(`delimiter.${one}`)]), found.delimiter));
  }
  if (found.sheets.length > 1) {
    parts.push(pick("sheet", t("sheet"), found.sheets.map(({ name }, i) => [String(i), name]), String(found.sheet)));
  }
  return parts;
}

function headField(found, state, redraw) {
  const options = [["", t("noHeader")], ...found.rows.slice(0, MOST_SHOWN).map(({ line }) => [String(line), t("headerAt", { line })])];
  return field({
    name: "headerLine", label: t("header"), type: "select", required: true, options,
    value: state.headerLine === null ? "" : String(state.headerLine),
    attrs: { onChange: (event) => {
      state.headerLine = event.target.value ? Number(event.target.value) : null;
      redraw();
    } },
  });
}

function sheet(found, state, changed) {
  const roleOptions = ["phone", "name", "field", "skip"].map((key) => h("option", { value: key }, t(`role_${key}`)));
  const head = found.columns.map(({ index }) => {
    const title = titleOf(found, state, index);
    const select = h(
      "select",
      { class: "form-select", "aria-label": t("roleOf", { column: title }), value: state.roles.get(index), onChange: (event) => changed(index, event.target.value) },
      roleOptions.map((one) => one.cloneNode(true)),
    );
    return h("th", { scope: "col", class: state.roles.get(index) === "phone" ? "is-phone" : null }, h("div", {}, title), select);
  });
  const cell = (cells, index) => {
    const role = state.roles.get(index);
    return h("td", { class: role === "phone" ? "is-phone" : role === "skip" ? "off" : null }, cells[index] ?? "");
  };
  return h(
    "div",
    { class: "sheet", tabindex: "0", role: "region", "aria-label": t("previewLabel") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("lineNo")), head)),
      h("tbody", {}, found.rows.slice(0, MOST_SHOWN).map(({ line, cells }) =>
        h("tr", { class: line === state.headerLine ? "head" : null }, h("td", { class: "line" }, String(line)), found.columns.map(({ index }) => cell(cells, index))),
      )),
    ),
  );
}

/**
 * mappingView({found, filename, reinspect}) -> an element with `.mapping()`: what `import.run` takes,
 * or null while no column is the phone number.
 */
export function mappingView({ found, filename, reinspect }) {
  const state = { headerLine: found.mapping.headerLine, roles: roles(found) };
  const table = h("div");
  const problem = h("div", { role: "status" });
  const hidden = found.columns.filter(({ kind }) => kind === "national_id");
  const node = h(
    "div",
    { class: "stack" },
    h("p", {}, icon("file"), " ", h("b", {}, filename), " · ", t(found.exact ? "rowsExact" : "rowsAbout", { n: fmt.number(found.totalRows) })),
    found.hadErrors && notice({ tone: "warn", text: c("notice.bad_characters") }),
    found.brokenQuotes && notice({ tone: "warn", text: c("notice.broken_quotes") }),
    h("div", { class: "pair" }, choices(found, reinspect), headField(found, state, () => draw())),
    hidden.length > 0 && notice({ tone: "info", text: t("nationalId") }),
    h("p", { class: "meta" }, t("mappingHelp")),
    problem,
    table,
  );
  function changed(index, role) {
    if (role === "phone") {
      for (const [other, had] of state.roles) if (had === "phone") state.roles.set(other, "skip");
    }
    state.roles.set(index, role);
    draw();
  }
  function draw() {
    fill(table, sheet(found, state, changed));
    fill(problem, node.mapping() === null && notice({ tone: "warn", text: c("problem.no_phone_column") }));
  }
  node.mapping = () => {
    const of = (role) => [...state.roles].filter(([, one]) => one === role).map(([index]) => index);
    const [phone] = of("phone");
    if (phone === undefined) return null;
    const names = of("name");
    const ordered = [...found.mapping.name.filter((one) => names.includes(one)), ...names.filter((one) => !found.mapping.name.includes(one))];
    const fields = of("field");
    return { headerLine: state.headerLine, phone, name: ordered, fields, titles: fields.map((index) => titleOf(found, state, index)) };
  };
  draw();
  return node;
}
