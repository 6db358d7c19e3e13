/** The recipients of a campaign: names and numbers are decrypted here and joined with the states. */

import words from "../i18n/portal-campaigns.mjs";
import { MESSAGE_STATUSES, fill, fmt, h, icon, pageLang, statusBadge, translator, uid } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";
import { download } from "./download.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";
import { pagedTable } from "./paged_table.mjs";

const t = translator(words);
const lang = pageLang();

const lastOf = (row) => [row.failed_at, row.read_at, row.delivered_at, row.sent_at, row.accepted_at].find(Boolean);

/** peoplePanel({vault, id, sentences()}) with `.only({status, code})` for the failures beside it. */
export function peoplePanel({ vault, id, sentences }) {
  const filter = { status: "", code: null };
  const state = { masked: true };
  const opening = h("p", { class: "meta", role: "status" });
  const select = statusSelect((status) => {
    Object.assign(filter, { status, code: null });
    table.reload({ first: true });
  });
  const mask = h("button", { class: "btn btn-quiet btn-sm", type: "button", "aria-pressed": "false", onClick: flip }, icon("eye"), h("span", {}, t("showNumbers")));
  const table = pagedTable({
    caption: t("people"),
    searchLabel: t("searchPeople"),
    tools: h("div", { class: "row-wrap" }, select.node, mask),
    found: (from, to, total) => t("peopleFound", { from, to, total }),
    nobody: t("peopleNobody"),
    failed: toastError,
    load: ({ from, count, search }) => vault.call(
      "campaigns.rows",
      { id, from, count, search, ...(filter.status ? { status: filter.status } : {}), ...(filter.code === null ? {} : { code: filter.code }) },
      { onProgress: ({ phase, done, total }) => {
        opening.textContent = phase === "open" ? `${t("opening")} ${fmt.number(done)} / ${fmt.number(total)}` : "";
      } },
    ).finally(() => {
      opening.textContent = "";
    }),
    columns: [
      { label: t("name"), render: (row) => row.name },
      { label: t("number"), render: (row) => h("span", { class: "nowrap" }, phoneText(row.to, state.masked)) },
      { label: t("status"), render: (row) => statusBadge(row.status) },
      { label: t("reason"), render: (row) => (row.code === null ? "" : (sentences().get(String(row.code)) ?? String(row.code))) },
      { label: t("at"), render: (row) => (lastOf(row) ? fmt.datetimeNode(lastOf(row)) : "") },
    ],
  });

  function flip() {
    state.masked = !state.masked;
    mask.setAttribute("aria-pressed", String(!state.masked));
    fill(mask, icon(state.masked ? "eye" : "eye-off"), h("span", {}, t(state.masked ? "showNumbers" : "hideNumbers")));
    table.reload();
  }

  const tools = h(
    "div",
    { class: "row-wrap" },
    actionButton({ label: t("refresh"), iconName: "refresh", size: "sm", work: () => table.reload(), failed: toastError }),
    actionButton({ label: t("csv"), iconName: "download", size: "sm", busy: t("csvMaking"), work: async () => download(await vault.call("campaigns.csv", { id, lang })), failed: toastError }),
  );
  const node = h(
    "section",
    { class: "panel stack" },
    h("div", { class: "card-head" }, h("h2", {}, t("people")), tools),
    h("p", { class: "meta" }, t("peopleText")),
    opening,
    table,
  );
  node.only = ({ status = "", code = null }) => {
    Object.assign(filter, { status, code });
    select.set(status);
    table.reload({ first: true });
    node.scrollIntoView({ block: "start" });
  };
  node.reload = () => table.reload();
  table.reload();
  return node;
}

function statusSelect(changed) {
  const id = uid("status");
  const options = [["", t("filterAll")], ...Object.entries(MESSAGE_STATUSES).map(([key, entry]) => [key, entry[lang]])];
  const select = h("select", { class: "form-select", id, onChange: () => changed(select.value) }, options.map(([key, text]) => h("option", { value: key }, text)));
  return {
    node: h("div", {}, h("label", { class: "visually-hidden", for: id }, t("filterStatus")), select),
    set: (value) => {
      select.value = value;
    },
  };
}
