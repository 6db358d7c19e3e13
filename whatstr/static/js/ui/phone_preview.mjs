/**
 * The message as it will look on the recipient's phone: a neutral device of our own drawing.
 * The marks that WhatsApp knows (*bold*, _italic_, ~struck~, ```code```) are shown as it shows them.
 */

import { h, icon } from "./dom.mjs";
import { ui } from "./words.mjs";

const MARKS = [
  { tag: "code", pattern: /```([^`]+)```/ },
  { tag: "b", pattern: /(?<![\p{L}\p{N}])\*(?=\S)([^*\n]*?\S)\*(?![\p{L}\p{N}])/u },
  { tag: "i", pattern: /(?<![\p{L}\p{N}])_(?=\S)([^_\n]*?\S)_(?![\p{L}\p{N}])/u },
  { tag: "s", pattern: /(?<![\p{L}\p{N}])~(?=\S)([^~\n]*?\S)~(?![\p{L}\p{N}])/u },
];

/** Text with WhatsApp's marks -> a list of nodes and texts. */
export function formatted(text) {
  let best = null;
  for (const { tag, pattern } of MARKS) {
    const match = pattern.exec(text);
    if (match && (best === null || match.index < best.match.index)) best = { tag, match };
  }
  if (best === null) return text ? [text] : [];
  const { tag, match } = best;
  const inner = tag === "code" ? [match[1]] : formatted(match[1]);
  return [
    ...(match.index > 0 ? [text.slice(0, match.index)] : []),
    h(tag, {}, inner),
    ...formatted(text.slice(match.index + match[0].length)),
  ];
}

function headerNode(header) {
  if (!header) return null;
  if (typeof header === "string") return h("p", { class: "phone-header" }, formatted(header));
  if (header.src) return h("img", { class: "phone-media", src: header.src, alt: header.alt ?? "" });
  const said = header.label ? h("span", { class: "phone-media-label" }, header.label) : h("span", { class: "visually-hidden" }, ui("phoneMedia"));
  return h("div", { class: "phone-media" }, icon(header.icon ?? "image", { size: "lg" }), said);
}

function buttonNode(button) {
  if (typeof button === "string") return h("li", {}, button);
  return h("li", {}, button.icon && icon(button.icon, { size: "sm" }), " ", button.text, button.detail && h("span", { class: "phone-button-detail" }, button.detail));
}

/**
 * phonePreview({header, body, footer, buttons, time}) -> an element.
 * `header` is a text or {src, alt} of a picture (a blob: address); without src a placeholder with
 * {icon, label} for a file or a place;
 * `body` a text, or a list of texts and nodes where filled-in values are to stand out
 * (h("span", {class: "phone-value"}, value)); `buttons` a list of texts, or of
 * {text, icon, detail} where the detail says what a tap does.
 */
export function phonePreview({ header = null, body = "", footer = "", buttons = [], time = "14:05" }) {
  const content = Array.isArray(body)
    ? body.map((part) => (typeof part === "string" ? formatted(part) : part))
    : formatted(body);
  return h(
    "div",
    { class: "phone", role: "group", "aria-label": ui("phoneLabel") },
    h(
      "div",
      { class: "phone-screen" },
      h(
        "div",
        { class: "phone-message" },
        h(
          "div",
          { class: "phone-bubble" },
          headerNode(header),
          h("p", {}, content),
          footer && h("p", { class: "phone-footer" }, footer),
          h("span", { class: "phone-time", "aria-hidden": "true" }, time),
        ),
        buttons.length > 0 &&
          h("ul", { class: "phone-buttons" }, buttons.map(buttonNode)),
      ),
    ),
  );
}
