/** Which key of the sender this browser would seal to, from when until when. */

import words from "../i18n/portal-sender-key.mjs";
import { fmt, h, notice, translator } from "../ui/index.mjs";

const t = translator(words);

export async function senderKeyPanel(vault) {
  const { state, from, until } = await vault.call("sender.key");
  const facts = [[t("from"), from], [t("until"), until]].filter(([, at]) => at);
  return h(
    "section",
    { class: "panel stack", "data-sender-key": state },
    h("h2", {}, t("title")),
    h("p", { class: "meta" }, t("text")),
    state === "valid"
      ? notice({ tone: "ok", text: t("valid") })
      : notice({ tone: "danger", title: t(`${state}Title`), text: t(`${state}Text`), alert: true }),
    facts.length > 0 && h("dl", { class: "facts" }, facts.map(([name, at]) => [h("dt", {}, name), h("dd", {}, fmt.datetimeNode(at))])),
  );
}
