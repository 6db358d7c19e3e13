/** The second factor: its panel in the settings, and the field that asks for a code at sign-in. */

import words from "../i18n/portal-second-factor.mjs";
import { errorSummary, fill, h, toast, translator } from "../ui/index.mjs";
import { getJson, postJson } from "../vault/http.mjs";
import { formDialog } from "./dialogs.mjs";
import { atField, sentence, toastError } from "./errors.mjs";
import { actionButton, field } from "./forms.mjs";

const t = translator(words);
const codeField = (help = "") => field({ name: "totp", label: t("code"), help, required: true, autocomplete: "one-time-code", attrs: { inputmode: "numeric", maxlength: "9" } });

/** Signing in, with the code once it is asked for: `work(values)` runs, the field appears where needed.
    To be asked is a step, not a mistake: only a wrong code is told as an error. */
export function withCode(form, work) {
  return async (values) => {
    try {
      return await work(values);
    } catch (error) {
      if (error.code !== "code_needed" && error.code !== "code_wrong") throw error;
      if (form.elements.totp) errorSummary(form, { totp: sentence(error) });
      else form.querySelector(".form-actions, .dialog-actions").before(codeField(sentence(error)));
      form.elements.totp.value = "";
      form.elements.totp.focus();
      return null;
    }
  };
}

async function turnOn() {
  const { secret, qr } = await postJson("totp/offer", {});
  return formDialog({
    title: t("onTitle"),
    body: [
      h("p", {}, t("onText")),
      h("img", { class: "qr", src: qr, alt: t("qr"), width: "220", height: "220" }),
      h("p", { class: "meta" }, `${t("secret")}: `, h("code", {}, secret.replace(/(.{4})(?=.)/g, "$1 "))),
      codeField(),
    ],
    submit: t("onGo"),
    work: ({ totp }) => postJson("totp", { secret, code: totp }).catch((error) => {
      throw atField(error, { wrong_code: "totp" });
    }),
  });
}

const turnOff = (vault) => formDialog({
  title: t("offTitle"),
  body: [h("p", {}, t("offText")), field({ name: "password", label: t("password"), type: "password", required: true, autocomplete: "current-password" })],
  submit: t("offGo"),
  kind: "danger",
  work: ({ password }) => vault.call("totp.off", { password }).catch((error) => {
    throw atField(error, { wrong_password: "password" });
  }),
});

export async function secondFactorPanel(vault) {
  const node = h("section", { class: "panel stack" });
  const load = async () => {
    const { on } = await getJson("totp");
    const act = async () => {
      if (!await (on ? turnOff(vault) : turnOn())) return;
      toast(t(on ? "offDone" : "onDone"), "ok");
      await load();
    };
    fill(
      node,
      h("h2", {}, t("title")),
      h("p", { class: "meta" }, t("text")),
      h("p", {}, t(on ? "isOn" : "isOff")),
      on && h("p", { class: "meta" }, t("lost")),
      h("p", {}, actionButton({ label: t(on ? "turnOff" : "turnOn"), iconName: "shield", work: act, failed: toastError })),
    );
  };
  await load();
  return node;
}
