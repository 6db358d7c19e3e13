/** Every error in plain words: what happened, whether anything was lost, what to do, a reference. */

import contacts from "../i18n/contacts.mjs";
import common from "../i18n/portal-common.mjs";
import vaultWords from "../i18n/vault.mjs";
import { errorSummary, fmt, h, notice, pageLang, toast, translator } from "../ui/index.mjs";

const lang = pageLang();
const t = translator(common);
const fromVault = vaultWords[lang] ?? vaultWords.tr;
const fromImport = contacts[lang] ?? contacts.tr;

/** The sentence of an error of the vault, of the API, or of anything else. */
export function sentence(error) {
  const told = error?.data?.[lang];
  if (error?.code === "sender_refused" && told) return told;
  if (error?.message && error.name === "VaultError") return error.message;
  // Where one part of a thing is meant, its sentence names the part.
  const part = error?.data?.no === undefined ? undefined : fromVault[`vault.error.${error.code}_part`];
  const known = part ?? fromVault[`vault.error.${error?.code}`] ?? fromImport[`problem.${error?.code}`];
  if (!known) return t("unexpected");
  return known.replace(/\{(\w+)\}/g, (mark, name) => {
    const value = error.data?.[name];
    return typeof value === "number" ? fmt.number(value) : (value ?? mark);
  });
}

/** The same with the reference that support asks for. */
export function fullSentence(error) {
  return error?.ref ? `${sentence(error)} ${t("reference", { ref: error.ref })}` : sentence(error);
}

/** A notice with the way on: `retry` is called by its button. */
export function errorNotice(error, { retry = null, title = t("failed") } = {}) {
  return notice({
    tone: "danger",
    title,
    alert: true,
    children: [
      h("p", {}, sentence(error)),
      error?.ref && h("p", { class: "muted" }, t("reference", { ref: error.ref })),
      retry && h("p", {}, h("button", { class: "btn btn-secondary btn-sm", type: "button", onClick: retry }, t("retry"))),
    ],
  });
}

/** The last part of the API's field name: `profile.email` is the form's `email`. */
export const fieldOf = (error) => (error?.field ?? "").split(".").at(-1);

/** The same error, to be told beside the field that its code belongs to: `{wrong_code: "totp"}`. */
export function atField(error, fields) {
  if (fields[error?.code]) error.field = fields[error.code];
  return error;
}

/** Puts an error beside its field, or at the top of the form. */
export function formError(form, error) {
  if (error?.code === "aborted") return;
  errorSummary(form, { [fieldOf(error)]: fullSentence(error) });
}

/** For acts without a form. */
export function toastError(error) {
  if (error?.code !== "aborted") toast(fullSentence(error), "danger");
}
