/** A member's own signed-in browsers, each with a way to end it. */

import words from "../i18n/portal-team.mjs";
import { dataTable, fmt, h, toast, translator } from "../ui/index.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";

const t = translator(words);

/** sessionsPanel(vault, browserWord) -> the panel, filled. */
export async function sessionsPanel(vault, browserWord) {
  const node = h("section", { class: "panel stack" });
  const load = async () => {
    const rows = await vault.call("sessions.all");
    node.replaceChildren(h("h2", {}, t("sessions")), h("p", { class: "meta" }, t("sessionsText")), table(rows, end), h("p", {}, others(rows) || ""));
  };
  const end = async ({ id }) => {
    await vault.call("sessions.end", { id });
    toast(t("sessionEnded"), "ok");
    await load();
  };
  const others = (rows) => rows.length > 1 && actionButton({
    label: t("sessionEndOthers"), iconName: "sign-out", failed: toastError,
    work: async () => {
      const { ended } = await vault.call("sessions.end_others");
      toast(t("sessionsEnded", { n: fmt.number(ended) }), "ok");
      await load();
    },
  });
  const table = (rows, close) => dataTable({
    caption: t("sessions"), rows, search: false,
    columns: [
      { key: "browser", label: t("sessionBrowser"), value: (row) => (row.current ? `${browserWord(row.browser)} · ${t("sessionThis")}` : browserWord(row.browser) || t("unknownBrowser")) },
      { key: "created_at", label: t("sessionSince"), render: (row) => fmt.datetimeNode(row.created_at) },
      { key: "seen_at", label: t("sessionSeen"), render: (row) => fmt.datetimeNode(row.seen_at) },
      { key: "expires_at", label: t("sessionUntil"), render: (row) => fmt.datetimeNode(row.expires_at) },
      { key: "id", label: t("sessionActs"), sort: false, value: () => "", render: (row) => (row.current ? h("span", { class: "muted" }, "–") : actionButton({ label: t("sessionEnd"), size: "sm", work: () => close(row), failed: toastError })) },
    ],
  });
  await load();
  return node;
}
