/** Preparing a campaign: template, list, values, preview, test, time, estimate, launch. */

import words from "../i18n/portal-compose.mjs";
import { emptyState, fmt, h, notice, slot, toast, translator } from "../ui/index.mjs";
import { complete, guessMapping, mappingPanel } from "./compose_mapping.mjs";
import { launchPanel, whenPanel } from "./compose_launch.mjs";
import { previewSide } from "./compose_preview.mjs";
import { lineProblem, templatePanel } from "./compose_template.mjs";
import { testPanel } from "./compose_test.mjs";
import { freeText, modePanel } from "./compose_text.mjs";
import { toastError } from "./errors.mjs";
import { field, radios } from "./forms.mjs";
import { knownOptOuts } from "./optouts.mjs";
import { openPage, show } from "./page.mjs";

const t = translator(words);
const SAVE_MS = 1500;
const DRAW_MS = 350;

const state = {
  draft: null, title: "", line: "", template: null, wanted: null, list: null, mapping: null,
  kind: "marketing", when: "now", at: "", late: null, media: null, row: 0, mode: "template", text: "",
  saving: null, launching: false,
};

const later = (run, wait) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, wait);
  };
};

function takeUp(value, { lists, lines }) {
  const { title = "", line, template, list, mapping = null, kind = "marketing", when = "now", at = "", late = null, text = "" } = value;
  Object.assign(state, { title, mapping, kind, when, at, late, text, wanted: template ?? null });
  if (lines.some((one) => one.id === line)) state.line = line;
  state.list = lists.find((one) => one.id === list) ?? null;
}

const kept = () => ({
  title: state.title, line: state.line, template: state.template?.id ?? state.wanted, list: state.list?.id ?? null,
  mapping: state.mapping, kind: state.kind, when: state.when, at: state.at, late: state.late, text: state.text,
});

/** Why the chosen list may not get this kind of message; null when it may. */
function consentProblem() {
  const basis = state.list?.consent?.basis;
  if (state.kind !== "marketing" || !basis) return null;
  if (basis === "informational") return notice({ tone: "danger", title: t("noConsent"), text: t("noConsentText") });
  return null;
}

function kindPanel(changed) {
  const pick = radios({ name: "kind", legend: t("kindTitle"), hiddenLegend: true, value: state.kind, options: [["marketing", t("kindMarketing"), t("kindMarketingText")], ["informational", t("kindInformational"), t("kindInformationalText")]] });
  const note = h("div");
  pick.addEventListener("change", () => changed({ kind: pick.picked() }));
  const node = h("section", { class: "panel" }, h("h2", {}, t("kindTitle")), pick, note);
  node.draw = () => {
    const marketing = String(state.template?.category ?? "").toUpperCase() === "MARKETING";
    for (const input of pick.querySelectorAll("input")) {
      input.disabled = marketing && input.value === "informational";
      input.checked = input.value === state.kind;
    }
    const problem = consentProblem();
    note.replaceChildren(...[marketing && h("p", { class: "meta" }, t("kindByMeta")), problem].filter(Boolean));
  };
  return node;
}

function listPanel(lists, changed) {
  const options = [["", t("chooseList")], ...lists.map((one) => [one.id, t("listOption", { name: one.name, n: fmt.number(one.rows) })])];
  const pick = field({
    name: "list", label: t("list"), type: "select", required: true, options, value: state.list?.id ?? "",
    attrs: { onChange: (event) => changed({ list: lists.find((one) => one.id === event.target.value) ?? null, row: 0 }) },
  });
  const node = h("section", { class: "panel" }, h("h2", {}, t("listTitle")), pick);
  node.clear = () => {
    pick.control.value = "";
  };
  return node;
}

function titlePanel(changed) {
  return h("section", { class: "panel" }, field({
    name: "title", label: t("title"), required: true, value: state.title, help: t("titleHelp"), attrs: { maxlength: "120", onInput: (event) => changed({ title: event.target.value }) },
  }));
}

function firstSteps(lines, lists) {
  if (lines.length === 0) {
    return emptyState({ title: t("needLine"), text: t("needLineText"), icon: "line", action: h("a", { class: "btn btn-primary", href: "/hatlar" }, t("toLines")) });
  }
  if (lists.length === 0) {
    return emptyState({ title: t("needList"), text: t("needListText"), icon: "contacts", action: h("a", { class: "btn btn-primary", href: "/kisiler#yeni" }, t("toContacts")) });
  }
  return null;
}

async function opened(vault, lists, lines) {
  const said = new URLSearchParams(location.hash.slice(1));
  state.line = (lines.find((one) => one.state === "connected") ?? lines[0]).id;
  const draft = said.get("taslak");
  if (draft) {
    const found = (await vault.call("drafts.all")).find((one) => one.id === draft);
    if (found) {
      state.draft = found.id;
      takeUp(found.value, { lists, lines });
    } else toast(t("draftGone"), "warn");
  }
  if (said.get("liste")) state.list = lists.find((one) => one.id === said.get("liste")) ?? state.list;
}

openPage(async ({ vault, me }) => {
  const [lines, everyList, config] = await Promise.all([vault.call("lines.all"), vault.call("lists.all"), vault.call("config")]);
  const usable = lines.filter((one) => one.state !== "disconnected");
  const lists = everyList.filter((one) => one.state === "ready" && !one.damaged && one.rows > 0);
  const first = firstSteps(usable, lists);
  if (first) {
    show(first);
    return;
  }
  // Who refused since the last time is left out of the plan as well as of the sending.
  await Promise.all([opened(vault, lists, usable), knownOptOuts(vault)]);

  const saved = h("p", { class: "meta", role: "status" });
  const keep = async () => {
    try {
      const { id } = await vault.call("drafts.save", { ...(state.draft ? { id: state.draft } : {}), value: kept() });
      if (!state.draft) history.replaceState(null, "", `${location.pathname}#taslak=${id}`);
      state.draft = id;
      saved.textContent = t("draftSaved", { at: fmt.time(new Date()) });
    } catch (error) {
      if (error.code !== "locked") toastError(error);
    }
  };
  // A launch takes the draft away: it waits for a save under way, and none begins after it.
  const save = later(() => {
    if (!state.launching) state.saving = keep();
  }, SAVE_MS);

  let people = [];
  const lookForWindows = async () => {
    people = await vault.call("windows.of", { line: state.line });
    if (people.length === 0 && state.mode === "text") changed({ mode: "template" });
    parts.mode.draw(people);
  };
  const changed = (patch) => {
    Object.assign(state, patch);
    if ("line" in patch) lookForWindows().catch(toastError);
    if (state.mode === "text") Object.assign(state, freeText({ line: state.line, text: state.text, people }), { media: null, row: 0 });
    if (patch.mode === "text") state.kind = "informational";
    else if (patch.mode === "template") {
      Object.assign(state, { template: null, list: null, mapping: null });
      parts.list.clear();
      parts.template.load().catch(toastError);
    }
    if ("mode" in patch) {
      for (const name of ["template", "list", "mapping"]) parts[name].hidden = state.mode === "text";
      parts.mode.draw(people);
      if (state.mode === "template") parts.mapping.draw();
      redraw();
      return;
    }
    if ("template" in patch && state.template) {
      const category = String(state.template.category ?? "").toUpperCase();
      state.kind = category === "MARKETING" ? "marketing" : (patch.mapping === null ? "informational" : state.kind);
    }
    if (("template" in patch || "list" in patch) && state.template && state.list) {
      state.mapping = guessMapping(state.template, state.list.columns, patch.template && patch.mapping === null ? null : state.mapping);
      parts.mapping.draw();
    }
    save();
    redraw();
  };
  const parts = {
    title: titlePanel(changed),
    mode: modePanel({ state, changed }),
    template: templatePanel({ vault, lines: usable, state, changed }),
    list: listPanel(lists, changed),
    mapping: mappingPanel({ state, changed }),
    kind: kindPanel(changed),
    test: testPanel({ vault, state }),
    when: whenPanel({ state, changed, days: config.limits.campaign_days }),
    launch: launchPanel({ vault, state, config, launched: (id) => location.assign(`/kampanya#${id}`) }),
  };
  const preview = previewSide({ vault, state });
  const lineNote = h("div");

  const redraw = later(() => draw(), DRAW_MS);
  function draw() {
    const { template, list, mapping, media } = state;
    const line = usable.find((one) => one.id === state.line);
    const filled = Boolean(template && list && mapping && complete(template, mapping));
    const format = template?.components?.find((one) => String(one.type).toUpperCase() === "HEADER")?.format ?? "TEXT";
    const needsMedia = ["IMAGE", "VIDEO", "DOCUMENT"].includes(String(format).toUpperCase());
    const problem = consentProblem() ?? (me.member.email_confirmed ? null : notice({ tone: "warn", text: t("confirmFirst") }));
    const ready = filled && (!needsMedia || Boolean(media)) && !problem && line?.state === "connected" && (state.when === "now" || Boolean(state.at));
    lineNote.replaceChildren(...[lineProblem(line)].filter(Boolean));
    parts.kind.draw();
    parts.test.draw({ ready: filled && line?.state === "connected" });
    parts.launch.draw({ ready, problem });
    preview.draw();
  }

  parts.mapping.draw();
  parts.mode.draw(people);
  slot("actions", saved);
  show(h(
    "div",
    { class: "compose" },
    h("div", { class: "stack" }, parts.title, lineNote, parts.mode, parts.template, parts.list, parts.mapping, parts.kind),
    preview,
    h("div", { class: "stack" }, parts.test, parts.when, parts.launch),
  ));
  draw();
  await Promise.all([parts.template.load(), lookForWindows()]);
});
