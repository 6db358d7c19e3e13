// Records under VK: the browser's own drawer on the server (drafts, templates, members, suppressed).
import { VaultError } from "./errors.mjs";
import { boxRecord, openRecord, recordAad } from "./formats.mjs";
import { getJson, putJson, remove } from "./http.mjs";
import { fromB64, toB64 } from "./primitives.mjs";
import { vault } from "./state.mjs";

/** Every record of a type: {id, version, updated_at, value} or {id, version, updated_at, damaged: true}. */
export async function allRecords(type, signal) {
  const { records } = await getJson(`records?type=${type}`, signal);
  return records.map(({ id, version, data, updated_at }) => {
    try {
      return { id, version, updated_at, value: opened(id, type, version, data) };
    } catch (error) {
      if (error.code !== "vault_format") throw error;
      return { id, version, updated_at, damaged: true };
    }
  });
}

/** One record, or null. A damaged one is never taken for a missing one: it would be overwritten. */
export async function oneRecord(type, id, signal) {
  const found = (await allRecords(type, signal)).find((record) => record.id === id) ?? null;
  if (found?.damaged) throw new VaultError("record_damaged", type, { data: { id } });
  return found;
}

/** Save as `version` (the stored one plus one); `conflict` when another tab was first. */
export async function saveRecord(type, id, version, value, signal) {
  const { vk, organization } = vault();
  const data = toB64(boxRecord(vk, value, recordAad(organization, id, type, version)));
  return putJson(`records/${id}`, { type, version, data }, signal);
}

/** Read, change, save; once more from the start for each conflict. */
export async function changeRecord(type, id, change, signal) {
  for (let attempt = 0; ; attempt += 1) {
    const found = await oneRecord(type, id, signal);
    const value = change(found?.value ?? null);
    if (value === undefined) return found?.value ?? null;
    try {
      await saveRecord(type, id, (found?.version ?? 0) + 1, value, signal);
      return value;
    } catch (error) {
      if (error.code !== "conflict" || attempt === 4) throw error;
    }
  }
}

export const dropRecord = (id, signal) => remove(`records/${id}`, signal);

function opened(id, type, version, data) {
  const { vk, organization } = vault();
  return openRecord(vk, fromB64(data), recordAad(organization, id, type, version));
}
