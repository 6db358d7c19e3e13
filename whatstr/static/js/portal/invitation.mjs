/** Taking up an invitation: the link's secret opens the account's key, then a password of one's own. */

import words from "../i18n/portal-team.mjs";
import { errorSummary, fmt, h, notice, pageLang, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { errorNotice, sentence } from "./errors.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";
import { recoveryCode } from "./recovery_code.mjs";

const t = translator(words);

function joinForm(vault, offer) {
  const form = works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("joinTitle", { organization: offer.organization })),
      h("p", { class: "meta" }, t("joinRole", { role: t(`role_${offer.role}`), date: fmt.datetime(offer.expires_at) })),
      vault.session && notice({ tone: "warn", text: t("signedIn") }),
      field({ name: "contact_name", label: t("name"), required: true, autocomplete: "name" }),
      field({ name: "email", label: t("email"), type: "email", required: true, autocomplete: "email", help: t("emailHelp") }),
      field({ name: "phone", label: t("phone"), type: "tel", autocomplete: "tel" }),
      field({ name: "password", label: t("password"), type: "password", required: true, autocomplete: "new-password", help: t("passwordHelp") }),
      field({ name: "again", label: t("passwordAgain"), type: "password", required: true, autocomplete: "new-password" }),
      h("div", { class: "form-actions" }, submitButton(t("toCode"))),
    ),
    {
      busy: t("makingKeys"),
      check: ({ password, again }) => (password && password !== again ? { again: t("passwordsDiffer") } : {}),
      work: async ({ contact_name: name, email, phone, password }) => {
        const said = await vault.call("password.check", { password, email });
        if (!said.ok) {
          errorSummary(form, { password: sentence(said) });
          return;
        }
        const { groups, ask } = await vault.call("invitation.prepare", { password });
        const profile = { contact_name: name.trim(), email: email.trim(), phone: phone.trim() || null };
        show(recoveryCode({
          vault, groups, ask, email, busy: t("joining"), done: t("join"), finish: () => finish(vault, profile),
        }));
      },
    },
  );
  return form;
}

async function finish(vault, profile) {
  await vault.call("invitation.accept", { profile, language: pageLang() });
  show(
    notice({ tone: "ok", title: t("joined"), text: t("joinedText") }),
    h("p", {}, h("a", { class: "btn btn-primary", href: "/panel" }, t("toPanel"))),
  );
}

const joinedBefore = () => h("p", { class: "meta" }, t("joinedBefore"), " ", h("a", { href: "/giris" }, t("signIn")));

async function begin() {
  // The link's secret leaves the address bar at once; the Worker keeps what it needs.
  const link = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const vault = await openVault();
  if (link) {
    try {
      show(joinForm(vault, await vault.call("invitation.open", { link })));
    } catch (error) {
      show(errorNotice(error, { title: t("badLink") }), joinedBefore());
    }
  } else {
    show(notice({ tone: "warn", title: t("noLink"), text: t("noLinkText") }), joinedBefore());
  }
  document.documentElement.dataset.page = "ready";
}

begin().catch((error) => showFailure(error));
