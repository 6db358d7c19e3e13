/** A long table whose rows the vault hands out page by page; the search runs in the vault. */

import words from "../i18n/portal-contacts.mjs";
import { fill, fmt, h, icon, translator, uid } from "../ui/index.mjs";

const t = translator(words);
const PAGE = 50;
const PAUSE_MS = 250;

function searchBox(label, changed) {
  const id = uid("search");
  let timer;
  const input = h("input", {
    class: "form-control", id, type: "search", placeholder: label, "data-search": true,
    onInput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => changed(input.value), PAUSE_MS);
    },
  });
  return h("div", { class: "table-search" }, icon("search"), h("label", { class: "visually-hidden", for: id }, label), input);
}

function tableOf({ columns, caption }, rows) {
  const cells = (row) => columns.map((one) => h("td", { class: one.num ? "num" : null, "data-label": one.label }, one.render(row) || "–"));
  return h(
    "div",
    // As many columns as a file brings: where they do not fit, the table moves and the page does not.
    { class: "table-wrap table-scrolls", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      { class: "table table-cards" },
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, columns.map((one) => h("th", { scope: "col", class: one.num ? "num" : null }, one.label)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))),
    ),
  );
}

/**
 * pagedTable({columns: [{label, num?, render(row)}], caption, searchLabel, found(from, to, total), nobody,
 * load({from, count, search}) -> {total, rows}, failed, tools}) -> an element with `.reload({first?})`.
 */
export function pagedTable(options) {
  const state = { from: 0, search: "", turn: 0 };
  const count = h("p", { class: "table-found", role: "status" });
  const body = h("div");
  const pager = h("div", { class: "pager" });
  const node = h(
    "div",
    { class: "stack" },
    h("div", { class: "table-tools" }, searchBox(options.searchLabel, (search) => {
      state.search = search;
      node.reload({ first: true });
    }), options.tools, count),
    body,
    pager,
  );

  function step(label, name, from, usable) {
    return h("button", {
      class: "btn btn-secondary btn-sm", type: "button", disabled: !usable,
      onClick: () => {
        state.from = from;
        node.reload();
      },
    }, icon(name), h("span", {}, label));
  }

  node.reload = async ({ first = false } = {}) => {
    if (first) state.from = 0;
    const turn = (state.turn += 1);
    try {
      const { total, rows } = await options.load({ from: state.from, count: PAGE, search: state.search });
      if (turn !== state.turn) return;
      const to = state.from + rows.length;
      count.textContent = total > 0 ? options.found(fmt.number(state.from + 1), fmt.number(to), fmt.number(total)) : "";
      fill(body, rows.length > 0 ? tableOf(options, rows) : h("p", { class: "muted" }, options.nobody));
      fill(pager, total > PAGE && [
        step(t("previous"), "left", Math.max(0, state.from - PAGE), state.from > 0),
        step(t("nextPage"), "right", state.from + PAGE, to < total),
      ]);
    } catch (error) {
      if (turn === state.turn) options.failed(error);
    }
  };
  return node;
}
