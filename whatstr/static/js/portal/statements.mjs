/**
 * The sentences that people tick, by document and version: what is accepted is exactly what was read.
 * A version that this file does not know cannot be accepted (the page asks to be reloaded).
 */

import strings from "../i18n/portal-statements.mjs";
import { h, pageLang } from "../ui/index.mjs";

/** The paragraphs of a statement, or null for a version that this page cannot show. */
export function statement(document, version) {
  const words = strings[pageLang()] ?? strings.tr;
  return words[`${document}@${version}`] ?? null;
}

export function statementBlock(document, version) {
  const paragraphs = statement(document, version);
  return paragraphs && h("div", { class: "statement" }, paragraphs.map((text) => h("p", {}, text)));
}

/** The version in force of one document, from `config`. */
export const versionOf = (config, name) => config.documents.find((one) => one.document === name)?.version ?? "";
