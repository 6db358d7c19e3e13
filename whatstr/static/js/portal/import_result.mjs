/** What came of reading the file: the three numbers, the rows left out and why, a first look. */

import contacts from "../i18n/contacts.mjs";
import words from "../i18n/portal-contacts.mjs";
import { dataTable, figure, fmt, h, icon, pageLang, translator } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";
import { download } from "./download.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";

const t = translator(words);
const c = translator(contacts);

const duplicates = ({ duplicateInFile, alreadyInList }) => duplicateInFile + alreadyInList;
const reasonOf = ({ reason }) => (reason === "duplicate_in_file" ? t("duplicateInFile") : c(`reason.${reason}`));

function reasons(found) {
  const sorted = Object.entries(found.reasons).sort(([, a], [, b]) => b - a);
  return h("ul", {}, sorted.map(([reason, n]) => h("li", {}, h("b", {}, t("rowsExact", { n: fmt.number(n) })), ` · ${reasonOf({ reason })}`)));
}

function rejects(vault, found) {
  const save = actionButton({
    label: t("rejectsDownload"), iconName: "download", size: "sm",
    work: async () => download(await vault.call("import.rejects", { lang: pageLang() })),
    failed: toastError,
  });
  return h(
    "details",
    { class: "panel" },
    h("summary", {}, h("b", {}, t("rejects", { n: fmt.number(found.rejects_total) }))),
    h("div", { class: "stack gap-above" },
      reasons(found),
      h("div", { class: "row-wrap" }, save, found.rejects_total > found.rejects.length && h("span", { class: "meta" }, t("rejectsFirst", { n: fmt.number(found.rejects.length) }))),
      dataTable({
        caption: t("rejects", { n: fmt.number(found.rejects_total) }),
        rows: found.rejects,
        sort: { key: "line", dir: "asc" },
        columns: [
          { key: "line", label: t("lineNo"), num: true },
          { key: "raw", label: t("inFile") },
          { key: "reason", label: t("reason"), value: reasonOf },
        ],
      })),
  );
}

function preview(found) {
  return h(
    "div",
    { class: "sheet", tabindex: "0", role: "region", "aria-label": t("firstRows") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, [t("phone"), t("name"), ...found.columns].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, found.preview.slice(0, 5).map(([phone, name, fields]) =>
        h("tr", {}, [phoneText(phone), name, ...fields].map((text) => h("td", {}, text))),
      )),
    ),
  );
}

function warnings(found) {
  const entries = Object.entries(found.warnings);
  return entries.length > 0 && h("div", {}, entries.map(([code, n]) =>
    h("p", { class: "meta" }, icon("warning", { size: "sm" }), ` ${t("rowsExact", { n: fmt.number(n) })} · ${c(`warning.${code}`)}`),
  ));
}

export function resultView(vault, found) {
  const { counts } = found;
  return h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "figures" },
      figure({ value: fmt.number(counts.valid), label: t("valid"), tone: "ok" }),
      figure({ value: fmt.number(duplicates(counts)), label: t("duplicates"), hint: counts.alreadyInList ? t("alreadyInList", { n: fmt.number(counts.alreadyInList) }) : "" }),
      figure({ value: fmt.number(counts.invalid), label: t("invalid"), tone: counts.invalid ? "danger" : "" }),
    ),
    h("p", { class: "visually-hidden", role: "status" }, t("resultSaid", { valid: fmt.number(counts.valid), duplicates: fmt.number(duplicates(counts)), invalid: fmt.number(counts.invalid) })),
    warnings(found),
    found.preview.length > 0 && preview(found),
    found.rejects_total > 0 && rejects(vault, found),
  );
}
