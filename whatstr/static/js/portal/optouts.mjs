/** Those who refused: the sender tells of them, the vault keeps them, every launch leaves them out. */

import words from "../i18n/portal-contacts.mjs";
import { dataTable, fmt, h, translator } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";

const t = translator(words);
const DIGITS = /^\d+$/;
const WAYS = ["word", "button", "link", "meta_switch", "meta_error", "desk", "customer", "unreachable", "blocked"];

/**
 * Take in what the sender told since the last time; gives [{number, at, via}], newest first. Who
 * refused under a number and a user id at once is one person: the number stands for both.
 */
export async function knownOptOuts(vault) {
  await vault.call("notices.all");
  const all = await vault.call("optouts.all");
  const act = ({ at, via }) => `${at} ${via}`;
  const numbered = new Set(all.filter(({ number }) => DIGITS.test(number)).map(act));
  const people = all.filter((one) => DIGITS.test(one.number) || !numbered.has(act(one)));
  return people.sort((a, b) => String(b.at).localeCompare(String(a.at)));
}

const wayOf = ({ via }) => t(WAYS.includes(via) ? `via_${via}` : "via_word");

/** A panel with everybody who refused; `people` from knownOptOuts. */
export function optOutsPanel(people) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("optOuts"), " ", h("span", { class: "page-count" }, fmt.number(people.length))),
    h("p", { class: "meta" }, t(people.length > 0 ? "optOutsText" : "optOutsNone")),
    people.length > 0 && dataTable({
      caption: t("optOuts"),
      rows: people,
      search: people.length > 5,
      columns: [
        { key: "number", label: t("phone"), value: ({ number }) => phoneText(number) },
        { key: "via", label: t("optOutVia"), value: wayOf },
        { key: "at", label: t("optOutAt"), render: ({ at }) => fmt.datetimeNode(at) },
      ],
    }),
  );
}
