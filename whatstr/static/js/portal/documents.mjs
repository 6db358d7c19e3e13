/** The legal documents: one tick each, and the banner that asks again when a text has changed. */

import common from "../i18n/portal-common.mjs";
import { fmt, h, notice, toast, translator } from "../ui/index.mjs";
import { getJson, postJson } from "../vault/http.mjs";
import { check, submitButton, works } from "./forms.mjs";

const t = translator(common);

/** A version is the day it came into force: "2026-11-01" -> "1 Kas 2026". */
export const versionText = (version) =>
  /^\d{4}-\d{2}-\d{2}$/.test(version) ? fmt.date(`${version}T12:00:00Z`) : version;

/** The tick for one document of `config`: its title leads to the text, its version stands beside it. */
export function documentTick({ title, version, url, document: name }) {
  const link = h("a", { href: url, target: "_blank", rel: "noopener" }, title ?? name);
  return check({
    name: `document-${name}`,
    label: [t("acceptBefore"), link, t("acceptAfter", { version: versionText(version) })],
    required: true,
  });
}

/** What `me` lists as due, with its titles; a banner that goes away once all of it is accepted. */
export async function documentsBanner(due) {
  const { documents } = await getJson("config");
  const wanted = documents.filter((one) => due.some(({ document: name }) => name === one.document));
  const form = h(
    "form",
    { class: "gap-above" },
    wanted.map(documentTick),
    h("div", { class: "form-actions" }, submitButton(t("documentsAccept"))),
  );
  const banner = notice({ tone: "info", title: t("documentsDue"), text: t("documentsDueText"), children: [form] });
  works(form, {
    work: async () => {
      const accepted = wanted.map(({ document: name, version }) => ({ document: name, version }));
      await postJson("documents", { documents: accepted });
      banner.remove();
      toast(t("documentsAccepted"), "ok");
      document.getElementById("main").focus();
    },
  });
  return banner;
}
