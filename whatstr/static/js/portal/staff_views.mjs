/** The customer lets our staff look for a while: makes the code, sees every look, ends it. */

import words from "../i18n/portal-views.mjs";
import { dataTable, fill, fmt, h, notice, toast, translator } from "../ui/index.mjs";
import { getJson, postJson, remove } from "../vault/http.mjs";
import { toastError } from "./errors.mjs";
import { actionButton, field, submitButton, works } from "./forms.mjs";

const t = translator(words);
const MINUTES = [15, 30, 60];

/** Over every page while somebody of ours may look. */
export function lookBanner(until) {
  return notice({
    tone: "warn",
    title: t("banner"),
    text: t("bannerText", { until: fmt.datetime(until) }),
    children: [h("p", {}, h("a", { href: "/ayarlar" }, t("settings")))],
  });
}

function looks(rows, reload) {
  const end = (row) =>
    ["open", "live"].includes(row.state) &&
    actionButton({
      label: t("end"),
      size: "sm",
      work: async () => {
        await remove(`staff-views/${row.id}`);
        toast(t("ended"), "ok");
        await reload();
      },
      failed: toastError,
    });
  return dataTable({
    caption: t("title"),
    rows,
    search: false,
    sort: { key: "created_at", dir: "desc" },
    empty: h("p", { class: "muted" }, t("none")),
    columns: [
      { key: "created_at", label: t("at"), render: (row) => fmt.datetimeNode(row.created_at) },
      { key: "state", label: t("state"), value: (row) => t(`state_${row.state}`) },
      { key: "ends_at", label: t("until"), render: (row) => (row.ends_at ? fmt.datetimeNode(row.ends_at) : "–") },
      { key: "end", label: t("end"), sort: false, render: (row) => end(row) || "–" },
    ],
  });
}

/** The panel of the settings; only the owner makes codes. */
export function viewsPanel(me) {
  const list = h("div", {});
  const code = h("p", { class: "meta", role: "status" });
  const reload = async () => fill(list, looks((await getJson("staff-views")).views, reload));
  const form = works(
    h(
      "form",
      { class: "stack" },
      field({ name: "minutes", label: t("minutes"), type: "select", required: true, value: "15", options: MINUTES.map((n) => [String(n), t("minutesChoice", { n })]) }),
      h("div", { class: "form-actions" }, submitButton(t("make"))),
    ),
    {
      work: async ({ minutes }) => {
        const made = await postJson("staff-views", { minutes: Number(minutes) });
        fill(code, t("code"), " ", h("strong", { "data-view-code": "" }, made.code));
        await reload();
      },
    },
  );
  reload().catch(toastError);
  return h("section", { class: "panel stack" }, h("h2", {}, t("title")), h("p", { class: "meta" }, t("text")), me.member.role === "owner" && form, code, list);
}
