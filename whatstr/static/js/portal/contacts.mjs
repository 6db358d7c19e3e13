/** Contact lists: all of them, one of them (#id), a new one (#yeni), more for one (#id/ekle). */

import words from "../i18n/portal-contacts.mjs";
import { confirmDialog, dataTable, emptyState, fill, fmt, h, icon, notice, pageLang, slot, toast, translator } from "../ui/index.mjs";
import { toneBadge } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { versionText } from "./documents.mjs";
import { download } from "./download.mjs";
import { errorNotice, toastError } from "./errors.mjs";
import { actionButton, field } from "./forms.mjs";
import { importWizard } from "./import_wizard.mjs";
import { peopleTable } from "./list_people.mjs";
import { knownOptOuts, optOutsPanel } from "./optouts.mjs";
import { lost, openPage, show } from "./page.mjs";

const t = translator(words);
let vault;

const importButton = () =>
  h("a", { class: "btn btn-primary", href: "#yeni" }, icon("upload"), h("span", {}, t("import")));

const nameOf = (list) => list.name ?? (list.damaged ? t("damaged") : t("unfinished"));

async function allLists() {
  const [lists, refused] = await Promise.all([vault.call("lists.all"), knownOptOuts(vault)]);
  slot("actions", lists.length > 0 && importButton());
  const people = lists.reduce((sum, list) => sum + (list.rows ?? 0), 0);
  show(
    lists.length > 0 && h("p", { class: "meta" }, t("totals", { lists: fmt.number(lists.length), people: fmt.number(people) })),
    dataTable({
      caption: t("lists"),
      rows: lists,
      search: lists.length > 5,
      sort: { key: "updated_at", dir: "desc" },
      onRow: (list) => {
        location.hash = list.id;
      },
      empty: emptyState({ title: t("none"), text: t("noneText"), icon: "contacts", action: importButton() }),
      columns: [
        { key: "name", label: t("list"), value: nameOf },
        { key: "rows", label: t("people"), num: true, render: (list) => fmt.number(list.rows ?? 0) },
        { key: "basis", label: t("basis"), value: (list) => (list.consent ? t(`basis_${list.consent.basis}`) : "") },
        { key: "updated_at", label: t("updated"), render: (list) => fmt.datetimeNode(list.updated_at) },
        { key: "state", label: t("state"), value: stateWord, render: stateBadge },
      ],
    }),
    lists.length + refused.length > 0 && optOutsPanel(refused),
  );
}

const stateWord = ({ damaged, older, state }) => t(older ? "stateOlder" : damaged ? "stateDamaged" : state === "ready" ? "stateReady" : "stateUploading");

function stateBadge(list) {
  if (list.damaged) return toneBadge(stateWord(list), "danger", "danger");
  return list.state === "ready" ? toneBadge(stateWord(list), "ok", "lock") : toneBadge(stateWord(list), "warn", "upload");
}

function consentFacts({ consent }) {
  if (!consent) return null;
  const facts = [
    [t("basis"), t(`basis_${consent.basis}`)],
    [t("source"), consent.source],
    [t("collectedOn"), consent.collected_on ? fmt.date(`${consent.collected_on}T12:00:00Z`) : "–"],
    [t("statedAt"), consent.at ? t("statedText", { at: fmt.datetime(consent.at), version: versionText(consent.statement_version) }) : versionText(consent.statement_version)],
  ];
  return h("section", { class: "panel" }, h("h2", {}, t("consent")), h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}

function listActions(list) {
  return [
    h("a", { class: "btn btn-primary", href: `/kampanyalar/yeni#liste=${list.id}` }, icon("send"), h("span", {}, t("sendTo"))),
    h("a", { class: "btn btn-secondary", href: `#${list.id}/ekle` }, icon("plus"), h("span", {}, t("append"))),
    h("button", { class: "btn btn-secondary", type: "button", onClick: () => rename(list) }, icon("edit"), h("span", {}, t("rename"))),
    actionButton({ label: t("csv"), iconName: "download", busy: t("csvMaking"), work: async () => download(await vault.call("lists.csv", { id: list.id, lang: pageLang() })), failed: toastError }),
    deleteButton(list),
  ];
}

const deleteButton = (list) =>
  h("button", { class: "btn btn-danger-quiet", type: "button", onClick: () => remove(list) }, icon("trash"), h("span", {}, t("remove")));

const acceptButton = ({ id }) =>
  actionButton({
    label: t("acceptOlder"),
    iconName: "check",
    failed: toastError,
    work: async () => {
      await vault.call("lists.accept_older", { id });
      toast(t("acceptedOlder"), "ok");
      await route();
    },
  });

const backLink = () => h("a", { class: "page-back", href: "#" }, icon("back"), t("allLists"));

async function oneList(id) {
  const list = (await vault.call("lists.all")).find((one) => one.id === id);
  slot("actions", "");
  if (!list) {
    show(backLink(), notice({ tone: "warn", title: t("gone"), text: t("goneText") }));
    return;
  }
  const count = h("span", { class: "page-count" }, fmt.number(list.rows ?? 0));
  const badge = h("span", {}, stateBadge(list));
  const head = h("div", { class: "card-head" }, h("h2", {}, nameOf(list), " ", count), badge);
  const acts = h("div", { class: "row-wrap" }, listActions(list));
  const people = () => peopleTable(vault, list, {
    changed: (rows) => {
      list.rows = rows;
      count.textContent = fmt.number(rows);
    },
    damaged: () => {
      fill(badge, stateBadge({ ...list, damaged: true }));
      fill(acts, deleteButton(list));
    },
  });
  if (list.damaged || list.state !== "ready") {
    const text = t(list.older ? "olderText" : list.damaged ? "damagedText" : "unfinishedText");
    show(backLink(), head, notice({ tone: "warn", text }), h("div", { class: "row-wrap" }, list.older && acceptButton(list), deleteButton(list)));
    return;
  }
  show(backLink(), h("section", { class: "panel stack" }, head, acts), h("section", { class: "panel" }, people()), consentFacts(list));
}

async function rename(list) {
  const done = await formDialog({
    title: t("renameTitle"),
    submit: t("rename"),
    body: field({ name: "name", label: t("listName"), required: true, value: list.name, attrs: { maxlength: "120" } }),
    work: ({ name }) => vault.call("lists.rename", { id: list.id, name: name.trim() }),
  });
  if (done) {
    toast(t("renamed"), "ok");
    await route();
  }
}

async function remove(list) {
  const sure = await confirmDialog({
    title: t("removeTitle", { name: nameOf(list) }),
    body: [t("removeText", { n: fmt.number(list.rows ?? 0) }), t("removeKept")],
    confirm: t("remove"),
    danger: true,
    retype: list.state === "ready" && !list.damaged ? list.name : "",
  });
  if (!sure) return;
  try {
    await vault.call("lists.delete", { id: list.id });
    toast(t("removed"), "ok");
    location.hash = "";
  } catch (error) {
    toastError(error);
  }
}

function wizard(list = null) {
  slot("actions", "");
  const away = list?.id ?? "";
  show(importWizard({
    vault,
    list,
    leave: () => {
      vault.call("import.clear").catch(() => {});
      location.hash = away;
    },
    finished: ({ id, rows, added }) => {
      toast(added === undefined ? t("savedList", { n: fmt.number(rows) }) : t("appended", { n: fmt.number(added) }), "ok");
      vault.call("import.clear").catch(() => {});
      location.hash = id;
    },
  }));
}

async function route() {
  const [id, act] = location.hash.slice(1).split("/");
  try {
    if (id === "yeni") wizard();
    else if (id && act === "ekle") {
      const list = (await vault.call("lists.all")).find((one) => one.id === id);
      if (list) wizard(list);
      else location.hash = "";
    } else if (id) await oneList(id);
    else await allLists();
  } catch (error) {
    if (!lost(error)) show(errorNotice(error, { retry: route }));
  }
}

openPage(async (page) => {
  vault = page.vault;
  addEventListener("hashchange", route);
  await route();
});
