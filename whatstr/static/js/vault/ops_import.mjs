// Reading a contact file in the Worker: the rows stay here, the page sees counts and samples.
import { Importer } from "../contacts/importer.mjs";
import { VaultError } from "./errors.mjs";
import { loadList } from "./lists.mjs";
import { cache } from "./state.mjs";

const SHOWN_REJECTS = 200;
const PREVIEW = 20;
const held = cache();

/** The result of the last `import.run`: {rows, titles, list}; the rows are spent by saving them. */
export function importedRows() {
  const result = held.get("result");
  if (!result) throw new VaultError("nothing_imported");
  return result;
}

export function spendImport() {
  held.delete("result");
}

async function inspect({ file, ...choices }, { signal }) {
  if (file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    held.clear();
    held.set("importer", new Importer({ bytes, filename: file.name }));
  }
  const importer = held.get("importer");
  if (!importer) throw new VaultError("nothing_imported");
  return importer.inspect({ ...choices, signal });
}

async function run({ mapping, list }, context) {
  const importer = held.get("importer");
  if (!importer) throw new VaultError("nothing_imported");
  const existing = list ? new Set((await loadList(list, context)).rows.map((row) => row[0])) : new Set();
  const onProgress = (p) => context.report({ phase: "read", done: Math.round(p.share * 1000), total: 1000, ...p });
  const result = await importer.run({ mapping, existing, onProgress, signal: context.signal });
  const { rows, rejects, warned, ...facts } = result;
  held.set("result", { rows, titles: result.titles, list: list ?? null });
  return {
    ...facts,
    columns: result.titles,
    preview: rows.slice(0, PREVIEW),
    rejects: rejects.slice(0, SHOWN_REJECTS),
    rejects_total: rejects.length,
    warned: warned.slice(0, SHOWN_REJECTS),
    warned_total: warned.length,
  };
}

function rejects({ lang }) {
  const importer = held.get("importer");
  if (!importer) throw new VaultError("nothing_imported");
  const filename = lang === "en" ? "rejected-rows.csv" : "alinmayan-satirlar.csv";
  return { blob: new Blob([importer.rejectsCsv(lang)], { type: "text/csv;charset=utf-8" }), filename };
}

export const operations = {
  "import.inspect": inspect,
  "import.run": run,
  "import.rows": ({ from, count }) => {
    const { rows } = importedRows();
    return { total: rows.length, rows: rows.slice(from, from + count) };
  },
  "import.rejects": rejects,
  "import.clear": () => {
    held.clear();
    return {};
  },
};
