/** Fields and forms of the portal: labels above, help under, errors beside, submitted once. */

import common from "../i18n/portal-common.mjs";
import { errorSummary, h, icon, submitting, translator, uid } from "../ui/index.mjs";
import { formError } from "./errors.mjs";

const t = translator(common);

function control({ name, type, id, help, required, value, autocomplete, options, attrs }) {
  const shared = {
    id, name, required, autocomplete,
    "aria-describedby": help ? `${id}-help` : null,
    ...attrs,
  };
  if (type === "select") {
    const choices = options.map(([key, text]) => h("option", { value: key }, text));
    return h("select", { class: "form-select", ...shared, value }, choices);
  }
  if (type === "textarea") return h("textarea", { class: "form-control", rows: "4", ...shared, value });
  return h("input", { class: "form-control", type, ...shared, value });
}

/**
 * field({name, label, type, help, required, value, autocomplete, options, attrs}) -> the block, with
 * its control as `.control`. `type` is any of <input>, or select (options [[value, text]]) or textarea.
 */
export function field({ name, label, type = "text", help = "", required = false, value = "", autocomplete = null, options = [], attrs = {} }) {
  const id = uid(`f-${name}`);
  const input = control({ name, type, id, help, required, value, autocomplete, options, attrs });
  const node = h(
    "div",
    { class: "field" },
    h("label", { class: "form-label", for: id }, label, !required && h("span", { class: "optional" }, ` ${t("optional")}`)),
    type === "password" ? withEye(input) : input,
    help && h("p", { class: "form-text", id: `${id}-help` }, help),
  );
  node.control = input;
  return node;
}

function withEye(input) {
  const button = h(
    "button",
    { class: "btn btn-quiet eye", type: "button", "aria-pressed": "false", "aria-label": t("showPassword"), onClick: flip },
    icon("eye"),
  );
  function flip() {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.replaceChildren(icon(shown ? "eye-off" : "eye"));
  }
  return h("div", { class: "with-eye" }, input, button);
}

/** A box to tick; `label` may hold nodes. */
export function check({ name, label, help = "", required = false, checked = false, value = "1" }) {
  const id = uid(`f-${name}`);
  const input = h("input", { class: "form-check-input", type: "checkbox", id, name, value, required, checked });
  const node = h(
    "div",
    { class: "field field-check" },
    input,
    h("label", { for: id }, label),
    help && h("p", { class: "form-text" }, help),
  );
  node.control = input;
  return node;
}

/** radios({name, legend, options: [[value, title, text]], value}) -> a fieldset of cards. */
export function radios({ name, legend, options, value = "", hiddenLegend = false }) {
  const inputs = options.map(([key]) =>
    h("input", { class: "form-check-input", type: "radio", name, id: uid(`f-${name}`), value: key, checked: key === value }),
  );
  const node = h(
    "fieldset",
    { class: "field choices" },
    h("legend", { class: hiddenLegend ? "visually-hidden" : "form-label" }, legend),
    options.map(([, title, text], i) =>
      h("div", { class: "choice" }, inputs[i], h("label", { for: inputs[i].id }, h("b", {}, title), text && h("span", {}, text))),
    ),
  );
  node.picked = () => inputs.find((one) => one.checked)?.value ?? "";
  return node;
}

/** Sentences for the needed fields that are empty, by name. */
export function missing(form) {
  const errors = {};
  for (const input of form.elements) {
    if (!input.required || input.disabled || errors[input.name]) continue;
    const empty = input.type === "checkbox" ? !input.checked : !input.value.trim();
    if (!empty) continue;
    const label = form.querySelector(`label[for="${input.id}"]`)?.firstChild?.textContent ?? "";
    errors[input.name] = input.type === "checkbox" ? t("tickNeeded") : t("needed", { label });
  }
  return errors;
}

/**
 * Makes a form work: `check(values)` gives errors by field beside the needed ones; `work(values, button)`
 * does it, and what it throws is shown in the form.
 */
export function works(form, { busy = t("working"), check: more = () => ({}), work }) {
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    if (!errorSummary(form, { ...more(values), ...missing(form) })) return;
    const button = event.submitter ?? form.querySelector("button:not([type='button'])");
    await submitting(form, button, busy, async () => {
      try {
        await work(values, button);
      } catch (error) {
        formError(form, error);
      }
    });
  });
  return form;
}

/** A button that does one thing at a time and shows its error as a toast through `failed`. */
export function actionButton({ label, kind = "secondary", iconName = "", size = "", busy = t("working"), work, failed }) {
  const text = h("span", {}, label);
  const button = h(
    "button",
    { class: `btn btn-${kind} ${size && `btn-${size}`}`.trim(), type: "button", onClick: run },
    iconName && icon(iconName),
    text,
  );
  async function run() {
    if (button.disabled) return;
    button.disabled = true;
    text.textContent = busy;
    try {
      await work();
    } catch (error) {
      failed(error);
    } finally {
      button.disabled = false;
      text.textContent = label;
    }
  }
  return button;
}

export const submitButton = (label, { kind = "primary", size = "", iconName = "" } = {}) =>
  h("button", { class: `btn btn-${kind} ${size && `btn-${size}`}`.trim() }, iconName && icon(iconName), h("span", {}, label));
