/** Errors beside the field and summed up at the top; nothing typed is lost. */

import { h, icon, uid } from "./dom.mjs";
import { ui } from "./words.mjs";

function clear(form) {
  form.querySelector(".error-summary")?.remove();
  for (const node of form.querySelectorAll(".field-error[data-made]")) node.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.classList.remove("is-invalid");
    field.closest(".field")?.classList.remove("field-invalid");
    const rest = (field.getAttribute("aria-describedby") ?? "")
      .split(" ")
      .filter((id) => id && document.getElementById(id));
    if (rest.length > 0) field.setAttribute("aria-describedby", rest.join(" "));
    else field.removeAttribute("aria-describedby");
  }
}

function mark(field, sentence) {
  field.id ||= uid("f");
  const id = `${field.id}-problem`;
  const host = field.closest(".field") ?? field.parentElement;
  field.setAttribute("aria-invalid", "true");
  field.classList.add("is-invalid");
  host.classList.add("field-invalid");
  host.append(
    h("p", { class: "field-error", id, "data-made": true }, icon("danger", { size: "sm" }), sentence),
  );
  const described = field.getAttribute("aria-describedby");
  field.setAttribute("aria-describedby", described ? `${described} ${id}` : id);
}

function jumpTo(field) {
  return (event) => {
    event.preventDefault();
    field.focus();
    field.scrollIntoView({ block: "center" });
  };
}

/**
 * errorSummary(form, {email: "…", "": "…"}) writes each sentence beside the field of that name and
 * all of them at the top, and moves the focus there. The key "" is for the form as a whole.
 * An empty object takes everything away. Returns true when there is no error.
 */
export function errorSummary(form, errors = {}) {
  clear(form);
  const entries = Object.entries(errors).filter(([, sentence]) => sentence);
  if (entries.length === 0) return true;
  const items = entries.map(([name, sentence]) => {
    const found = name ? form.elements.namedItem(name) : null;
    const field = found instanceof RadioNodeList ? found[0] : found;
    if (!field) return h("li", {}, sentence);
    mark(field, sentence);
    return h("li", {}, h("a", { href: `#${field.id}`, onClick: jumpTo(field) }, sentence));
  });
  const title =
    entries.length === 1 ? ui("oneError") : ui("manyErrors", { n: entries.length });
  const summary = h(
    "div",
    { class: "error-summary", role: "alert", tabindex: "-1" },
    h("h2", {}, icon("danger"), title),
    h("ul", {}, items),
  );
  form.prepend(summary);
  summary.focus();
  return false;
}

/**
 * Runs `work` with the form's buttons switched off and `busyText` on the one that was pressed, so
 * that one press is one submission. The buttons come back however `work` ends.
 */
export async function submitting(form, button, busyText, work) {
  if (form.getAttribute("aria-busy") === "true") return undefined;
  const buttons = [...form.querySelectorAll("button")].filter((one) => !one.disabled);
  const before = [...button.childNodes];
  form.setAttribute("aria-busy", "true");
  for (const one of buttons) one.disabled = true;
  button.replaceChildren(busyText);
  try {
    return await work();
  } finally {
    form.removeAttribute("aria-busy");
    for (const one of buttons) one.disabled = false;
    button.replaceChildren(...before);
  }
}
