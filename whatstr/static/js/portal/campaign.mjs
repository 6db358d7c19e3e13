/** One campaign (#id): live progress, steering with consequences, reasons with next steps, recipients. */

import words from "../i18n/portal-campaigns.mjs";
import common from "../i18n/portal-common.mjs";
import vaultWords from "../i18n/vault.mjs";
import { campaignBadge, confirmDialog, emptyState, fill, fmt, h, icon, notice, progressBar, slot, sumBar, toast, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { kindWord, lineTitle, whenText } from "./badges.mjs";
import { OVER, titleOf } from "./campaign_card.mjs";
import { peoplePanel } from "./campaign_people.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";
import { lost, openPage, show } from "./page.mjs";

const t = translator(words);
const c = translator(common);
const v = translator(vaultWords);
const FAST_MS = 1000;
const SLOW_MS = 5000;
const PAUSABLE = new Set(["queued", "running", "scheduled"]);

const place = { reason: h("div"), progress: h("section", { class: "panel stack" }), failures: h("section", { class: "panel", hidden: true }), people: h("div"), facts: h("div") };
let vault;
let id;
let campaign;
let sentences = new Map();
let people = null;
let lines = new Map();
let seen = "";

const sum = (counts, ...names) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
const untouched = ({ counts }) => sum(counts, "pending");
const settledRows = ({ rows, counts }) => rows - sum(counts, "pending", "handing");

/* What stands above everything: why it does not move, and what to do. */

function banner() {
  const { state, reason } = campaign;
  const text = reason?.sentence ?? "";
  if (state === "held") return notice({ tone: "warn", title: t("stateHeldTitle"), text, children: [h("p", {}, h("a", { href: "/hatlar" }, t("reconnect")))] });
  if (state === "refused") return notice({ tone: "danger", title: t("stateRefusedTitle"), text, alert: true });
  if (state === "expired") return notice({ tone: "warn", title: t("stateExpiredTitle"), text });
  if (state === "paused") return notice({ tone: "info", title: t("statePausedTitle"), text: text || t("statePausedText") });
  if (state === "uploading") {
    return notice({ tone: "warn", title: t("uploadBroken"), text: t("uploadBrokenText"), children: [h("p", {}, actionButton({ label: t("uploadContinue"), kind: "primary", busy: t("uploading"), work: goOnUploading, failed: toastError }))] });
  }
  return null;
}

async function goOnUploading() {
  const bar = progressBar({ label: v("vault.phase.seal") });
  place.reason.append(bar);
  try {
    await vault.call("campaigns.continue", { id }, { onProgress: ({ done, total }) => total && bar.update({ done, total }) });
    await look();
  } finally {
    bar.remove();
  }
}

/* Steering */

async function steer(verb, { title, body, danger = false }) {
  const sure = await confirmDialog({ title, body, confirm: t(verb), danger });
  if (!sure) return;
  try {
    take(await vault.call(`campaigns.${verb}`, { id }));
    toast(t({ pause: "paused", cancel: "cancelled" }[verb]), "ok");
  } catch (error) {
    toastError(error);
    await look();
  }
}

const pause = () => steer("pause", { title: t("pauseTitle"), body: t("pauseText", { n: fmt.number(untouched(campaign)) }) });

function cancel() {
  // A row in hand may still leave or may come back: it counts with those that are spared at most.
  const handled = settledRows(campaign);
  const spared = untouched(campaign) + sum(campaign.counts, "handing");
  const body = [t("cancelText", { n: fmt.number(spared) }), handled > 0 ? t("cancelKept", { n: fmt.number(handled) }) : null, t("cancelCredits")];
  return steer("cancel", { title: t("cancelTitle"), body: body.filter(Boolean), danger: true });
}

/** What has to be mended first is mended by the same button. */
async function resume() {
  const why = campaign.reason?.code;
  if (why === "optout_index") await vault.call("optouts.rebuild");
  if (why === "sender_key_gone") await vault.call("campaigns.reseal", { id });
  take(await vault.call(why === "sender_key_gone" ? "campaigns.get" : "campaigns.resume", { id }));
  toast(t("resumed"), "ok");
}

async function remove() {
  const sure = await confirmDialog({ title: t("removeTitle"), body: t("removeText", { n: fmt.number(campaign.rows) }), confirm: t("remove"), danger: true });
  if (!sure) return;
  try {
    await vault.call("campaigns.delete", { id });
    location.assign("/kampanyalar");
  } catch (error) {
    toastError(error);
  }
}

function steering() {
  const { state } = campaign;
  const button = (kind, name, label, onClick) => h("button", { class: `btn btn-${kind}`, type: "button", onClick }, icon(name), h("span", {}, label));
  return [
    PAUSABLE.has(state) && button("secondary", "pause", t("pause"), pause),
    campaign.resumable && actionButton({ label: t("resume"), kind: "primary", iconName: "play", work: resume, failed: toastError }),
    !OVER.has(state) && button("danger-quiet", "stop", t("cancel"), cancel),
    OVER.has(state) && button("danger-quiet", "trash", t("remove"), remove),
  ];
}

/* Progress */

const bar = progressBar({ label: t("handled") });
const sumPlace = h("div");
const note = h("p", { class: "meta" });

function drawProgress() {
  const { state, rows, rate } = campaign;
  const moving = state === "running" || state === "queued";
  bar.hidden = OVER.has(state) || state === "uploading" || state === "scheduled";
  bar.update({ done: settledRows(campaign), total: rows, rate: moving ? rate : 0 });
  fill(sumPlace, sumBar(campaign.counts));
  const open = sum(campaign.counts, "accepted", "sent", "unknown") > 0;
  note.textContent = OVER.has(state) && open ? t("settled") : "";
}

function facts() {
  const { line, list, template, kind, created_at: created, started_at: started, finished_at: finished, due_at: due, expires_at: expires } = campaign;
  const rows = [
    [t("line"), line ? lineTitle(lines.get(line) ?? {}) : "–"],
    [t("list"), list?.id ? h("a", { href: `/kisiler#${list.id}` }, list.name) : "–"],
    [t("template"), template ? `${template.name} (${template.language})` : "–"],
    [t("kind"), kindWord(kind)],
    [t("created"), whenText(created)],
    campaign.state === "scheduled" && [t("due"), whenText(due)],
    [t("started"), whenText(started)],
    [t("finished"), whenText(finished)],
    !OVER.has(campaign.state) && [t("expires"), whenText(expires)],
  ].filter(Boolean);
  return h("section", { class: "panel" }, h("h2", {}, t("facts")), h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

/* Failures by reason */

async function drawFailures() {
  const failures = await getJson(`campaigns/${id}/failures`).then((said) => said.failures);
  sentences = new Map(failures.map((one) => [String(one.code), one.sentence]));
  const sorted = [...failures].sort((a, b) => b.count - a.count);
  place.failures.hidden = sorted.length === 0;
  fill(place.failures, h("h2", {}, t("failures")), h("ul", { class: "rows" }, sorted.map(failureRow)));
}

function failureRow({ code, count, sentence, status = "failed" }) {
  return h(
    "li",
    {},
    h("div", { class: "card-head" }, h("b", {}, t("failurePeople", { n: fmt.number(count) })), h("button", { class: "btn btn-quiet btn-sm", type: "button", onClick: () => showPeople({ status, code }) }, t("failureShow"))),
    h("p", {}, sentence),
    code > 0 && h("p", { class: "meta" }, `Meta ${code}`),
  );
}

function showPeople(filter = null) {
  if (!people) {
    people = peoplePanel({ vault, id, sentences: () => sentences });
    fill(place.people, people);
  }
  if (filter) people.only(filter);
}

/* The loop */

function take(fresh) {
  campaign = { ...campaign, ...fresh };
  const now = JSON.stringify([campaign.state, campaign.counts, campaign.rate, campaign.reason, campaign.finished_at]);
  if (now === seen) return;
  const before = seen ? JSON.parse(seen) : null;
  seen = now;
  drawProgress();
  if (!before || before[0] !== campaign.state || JSON.stringify(before[3]) !== JSON.stringify(campaign.reason)) {
    fill(place.reason, banner());
    slot("actions", steering());
    fill(slot("state"), campaignBadge(campaign.state));
    fill(place.facts, facts());
  }
  const failed = (counts) => sum(counts ?? {}, "failed", "suppressed");
  if (!before || failed(before[1]) !== failed(campaign.counts)) drawFailures().catch(() => {});
}

/** Asked past the Worker: a page that only watches must not keep the vault from locking. */
async function look() {
  try {
    const { jk_wrap: _wrap, record: _record, ...fresh } = await getJson(`campaigns/${id}`);
    take(fresh);
  } catch (error) {
    lost(error);
  }
}

function watch() {
  const moving = ["running", "queued", "uploading"].includes(campaign.state);
  setTimeout(async () => {
    if (!document.hidden) await look();
    watch();
  }, moving ? FAST_MS : SLOW_MS);
}

openPage(async (page) => {
  vault = page.vault;
  id = location.hash.slice(1);
  addEventListener("hashchange", () => location.reload());
  if (!/^[0-9a-f]{32}$/.test(id)) {
    show(emptyState({ title: t("noId"), text: t("noIdText"), icon: "campaign", action: h("a", { class: "btn btn-primary", href: "/kampanyalar" }, t("toCampaigns")) }));
    return;
  }
  const [found, allLines] = await Promise.all([vault.call("campaigns.get", { id }), vault.call("lines.all")]);
  lines = new Map(allLines.map((one) => [one.id, one]));
  const title = titleOf(found) || c("untitled");
  document.querySelector("h1").textContent = title;
  document.title = `${title} · WhatsTR`;
  fill(place.progress, h("div", { class: "card-head" }, h("h2", {}, t("progress")), h("div", { "data-slot": "state" })), bar, note, sumPlace);
  fill(place.people, h("section", { class: "panel stack" }, h("h2", {}, t("people")), h("p", { class: "meta" }, t("peopleText")), h("div", {}, h("button", { class: "btn btn-secondary", type: "button", onClick: () => showPeople() }, icon("users"), h("span", {}, t("peopleOpen"))))));
  show(place.reason, h("div", { class: "split" }, h("div", { class: "stack" }, place.progress, place.failures), place.facts), place.people);
  take(found);
  watch();
});
