/** Short messages at the edge of the page, read out by screen readers. */

import { h, icon } from "./dom.mjs";
import { ui } from "./words.mjs";

const ICONS = { info: "info", ok: "ok", warn: "warning", danger: "danger", neutral: "info" };

/**
 * toast("Liste kaydedildi.", "ok") -> the line, which leaves after 8 seconds.
 * kind: neutral | info | ok | warn | danger. What went wrong ("danger") stays until it is closed,
 * and a pointer or the focus on a line keeps it. `undo` = {label, run} offers a way back for twenty.
 */
export function toast(message, kind = "info", { undo = null, seconds = kind === "danger" ? 0 : undo ? 20 : 8 } = {}) {
  const host = document.querySelector("[data-toasts]") ?? document.body;
  const line = h(
    "div",
    { class: `toast-line tone-${kind}`, role: kind === "danger" ? "alert" : null },
    icon(ICONS[kind] ?? "info"),
    h("p", { class: "toast-text" }, message),
    undo && h("button", { class: "btn btn-secondary btn-sm", type: "button", onClick: back }, undo.label),
    h(
      "button",
      { class: "toast-close", type: "button", "aria-label": ui("close"), onClick: () => line.remove() },
      icon("close"),
    ),
  );
  function back() {
    line.remove();
    undo.run();
  }
  host.append(line);
  if (seconds > 0) {
    let timer;
    const start = () => {
      timer = setTimeout(() => line.remove(), seconds * 1000);
    };
    const hold = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) line.addEventListener(name, hold);
    for (const name of ["pointerleave", "focusout"]) line.addEventListener(name, start);
    start();
  }
  return line;
}
