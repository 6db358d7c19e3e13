/** A list of rows: how many, search, sort, keyboard, and cards on a phone. */

import { fill, h, icon, uid } from "./dom.mjs";
import { emptyState } from "./blocks.mjs";
import { fold, number } from "./fmt.mjs";
import { ui } from "./words.mjs";

const PAGE = 50;
const collator = new Intl.Collator("tr", { numeric: true, sensitivity: "base" });

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}

const plain = (column, row) => (column.value ? column.value(row) : row[column.key]);

function bodyCell(column, row, index, open) {
  const content = column.render ? column.render(row) : plain(column, row);
  const shown = content === null || content === undefined || content === "" ? "–" : content;
  return h(
    "td",
    { class: column.num ? "num" : null, "data-label": column.label },
    open && index === 0
      ? h("button", { class: "row-open", type: "button", onClick: () => open(row) }, shown)
      : shown,
  );
}

function bodyRow(columns, row, open) {
  const line = h(
    "tr",
    { class: open ? "opens" : null },
    columns.map((column, index) => bodyCell(column, row, index, open)),
  );
  if (open) {
    line.addEventListener("click", (event) => {
      if (!event.target.closest("a, button, input, label, select")) open(row);
    });
  }
  return line;
}

function moveFocus(event) {
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  const here = event.target.closest?.(".row-open");
  if (!step || !here) return;
  const all = [...event.currentTarget.querySelectorAll(".row-open")];
  const next = all[all.indexOf(here) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function headCell(column, state, sortBy) {
  if (column.sort === false) return h("th", { scope: "col", class: column.num ? "num" : null }, column.label);
  const active = state.sort.key === column.key;
  const direction = state.sort.dir === "desc" ? "descending" : "ascending";
  return h(
    "th",
    { scope: "col", class: column.num ? "num" : null, "aria-sort": active ? direction : null },
    h(
      "button",
      { class: "sort", type: "button", title: ui("sortBy", { column: column.label }), onClick: () => sortBy(column.key) },
      column.label,
      icon(active ? (state.sort.dir === "desc" ? "down" : "up") : "sort", { size: "sm" }),
    ),
  );
}

function visible(rows, columns, state) {
  const wanted = fold(state.query).split(/\s+/).filter(Boolean);
  const found = wanted.length === 0
    ? [...rows]
    : rows.filter((row) => {
        const text = fold(columns.map((column) => plain(column, row) ?? "").join(" "));
        return wanted.every((word) => text.includes(word));
      });
  const column = columns.find((one) => one.key === state.sort.key);
  if (column) {
    const sign = state.sort.dir === "desc" ? -1 : 1;
    found.sort((a, b) => sign * compare(plain(column, a), plain(column, b)));
  }
  return found;
}

function searchBox(onSearch) {
  const id = uid("search");
  const input = h("input", {
    class: "form-control",
    id,
    type: "search",
    placeholder: ui("search"),
    "data-search": true,
    onInput: () => onSearch(input.value),
  });
  return {
    input,
    node: h(
      "div",
      { class: "table-search" },
      icon("search"),
      h("label", { class: "visually-hidden", for: id }, ui("search")),
      input,
    ),
  };
}

/**
 * dataTable({columns, rows, caption, onRow, sort, search, empty}) -> an element with `.update(rows)`.
 *
 * columns: [{key, label, num?, value?(row), render?(row), sort?: false}]; `value` is what is searched
 * and sorted, `render` what is shown. `onRow(row)` makes the first cell a button and the whole row
 * clickable; arrows (or j and k) move between rows. `empty` is shown instead of a table without rows.
 */
export function dataTable({ columns, rows, caption, onRow = null, sort = null, search = true, empty = null }) {
  const state = { rows, query: "", sort: sort ?? { key: null, dir: "asc" }, shown: PAGE };
  const node = h("div", { class: "data-table" });
  const found = h("p", { class: "table-found", role: "status" });
  const head = h("tr");
  const body = h("tbody", { onKeydown: moveFocus });
  const more = h("div", { class: "table-more" });
  const none = h("div");
  const box = searchBox((query) => {
    state.query = query;
    state.shown = PAGE;
    draw();
  });
  const table = h(
    "div",
    { class: "table-wrap" },
    h("table", { class: "table table-cards" }, h("caption", { class: "visually-hidden" }, caption), h("thead", {}, head), body),
  );

  function sortBy(key) {
    const flip = state.sort.key === key && state.sort.dir === "asc";
    state.sort = { key, dir: flip ? "desc" : "asc" };
    draw();
    head.children[columns.findIndex((column) => column.key === key)].querySelector("button").focus();
  }

  function drawMore(total) {
    const rest = Math.min(PAGE, total - state.shown);
    fill(more, rest > 0 && h("button", {
      class: "btn btn-secondary",
      type: "button",
      onClick: () => {
        state.shown += PAGE;
        draw();
      },
    }, ui("showMore", { n: number(rest) })));
  }

  function draw() {
    const list = visible(state.rows, columns, state);
    const total = state.rows.length;
    found.textContent = state.query
      ? ui("found", { shown: number(list.length), total: number(total) })
      : ui("rows", { total: number(total) });
    fill(head, columns.map((column) => headCell(column, state, sortBy)));
    fill(body, list.slice(0, state.shown).map((row) => bodyRow(columns, row, onRow)));
    drawMore(list.length);
    table.hidden = list.length === 0;
    fill(none, list.length === 0 && emptyState({
      title: ui("nothingFound"),
      text: ui("nothingFoundHelp"),
      icon: "search",
      action: h("button", {
        class: "btn btn-secondary",
        type: "button",
        onClick: () => {
          box.input.value = "";
          state.query = "";
          draw();
          box.input.focus();
        },
      }, ui("clearSearch")),
    }));
  }

  node.update = (next) => {
    state.rows = next;
    if (next.length === 0 && empty) return fill(node, empty);
    fill(node, search && h("div", { class: "table-tools" }, box.node, found), table, none, more);
    draw();
    return node;
  };
  node.update(rows);
  return node;
}
