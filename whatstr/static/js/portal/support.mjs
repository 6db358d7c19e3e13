/** Requests to our support: the list, and one thread, whose id stands after #. */

import words from "../i18n/portal-support.mjs";
import { emptyState, fill, fmt, h, icon, slot, toast, translator } from "../ui/index.mjs";
import { getJson, postJson } from "../vault/http.mjs";
import { toneBadge } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { toastError } from "./errors.mjs";
import { actionButton, field, submitButton, works } from "./forms.mjs";
import { openPage, show, showFailure } from "./page.mjs";

const t = translator(words);
const TOPICS = ["account", "billing", "line", "sending", "privacy", "other"];
const STATES = { open: ["info", "hourglass"], answered: ["ok", "mail"], closed: ["neutral", "ok"] };
const RATINGS = ["good", "fair", "poor"];

const badge = ({ state }) => toneBadge(t(`state_${state}`), ...(STATES[state] ?? STATES.open));

async function ask() {
  const made = await formDialog({
    title: t("askTitle"),
    submit: t("send"),
    body: [
      h("p", {}, t("askText")),
      field({ name: "topic", label: t("topic"), type: "select", required: true, options: TOPICS.map((key) => [key, t(`topic_${key}`)]) }),
      field({ name: "subject", label: t("subject"), required: true, attrs: { maxlength: "120", minlength: "3" } }),
      field({ name: "body", label: t("body"), type: "textarea", required: true, help: t("bodyHelp"), attrs: { maxlength: "4000" } }),
    ],
    work: ({ topic, subject, body }) => postJson("support", { topic, subject, body }),
  });
  if (!made) return;
  toast(t("asked"), "ok");
  location.hash = made.id;
}

const askButton = () =>
  h("button", { class: "btn btn-primary", type: "button", onClick: ask }, icon("plus"), h("span", {}, t("ask")));

function row(request) {
  return h(
    "li",
    {},
    h(
      "div",
      { class: "card-head" },
      h("h3", {}, h("a", { href: `#${request.id}` }, request.subject)),
      badge(request),
    ),
    h("p", { class: "meta" }, `${t("number", { number: request.number })} · ${t(`topic_${request.topic}`)} · ${t("opened", { at: fmt.datetime(request.opened_at) })}`),
  );
}

async function list() {
  const { requests } = await getJson("support");
  fill(slot("actions"), requests.length > 0 && askButton());
  if (requests.length === 0) {
    show(emptyState({ title: t("none"), text: t("noneText"), icon: "mail", action: askButton() }));
    return;
  }
  show(h("section", { class: "panel" }, h("h2", {}, t("requests")), h("ul", { class: "rows" }, requests.map(row))));
}

function entry({ author, at, body }) {
  const ours = author === "staff";
  return h(
    "li",
    { class: `thread-entry ${ours ? "thread-us" : "thread-you"}` },
    h("p", { class: "thread-head" }, h("b", {}, t(ours ? "us" : "you")), h("span", { class: "muted" }, fmt.datetime(at))),
    h("p", { class: "prewrap" }, body),
  );
}

/** Does `work`, shows what the thread is afterwards and says so. */
async function change(work, done) {
  const thread = await work();
  toast(t(done), "ok");
  draw(thread);
}

function writing(thread) {
  const form = h(
    "form",
    { class: "stack" },
    field({ name: "body", label: t("answer"), type: "textarea", required: true, attrs: { maxlength: "4000" } }),
    h(
      "div",
      { class: "row-wrap" },
      submitButton(t("write"), { iconName: "send" }),
      actionButton({ label: t("close"), work: () => change(() => postJson(`support/${thread.id}/close`, {}), "closed"), failed: toastError }),
    ),
  );
  return works(form, { work: ({ body }) => change(() => postJson(`support/${thread.id}/messages`, { body }), "written") });
}

function over(thread) {
  const rating = thread.satisfaction
    ? h("p", {}, t("rated", { word: t(`rate_${thread.satisfaction}`) }))
    : h(
        "div",
        { class: "stack", role: "group", "aria-label": t("rate") },
        h("h3", {}, t("rate")),
        h("div", { class: "row-wrap" }, RATINGS.map((key) =>
          actionButton({
            label: t(`rate_${key}`),
            work: async () => draw(await postJson(`support/${thread.id}/satisfaction`, { satisfaction: key })),
            failed: toastError,
          }))),
      );
  return h(
    "div",
    { class: "stack" },
    h("p", {}, t("closedText")),
    rating,
    h("div", {}, actionButton({ label: t("reopen"), work: () => change(() => postJson(`support/${thread.id}/reopen`, {}), "reopened"), failed: toastError })),
  );
}

function draw(thread) {
  fill(slot("actions"), h("a", { class: "btn btn-secondary", href: "#" }, icon("back"), h("span", {}, t("all"))));
  show(
    h(
      "section",
      { class: "panel stack" },
      h("div", { class: "card-head" }, h("h2", {}, thread.subject), badge(thread)),
      h("p", { class: "meta" }, `${t("number", { number: thread.number })} · ${t(`topic_${thread.topic}`)}`),
      h("ol", { class: "thread" }, thread.messages.map(entry)),
      thread.state === "closed" ? over(thread) : writing(thread),
    ),
  );
}

async function load() {
  const id = location.hash.slice(1);
  try {
    if (/^[0-9a-f]{32}$/.test(id)) draw(await getJson(`support/${id}`));
    else await list();
  } catch (error) {
    showFailure(error, load);
  }
}

openPage(async () => {
  addEventListener("hashchange", load);
  await load();
});
