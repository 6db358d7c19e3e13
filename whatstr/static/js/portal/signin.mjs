/** Signing in, and back to the page that asked for it. */

import words from "../i18n/portal-account.mjs";
import { h, notice, pageLang, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";
import { withCode } from "./second_factor.mjs";

const t = translator(words);
const KNOWN = /^\/(panel|kisiler|kampanyalar|kampanyalar\/yeni|kampanya|hatlar|odeme|ayarlar|ekip|destek)(#[\w=&.-]*)?$/;

/** Where to go on: a page of the panel that sent us here, never another host. */
function onward() {
  let wanted = "";
  try {
    wanted = decodeURIComponent(location.hash.slice(1));
  } catch {
    // A broken fragment leads to the overview.
  }
  return KNOWN.test(wanted) ? wanted : "/panel";
}

/** The member's language counts until somebody chooses another in this browser. */
function inLanguage(address, { language }) {
  const chosen = /(?:^|;\s*)wtr_lang=/.test(document.cookie);
  if (chosen || !language || language === pageLang()) return address;
  const [path, hash = ""] = address.split("#");
  return `${path}?lang=${language}${hash && `#${hash}`}`;
}

function signInForm(vault) {
  const email = field({ name: "email", label: t("f_email"), type: "email", required: true, autocomplete: "username" });
  const password = field({ name: "password", label: t("f_password"), type: "password", required: true, autocomplete: "current-password" });
  const form = h(
      "form",
      { class: "panel" },
      onward() !== "/panel" && notice({ tone: "info", text: t("signInAgain") }),
      h("div", { class: "gap-above" }, email, password),
      h("div", { class: "form-actions" }, submitButton(t("signIn"))),
    );
  return works(form, {
    busy: t("signingIn"),
    work: withCode(form, async ({ email: typed, password: secret, totp }) => {
      const session = await vault.call("login", { email: typed.trim(), password: secret, totp });
      location.assign(inLanguage(onward(), session));
    }),
  });
}

async function begin() {
  const vault = await openVault();
  if (vault.session) {
    location.replace(onward());
    return;
  }
  const form = signInForm(vault);
  show(
    form,
    h(
      "p",
      { class: "meta" },
      h("a", { href: "/kurtarma" }, t("forgot")), " · ", t("noAccount"), " ", h("a", { href: "/kayit" }, t("signUp")),
    ),
  );
  form.elements.email.focus();
  document.documentElement.dataset.page = "ready";
}

begin().catch((error) => showFailure(error));
