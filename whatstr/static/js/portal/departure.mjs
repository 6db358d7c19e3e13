/** Panels of the settings page: the archive of everything, and the end of the account. */

import words from "../i18n/portal-departure.mjs";
import { fill, fmt, h, notice, pageLang, progressBar, slot, toast, translator } from "../ui/index.mjs";
import { formDialog } from "./dialogs.mjs";
import { download } from "./download.mjs";
import { atField, errorNotice, toastError } from "./errors.mjs";
import { actionButton, field } from "./forms.mjs";
import { show } from "./page.mjs";

const t = translator(words);
const SHOWN = 20;

function problemLine({ kind, id, name, no }) {
  const what = t(`problem_${kind}`);
  const part = no === undefined ? "" : ` · ${t("problemPart", { no })}`;
  return h("li", {}, `${what} ${name ?? ""} (${id})${part}`);
}

function report(summary) {
  const { problems, lists, campaigns, optouts } = summary;
  toast(t("exportDone", { lists: fmt.number(lists.length), campaigns: fmt.number(campaigns.length), optouts: fmt.number(optouts) }), "ok");
  if (problems.length === 0) return null;
  return notice({
    tone: "warn", title: t("exportProblems", { n: fmt.number(problems.length) }), text: t("exportProblemsText"),
    children: [h("ul", {}, problems.slice(0, SHOWN).map(problemLine))],
  });
}

export function exportPanel(vault) {
  const place = h("div", { class: "stack" });
  const run = async () => {
    const bar = progressBar({ label: t("exportWorking") });
    fill(place, bar);
    try {
      const { summary, ...file } = await vault.call("export.all", { lang: pageLang() }, {
        onProgress: (p) => p.phase === "export" && bar.update(p),
      });
      download(file);
      fill(place, report(summary) ?? "");
    } catch (error) {
      fill(place, errorNotice(error, { title: t("exportStopped"), retry: run }));
    }
  };
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("exportTitle")),
    h("p", { class: "meta" }, t("exportText")),
    h("p", {}, actionButton({ label: t("exportGo"), iconName: "download", work: run, failed: toastError })),
    place,
  );
}

/** Nobody is signed in any more: the menu leads nowhere, and no business is named. */
function leaveFrame() {
  slot("org-name", "");
  slot("banners", "");
  for (const menu of document.querySelectorAll(".rail, .dock")) menu.remove();
  document.querySelector(".topbar a").href = "/";
  document.querySelector("h1").textContent = t("deletedTitle");
  document.title = `${t("deletedTitle")} · WhatsTR`;
  document.body.classList.add("portal-bare");
  document.getElementById("main").className = "bare-main";
}

export function deletePanel(vault, me) {
  const number = String(me.organization.customer_no);
  const ask = () => formDialog({
    title: t("deleteAsk"),
    body: [
      h("p", {}, t("deleteText")),
      field({ name: "number", label: t("deleteRetype", { number }), required: true, attrs: { autocomplete: "off", inputmode: "numeric" } }),
      field({ name: "password", label: t("deletePassword"), type: "password", required: true, autocomplete: "current-password" }),
    ],
    submit: t("deleteSubmit"),
    kind: "danger",
    busy: t("deleting"),
    check: (values) => (values.number.trim() === number ? {} : { number: t("deleteWrong") }),
    work: async ({ password }) => {
      await vault.call("account.delete", { password }).catch((error) => {
        throw atField(error, { wrong_password: "password" });
      });
      leaveFrame();
      show(notice({ tone: "ok", text: t("deletedText") }), h("p", {}, h("a", { class: "btn btn-secondary", href: "/" }, t("deletedGo"))));
    },
  });
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("deleteTitle")),
    h("p", { class: "meta" }, t("deleteText")),
    h("div", { class: "row-wrap" }, h("button", { class: "btn btn-danger-quiet", type: "button", onClick: () => ask().catch(toastError) }, t("deleteGo"))),
  );
}
