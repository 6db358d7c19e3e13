/**
 * Building the page from script: createElement and text nodes only.
 * Everything decrypted passes through here, so a customer's text can never become markup.
 */

const SVG = "http://www.w3.org/2000/svg";
const FORBIDDEN = new Set(["style", "innerhtml", "outerhtml", "srcdoc"]);
const PROPERTIES = new Set(["value", "checked", "selected", "indeterminate", "disabled"]);

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === true) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

function safeAddress(name, value) {
  if (name !== "href" && name !== "src" && name !== "action") return;
  if (/^\s*(javascript|vbscript):/i.test(value)) throw new TypeError(`${name}: scripts are refused`);
}

/**
 * h("a", {class: "btn", href: "/x", onClick: handler, "aria-label": "…"}, "text", node, [more])
 *
 * null, undefined and false leave an attribute out; true writes it empty. `on*` takes functions
 * only. `style`, `srcdoc` and the like are refused: the page's policy would drop them silently.
 */
export function h(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs ?? {})) {
    const lower = name.toLowerCase();
    if (FORBIDDEN.has(lower)) throw new TypeError(`h: attribute ${name} is refused`);
    if (lower.startsWith("on")) {
      if (typeof value === "function") node.addEventListener(lower.slice(2), value);
      else if (value) throw new TypeError(`h: ${name} takes a function`);
      continue;
    }
    if (value === null || value === undefined) continue;
    if (PROPERTIES.has(lower)) {
      node[lower] = value;
      if (value !== true || lower === "value") continue;
    }
    if (value === false) continue;
    const text = value === true ? "" : String(value);
    safeAddress(lower, text);
    node.setAttribute(name === "className" ? "class" : name, text);
  }
  append(node, children);
  // A select can only take its value once its options are there.
  if (tag === "select" && attrs?.value !== undefined) node.value = attrs.value;
  return node;
}

/** The same for SVG; attributes are written as given (presentation attributes are allowed). */
export function s(tag, attrs = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs ?? {})) {
    if (FORBIDDEN.has(name.toLowerCase()) || /^on/i.test(name)) throw new TypeError(`s: ${name}`);
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  return append(node, children);
}

/** One icon of the page's sprite (templates/macros/icons.svg); silent for screen readers. */
export function icon(name, { size = "" } = {}) {
  return s(
    "svg",
    { class: `icon ${size && `icon-${size}`}`.trim(), "aria-hidden": "true", focusable: "false" },
    s("use", { href: `#i-${name}` }),
  );
}

/** Replaces all children of `node`; returns `node`. */
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/** The element with `data-slot="name"`, filled with text (or nodes) when given. */
export function slot(name, ...children) {
  const node = document.querySelector(`[data-slot="${name}"]`);
  if (node && children.length > 0) fill(node, ...children);
  return node;
}

let counter = 0;

/** An id that is unique in this page, for labels and descriptions. */
export function uid(prefix = "w") {
  counter += 1;
  return `${prefix}-${counter}`;
}
