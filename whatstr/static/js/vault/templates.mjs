// Meta's message templates: which values they need, and the message as a recipient will see it.
// The sender takes the text from Meta again; this is for composing and for the preview.
import { VaultError } from "./errors.mjs";

const MARK = /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g;
const PLACE = ["latitude", "longitude", "name", "address"];
const MEDIA = new Set(["IMAGE", "VIDEO", "DOCUMENT"]);
const PLAIN_BUTTONS = new Set(["QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE"]);

const upper = (value) => String(value ?? "").toUpperCase();

/** Placeholder names in order of first appearance; numbered ones in order of their numbers. */
function names(text) {
  const found = [...new Set([...(text ?? "").matchAll(MARK)].map((m) => m[1]))];
  return found.every((name) => /^\d+$/.test(name)) ? found.sort((a, b) => a - b) : found;
}

const part = (template, type) => (template.components ?? []).find((c) => upper(c.type) === type);

/**
 * {header: [name…], body: [name…], buttons: [{index, text, name}], header_format, supported, reason?}.
 * `buttons` are those that take a value: links with a placeholder and coupon codes.
 */
export function slots(template) {
  if (template.free) return { header: [], body: ["text"], buttons: [], header_format: null, supported: true, free: true };
  const header = part(template, "HEADER");
  const format = header ? upper(header.format ?? "TEXT") : null;
  const known = new Set(["HEADER", "BODY", "FOOTER", "BUTTONS"]);
  const buttons = part(template, "BUTTONS")?.buttons ?? [];
  let reason = null;
  if ((template.components ?? []).some((c) => !known.has(upper(c.type)))) reason = "component";
  else if (format && !["TEXT", "LOCATION"].includes(format) && !MEDIA.has(format)) reason = "header";
  else if (buttons.some((button) => !PLAIN_BUTTONS.has(upper(button.type)))) reason = "button";
  const taking = buttons.flatMap((button, index) => {
    if (upper(button.type) === "COPY_CODE") return [{ index, text: button.text ?? "", name: "code" }];
    return upper(button.type) === "URL" ? names(button.url).map((name) => ({ index, text: button.text, name })) : [];
  });
  return {
    header: { TEXT: () => names(header.text), LOCATION: () => PLACE }[format]?.() ?? [],
    body: names(part(template, "BODY")?.text),
    buttons: taking,
    header_format: format,
    supported: reason === null,
    ...(reason ? { reason } : {}),
  };
}

function fill(text, values) {
  const order = names(text);
  return (text ?? "").replace(MARK, (mark, name) => values[order.indexOf(name)] || mark);
}

/** One value of a row, from where the mapping says; "" when the row has none. */
function value(source, [phone, name, fields]) {
  switch (source?.from) {
    case "phone": return phone;
    case "name": return name || source.fallback || "";
    case "field": return fields[source.index] || source.fallback || "";
    case "fixed": return source.text ?? "";
    case "code": return "{kod}";
    default: return "";
  }
}

/** Meta refuses line breaks, tabs and runs of blanks in a value (error 132018). */
const clean = (text) => String(text).replace(/\s+/g, " ").trim();

/** The values of one row: {header, body, buttons, empty: ["body.1"…]}. */
export function values(wanted, mapping, row) {
  const out = { header: [], body: [], buttons: [], empty: [] };
  for (const place of ["header", "body", "buttons"]) {
    const sources = mapping?.[place] ?? [];
    wanted[place].forEach((slot, i) => {
      const text = (wanted.free ? String : clean)(value(sources[i], row));
      if (!text) out.empty.push(`${place}.${slot.name ?? slot}`);
      out[place].push(text);
    });
  }
  return out;
}

/** The message as its reader will see it, for one row of a list. */
export function preview(template, mapping, row) {
  const got = values(slots(template), mapping, row);
  if (template.free) return { header: "", header_format: null, body: got.body[0], footer: "", buttons: [], empty: got.empty };
  const header = part(template, "HEADER");
  const format = header ? upper(header.format ?? "TEXT") : null;
  const spare = [...got.buttons];
  const buttons = (part(template, "BUTTONS")?.buttons ?? []).map((button) => {
    const type = upper(button.type);
    if (type === "URL") {
      return { type, text: button.text, url: names(button.url).length ? fill(button.url, [spare.shift()]) : button.url };
    }
    if (type === "COPY_CODE") return { type, text: button.text ?? "", code: spare.shift() ?? "" };
    return { type, text: button.text ?? "" };
  });
  return {
    header: { TEXT: () => fill(header.text, got.header), LOCATION: () => got.header.slice(2).filter(Boolean).join(", ") }[format]?.() ?? "",
    header_format: format,
    body: fill(part(template, "BODY")?.text, got.body),
    footer: part(template, "FOOTER")?.text ?? "",
    buttons,
    empty: got.empty,
  };
}

/** A row of a job chunk, or null when a value is missing (Meta would refuse the message). */
export function jobRow(wanted, mapping, row, media) {
  const got = values(wanted, mapping, row);
  if (got.empty.length > 0) return null;
  const extra = {};
  if (got.header.length) extra.h = got.header;
  if (got.buttons.length) extra.b = got.buttons;
  if (media) extra.m = 0;
  return Object.keys(extra).length ? [row[0], got.body, extra] : [row[0], got.body];
}

/** Refuse what this version cannot send, before anything is sealed. */
export function sendable(template) {
  const wanted = slots(template);
  if (!wanted.supported) throw new VaultError("template_unsupported", wanted.reason);
  if (template.status && upper(template.status) !== "APPROVED") throw new VaultError("template_not_approved", template.status);
  return wanted;
}
