// The report of a campaign: the server's states by row number, joined here with numbers and names
// that only this browser can read. And the notices that the sender sealed to this account.
import { toCsv } from "../contacts/csvwrite.mjs";
import { VaultError, aborted } from "./errors.mjs";
import { CHUNK_ROWS, jobChunkAad, openJobChunk, openNotice } from "./formats.mjs";
import { getBytes, getJson, parallel, patiently, remove } from "./http.mjs";
import { accountBoxPair } from "./keys.mjs";
import { loadList } from "./lists.mjs";
import { openCampaign } from "./ops_campaigns.mjs";
import { noteOptOuts, rebuildOptOuts } from "./ops_lines.mjs";
import { keepWriters } from "./ops_memory.mjs";
import { filename, fold, printed } from "./ops_lists.mjs";
import { fromB64 } from "./primitives.mjs";
import { oneRecord } from "./records.mjs";
import { cache, senderIdentity, vault } from "./state.mjs";

const LANES = 4;
const FRESH_MS = 3000;
const AT = ["accepted_at", "sent_at", "delivered_at", "read_at", "failed_at"];
const people = cache();
const states = cache();

/** Who is in the job: [to, params, name] by row; the name comes from the list while that exists. */
async function recipients(id, stored, context) {
  if (people.has(id)) return people.get(id);
  const { jk, record } = openCampaign(stored);
  const names = await listNames(record.list?.id, context);
  const numbers = Array.from({ length: stored.chunks }, (_, no) => no);
  let done = 0;
  const parts = await parallel(numbers, LANES, async (no) => {
    const rows = await chunk(id, jk, no, stored.chunks, context);
    done += rows.length;
    context.report({ phase: "open", done, total: stored.rows });
    return rows.map(([to, params]) => [to, params, names.get(to) ?? ""]);
  });
  const rows = parts.flat();
  if (rows.length !== stored.rows) throw new VaultError("campaign_damaged", "rows", { data: { id } });
  people.set(id, rows);
  return rows;
}

export async function chunk(id, jk, no, chunks, context) {
  aborted(context.signal);
  const blob = await patiently(() => getBytes(`campaigns/${id}/chunks/${no}`, context.signal), context);
  try {
    return openJobChunk(jk, blob, jobChunkAad(vault().organization, id, no, chunks));
  } catch (error) {
    throw new VaultError("campaign_damaged", error.detail, { data: { id, no } });
  }
}

async function listNames(list, context) {
  if (!list) return new Map(); // free text went to those who wrote
  try {
    return new Map((await loadList(list, context)).rows.map(([phone, name]) => [phone, name]));
  } catch (error) {
    if (["not_found", "list_damaged", "list_incomplete", "list_older"].includes(error.code)) return new Map();
    throw error;
  }
}

/** row → [status, code, …times] of every row that has a message. */
async function messages(id, fresh, { report, signal }) {
  const known = states.get(id);
  if (known && !fresh && Date.now() - known.at < FRESH_MS) return known.rows;
  const rows = new Map();
  for (let after = -1; after !== null;) {
    aborted(signal);
    const path = `campaigns/${id}/messages?after=${after}&limit=5000`;
    const said = await patiently(() => getJson(path, signal), { report, signal });
    for (const [row, ...state] of said.rows) rows.set(row, state);
    report({ phase: "statuses", done: rows.size, total: rows.size });
    after = said.next ?? null;
  }
  states.set(id, { at: Date.now(), rows });
  return rows;
}

/** What rows without a message are called once nothing more will be sent. */
const REST = { cancelled: "cancelled", refused: "cancelled", expired: "expired" };
/** Statuses that say nothing by themselves: the file explains them as the page does. */
const EXPLAINED = new Set(["unknown", "suppressed", "cancelled", "expired"]);

async function joined({ id, status, code, search = "", fresh = false }, context) {
  const stored = await getJson(`campaigns/${id}`, context.signal);
  const who = await recipients(id, stored, context);
  const known = await messages(id, fresh, context);
  const wanted = status ? new Set([status].flat()) : null;
  const words = fold(search.trim());
  const rest = REST[stored.state] ?? "pending";
  const rows = [];
  who.forEach(([to, params, name], row) => {
    const [state, error = null, ...times] = known.get(row) ?? [rest];
    if ((wanted && !wanted.has(state)) || (code && String(error) !== String(code))) return;
    if (words && !to.includes(words.replace(/[\s+]/g, "")) && !fold(name).includes(words)) return;
    const shown = { row, to, name, params, status: state, code: error };
    AT.forEach((key, i) => {
      shown[key] = times[i] ?? null;
    });
    rows.push(shown);
  });
  return { stored, rows };
}

async function page({ from, count, ...filter }, context) {
  const { rows } = await joined(filter, context);
  return { total: rows.length, rows: rows.slice(from, from + count) };
}

async function csv({ id, lang = "tr" }, context) {
  const { record, table } = await campaignTable(id, lang, context);
  return { blob: new Blob([toCsv(table)], { type: "text/csv;charset=utf-8" }), filename: filename(record.title) };
}

/** The report of a campaign as a table with a title row, and the campaign's own record. */
export async function campaignTable(id, lang, context) {
  const { stored, rows } = await joined({ id, fresh: true }, context);
  const { record } = openCampaign(stored);
  const { failures } = await getJson(`campaigns/${id}/failures`, context.signal);
  const reason = new Map(failures.map((failure) => [String(failure.code), failure.sentence]));
  const { default: strings } = await import("../i18n/vault.mjs");
  const t = (key) => strings[lang]?.[`vault.${key}`] ?? key;
  const titles = ["phone", "name", "status", ...AT, "code", "reason"].map((key) => t(`csv.${key}`));
  const lines = rows.map((row) => [
    printed(row.to), row.name, t(`status.${row.status}`), ...AT.map((key) => local(row[key])),
    row.code > 0 ? row.code : "",
    reason.get(String(row.code)) ?? (EXPLAINED.has(row.status) ? t(`why.${row.status}`) : ""),
  ]);
  return { record, table: [titles, ...lines] };
}

/** Istanbul time as spreadsheets read it: 2026-11-23 14:05:07. */
const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Istanbul", dateStyle: "short", timeStyle: "medium" });
const local = (instant) => (instant ? clock.format(new Date(instant)) : "");

async function notices({ after } = {}, context) {
  const opened = await openedNotices(context, after);
  await keepOptOuts(opened, context);
  await keepWriters(opened, context.signal);
  return withoutRebuild(opened, context);
}

/** News as the sender sealed them, opened; `damaged` where IDENT did not sign or they are not ours. */
export async function openedNotices(context, after) {
  const { organization } = vault();
  const identKeys = await senderIdentity();
  const pairs = await boxPairs(context.signal);
  const said = await getJson(`notices${after ? `?after=${encodeURIComponent(after)}` : ""}`, context.signal);
  return said.notices.map(({ id, at, sealed }) => {
    for (const pair of pairs) {
      try {
        const { v: _v, account: _account, ...notice } = openNotice(fromB64(sealed), { account: organization, pair, identKeys });
        return { ...notice, id, at };
      } catch {
        // Sealed to an earlier key of the account, or to none of ours.
      }
    }
    return { id, at, damaged: true };
  });
}

/** The sender asks for our opt-outs anew: given once all that it told us before is noted. */
async function withoutRebuild(opened, context) {
  const asked = opened.filter(({ t }) => t === "rebuild");
  if (asked.length > 0) {
    await rebuildOptOuts(context);
    for (const { id } of asked) await remove(`notices/${id}`, context.signal);
  }
  return opened.filter(({ t }) => t !== "rebuild");
}

/** The account's key pair, then those that it had before a re-key: older news are sealed to them. */
async function boxPairs(signal) {
  const { box, organization } = vault();
  const kept = await oneRecord("keys", organization, signal);
  const earlier = Object.entries(kept?.value ?? {}).sort(([a], [b]) => b - a);
  return [box, ...earlier.map(([, ak]) => accountBoxPair(fromB64(ak, 32)))];
}

/** Opt-outs and their ends name a number, or a row of a campaign that only we can turn into one. */
async function keepOptOuts(opened, context) {
  const entries = [];
  for (const notice of opened.filter(({ t }) => t === "optout" || t === "optout_lifted")) {
    notice.from ??= await numberOf(notice, context);
    for (const number of [notice.from, notice.user].filter(Boolean)) {
      entries.push({ number, at: notice.at, via: notice.via ?? "word", lifted: notice.t === "optout_lifted" });
    }
  }
  await noteOptOuts(entries, context.signal);
}

async function numberOf({ job, row }, context) {
  if (typeof job !== "string" || !Number.isInteger(row)) return null;
  try {
    const stored = await getJson(`campaigns/${job}`, context.signal);
    const { jk } = openCampaign(stored);
    const rows = await chunk(job, jk, Math.floor(row / CHUNK_ROWS), stored.chunks, context);
    return rows[row % CHUNK_ROWS]?.[0] ?? null;
  } catch (error) {
    if (["not_found", "campaign_damaged"].includes(error.code)) return null;
    throw error;
  }
}

export const operations = {
  "campaigns.rows": page,
  "campaigns.csv": csv,
  "notices.all": notices,
  "notices.delete": async ({ id }, { signal }) => {
    await remove(`notices/${id}`, signal);
    return {};
  },
};
