// A second attempt: the rows that the server names, from the first campaign's own chunks, sealed
// anew as a campaign that says whose second attempt it is.
import { VaultError } from "./errors.mjs";
import { CHUNK_ROWS } from "./formats.mjs";
import { getJson, parallel } from "./http.mjs";
import { createBody, deliver, mediaPieces, openCampaign, wantsFile } from "./ops_campaigns.mjs";
import { chunk } from "./ops_report.mjs";
import { random } from "./primitives.mjs";
import { newId } from "./sender.mjs";
import { cache } from "./state.mjs";
import { slots } from "./templates.mjs";

const LANES = 4;
const unfinished = cache();

/** {rows: how many may be sent to again, file: the kind of file that each message brings, or null}. */
async function look({ id }, { signal }) {
  const { rows } = await getJson(`campaigns/${id}/resendable`, signal);
  const { record } = openCampaign(await getJson(`campaigns/${id}`, signal));
  const wanted = slots(record.template);
  return { rows: rows.length, file: wantsFile(wanted) ? wanted.header_format : null };
}

/** Called again after an error it continues: same id, same key, same rows. */
async function resend({ id, documents, title, media }, context) {
  let job = unfinished.get(id);
  if (!job) {
    job = await prepare({ id, documents, title, media }, context);
    unfinished.set(id, job);
  }
  try {
    const made = await deliver(job, context);
    unfinished.delete(id);
    return made;
  } catch (error) {
    if (error.status === 409) unfinished.delete(id); // the rows have changed: sealed anew next time
    throw error;
  }
}

async function prepare({ id, documents, title, media: file }, context) {
  const stored = await getJson(`campaigns/${id}`, context.signal);
  const { jk: first, record } = openCampaign(stored);
  const { rows: numbers } = await getJson(`campaigns/${id}/resendable`, context.signal);
  if (numbers.length === 0) throw new VaultError("nobody_left");
  if (wantsFile(slots(record.template)) !== Boolean(file)) throw new VaultError("media_missing");
  const rows = await again(id, first, numbers, stored.chunks, context);
  const media = file ? await mediaPieces(file) : null;
  const jk = random(32);
  const next = newId();
  const fresh = { ...record, title, rows: rows.length, skipped: null, attempt: 2, resend_of: id, media: media ? [media.entry] : [] };
  const args = { line: stored.line, kind: stored.kind, template: record.template, documents, resend_of: id };
  return { id: next, jk, rows, media, body: await createBody({ args, id: next, jk, rows: rows.length, media, record: fresh }, context) };
}

/** These rows of the first campaign, in this order, as they were sealed. */
async function again(id, jk, numbers, chunks, context) {
  const wanted = [...new Set(numbers.map((row) => Math.floor(row / CHUNK_ROWS)))];
  const opened = new Map();
  await parallel(wanted, LANES, async (no) => {
    opened.set(no, await chunk(id, jk, no, chunks, context));
  });
  return numbers.map((row) => opened.get(Math.floor(row / CHUNK_ROWS))[row % CHUNK_ROWS]);
}

export const operations = { "campaigns.resendable": look, "campaigns.resend": resend };
