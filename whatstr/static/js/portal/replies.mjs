/** What people wrote back: sealed to this account by the sender, kept until the customer has seen it. */

import words from "../i18n/portal-overview.mjs";
import { fmt, h, translator } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";
import { toastError } from "./errors.mjs";
import { answerForm } from "./reply_answer.mjs";

const t = translator(words);
const SHOWN = 20;

/** The replies among the sender's notices, newest first. */
export async function unseenReplies(vault) {
  const all = await vault.call("notices.all");
  return all.filter(({ t: kind }) => kind === "reply").reverse();
}

function reply(vault, { id, at, name, from, user, line, text }) {
  const row = h(
    "li",
    {},
    h("div", { class: "card-head" }, h("b", {}, [name, from && phoneText(from)].filter(Boolean).join(" · ") || t("replyHidden")), h("span", { class: "meta" }, fmt.datetimeNode(at))),
    h("p", {}, text || t("replyNoText")),
    answerForm(vault, { at, line, from, user }),
    h("button", { type: "button", class: "btn btn-sm btn-secondary", onClick: seen }, t("replySeen")),
  );
  async function seen() {
    try {
      await vault.call("notices.delete", { id });
      row.remove();
    } catch (error) {
      toastError(error);
    }
  }
  return row;
}

/** A panel with the newest replies; null when there is none. */
export function repliesPanel(vault, all) {
  if (all.length === 0) return null;
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("replies"), " ", h("span", { class: "page-count" }, fmt.number(all.length))),
    h("p", { class: "meta" }, t("repliesText")),
    h("ul", { class: "rows" }, all.slice(0, SHOWN).map((one) => reply(vault, one))),
  );
}
