// One archive of everything (vault design, 12), made in this browser. What does not open is named in
// it and left out; the rest goes on. Counts are compared with what the manifests say.
import { toCsv } from "../contacts/csvwrite.mjs";
import { aborted } from "./errors.mjs";
import { getJson } from "./http.mjs";
import { isOlder, openListHead, salvageList } from "./lists.mjs";
import { filename, printed } from "./ops_lists.mjs";
import { campaignTable, openedNotices } from "./ops_report.mjs";
import { allRecords } from "./records.mjs";
import { seenVersions } from "./seen.mjs";
import { vault } from "./state.mjs";
import { ZipWriter } from "./zipwrite.mjs";

const WORDS = {
  tr: { lists: "listeler", campaigns: "kampanyalar", optouts: "cikanlar", notices: "yanitlar-ve-haberler", drafts: "taslaklar", profile: "profil", report: "dokum", phone: "Telefon", name: "Ad", via: "Nasıl", at: "Zaman", archive: "whatstr-arsiv" },
  en: { lists: "lists", campaigns: "campaigns", optouts: "opt-outs", notices: "replies-and-news", drafts: "drafts", profile: "profile", report: "summary", phone: "Phone", name: "Name", via: "How", at: "Time", archive: "whatstr-archive" },
};
const json = (value) => JSON.stringify(value, null, 2);
const safe = (name) => filename(name).replace(/\.csv$/, "");

async function everything({ lang = "tr" }, context) {
  const words = WORDS[lang] ?? WORDS.tr;
  const zip = new ZipWriter();
  const summary = { made_at: new Date().toISOString(), lists: [], campaigns: [], problems: [] };
  const seen = await seenVersions();
  const [{ lists }, { campaigns }] = await Promise.all([getJson("lists", context.signal), getJson("campaigns", context.signal)]);
  const total = lists.length + campaigns.length + 4;
  let done = 0;
  const step = () => {
    done += 1;
    aborted(context.signal);
    context.report({ phase: "export", done, total });
  };
  for (const stored of lists) {
    summary.lists.push(await oneList(zip, words, stored, summary, context));
    if (isOlder(stored, seen)) summary.problems.push({ kind: "list", id: stored.id, code: "list_older" });
    step();
  }
  for (const stored of campaigns) {
    summary.campaigns.push(await oneCampaign(zip, words, stored, summary, lang, context));
    step();
  }
  await drawers(zip, words, summary, context, step);
  summary.complete = summary.problems.length === 0;
  await zip.add(`${words.report}.json`, json(summary));
  const day = summary.made_at.slice(0, 10);
  return { blob: zip.blob(), filename: `${words.archive}-${day}.zip`, summary };
}

async function oneList(zip, words, stored, summary, context) {
  const { id } = stored;
  const found = { id, name: null, rows_expected: stored.rows, rows_written: 0 };
  try {
    const { manifest } = openListHead(stored);
    if (!manifest) {
      summary.problems.push({ kind: "list", id, code: "list_incomplete" });
      return found;
    }
    const { rows, problems } = await salvageList(stored, context);
    const table = [[words.phone, words.name, ...manifest.columns], ...rows.map(([phone, name, cells]) => [printed(phone), name, ...cells])];
    found.file = await zip.add(`${words.lists}/${safe(manifest.name)}.csv`, toCsv(table));
    Object.assign(found, { name: manifest.name, rows_expected: manifest.rows, rows_written: rows.length });
    summary.problems.push(...problems.map((problem) => ({ kind: "list", id, name: manifest.name, ...problem })));
    if (problems.length === 0 && rows.length !== manifest.rows) summary.problems.push({ kind: "list", id, name: manifest.name, code: "list_incomplete" });
  } catch (error) {
    note(summary, { kind: "list", id }, error);
  }
  return found;
}

async function oneCampaign(zip, words, stored, summary, lang, context) {
  const { id } = stored;
  const found = { id, state: stored.state, rows_expected: stored.rows, rows_written: 0 };
  if (stored.jk_wrap === "") {
    // Its time is over: the counts are all there is.
    const { created_at, due_at, finished_at, counts } = stored;
    await zip.add(`${words.campaigns}/${id}.json`, json({ id, state: stored.state, created_at, due_at, finished_at, counts }));
    return { ...found, rows_expected: 0, erased: true };
  }
  try {
    const { record, table } = await campaignTable(id, lang, context);
    const { title, template, list, mapping } = record;
    found.file = await zip.add(`${words.campaigns}/${safe(title)}.csv`, toCsv(table));
    const clear = { id, title, state: stored.state, created_at: stored.created_at, due_at: stored.due_at, finished_at: stored.finished_at, counts: stored.counts, template, list, mapping };
    await zip.add(`${words.campaigns}/${safe(title)}.json`, json(clear));
    found.rows_written = table.length - 1;
    found.title = title;
    if (found.rows_written !== stored.rows) summary.problems.push({ kind: "campaign", id, code: "campaign_damaged" });
  } catch (error) {
    note(summary, { kind: "campaign", id }, error);
  }
  return found;
}

async function drawers(zip, words, summary, context, step) {
  const news = await allNews(context);
  for (const { id } of news.filter((one) => one.damaged)) summary.problems.push({ kind: "notice", id, code: "notice_refused" });
  await zip.add(`${words.notices}.json`, json(news.filter((one) => !one.damaged)));
  step();
  const kept = await records("suppressed", summary, context);
  const numbers = Object.entries(kept.find(({ id }) => id === vault().organization)?.value.numbers ?? {});
  const lines = numbers.map(([number, [at, via]]) => [printed(number), at, via]);
  await zip.add(`${words.optouts}.csv`, toCsv([[words.phone, words.at, words.via], ...lines]));
  summary.optouts = lines.length;
  step();
  const drafts = await records("draft", summary, context);
  await zip.add(`${words.drafts}.json`, json(drafts.map(({ id, updated_at, value }) => ({ id, updated_at, value }))));
  summary.drafts = drafts.length;
  step();
  await zip.add(`${words.profile}.json`, json(await getJson("held-data", context.signal)));
  step();
}

/** Page by page: the server gives 200 at a time. */
async function allNews(context) {
  const found = [];
  for (let some = await openedNotices(context); some.length > 0; some = await openedNotices(context, some.at(-1).id)) {
    aborted(context.signal);
    found.push(...some);
  }
  return found;
}

async function records(type, summary, context) {
  const found = await allRecords(type, context.signal);
  for (const { id } of found.filter((one) => one.damaged)) summary.problems.push({ kind: type, id, code: "record_damaged" });
  return found.filter((one) => !one.damaged);
}

/** Damage is noted and passed by; anything else (a lost connection, a lock) stops the export. */
function note(summary, what, error) {
  if (!["list_damaged", "list_incomplete", "campaign_damaged", "vault_format"].includes(error.code)) throw error;
  summary.problems.push({ ...what, code: error.code, ...(error.data?.no === undefined ? {} : { no: error.data.no }) });
}

export const operations = { "export.all": everything };
