/** Opening an account: the business, a password, the documents, and the recovery code. */

import words from "../i18n/portal-account.mjs";
import { errorSummary, h, notice, pageLang, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { documentTick } from "./documents.mjs";
import { fieldOf, formError, fullSentence, sentence } from "./errors.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";
import { recoveryCode } from "./recovery_code.mjs";
import { reveal, steps } from "./steps.mjs";

const t = translator(words);
const PROFILE = [
  { name: "organization_name", required: true, autocomplete: "organization" },
  { name: "contact_name", required: true, autocomplete: "name" },
  { name: "email", type: "email", required: true, autocomplete: "email", help: true },
  { name: "phone", type: "tel", required: true, autocomplete: "tel", help: true },
  { name: "address", autocomplete: "street-address" },
  { name: "website", type: "text", autocomplete: "url", attrs: { inputmode: "url" } },
  { name: "tax_number", attrs: { inputmode: "numeric" } },
  { name: "tax_office" },
];

const trail = steps([t("stepBusiness"), t("stepPassword"), t("stepDocuments"), t("stepCode")]);
const sections = {};
const values = { profile: {}, prepared: "" };
let vault;
let guarded = false;

addEventListener("beforeunload", (event) => {
  if (guarded) event.preventDefault();
});

function go(name) {
  trail.at(["business", "password", "documents", "code"].indexOf(name));
  reveal(Object.values(sections), sections[name]);
}

const back = (name) => h("button", { class: "btn btn-quiet", type: "button", onClick: () => go(name) }, t("back"));

function businessForm() {
  const fields = PROFILE.map(({ help, ...one }) =>
    field({ ...one, label: t(`f_${one.name}`), help: help ? t(`h_${one.name}`) : "" }),
  );
  return works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("businessTitle")),
      h("p", { class: "meta" }, t("businessLead")),
      fields,
      h("div", { class: "form-actions" }, submitButton(t("toPassword"))),
    ),
    {
      check: ({ email }) => (/^\S+@\S+\.\S+$/.test(email.trim()) ? {} : { email: t("emailWrong") }),
      work: async (typed) => {
        values.profile = Object.fromEntries(Object.entries(typed).map(([key, text]) => [key, text.trim() || null]));
        go("password");
      },
    },
  );
}

function passwordForm() {
  const first = field({ name: "password", label: t("newPassword"), type: "password", required: true, autocomplete: "new-password", help: t("passwordHelp") });
  const again = field({ name: "again", label: t("passwordAgain"), type: "password", required: true, autocomplete: "new-password" });
  return works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("passwordTitle")),
      notice({ tone: "info", title: t("passwordWhyTitle"), text: t("passwordWhy") }),
      h("input", { type: "text", hidden: true, autocomplete: "username", name: "username", tabindex: "-1", "aria-hidden": "true" }),
      h("div", { class: "gap-above" }, first, again),
      h("div", { class: "form-actions" }, back("business"), submitButton(t("toDocuments"))),
    ),
    {
      check: ({ password, again: twice }) => (password && password !== twice ? { again: t("passwordsDiffer") } : {}),
      work: async ({ password }) => {
        const said = await vault.call("password.check", { password, email: values.profile.email });
        if (!said.ok) {
          errorSummary(sections.password, { password: sentence(said) });
          return;
        }
        values.password = password;
        go("documents");
      },
    },
  );
}

function documentsForm(documents) {
  return works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("documentsTitle")),
      h("p", { class: "meta" }, t("documentsLead")),
      documents.map(documentTick),
      h("div", { class: "form-actions" }, back("password"), submitButton(t("toCode"))),
    ),
    {
      busy: t("makingKeys"),
      work: async () => {
        values.documents = documents.map(({ document: name, version }) => ({ document: name, version }));
        if (values.prepared === values.password && values.confirmed) await create();
        else await prepare();
      },
    },
  );
}

async function prepare() {
  const { groups, ask } = await vault.call("enrol.prepare", { password: values.password });
  values.prepared = values.password;
  values.confirmed = false;
  const code = recoveryCode({
    vault, groups, ask, email: values.profile.email, busy: t("creating"), done: t("create"), finish: create,
  });
  sections.code.replaceWith(code);
  sections.code = code;
  guarded = true;
  go("code");
}

/** The server's word on a field leads back to that field; the keys and the code stay. */
async function create() {
  values.confirmed = true;
  try {
    const { profile, documents } = values;
    const made = await vault.call("enrol.finish", { profile, documents, language: pageLang() });
    guarded = false;
    finished(made);
  } catch (error) {
    const name = error.code === "email_taken" ? "email" : fieldOf(error);
    if (PROFILE.some((one) => one.name === name)) {
      go("business");
      errorSummary(sections.business, { [name]: fullSentence(error) });
    } else if (name === "documents") {
      go("documents");
      formError(sections.documents, error);
    } else {
      throw error;
    }
  }
}

function finished({ customer_no: number }) {
  show(
    h(
      "section",
      { class: "panel stack" },
      h("h2", { tabindex: "-1" }, t("doneTitle")),
      h("p", {}, t("doneText", { email: values.profile.email })),
      h("p", { class: "meta" }, t("customerNo", { number })),
      h("div", { class: "form-actions" }, h("a", { class: "btn btn-primary", href: "/panel" }, t("toPanel"))),
    ),
  ).querySelector("h2").focus();
}

async function begin() {
  vault = await openVault();
  if (vault.session) {
    location.replace("/panel");
    return;
  }
  const { documents } = await vault.call("config");
  sections.business = businessForm();
  sections.password = passwordForm();
  sections.documents = documentsForm(documents.filter((one) => one.url));
  sections.code = h("section");
  for (const one of Object.values(sections)) one.hidden = one !== sections.business;
  show(trail, Object.values(sections), h("p", { class: "meta no-print" }, t("haveAccount"), " ", h("a", { href: "/giris" }, t("signIn"))));
  document.documentElement.dataset.page = "ready";
}

begin().catch((error) => showFailure(error));
