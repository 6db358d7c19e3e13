/** One campaign (#id): live progress, steering with consequences, reasons with next steps, recipients. */

import words from "../i18n/portal-campaigns.mjs";
import common from "../i18n/portal-common.mjs";
import progressWords from "../i18n/portal-progress.mjs";
import vaultWords from "../i18n/vault.mjs";
import { campaignBadge, confirmDialog, emptyState, fill, fmt, h, icon, notice, progressBar, slot, toast, translator } from "../ui/index.mjs";
import { OVER, titleOf } from "./campaign_card.mjs";
import { peoplePanel } from "./campaign_people.mjs";
import { progressPanel, sum, withMeta } from "./campaign_progress.mjs";
import { resendPlace } from "./campaign_resend.mjs";
import { banner, facts, templateNotice } from "./campaign_state.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";
import { follow } from "./live_progress.mjs";
import { lost, openPage, show } from "./page.mjs";

const t = translator(words);
const c = translator(common);
const p = translator(progressWords);
const v = translator(vaultWords);
const PAUSABLE = new Set(["queued", "running", "scheduled"]);

const place = { reason: h("div"), template: h("div"), progress: h("section", { class: "panel stack" }), failures: h("section", { class: "panel", hidden: true }), people: h("div"), facts: h("div") };
const progress = progressPanel();
let vault;
let id;
let campaign;
let sentences = new Map();
let people = null;
let lines = new Map();
let live;
let drawn = {};

const uploadButton = () => actionButton({ label: t("uploadContinue"), kind: "primary", busy: t("uploading"), work: goOnUploading, failed: toastError });

async function goOnUploading() {
  const bar = progressBar({ label: v("vault.phase.seal") });
  place.reason.append(bar);
  try {
    await vault.call("campaigns.continue", { id }, { onProgress: ({ done, total }) => total && bar.update({ done, total }) });
    await live.look();
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
  }
  await live.look();
}

/** What is with Meta and what may still go there: said before anything is stopped. */
function beyondRecall() {
  const leaving = ["running", "queued"].includes(campaign.state) ? (campaign.leaving ?? 0) : 0;
  return [
    leaving > 0 ? p("leaving", { n: fmt.number(leaving) }) : null,
    withMeta(campaign) > 0 ? p("withMeta", { n: fmt.number(withMeta(campaign)) }) : null,
  ];
}

const pause = () => steer("pause", { title: p("pauseTitle"), body: [p("pauseWaiting", { n: fmt.number(sum(campaign.counts, "pending")) }), ...beyondRecall()].filter(Boolean) });

function cancel() {
  // A row in hand may still leave or may come back: it counts with those that are spared at most.
  const spared = sum(campaign.counts, "pending", "handing");
  const body = [t("cancelText", { n: fmt.number(spared) }), ...beyondRecall(), t("cancelCredits")];
  return steer("cancel", { title: t("cancelTitle"), body: body.filter(Boolean), danger: true });
}

/** What has to be mended first is mended by the same button. */
async function resume() {
  const why = campaign.reason?.code;
  if (why === "optout_index") await vault.call("optouts.rebuild");
  if (why === "sender_key_gone") await vault.call("campaigns.reseal", { id });
  take(await vault.call(why === "sender_key_gone" ? "campaigns.get" : "campaigns.resume", { id }));
  toast(t("resumed"), "ok");
  await live.look();
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

/* Failures by reason */

function drawFailures(failures) {
  sentences = new Map(failures.map((one) => [String(one.code), one.sentence]));
  place.failures.hidden = failures.length === 0;
  fill(place.failures, h("h2", {}, t("failures")), h("ul", { class: "rows" }, failures.map(failureRow)));
}

function failureRow({ code, count, sentence, status }) {
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

/* What changed is drawn, the rest stays as it is: what somebody is reading or about to press. */

function redraw(name, value, draw) {
  const now = JSON.stringify(value);
  if (drawn[name] === now) return;
  drawn = { ...drawn, [name]: now };
  draw();
}

function take(fresh) {
  campaign = { ...campaign, ...fresh };
  const { state, reason, resumable, counts, rate, seconds_left: left, waiting, finished_at: finished, started_at: started, late_after: late } = campaign;
  redraw("progress", [state, counts, rate, left, waiting], () => progress.draw(campaign));
  redraw("state", state, () => fill(slot("state"), campaignBadge(state)));
  redraw("reason", [state, reason, resumable], () => fill(place.reason, banner(campaign, uploadButton)));
  redraw("actions", [state, resumable], () => slot("actions", steering()));
  redraw("facts", [state, started, finished, late], () => fill(place.facts, facts(campaign, lines)));
  if (campaign.failures) redraw("failures", campaign.failures, () => drawFailures(campaign.failures));
  place.again.draw(campaign).catch(() => {});
}

const noCampaign = (title, text) =>
  show(emptyState({ title, text, icon: "campaign", action: h("a", { class: "btn btn-primary", href: "/kampanyalar" }, t("toCampaigns")) }));

/** For a campaign that the account does not have: it may have been deleted. */
const orNone = (error) => {
  if (error.code !== "not_found") throw error;
  return null;
};

openPage(async (page) => {
  vault = page.vault;
  id = location.hash.slice(1);
  addEventListener("hashchange", () => location.reload());
  if (!/^[0-9a-f]{32}$/.test(id)) {
    noCampaign(t("noId"), t("noIdText"));
    return;
  }
  const [found, allLines] = await Promise.all([vault.call("campaigns.get", { id }).catch(orNone), vault.call("lines.all")]);
  if (!found) {
    noCampaign(t("gone"), t("goneText"));
    return;
  }
  lines = new Map(allLines.map((one) => [one.id, one]));
  const title = titleOf(found) || c("untitled");
  document.querySelector("h1").textContent = title;
  document.title = `${title} · WhatsTR`;
  fill(place.progress, h("div", { class: "card-head" }, h("h2", {}, t("progress")), h("div", { "data-slot": "state" })), progress);
  if (found.erased) fill(place.people, notice({ tone: "info", title: t("erased"), text: t("erasedText") }));
  else fill(place.people, h("section", { class: "panel stack" }, h("h2", {}, t("people")), h("p", { class: "meta" }, t("peopleText")), h("div", {}, h("button", { class: "btn btn-secondary", type: "button", onClick: () => showPeople() }, icon("users"), h("span", {}, t("peopleOpen"))))));
  place.again = resendPlace(vault);
  show(place.reason, place.template, place.again, h("div", { class: "split" }, h("div", { class: "stack" }, place.progress, place.failures), place.facts), place.people);
  take(found);
  if (found.template && !OVER.has(found.state)) {
    vault.call("lines.templates", { line: found.line }).then(({ templates }) => fill(place.template, templateNotice(found, templates)), () => {});
  }
  live = follow({ id, state: found.state, take, failed: (error) => lost(error) || progress.away(true), back: () => progress.away(false) });
});
