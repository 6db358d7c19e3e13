/** The lines: connecting one through Meta or by hand, asking Meta again, disconnecting; the hours. */

import words from "../i18n/portal-lines.mjs";
import { confirmDialog, emptyState, fill, h, icon, notice, slot, toast, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { lineTitle } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { errorNotice, toastError } from "./errors.mjs";
import { field } from "./forms.mjs";
import { lineCard } from "./line_card.mjs";
import { openPage, show } from "./page.mjs";
import { hoursPanel } from "./sending_hours.mjs";

const t = translator(words);
const KEPT = "wtr.signup"; // sessionStorage: the state that went to Meta and must come back
const SCOPE = "whatsapp_business_management,whatsapp_business_messaging";
const place = { busy: h("div"), list: h("div", { class: "stack" }) };
let vault;
let config;

const redirectUri = () => `${location.origin}/hatlar`;

async function refresh({ id }) {
  await vault.call("lines.info", { line: id });
  await vault.call("lines.templates", { line: id, refresh: true });
  toast(t("refreshed"), "ok");
  await load();
}

async function disconnect(line) {
  const running = (await getJson("campaigns")).campaigns.filter(
    (one) => one.line === line.id && ["queued", "running", "paused", "held", "scheduled"].includes(one.state),
  );
  const sure = await confirmDialog({
    title: t("disconnectTitle", { line: lineTitle(line) }),
    body: [
      running.length > 0 ? t("disconnectRunning", { n: running.length }) : t("disconnectNone"),
      t("disconnectText"),
    ],
    confirm: t("disconnect"),
    danger: true,
  });
  if (!sure) return;
  try {
    await vault.call("lines.disconnect", { line: line.id });
    toast(t("disconnected"), "ok");
    await load();
  } catch (error) {
    toastError(error);
  }
}

function goToMeta() {
  const state = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  sessionStorage.setItem(KEPT, state);
  const address = new URL(config.meta.dialog_url);
  const asked = { client_id: config.meta.app_id, redirect_uri: redirectUri(), state, response_type: "code", scope: SCOPE };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

/** What Meta sent back; it leaves the address bar before anything else happens. */
function fromMeta() {
  const said = new URLSearchParams(location.search);
  if (!said.has("code") && !said.has("error")) return null;
  history.replaceState(null, "", location.pathname);
  const expected = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (!expected || said.get("state") !== expected) return { problem: t("metaState") };
  if (said.has("error")) return { problem: t("metaRefused") };
  return { code: said.get("code"), waba_id: said.get("waba_id") ?? "", phone_number_id: said.get("phone_number_id") ?? "" };
}

const PIN = { name: "pin", pattern: /^\d{6}$/ };

function idFields({ waba_id: waba = "", phone_number_id: phone = "" } = {}) {
  return [
    field({ name: "waba_id", label: t("wabaId"), required: true, value: waba, help: t("wabaHelp"), attrs: { inputmode: "numeric", autocomplete: "off" } }),
    field({ name: "phone_number_id", label: t("phoneId"), required: true, value: phone, help: t("phoneHelp"), attrs: { inputmode: "numeric", autocomplete: "off" } }),
  ];
}

const pinField = () => field({ name: PIN.name, label: t("pin"), help: t("pinHelp"), attrs: { inputmode: "numeric", autocomplete: "off", maxlength: "6" } });

function checkIds({ waba_id: waba, phone_number_id: phone, pin }) {
  const errors = {};
  if (waba && !/^\d{5,25}$/.test(waba.trim())) errors.waba_id = t("idWrong");
  if (phone && !/^\d{5,25}$/.test(phone.trim())) errors.phone_number_id = t("idWrong");
  if (pin && !PIN.pattern.test(pin.trim())) errors.pin = t("pinWrong");
  return errors;
}

async function connect(args) {
  const pin = args.pin?.trim();
  const wanted = { ...args, waba_id: args.waba_id.trim(), phone_number_id: args.phone_number_id.trim() };
  delete wanted.pin;
  const made = await vault.call("lines.connect", pin ? { ...wanted, pin } : wanted);
  toast(t("connected", { line: lineTitle(made), n: made.templates.length }), "ok");
  await load();
  return made;
}

async function connectByHand(line = null) {
  await formDialog({
    title: t("handTitle"),
    submit: t("handSubmit"),
    busy: t("connecting"),
    check: checkIds,
    body: [
      h("p", { class: "meta" }, t("handText")),
      h("div", { class: "gap-above" }, idFields()),
      field({ name: "token", label: t("token"), type: "password", required: true, help: t("tokenHelp"), autocomplete: "off" }),
      pinField(),
    ],
    work: (values) => connect({ method: "token", token: values.token.trim(), waba_id: values.waba_id, phone_number_id: values.phone_number_id, pin: values.pin, ...(line ? { line } : {}) }),
  });
}

/** The code lives about a minute: it is used at once; only missing ids are asked for. */
async function finishSignup(back) {
  if (back.problem) {
    fill(place.busy, notice({ tone: "warn", title: t("metaFailed"), text: back.problem }));
    return;
  }
  const args = { method: "code", code: back.code, redirect_uri: redirectUri() };
  if (!back.waba_id || !back.phone_number_id) {
    await formDialog({
      title: t("idsTitle"),
      submit: t("handSubmit"),
      busy: t("connecting"),
      check: checkIds,
      body: [h("p", { class: "meta" }, t("idsText")), h("div", { class: "gap-above" }, idFields(back)), pinField()],
      work: (values) => connect({ ...args, ...values }),
    });
    return;
  }
  fill(place.busy, notice({ tone: "info", title: t("connecting"), text: t("connectingText"), children: [h("progress", { class: "bar", "aria-label": t("connecting") })] }));
  try {
    await connect({ ...args, waba_id: back.waba_id, phone_number_id: back.phone_number_id });
    fill(place.busy);
  } catch (error) {
    fill(place.busy, errorNotice(error, { title: t("connectFailed") }), h("p", { class: "meta gap-above" }, t("connectAgain")));
  }
}

function ways() {
  return [
    h("button", { class: "btn btn-primary", type: "button", onClick: goToMeta }, icon("plus"), h("span", {}, t("viaMeta"))),
    h("button", { class: "btn btn-secondary", type: "button", onClick: () => connectByHand() }, icon("key"), h("span", {}, t("byHand"))),
  ];
}

async function load() {
  const all = await vault.call("lines.all");
  const empty = all.length === 0;
  slot("actions", empty ? null : ways());
  fill(place.list, empty
    ? emptyState({ title: t("none"), text: t("noneText"), icon: "line", action: h("div", { class: "row-wrap" }, ways()) })
    : all.map((line) => lineCard({ line, vault, refresh, reconnect: ({ id }) => connectByHand(id), disconnect })));
}

openPage(async (page) => {
  vault = page.vault;
  const back = fromMeta();
  config = await vault.call("config");
  await load();
  show(place.busy, place.list, h("p", { class: "meta" }, t("sealed")), await hoursPanel());
  if (location.hash === "#saatler") document.getElementById("saatler")?.scrollIntoView();
  if (back) await finishSignup(back);
});
