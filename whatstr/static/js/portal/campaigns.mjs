/** All campaigns with their state and sum bar, and the drafts. */

import words from "../i18n/portal-campaigns.mjs";
import { confirmDialog, emptyState, fill, fmt, h, icon, slot, toast, translator, uid } from "../ui/index.mjs";
import { OVER, campaignList, titleOf } from "./campaign_card.mjs";
import { toastError } from "./errors.mjs";
import { openPage, show } from "./page.mjs";

const t = translator(words);
const FILTERS = { all: () => true, open: ({ state }) => !OVER.has(state), over: ({ state }) => OVER.has(state) };
let vault;

const newButton = () =>
  h("a", { class: "btn btn-primary", href: "/kampanyalar/yeni" }, icon("plus"), h("span", {}, t("newCampaign")));

function draftRow(draft) {
  const title = draft.value?.title || t("draftUntitled");
  return h(
    "li",
    {},
    h(
      "div",
      { class: "card-head" },
      h("a", { href: `/kampanyalar/yeni#taslak=${draft.id}` }, h("b", {}, title)),
      h("button", { class: "btn btn-danger-quiet btn-sm", type: "button", "aria-label": `${t("draftDelete")}: ${title}`, onClick: () => removeDraft(draft) }, icon("trash")),
    ),
    h("p", { class: "meta" }, t("draftSaved", { at: fmt.datetime(draft.updated_at) })),
  );
}

async function removeDraft({ id }) {
  const sure = await confirmDialog({ title: t("draftDeleteTitle"), body: t("draftDeleteText"), confirm: t("draftDelete"), danger: true });
  if (!sure) return;
  try {
    await vault.call("drafts.delete", { id });
    toast(t("draftDeleted"), "ok");
    await load();
  } catch (error) {
    toastError(error);
  }
}

/** Search by name, and three views: all, under way, over. */
function campaignsPanel(campaigns) {
  const state = { filter: "all", query: "" };
  const id = uid("search");
  const count = h("p", { class: "table-found", role: "status" });
  const list = h("div");
  const tabs = Object.keys(FILTERS).map((key) =>
    h("button", { class: "btn btn-secondary btn-sm", type: "button", "aria-pressed": String(key === state.filter), onClick: () => {
      state.filter = key;
      draw();
    } }, t(key)),
  );
  function draw() {
    tabs.forEach((one, i) => one.setAttribute("aria-pressed", String(Object.keys(FILTERS)[i] === state.filter)));
    const wanted = fmt.fold(state.query);
    const shown = campaigns.filter(FILTERS[state.filter]).filter((one) => fmt.fold(`${titleOf(one)} ${one.list?.name ?? ""} ${one.template?.name ?? ""}`).includes(wanted));
    count.textContent = t("count", { shown: fmt.number(shown.length), total: fmt.number(campaigns.length) });
    fill(list, shown.length > 0 ? campaignList(shown) : h("p", { class: "muted" }, t("nothing")));
  }
  const input = h("input", { class: "form-control", id, type: "search", placeholder: t("search"), "data-search": true, onInput: () => {
    state.query = input.value;
    draw();
  } });
  draw();
  return h(
    "section",
    { class: "panel stack" },
    h("div", { class: "table-tools" }, h("div", { class: "table-search" }, icon("search"), h("label", { class: "visually-hidden", for: id }, t("search")), input), h("div", { class: "tabs" }, tabs), count),
    list,
  );
}

async function load() {
  const [campaigns, drafts] = await Promise.all([vault.call("campaigns.all"), vault.call("drafts.all")]);
  const sorted = [...drafts].sort((a, b) => String(b.updated_at).localeCompare(String(a.updated_at)));
  slot("actions", (campaigns.length > 0 || drafts.length > 0) && newButton());
  show(
    campaigns.length > 0 ? campaignsPanel(campaigns) : emptyState({ title: t("none"), text: t("noneText"), icon: "campaign", action: newButton() }),
    sorted.length > 0 && h("section", { class: "panel" }, h("h2", {}, t("drafts")), h("ul", { class: "rows" }, sorted.map(draftRow))),
  );
}

openPage(async (page) => {
  vault = page.vault;
  await load();
});
