/** Settings: what is held about the business, password, news, sign-ins, what staff looked at. */

import words from "../i18n/portal-settings.mjs";
import teamWords from "../i18n/portal-team.mjs";
import { dataTable, errorSummary, fmt, h, icon, notice, pageLang, toast, translator } from "../ui/index.mjs";
import { getJson, putJson } from "../vault/http.mjs";
import { phoneText, unbroken } from "./badges.mjs";
import { versionText } from "./documents.mjs";
import { sentence, toastError } from "./errors.mjs";
import { actionButton, check, field, submitButton, works } from "./forms.mjs";
import { openPage, show } from "./page.mjs";
import { deletePanel, exportPanel } from "./departure.mjs";
import { download } from "./download.mjs";
import { offerKeyChange } from "./rekey.mjs";
import { secondFactorPanel } from "./second_factor.mjs";
import { senderKeyPanel } from "./sender_key.mjs";
import { sessionsPanel } from "./sessions.mjs";
import { viewsPanel } from "./staff_views.mjs";

const t = translator(words);
const team = translator(teamWords);
const known = (key, fallback) => (t(key) === key ? fallback : t(key));

const factList = (rows) =>
  h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value || "–")]));

function saveHeld(held) {
  const blob = new Blob([JSON.stringify(held, null, 2)], { type: "application/json" });
  download({ blob, filename: t("heldFile") });
}

function profilePanel(held) {
  const { profile, members } = held;
  const rows = [
    [t("customerNo"), profile.customer_no],
    [t("organization"), profile.organization_name],
    [t("address"), profile.address],
    [t("website"), profile.website],
    [t("taxNumber"), profile.tax_number],
    [t("taxOffice"), profile.tax_office],
    [t("since"), fmt.datetime(profile.created_at)],
  ];
  const people = members.map((one) =>
    h("li", {}, h("b", {}, one.name), h("p", { class: "meta" }, [known(`role_${one.role}`, one.role), one.email, one.phone && unbroken(phoneText(one.phone.replace(/\D/g, ""))), one.email_confirmed_at ? t("emailConfirmed") : t("emailUnconfirmed")].filter(Boolean).join(" · "))),
  );
  return h("section", { class: "panel stack" }, h("h2", {}, t("held")), h("p", { class: "meta" }, t("heldText")), factList(rows), h("h3", {}, t("members")), h("ul", { class: "rows" }, people),
    h("p", {}, h("button", { class: "btn btn-secondary", type: "button", onClick: () => saveHeld(held) }, icon("download"), h("span", {}, t("heldDownload")))));
}

function passwordPanel(vault) {
  const work = h("div", { class: "stack" });
  const form = works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("password")),
      h("p", { class: "meta" }, t("passwordText")),
      field({ name: "old", label: t("oldPassword"), type: "password", required: true, autocomplete: "current-password" }),
      field({ name: "password", label: t("newPassword"), type: "password", required: true, autocomplete: "new-password", help: t("passwordHelp") }),
      field({ name: "again", label: t("passwordAgain"), type: "password", required: true, autocomplete: "new-password" }),
      h("div", { class: "form-actions" }, submitButton(t("changePassword"))),
    ),
    {
      busy: t("changing"),
      check: ({ password, again }) => (password && password !== again ? { again: t("passwordsDiffer") } : {}),
      work: async ({ old, password }) => {
        const said = await vault.call("password.check", { password });
        if (!said.ok) {
          errorSummary(form, { password: sentence(said) });
          return;
        }
        try {
          await vault.call("password.change", { old, new: password });
        } catch (error) {
          if (error.code !== "wrong_password") throw error;
          errorSummary(form, { old: sentence(error) });
          return;
        }
        form.reset();
        toast(t("passwordChanged"), "ok");
        await offerKeyChange(vault, work);
      },
    },
  );
  return h("div", { class: "stack" }, form, work);
}

const teamPanel = () => h(
  "section",
  { class: "panel stack" },
  h("h2", {}, team("teamLink")),
  h("p", { class: "meta" }, team("teamLinkText")),
  h("p", {}, h("a", { class: "btn btn-secondary", href: "/ekip" }, team("teamLink"))),
);

function preferencesPanel(chosen) {
  const language = field({ name: "language", label: t("language"), type: "select", required: true, value: pageLang(), options: [["tr", "Türkçe"], ["en", "English"]] });
  return works(
    h(
      "form",
      { class: "panel" },
      h("h2", {}, t("preferences")),
      h("p", { class: "meta" }, t("preferencesText")),
      check({ name: "email", label: t("newsEmail"), checked: chosen.email }),
      check({ name: "sms", label: t("newsSms"), checked: chosen.sms }),
      check({ name: "whatsapp", label: t("newsWhatsapp"), checked: chosen.whatsapp }),
      language,
      h("div", { class: "form-actions" }, submitButton(t("savePreferences"))),
    ),
    {
      work: async (values) => {
        const wanted = { email: "email" in values, sms: "sms" in values, whatsapp: "whatsapp" in values, language: values.language };
        await putJson("preferences", wanted);
        toast(t("preferencesSaved"), "ok");
        if (wanted.language !== pageLang()) location.assign(`/ayarlar?lang=${wanted.language}`);
      },
    },
  );
}

function table({ title, lead, rows, columns, empty }) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, title),
    lead && h("p", { class: "meta" }, lead),
    dataTable({ caption: title, rows, columns, search: rows.length > 10, sort: { key: "at", dir: "desc" }, empty: h("p", { class: "muted" }, empty) }),
  );
}

/** "Mozilla/5.0 (…) Chrome/140…" -> "Chrome 140 · Windows"; what is not known is shown as it is. */
function browserWord(text) {
  const program = /(Edg|OPR|Firefox|Chrome|Version)\/(\d+)/.exec(text.replace(/HeadlessChrome/, "Chrome").replace(/Chrome\/\d+[\d.]* Safari\/[\d.]+ (?=Edg|OPR)/, ""));
  const names = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  const system = ["Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux"].find((one) => text.includes(one));
  return program ? [`${names[program[1]] ?? program[1]} ${program[2]}`, system].filter(Boolean).join(" · ") : text;
}

const atColumn = { key: "at", label: t("at"), render: (row) => fmt.datetimeNode(row.at) };

const eventsPanel = (rows) => table({
  title: t("events"),
  lead: t("eventsText"),
  rows,
  empty: t("eventsNone"),
  columns: [
    atColumn,
    { key: "kind", label: t("event"), value: (row) => known(`event_${row.kind}`, row.kind) },
    { key: "outcome", label: t("outcome"), value: (row) => known(`outcome_${row.outcome}`, row.outcome) },
    { key: "address", label: t("address_ip") },
    { key: "browser", label: t("browser"), value: (row) => browserWord(row.browser ?? "") },
  ],
});

const revealsPanel = (rows) => table({
  title: t("reveals"),
  lead: t("revealsText"),
  rows,
  empty: t("revealsNone"),
  columns: [
    atColumn,
    { key: "role", label: t("staffRole"), value: (row) => [row.role].flat().map((one) => known(`staff_${one}`, one)).join(", ") },
    { key: "fields", label: t("fields"), value: (row) => row.fields.map((one) => known(`field_${one}`, one)).join(", ") },
    { key: "reason", label: t("reason") },
  ],
});

const documentsPanel = (rows) => table({
  title: t("documents"),
  lead: t("documentsText"),
  rows,
  empty: "–",
  columns: [
    atColumn,
    { key: "document", label: t("document"), value: (row) => known(`doc_${row.document}`, row.document) },
    { key: "version", label: t("version"), render: (row) => versionText(row.version) },
    { key: "address", label: t("address_ip") },
  ],
});

function sessionPanel(vault) {
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("session")),
    h("p", { class: "meta" }, t("sessionText")),
    h(
      "div",
      { class: "row-wrap" },
      actionButton({ label: t("lockNow"), iconName: "lock", work: () => vault.call("lock"), failed: toastError }),
      actionButton({ label: t("signOut"), iconName: "sign-out", work: () => vault.call("logout"), failed: toastError }),
    ),
  );
}

openPage(async ({ vault, me }) => {
  const chosen = await getJson("preferences");
  const held = await getJson("held-data").catch((error) => {
    if (error.status === 403) return null;
    throw error;
  });
  show(
    held ? profilePanel(held) : notice({ tone: "info", text: t("ownerOnly") }),
    vault.session.vault_access && teamPanel(),
    preferencesPanel(chosen),
    passwordPanel(vault),
    await secondFactorPanel(vault),
    await sessionsPanel(vault, browserWord),
    vault.session.vault_access && await senderKeyPanel(vault),
    held && viewsPanel(me),
    held && [revealsPanel(held.reveals), documentsPanel(held.documents), eventsPanel(held.events)],
    sessionPanel(vault),
    vault.session.vault_access && exportPanel(vault),
    vault.session.role === "owner" && deletePanel(vault, me),
  );
});
