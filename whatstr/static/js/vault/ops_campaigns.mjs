// Composing and launching: the copy for one job, sealed for the sender in this browser.
import { VaultError, aborted } from "./errors.mjs";
import {
  CHUNK_ROWS, boxJobChunk, boxMedia, boxRecord, idBytes, jobChunkAad, openRecord, recordAad, sealHeader,
} from "./formats.mjs";
import { getJson, parallel, patiently, postJson, putBytes, remove } from "./http.mjs";
import { openJobKey, wrapJobKey } from "./keys.mjs";
import { loadList } from "./lists.mjs";
import { openWindows } from "./ops_memory.mjs";
import { knownOptOuts } from "./ops_lines.mjs";
import { fromB64, random, sha256, toB64 } from "./primitives.mjs";
import { allRecords, dropRecord, saveRecord } from "./records.mjs";
import { newId, nowSeconds, senderKey } from "./sender.mjs";
import { cache, vault } from "./state.mjs";
import { jobRow, preview, sendable } from "./templates.mjs";

const LANES = 4;
const WINDOW = "window:";
const DAY = 86400;
const PIECE = 1024 * 1024;
const CLOCKS_APART = 3600; // a launch "now" holds even if this clock is ahead of the sender's
const MOST_SKIPPED = 20_000; // the server takes records up to 256 KiB
const unfinished = cache();

/**
 * Who gets the message: rows of the job and why the others do not. `skipped` are list rows known
 * as opted out, kept so that the same rows can be made again after a reload.
 */
function audience(list, wanted, mapping, suppressed, media) {
  const seen = new Set();
  const rows = [];
  const skipped = [];
  let duplicates = 0;
  let empty = 0;
  list.rows.forEach((contact, place) => {
    const [phone] = contact;
    if (seen.has(phone)) {
      duplicates += 1;
      return;
    }
    seen.add(phone);
    if (suppressed(phone, place)) {
      skipped.push(place);
      return;
    }
    const row = jobRow(wanted, mapping, contact, media);
    if (row) rows.push(row);
    else empty += 1;
  });
  return { rows, skipped, duplicates, empty };
}

/** The list, or those who wrote to a line within the last day (`window:` and the line). */
async function people(id, context) {
  if (!id.startsWith(WINDOW)) return loadList(id, context);
  const found = await openWindows(id.slice(WINDOW.length), context.signal);
  return { id: "", version: 0, manifest: { name: "", columns: [] }, rows: found.map(({ to, name }) => [to, name, []]) };
}

async function plan({ list: id, template, mapping }, context) {
  const list = await people(id, context);
  const known = await knownOptOuts(context.signal);
  const found = audience(list, sendable(template), mapping, (phone) => known.has(phone), false);
  return {
    rows: found.rows.length, chunks: Math.ceil(found.rows.length / CHUNK_ROWS), in_list: list.rows.length,
    duplicates: found.duplicates, suppressed: found.skipped.length, empty: found.empty,
  };
}

async function show({ list: id, template, mapping, row }, context) {
  const { rows } = await people(id, context);
  if (!rows[row]) throw new VaultError("not_found", "row");
  const [to, name] = rows[row];
  return { row, of: rows.length, to, name, ...preview(template, mapping, rows[row]) };
}

/** Called again after an error with the same arguments it continues: same id, same key, same header. */
async function launch(args, context) {
  const key = JSON.stringify({ ...args, media: args.media?.name });
  let job = unfinished.get("launch");
  if (job?.key !== key) {
    job = { key, ...(await prepare(args, context)) };
    unfinished.set("launch", job);
  }
  const result = await deliver(job, context);
  unfinished.delete("launch");
  if (args.draft) await dropRecord(args.draft, context.signal).catch(() => {});
  return result;
}

async function prepare(args, context) {
  const { template, mapping } = args;
  const wanted = sendable(template);
  const needsMedia = wantsFile(wanted);
  if (needsMedia !== Boolean(args.media)) throw new VaultError("media_missing");
  const list = await people(args.list, context);
  const known = await knownOptOuts(context.signal);
  const found = audience(list, wanted, mapping, (phone) => known.has(phone), needsMedia);
  if (found.rows.length === 0) throw new VaultError("nobody_left");
  const id = newId();
  const jk = random(32);
  const media = needsMedia ? await mediaPieces(args.media) : null;
  const record = {
    title: args.title, template: templateOf(template),
    list: { id: list.id, name: args.list_name ?? list.manifest.name, version: list.version }, columns: list.manifest.columns,
    media: media ? [media.entry] : [], mapping, rows: found.rows.length, skipped: found.skipped.length <= MOST_SKIPPED ? found.skipped : null,
  };
  return { id, jk, rows: found.rows, media, body: await createBody({ args, id, jk, rows: found.rows.length, media, record }, context) };
}

const templateOf = ({ id, name, language, category, components, free = false }) => ({ id, name, language, category, components, ...(free ? { free } : {}) });

/** What a header names: the template, or null for free text. */
export const templateRef = ({ free, name, language, id }) => (free ? null : { name, lang: language, id: String(id ?? "") });

export async function createBody({ args, id, jk, rows, media, record }, context) {
  const { organization, vk, signer } = vault();
  const account = idBytes(organization);
  const key = await patiently(() => senderKey(context.signal), context);
  const iat = nowSeconds();
  const begins = args.due_at ? Math.max(Math.floor(Date.parse(args.due_at) / 1000), iat) : iat;
  const nb = args.due_at ? begins : iat - CLOCKS_APART;
  if (nb > iat + 30 * DAY) throw new VaultError("too_far_ahead");
  const exp = args.expires_at ? Math.floor(Date.parse(args.expires_at) / 1000) : begins + 2 * DAY;
  if (!(exp > nb && exp <= nb + 7 * DAY)) throw new VaultError("expiry_out_of_range");
  const chunks = Math.ceil(rows / CHUNK_ROWS);
  const header = {
    account: organization, job: id, conn: args.line, kid: key.kid, iat, nb, exp,
    template: templateRef(args.template),
    chunks, rows, media: media ? [media.entry] : [], jk,
  };
  return {
    id, line: args.line, kind: args.kind, rows, chunks, media: media ? [media.entry.pieces] : [],
    due_at: args.due_at ?? null, expires_at: iso(exp), kid: key.kid,
    header: toB64(sealHeader(header, signer.privateKey, key.pk)),
    jk_wrap: toB64(wrapJobKey(vk, jk, { account, job: idBytes(id) })),
    record: toB64(boxRecord(jk, record, recordAad(organization, id, "campaign", 1))),
    ...(args.due_at && args.late_limit_minutes ? { late_limit_minutes: args.late_limit_minutes } : {}),
    documents: args.documents ?? [], ...(args.resend_of ? { resend_of: args.resend_of } : {}),
  };
}

const iso = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

/** Whether the header is a file that each message brings. */
export const wantsFile = ({ header_format: format }) => ["IMAGE", "VIDEO", "DOCUMENT"].includes(format);

export async function mediaPieces(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const pieces = Math.max(Math.ceil(bytes.length / PIECE), 1);
  const entry = { no: 0, sha256: toB64(await sha256(bytes)), mime: file.type, pieces };
  return { bytes, entry };
}

export async function deliver(job, context) {
  const said = await patiently(() => postJson("campaigns", job.body, context.signal), context);
  await upload(job, new Set(said.have), context);
  context.report({ phase: "commit", done: job.rows.length, total: job.rows.length });
  const state = await commit(job.id, context);
  return { id: job.id, state, rows: job.rows.length };
}

async function upload({ id, jk, rows, media, body }, have, context) {
  const { organization } = vault();
  const { report, signal } = context;
  const chunks = Math.ceil(rows.length / CHUNK_ROWS);
  if (media) await uploadMedia({ id, jk, media }, context);
  let done = 0;
  await parallel(Array.from({ length: chunks }, (_, no) => no), LANES, async (no) => {
    aborted(signal);
    const some = rows.slice(no * CHUNK_ROWS, (no + 1) * CHUNK_ROWS);
    if (!have.has(no)) {
      const blob = boxJobChunk(jk, some, jobChunkAad(organization, id, no, chunks));
      await patiently(() => putBytes(`campaigns/${id}/chunks/${no}`, blob, signal), context);
    }
    done += some.length;
    report({ phase: "seal", done, total: body?.rows ?? rows.length });
  });
}

async function uploadMedia({ id, jk, media }, context) {
  const { organization } = vault();
  const { pieces } = media.entry;
  for (let no = 0; no < pieces; no += 1) {
    aborted(context.signal);
    const blob = boxMedia(jk, media.bytes.subarray(no * PIECE, (no + 1) * PIECE), organization, id, 0, no, pieces);
    await patiently(() => putBytes(`campaigns/${id}/media/0/${no}`, blob, context.signal), context);
  }
}

/** A commit whose answer was lost is asked about instead of repeated blindly. */
async function commit(id, context) {
  const once = async () => (await postJson(`campaigns/${id}/commit`, {}, context.signal)).state;
  try {
    return await patiently(once, context);
  } catch (error) {
    if (error.status !== 409) throw error;
    const { state } = await getJson(`campaigns/${id}`, context.signal);
    if (state === "uploading") throw error;
    return state;
  }
}

/** After a reload: the same rows from the same list, only the chunks that are missing. */
async function resume({ id }, context) {
  const held = unfinished.get("launch");
  if (held?.id === id) return deliver(held, context);
  const stored = await getJson(`campaigns/${id}`, context.signal);
  const { jk, record } = openCampaign(stored);
  if (!record.skipped || !record.list?.id || stored.media?.length) throw new VaultError("cannot_continue");
  const list = await loadList(record.list.id, context);
  const skipped = new Set(record.skipped);
  const found = audience(list, sendable(record.template), record.mapping, (_, place) => skipped.has(place), false);
  if (list.version !== record.list.version || found.rows.length !== record.rows) {
    throw new VaultError("cannot_continue");
  }
  const { have } = await getJson(`campaigns/${id}/chunks`, context.signal);
  await upload({ id, jk, rows: found.rows }, new Set(have), context);
  context.report({ phase: "commit", done: record.rows, total: record.rows });
  return { id, state: await commit(id, context), rows: record.rows };
}

/** The job's key and record, from what the server keeps in Boxes. */
export function openCampaign(stored) {
  const { vk, organization } = vault();
  const { id } = stored;
  try {
    const jk = openJobKey(vk, fromB64(stored.jk_wrap), { account: idBytes(organization), job: idBytes(id) });
    return { jk, record: openRecord(jk, fromB64(stored.record), recordAad(organization, id, "campaign", 1)) };
  } catch (error) {
    throw new VaultError("campaign_damaged", error.detail, { data: { id } });
  }
}

function shown(stored) {
  const { jk_wrap: wrap, record: _record, ...clear } = stored;
  // Its time is over, or the vault was emptied: the server keeps the counts alone.
  if (wrap === "") return { ...clear, title: null, template: null, list: null, erased: true };
  try {
    const { record } = openCampaign(stored);
    return { ...clear, title: record.title, template: record.template, list: record.list, attempt: record.attempt ?? 1 };
  } catch (error) {
    if (error.code !== "campaign_damaged") throw error;
    return { ...clear, title: null, template: null, list: null, damaged: true };
  }
}

const act = (verb) => async ({ id }, { signal }) => shown(await postJson(`campaigns/${id}/${verb}`, {}, signal));

async function saveDraft({ id, value }, { signal }) {
  const known = id ? (await allRecords("draft", signal)).find((draft) => draft.id === id) : null;
  const saved = await saveRecord("draft", id ?? newId(), (known?.version ?? 0) + 1, value, signal);
  return { id: saved.id, version: saved.version };
}

export const operations = {
  "campaigns.preview": show,
  "campaigns.plan": plan,
  "campaigns.launch": launch,
  "campaigns.continue": resume,
  "campaigns.all": async (_, { signal }) => (await getJson("campaigns", signal)).campaigns.map(shown),
  "campaigns.get": async ({ id }, { signal }) => shown(await getJson(`campaigns/${id}`, signal)),
  "campaigns.pause": act("pause"),
  "campaigns.resume": act("resume"),
  "campaigns.cancel": act("cancel"),
  "campaigns.delete": async ({ id }, { signal }) => {
    await remove(`campaigns/${id}`, signal);
    return {};
  },
  "campaigns.failures": async ({ id }, { signal }) => (await getJson(`campaigns/${id}/failures`, signal)).failures,
  "drafts.all": (_, { signal }) => allRecords("draft", signal),
  "drafts.save": saveDraft,
  "drafts.delete": async ({ id }, { signal }) => {
    await dropRecord(id, signal);
    return {};
  },
};
