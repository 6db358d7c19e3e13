/** Where each value of the template comes from: a column, a fixed text, or the message's own code. */

import words from "../i18n/portal-compose.mjs";
import { fill, fmt, h, notice, translator } from "../ui/index.mjs";
import { slots } from "../vault/templates.mjs";
import { field } from "./forms.mjs";

const t = translator(words);
const PLACES = ["header", "body", "buttons"];
const PLACE = ["latitude", "longitude", "name", "address"];
const MB = 1024 * 1024;
/** What Meta takes in a header (facts, 2): types, and the largest size in bytes. */
const FILES = {
  IMAGE: { types: ["image/jpeg", "image/png"], most: 5 * MB },
  VIDEO: { types: ["video/mp4", "video/3gpp"], most: 16 * MB },
  DOCUMENT: { types: ["application/pdf"], most: 100 * MB },
};

/** What is wrong with a header's file, in words; "" when it can be sent. */
export function fileProblem(format, file) {
  const { types, most } = FILES[format];
  if (!types.includes(file.type)) return t(`wrongType_${format}`);
  if (file.size === 0) return t("emptyFile");
  return file.size > most ? t("tooLarge", { most: fmt.number(most / MB), size: fmt.number(Math.ceil((file.size / MB) * 10) / 10) }) : "";
}

const keyOf = (source) => (source?.from === "field" ? `field:${source.index}` : (source?.from ?? ""));

/** A column of the same name, the person's name for the first place, a column that the text speaks of; else nothing. */
function guess({ place, name, columns, used, text }) {
  if (place === "buttons") return name === "code" ? { from: "fixed", text: "" } : { from: "code" };
  if (place === "header" && PLACE.includes(name)) return { from: "fixed", text: "" };
  const wanted = fmt.fold(name);
  const same = columns.findIndex((title) => fmt.fold(title) === wanted);
  if (same >= 0) return { from: "field", index: same };
  if (/^(ad|adi|isim|name|musteri)/.test(wanted) || (/^\d+$/.test(name) && !used.has("name"))) {
    used.add("name");
    return { from: "name" };
  }
  const spoken = columns.findIndex((title, i) => !used.has(i) && title.length > 2 && text.includes(fmt.fold(title)));
  if (spoken < 0) return null;
  used.add(spoken);
  return { from: "field", index: spoken };
}

/** A first mapping that is right most of the time; what was chosen before is kept. */
export function guessMapping(template, columns, before = null) {
  const wanted = slots(template);
  const used = new Set();
  const text = fmt.fold((template.components ?? []).map((one) => one.text ?? "").join(" "));
  return Object.fromEntries(PLACES.map((place) => [place, wanted[place].map((slot, i) => {
    const had = before?.[place]?.[i];
    if (had && (had.from !== "field" || had.index < columns.length)) return had;
    return guess({ place, name: slot.name ?? slot, columns, used, text });
  })]));
}

/** True when nothing is left open. */
export const complete = (template, mapping) =>
  PLACES.every((place) => slots(template)[place].every((_, i) => {
    const source = mapping?.[place]?.[i];
    return source && (source.from !== "fixed" || source.text.trim() !== "");
  }));

function label(place, slot) {
  if (place === "header" && PLACE.includes(slot)) return t(`place_${slot}`);
  if (place === "buttons") return t("slotButton", { text: slot.text || t("copyCode") });
  return t(place === "header" ? "slotHeader" : "slotBody", { name: slot });
}

function row({ place, slot, i, columns, state, changed }) {
  const source = state.mapping[place][i] ?? {};
  const put = (next) => {
    const { mapping } = state;
    const fresh = { ...mapping, [place]: mapping[place].map((old, at) => (at === i ? next : old)) };
    changed(fresh, next.from !== source.from || next.index !== source.index);
  };
  const options = [
    ...(source.from ? [] : [["", t("chooseSource")]]),
    ["name", t("fromName")],
    ...columns.map((title, index) => [`field:${index}`, t("fromField", { title })]),
    ["fixed", t("fromFixed")],
    ["code", t("fromCode")],
    ["phone", t("fromPhone")],
  ];
  const pick = field({
    name: `${place}-${i}`, label: label(place, slot), type: "select", required: true, options, value: keyOf(source),
    attrs: { onChange: (event) => {
      const [from, index] = event.target.value.split(":");
      if (from === "field") put({ from, index: Number(index) });
      else put(from === "fixed" ? { from, text: "" } : { from });
    } },
  });
  return h("div", { class: "map-row" }, pick, more({ source, put, name: `${place}-${i}-text` }));
}

function more({ source, put, name }) {
  if (!source.from) return null;
  if (source.from === "fixed") {
    return field({ name, label: t("fixedText"), required: true, value: source.text, attrs: { maxlength: "1000", onInput: (event) => put({ ...source, text: event.target.value }) } });
  }
  if (source.from === "code") return h("p", { class: "meta" }, t("codeHelp"));
  return field({ name, label: t("fallback"), value: source.fallback ?? "", help: t("fallbackHelp"), attrs: { maxlength: "1000", onInput: (event) => put({ ...source, fallback: event.target.value }) } });
}

/** The file of the header; `changed({media})` with one that can be sent, or null. */
export function mediaField(format, state, changed) {
  const wrong = h("div", { role: "alert" });
  const chosen = h("p", { class: "meta" });
  const name = (file) => fill(chosen, file && t("mediaChosen", { name: file.name }));
  name(state.media);
  const look = (event) => {
    const file = event.target.files[0] ?? null;
    const problem = file ? fileProblem(format, file) : "";
    event.target.setAttribute("aria-invalid", String(Boolean(problem)));
    fill(wrong, problem && notice({ tone: "danger", title: t("wrongFile"), text: problem }));
    name(problem ? null : file);
    changed({ media: problem ? null : file });
  };
  const input = field({
    name: "media", label: t(`media_${format}`), type: "file", required: true, help: t(`mediaHelp_${format}`, { most: fmt.number(FILES[format].most / MB) }),
    attrs: { accept: FILES[format].types.join(","), onChange: look },
  });
  return h("div", {}, input, chosen, wrong);
}

/** The panel, with `.draw()` whenever the template or the list has changed. */
export function mappingPanel({ state, changed }) {
  const body = h("div");
  const node = h("section", { class: "panel" }, h("h2", {}, t("mappingTitle")), body);
  node.draw = () => {
    node.hidden = !(state.template && state.list);
    if (node.hidden) return;
    const { template, list } = state;
    const wanted = slots(template);
    const media = FILES[wanted.header_format] ? wanted.header_format : null;
    const tell = (mapping, redraw) => {
      state.mapping = mapping;
      if (redraw) node.draw();
      changed({ mapping });
    };
    const rows = PLACES.flatMap((place) => wanted[place].map((slot, i) => row({ place, slot, i, columns: list.columns, state, changed: tell })));
    fill(body, rows.length > 0 ? rows : h("p", { class: "meta" }, t("noVariables")), media && h("div", { class: "gap-above" }, mediaField(media, state, changed)), media && notice({ tone: "info", text: t("mediaNote") }));
  };
  return node;
}
