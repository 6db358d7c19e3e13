/** The phone beside the form: the message for a real row of the list, one after the other. */

import words from "../i18n/portal-compose.mjs";
import { fill, fmt, h, icon, notice, phonePreview, translator } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";
import { sentence } from "./errors.mjs";
import { part } from "./compose_template.mjs";

const t = translator(words);

/** Without a list, the template with its marks. */
function bare(template) {
  return {
    header: part(template, "HEADER")?.text ?? "",
    header_format: part(template, "HEADER") ? (part(template, "HEADER").format ?? "TEXT") : null,
    body: part(template, "BODY")?.text ?? "",
    footer: part(template, "FOOTER")?.text ?? "",
    buttons: part(template, "BUTTONS")?.buttons ?? [],
    empty: [],
  };
}

const ICONS = { URL: "external", COPY_CODE: "copy", QUICK_REPLY: "reply", PHONE_NUMBER: "phone" };

/** A button as it looks, with what a tap does. */
function button({ type, text, url = "", code = "" }) {
  const kind = String(type ?? "").toUpperCase();
  return { text: text || (kind === "COPY_CODE" ? t("copyCode") : ""), icon: ICONS[kind], detail: kind === "URL" ? url : code };
}

export function previewSide({ vault, state }) {
  const phone = h("div");
  const pager = h("div", { class: "pager" });
  const who = h("p", { class: "meta", "aria-live": "polite" });
  const node = h("aside", { class: "preview-side", "aria-label": t("previewTitle") }, phone, pager, who);
  let turn = 0;
  let picture = null;

  function header(shown) {
    const format = String(shown.header_format ?? "TEXT").toUpperCase();
    if (format === "TEXT") return shown.header || null;
    if (format === "LOCATION") return { icon: "building", label: shown.header || t("placeAlt") };
    if (format !== "IMAGE") return { icon: format === "VIDEO" ? "play" : "file", label: state.media?.name ?? t(`media_${format}`) };
    if (picture?.file !== state.media) {
      if (picture) URL.revokeObjectURL(picture.src);
      picture = state.media?.type.startsWith("image/") ? { file: state.media, src: URL.createObjectURL(state.media) } : null;
    }
    return { src: picture?.src, alt: t("mediaAlt") };
  }

  const put = (shown) => fill(phone, phonePreview({
    header: header(shown), body: shown.body, footer: shown.footer, buttons: shown.buttons.map(button), time: fmt.time(new Date()),
  }));

  function step(name, label, row, usable) {
    return h("button", { class: "btn btn-secondary btn-sm", type: "button", disabled: !usable, "aria-label": label, onClick: () => {
      state.row = row;
      node.draw();
    } }, icon(name));
  }

  node.draw = async () => {
    const mine = (turn += 1);
    if (!state.template) {
      put({ header: "", body: t("previewEmpty"), footer: "", buttons: [] });
      fill(pager);
      fill(who);
      return;
    }
    if (!state.list || !state.mapping) {
      put(bare(state.template));
      fill(pager);
      fill(who, t("previewBare"));
      return;
    }
    try {
      const { list, template, mapping, row } = state;
      const shown = await vault.call("campaigns.preview", { list: list.id, template, mapping, row });
      if (mine !== turn) return;
      put(shown);
      fill(pager, step("left", t("previousRow"), row - 1, row > 0), h("span", {}, t("rowOf", { n: fmt.number(row + 1), of: fmt.number(shown.of) })), step("right", t("nextRow"), row + 1, row + 1 < shown.of));
      fill(who, [shown.name, phoneText(shown.to)].filter(Boolean).join(" · "), shown.empty.length > 0 && notice({ tone: "warn", text: t("rowEmpty") }));
    } catch (error) {
      if (mine === turn) fill(who, sentence(error));
    }
  };
  return node;
}
