/** Recovery: the link by e-mail, then the code, a new password, and a new code to keep. */

import words from "../i18n/portal-account.mjs";
import departure from "../i18n/portal-departure.mjs";
import { errorSummary, h, notice, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { atField, errorNotice, sentence } from "./errors.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";
import { recoveryCode } from "./recovery_code.mjs";

const t = translator(words);
const lostBoth = () => h("p", { class: "meta" }, h("a", { href: "/sifirlama" }, translator(departure)("lostBoth")));

function startForm(vault) {
  return works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("recoverStart")),
      h("p", { class: "meta" }, t("recoverStartText")),
      field({ name: "email", label: t("f_email"), type: "email", required: true, autocomplete: "email" }),
      h("div", { class: "form-actions" }, h("a", { class: "btn btn-quiet", href: "/giris" }, t("signIn")), submitButton(t("recoverSend"))),
    ),
    {
      work: async ({ email }) => {
        await vault.call("recovery.start", { email: email.trim() });
        show(notice({ tone: "ok", title: t("recoverSent"), text: t("recoverSentText", { email }) }));
      },
    },
  );
}

function openForm(vault, token) {
  const code = field({
    name: "code", label: t("f_code"), required: true, help: t("h_code"),
    attrs: { autocomplete: "off", autocapitalize: "characters", spellcheck: "false" },
  });
  const form = works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("recoverOpen")),
      code,
      field({ name: "password", label: t("newPassword"), type: "password", required: true, autocomplete: "new-password", help: t("passwordHelp") }),
      field({ name: "again", label: t("passwordAgain"), type: "password", required: true, autocomplete: "new-password" }),
      h("div", { class: "form-actions" }, submitButton(t("recoverGo"))),
    ),
    {
      busy: t("makingKeys"),
      check: ({ password, again }) => (password && password !== again ? { again: t("passwordsDiffer") } : {}),
      work: async (values) => {
        const said = await vault.call("password.check", { password: values.password });
        if (!said.ok) {
          errorSummary(form, { password: sentence(said) });
          return;
        }
        try {
          await vault.call("recovery.open", { token, code: values.code });
        } catch (error) {
          if (error.code !== "link_invalid") throw atField(error, { recovery_code: "code" });
          askAgain(vault, error);
          return;
        }
        const { groups, ask } = await vault.call("recovery.prepare", { password: values.password });
        show(recoveryCode({
          vault, groups, ask, email: "", again: true, busy: t("recovering"), done: t("recoverFinish"), finish: () => finish(vault),
        }));
      },
    },
  );
  return form;
}

/** A link that was used or is too old: the next one is asked for right here. */
function askAgain(vault, error) {
  history.replaceState(null, "", location.pathname);
  show(errorNotice(error, { title: t("recoverStale") }), startForm(vault));
}

async function finish(vault) {
  await vault.call("recovery.finish");
  history.replaceState(null, "", location.pathname);
  show(
    notice({ tone: "ok", title: t("recovered"), text: t("recoveredText") }),
    h("p", {}, h("a", { class: "btn btn-primary", href: "/panel" }, t("toPanel"))),
  );
}

async function begin() {
  const vault = await openVault();
  const token = location.hash.slice(1);
  show(token ? openForm(vault, token) : startForm(vault), lostBoth());
  document.documentElement.dataset.page = "ready";
}

begin().catch((error) => showFailure(error));
