// Contact lists: opening them against their manifest, sealing rows into chunks.
import { VaultError, aborted } from "./errors.mjs";
import {
  CHUNK_ROWS, boxListChunk, boxRecord, checkManifest, idBytes, listChunkAad, openListChunk, openRecord, recordAad,
} from "./formats.mjs";
import { getBytes, getJson, parallel, patiently, putBytes, putJson } from "./http.mjs";
import { openListKey } from "./keys.mjs";
import { fromB64, random, toB64 } from "./primitives.mjs";
import { noteSeen, seenVersions } from "./seen.mjs";
import { cache, vault } from "./state.mjs";

const LANES = 4;
const opened = cache();

/** Key and manifest of one list as the server gives it; `list_damaged` when they do not open. */
export function openListHead(stored) {
  const { vk, organization } = vault();
  try {
    const lk = openListKey(vk, fromB64(stored.wrap), { account: idBytes(organization), list: idBytes(stored.id) });
    if (!stored.manifest) return { lk, manifest: null };
    const aad = recordAad(organization, stored.id, "list-manifest", stored.manifest_version);
    return { lk, manifest: checkManifest(openRecord(lk, fromB64(stored.manifest), aad)) };
  } catch (error) {
    throw new VaultError("list_damaged", error.detail, { data: { id: stored.id } });
  }
}

/** Is this older than what this browser has seen? `seen` was read before the server was asked. */
export const isOlder = ({ id, manifest_version: version }, seen) => version < (seen.get(id) ?? 0);

export async function storedList(id, signal) {
  const { lists } = await getJson("lists", signal);
  const stored = lists.find((list) => list.id === id);
  if (!stored) throw new VaultError("not_found", "list", { status: 404 });
  return stored;
}

/**
 * A whole list: {id, lk, manifest, version, rows, lengths, consent}; `lengths` are the rows of each
 * chunk. Refused (`list_incomplete`) unless every chunk agrees with the manifest, and (`list_older`)
 * when this browser has seen a newer version; kept until the vault locks or the list changes.
 */
export async function loadList(id, { report, signal }) {
  const seen = await seenVersions();
  const stored = await storedList(id, signal);
  if (isOlder(stored, seen)) throw new VaultError("list_older", "manifest", { data: { id } });
  const known = opened.get(id);
  if (known && known.version === stored.manifest_version) return known;
  const { lk, manifest } = openListHead(stored);
  if (!manifest) throw new VaultError("list_incomplete", "manifest", { data: { id } });
  let done = 0;
  const parts = await parallel(manifest.chunks, LANES, async (pair) => {
    const rows = await oneChunk(id, lk, pair, { report, signal });
    done += rows.length;
    report({ phase: "open", done, total: manifest.rows });
    return rows;
  });
  const rows = parts.flat();
  if (rows.length !== manifest.rows) throw new VaultError("list_incomplete", "rows", { data: { id } });
  const lengths = parts.map((part) => part.length);
  const list = { id, lk, manifest, version: stored.manifest_version, rows, lengths, consent: stored.consent };
  opened.set(id, list);
  await noteSeen(id, list.version);
  return list;
}

async function oneChunk(id, lk, [no, version], { report, signal }) {
  aborted(signal);
  const path = `lists/${id}/chunks/${no}?version=${version}`;
  const blob = await patiently(() => getBytes(path, signal), { report, signal }).catch((error) => {
    throw error.status === 404 ? new VaultError("list_incomplete", "chunk", { data: { id, no } }) : error;
  });
  return openChunk(lk, blob, { organization: vault().organization, id, no, version });
}

/**
 * What of a list still opens, for an export: {rows, problems: [{code, no}]}. Nothing is kept of it and
 * nothing is launched or edited with it.
 */
export async function salvageList(stored, { report, signal }) {
  const { lk, manifest } = openListHead(stored);
  const problems = [];
  const parts = await parallel(manifest.chunks, LANES, async (pair) => {
    try {
      return await oneChunk(stored.id, lk, pair, { report, signal });
    } catch (error) {
      if (error.code !== "list_damaged" && error.code !== "list_incomplete") throw error;
      problems.push({ code: error.code, no: pair[0] });
      return [];
    }
  });
  return { rows: parts.flat(), problems };
}

function openChunk(lk, blob, { organization, id, no, version }) {
  try {
    return openListChunk(lk, blob, listChunkAad(organization, id, no, version));
  } catch (error) {
    throw new VaultError("list_damaged", error.detail, { data: { id, no } });
  }
}

/**
 * Seal and upload rows as chunks. `plan` = [{no, version, rows}]; `have` = numbers already there.
 * Gives the [no, version] pairs; reports `seal` by rows.
 */
export async function sealChunks(id, lk, plan, have, { report, signal }) {
  const { organization } = vault();
  const total = plan.reduce((sum, chunk) => sum + chunk.rows.length, 0);
  let done = 0;
  await parallel(plan, LANES, async ({ no, version, rows }) => {
    aborted(signal);
    if (!have.has(no)) {
      const blob = boxListChunk(lk, rows, listChunkAad(organization, id, no, version));
      const path = `lists/${id}/chunks/${no}?version=${version}`;
      await patiently(() => putBytes(path, blob, signal), { report, signal });
    }
    done += rows.length;
    report({ phase: "seal", done, total });
  });
  return plan.map(({ no, version }) => [no, version]);
}

/** A version of a chunk that nobody else has written: 31 random bits, above the first version. */
export const randomVersion = () => (new DataView(random(4).buffer).getUint32(0) >>> 1) | 2;

/** Rows cut into chunks of 500, numbered from `first`. */
export function cut(rows, first = 0, version = 1) {
  const plan = [];
  for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
    plan.push({ no: first + plan.length, version, rows: rows.slice(at, at + CHUNK_ROWS) });
  }
  return plan;
}

/** Box and store a manifest as `version`; the server compares the chunks and refuses a conflict. */
export async function putManifest(id, lk, manifest, version, consent, { report, signal }) {
  const { organization } = vault();
  const body = {
    manifest: toB64(boxRecord(lk, manifest, recordAad(organization, id, "list-manifest", version))),
    version,
    rows: manifest.rows,
    chunks: manifest.chunks,
    consent,
  };
  try {
    await patiently(() => putJson(`lists/${id}/manifest`, body, signal), { report, signal });
  } catch (error) {
    if (error.code !== "conflict" || !(await isOurs(id, body.manifest, signal))) throw error;
  }
  await noteSeen(id, version);
}

/** A repeated save whose first try did reach the server looks like a conflict with ourselves. */
async function isOurs(id, manifest, signal) {
  return (await storedList(id, signal)).manifest === manifest;
}

export function forgetList(id) {
  opened.delete(id);
}
