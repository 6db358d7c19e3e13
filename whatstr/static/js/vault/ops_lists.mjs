// Contact lists for the pages.
import { toCsv } from "../contacts/csvwrite.mjs";
import { isUserId } from "../contacts/identity.mjs";
import { VaultError } from "./errors.mjs";
import { CHUNK_ROWS, idBytes } from "./formats.mjs";
import { getJson, patiently, postJson, remove } from "./http.mjs";
import { wrapListKey } from "./keys.mjs";
import {
  cut, forgetList, isOlder, loadList, openListHead, putManifest, randomVersion, sealChunks, storedList,
} from "./lists.mjs";
import { importedRows, spendImport } from "./ops_import.mjs";
import { random, toB64 } from "./primitives.mjs";
import { forgetSeen, noteSeen, seenVersions } from "./seen.mjs";
import { newId } from "./sender.mjs";
import { cache, vault } from "./state.mjs";

const unfinished = cache();

async function all(_, { signal }) {
  const seen = await seenVersions();
  const { lists } = await getJson("lists", signal);
  return lists.map((stored) => {
    const { id, state, rows, consent, created_at, updated_at } = stored;
    const shown = { id, state, rows, consent, created_at, updated_at, name: null, columns: [] };
    try {
      const { manifest } = openListHead(stored);
      if (isOlder(stored, seen)) return { ...shown, name: manifest?.name ?? null, damaged: true, older: true };
      return manifest ? { ...shown, name: manifest.name, columns: manifest.columns } : shown;
    } catch (error) {
      if (error.code !== "list_damaged") throw error;
      return { ...shown, damaged: true };
    }
  });
}

/** Called again after a lost connection it continues where it stopped: same id, same key. */
async function save({ name, columns, consent, source }, context) {
  const imported = importedRows();
  if (imported.rows.length === 0) throw new VaultError("list_empty");
  let job = unfinished.get("save");
  if (job?.rows !== imported.rows) {
    job = { id: newId(), lk: random(32), rows: imported.rows };
    unfinished.set("save", job);
  }
  const { id, lk, rows } = job;
  const { vk, organization } = vault();
  const wrap = toB64(wrapListKey(vk, lk, { account: idBytes(organization), list: idBytes(id) }));
  if (!job.created) await patiently(() => postJson("lists", { id, wrap }, context.signal), context);
  job.created = true;
  const { chunks: there } = await getJson(`lists/${id}/chunks`, context.signal);
  const chunks = await sealChunks(id, lk, cut(rows), new Set(there.map(([no]) => no)), context);
  const manifest = { name, columns: columns ?? imported.titles, rows: rows.length, chunks, source: source ?? "" };
  await putManifest(id, lk, manifest, 1, consent, context);
  unfinished.delete("save");
  spendImport();
  return { id, rows: rows.length };
}

/**
 * New rows go to the end: the last chunk is written anew, the others stay. The new chunks share a
 * random version: two windows that append at once never write the same one, so whichever manifest
 * is refused leaves no chunk in the other's list.
 */
async function append({ id, consent }, context) {
  const imported = importedRows();
  if (imported.list !== id) throw new VaultError("nothing_imported", "list");
  const list = await loadList(id, context);
  const columns = [...list.manifest.columns];
  const places = imported.titles.map((title) => {
    if (!columns.includes(title)) columns.push(title);
    return columns.indexOf(title);
  });
  const added = imported.rows.map(([phone, name, fields]) => {
    const cells = new Array(columns.length).fill("");
    places.forEach((place, i) => {
      cells[place] = fields[i];
    });
    return [phone, name, cells];
  });
  const { chunks, rows } = list.manifest;
  // After an edit a chunk in the middle may be short; only the last one is filled up.
  const room = list.lengths.length > 0 && list.lengths.at(-1) < CHUNK_ROWS;
  const full = list.lengths.length - (room ? 1 : 0);
  const tail = room ? list.rows.slice(-list.lengths.at(-1) || list.rows.length) : [];
  const plan = cut([...tail, ...added], full, randomVersion());
  const fresh = await sealChunks(id, list.lk, plan, new Set(), context);
  const manifest = { ...list.manifest, columns, rows: rows + added.length, chunks: [...chunks.slice(0, full), ...fresh] };
  await putManifest(id, list.lk, manifest, list.version + 1, consent ?? list.consent, context);
  forgetList(id);
  spendImport();
  return { id, rows: manifest.rows, added: added.length };
}

async function open({ id }, context) {
  const { manifest, version } = await loadList(id, context);
  return { id, name: manifest.name, columns: manifest.columns, rows: manifest.rows, version };
}

async function page({ id, from, count, search = "" }, context) {
  const { rows } = await loadList(id, context);
  const found = search.trim() ? searched(rows, search) : rows.map((_, row) => row);
  return {
    total: found.length,
    rows: found.slice(from, from + count).map((row) => {
      const [phone, name, fields] = rows[row];
      return { row, phone, name, fields };
    }),
  };
}

/** Row numbers whose phone, name or a field contains the words; dotted and dotless i are alike. */
export function searched(rows, search) {
  const wanted = fold(search.trim());
  const digits = /^[\d\s()+.-]+$/.test(search) ? search.replace(/\D/g, "").replace(/^0+/, "") : null;
  const hits = [];
  rows.forEach(([phone, name, fields], row) => {
    const hit = (digits && phone.includes(digits)) || fold(phone).includes(wanted) || fold(name).includes(wanted)
      || fields.some((field) => fold(field).includes(wanted));
    if (hit) hits.push(row);
  });
  return hits;
}

export const fold = (text) => text.normalize("NFKC").replace(/[İIı]/g, "i").toLowerCase();

async function rename({ id, name }, context) {
  const list = await loadList(id, context);
  await putManifest(id, list.lk, { ...list.manifest, name }, list.version + 1, list.consent, context);
  forgetList(id);
  return { id, name };
}

/** The customer was told that an older version is right, for instance after a restored backup. */
async function accept({ id }, { signal }) {
  const stored = await storedList(id, signal);
  if (openListHead(stored).manifest) await noteSeen(id, stored.manifest_version, { even: true });
  return {};
}

async function csv({ id, lang = "tr" }, context) {
  const { manifest, rows } = await loadList(id, context);
  const first = lang === "en" ? ["Phone", "Name"] : ["Telefon", "Ad"];
  const lines = rows.map(([phone, name, fields]) => [printed(phone), name, ...fields]);
  const blob = new Blob([toCsv([[...first, ...manifest.columns], ...lines])], { type: "text/csv;charset=utf-8" });
  return { blob, filename: filename(manifest.name) };
}

/** A number as a spreadsheet leaves it alone: with blanks it is text, and our import reads it back. */
export function printed(digits) {
  const turkish = /^90(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  if (isUserId(digits)) return digits;
  return turkish ? `0${turkish.slice(1).join(" ")}` : `00 ${digits}`;
}

/** A name for a downloaded file: what a file system may refuse is left out. */
export const filename = (name) => `${name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim().slice(0, 80) || "whatstr"}.csv`;

export const operations = {
  "lists.all": all,
  "lists.save": save,
  "lists.append": append,
  "lists.open": open,
  "lists.rows": page,
  "lists.rename": rename,
  "lists.csv": csv,
  "lists.accept_older": accept,
  "lists.delete": async ({ id }, { signal }) => {
    await remove(`lists/${id}`, signal);
    forgetList(id);
    await forgetSeen(id);
    return {};
  },
};
