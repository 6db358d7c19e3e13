// Editing a list: only the chunks that are touched are sealed anew, under versions that nobody else
// writes; then the manifest, which the server takes from one window only.
import { normalise } from "../contacts/phone.mjs";
import { VaultError } from "./errors.mjs";
import { CHUNK_ROWS } from "./formats.mjs";
import { forgetList, loadList, putManifest, randomVersion, sealChunks } from "./lists.mjs";

/**
 * `changed` = [{row, phone, name, fields}], `removed` = [row…], `added` = [{phone, name, fields}].
 * `version` is that of the list on the page: `conflict` when somebody else changed it since.
 */
async function edit({ id, version, changed = [], removed = [], added = [] }, context) {
  const list = await loadList(id, context);
  if (version !== undefined && version !== list.version) {
    throw new VaultError("conflict", "list", { data: { version: list.version } });
  }
  const gone = new Set(removed);
  const now = new Map(changed.map((one) => [one.row, rowOf(one, list)]));
  check(list, gone, now);
  const chunks = split(list);
  const touched = new Set([...gone, ...now.keys()].map((row) => placeOf(list, row)));
  const parts = chunks.map((rows, no) => (touched.has(no) ? rows.flatMap(({ row, value }) => (gone.has(row) ? [] : [now.get(row) ?? value])) : null));
  append(list, chunks, parts, added.map((one) => rowOf(one, list)));
  refuseDoubles(list, parts, chunks);
  const fresh = randomVersion();
  const plan = parts.flatMap((rows, no) => (rows ? [{ no, version: fresh, rows }] : []));
  if (plan.length === 0) return { id, rows: list.manifest.rows, version: list.version };
  const sealed = new Map(await sealChunks(id, list.lk, plan, new Set(), context));
  const pairs = parts.map((rows, no) => [no, sealed.get(no) ?? list.manifest.chunks[no][1]]);
  const rows = list.manifest.rows - gone.size + added.length;
  const manifest = { ...list.manifest, rows, chunks: pairs };
  await putManifest(id, list.lk, manifest, list.version + 1, list.consent, context);
  forgetList(id);
  return { id, rows, version: list.version + 1 };
}

function rowOf({ phone, name = "", fields = [] }, { manifest }) {
  const { digits } = normalise(phone);
  if (!digits) throw new VaultError("invalid_number", "phone");
  const cells = manifest.columns.map((_, i) => String(fields[i] ?? "").trim());
  return [digits, String(name).trim(), cells];
}

function check({ rows }, gone, now) {
  for (const row of [...gone, ...now.keys()]) {
    if (!Number.isInteger(row) || row < 0 || row >= rows.length) throw new VaultError("not_found", "row");
  }
}

/** The list's rows with their numbers, chunk by chunk as they are stored. */
function split({ rows, lengths }) {
  let row = 0;
  return lengths.map((length) => Array.from({ length }, () => {
    const one = { row, value: rows[row] };
    row += 1;
    return one;
  }));
}

function placeOf({ lengths }, row) {
  let end = 0;
  return lengths.findIndex((length) => {
    end += length;
    return row < end;
  });
}

/** New people fill the last chunk, then new ones. */
function append(list, chunks, parts, fresh) {
  let rest = fresh;
  const last = parts.length - 1;
  if (rest.length > 0 && last >= 0) {
    const there = parts[last] ?? chunks[last].map(({ value }) => value);
    const room = CHUNK_ROWS - there.length;
    if (room > 0) {
      parts[last] = [...there, ...rest.slice(0, room)];
      rest = rest.slice(room);
    }
  }
  for (; rest.length > 0; rest = rest.slice(CHUNK_ROWS)) parts.push(rest.slice(0, CHUNK_ROWS));
}

/** A number stands once in a list, as after an import. */
function refuseDoubles(list, parts, chunks) {
  const seen = new Set();
  parts.forEach((rows, no) => {
    for (const [phone] of rows ?? chunks[no].map(({ value }) => value)) {
      if (seen.has(phone)) throw new VaultError("number_twice", "phone", { data: { phone } });
      seen.add(phone);
    }
  });
}

export const operations = { "lists.edit": edit };
