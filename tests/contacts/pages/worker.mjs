// The Worker side of the tests: what the vault's Worker does with the same modules.
const early = [];
const running = new Map();
let handle = (event) => early.push(event);
self.onmessage = (event) => handle(event);

const names = ["collector", "csv", "csvwrite", "encoding", "headers", "importer", "phone", "words"];
const modules = {};
for (const name of names) modules[name] = await import(`/static/js/contacts/${name}.mjs`);
modules.texts = await import("/static/js/i18n/contacts.mjs");

const bytesOf = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

const operations = {
  /** One function over many argument lists. */
  map: ({ module, name, calls }) => calls.map((args) => modules[module][name](...args)),
  constant: ({ module, name }) => modules[module][name],
  decode: async ({ url, encoding }) => modules.encoding.decode(await bytesOf(url), encoding),
  records: async ({ url, delimiter, quotes }) => {
    const text = new TextDecoder().decode(await bytesOf(url));
    const { text: body, ...found } = modules.csv.layout(text, delimiter);
    const rows = [];
    for await (const batch of modules.csv.records(body, { delimiter: found.delimiter, quotes })) {
      rows.push(...batch.rows);
    }
    return { ...found, rows };
  },
  inspect: async ({ url, limits, choices }) => {
    const importer = new modules.importer.Importer({ bytes: await bytesOf(url), limits });
    return importer.inspect(choices);
  },
  import: async ({ url, limits, choices, mapping, existing = [], keep = 1000 }, { signal, report }) => {
    const importer = new modules.importer.Importer({ bytes: await bytesOf(url), limits });
    const seen = await importer.inspect(choices);
    const result = await importer.run({
      mapping: { ...seen.mapping, ...mapping },
      existing: new Set(existing),
      signal,
      onProgress: report,
    });
    return {
      seen,
      ...result,
      rows: result.rows.slice(0, keep),
      unique: new Set(result.rows.map(([digits]) => digits)).size,
      rejectsCsv: { tr: importer.rejectsCsv("tr"), en: importer.rejectsCsv("en") },
    };
  },
};

handle = async ({ data: { id, op, args, cancel } }) => {
  if (cancel) return running.get(cancel)?.abort();
  const abort = new AbortController();
  running.set(id, abort);
  const report = (progress) => self.postMessage({ id, progress });
  try {
    const value = await operations[op](args, { signal: abort.signal, report });
    self.postMessage({ id, value });
  } catch (error) {
    const { code = `${error.name}: ${error.message} ${error.stack}`, detail = {} } = error;
    self.postMessage({ id, error: { code, detail } });
  }
  running.delete(id);
  return undefined;
};
for (const event of early) handle(event);
