/** Filters in use, each of which takes itself away. */

import { h, icon } from "./dom.mjs";
import { ui } from "./words.mjs";

/** chips([{label, value, remove}], {clear}) -> a list, or nothing when no filter is in use. */
export function chips(filters, { clear = null } = {}) {
  if (filters.length === 0) return null;
  return h(
    "ul",
    { class: "chips", "aria-label": ui("filters") },
    filters.map(({ label, value, remove }) =>
      h(
        "li",
        {},
        h(
          "button",
          { class: "chip", type: "button", "aria-label": ui("removeFilter", { label, value }), onClick: remove },
          h("span", { class: "chip-key" }, `${label}:`),
          ` ${value}`,
          icon("close", { size: "sm" }),
        ),
      ),
    ),
    clear && h("li", {}, h("button", { class: "chip-clear", type: "button", onClick: clear }, ui("removeAll"))),
  );
}
