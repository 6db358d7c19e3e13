/** Exceptions to the non-refundable term: asking, our question and its answer, and what became of the money. */

import words from "../i18n/portal-billing.mjs";
import { fmt, h, toast, translator } from "../ui/index.mjs";
import { postJson } from "../vault/http.mjs";
import { toneBadge } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { field, radios } from "./forms.mjs";

const t = translator(words);
const GROUNDS = ["duplicate_charge", "never_delivered", "our_outage", "price_error", "legal_order", "hardship"];
const STATES = {
  submitted: ["info", "scale"],
  needs_info: ["warn", "question"],
  approved: ["ok", "scale"],
  rejected: ["danger", "scale"],
  expired: ["neutral", "expired"],
  executed: ["ok", "ok"],
};
// The money's own state tells more than "executed" once there is a refund; created looks as submitted.
const REFUNDS = {
  created: ["info", "hourglass"],
  submitted: ["info", "hourglass"],
  pending: ["info", "hourglass"],
  failed: ["warn", "warning"],
  settled_offline: ["ok", "ok"],
};

function exceptionBadge({ exception, refund }) {
  const money = refund && REFUNDS[refund.state];
  if (money) return toneBadge(t(`refund_${refund.state}`), ...money);
  return toneBadge(t(`exception_${exception.state}`), ...(STATES[exception.state] ?? STATES.submitted));
}

/** A payment's cell: the state of its request, or the way to ask. `reload` runs after a request. */
export function exceptionCell(payment, reload) {
  if (payment.exception) return exceptionBadge(payment);
  if (payment.state !== "paid") return "";
  return h("button", { class: "btn btn-quiet btn-sm", type: "button", onClick: () => ask(payment, reload) }, t("ask"));
}

function refundSentence({ state, amount_kurus: amount, created_at: made, settled_at: settled }) {
  return t(`refundText_${state}`, { amount: fmt.money(amount), at: fmt.date(settled ?? made) });
}

function request(payment, reload) {
  const { state, ground, reason, created_at: made } = payment.exception;
  const again = { needs_info: () => answer(payment, reload), expired: () => ask(payment, reload) }[state];
  return h(
    "li",
    {},
    h(
      "div",
      { class: "card-head" },
      h("h3", {}, t("requestTitle", { amount: fmt.money(payment.amount_kurus), at: fmt.date(payment.paid_at ?? payment.created_at) })),
      exceptionBadge(payment),
    ),
    h("p", { class: "meta" }, t("requestOf", { ground: t(`ground_${ground}`), at: fmt.date(made) })),
    payment.refund ? h("p", {}, refundSentence(payment.refund)) : h("p", {}, t(`exceptionText_${state}`)),
    reason && h("blockquote", { class: "statement" }, h("p", {}, reason)),
    again && h("p", {}, h("button", { class: "btn btn-secondary", type: "button", onClick: again }, t(state === "needs_info" ? "answer" : "askAgain"))),
  );
}

/** Every payment with a request, newest first, each with its next step; null when there is none. */
export function exceptionsPanel(payments, reload) {
  const asked = payments.filter((payment) => payment.exception);
  if (asked.length === 0) return null;
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("requests")),
    h("ul", { class: "rows" }, asked.map((payment) => request(payment, reload))),
  );
}

async function submit(payment, { title, send, lead, ground: known, label, help, done }, reload) {
  const ground = radios({ name: "ground", legend: t("ground"), options: GROUNDS.map((key) => [key, t(`ground_${key}`)]), value: known });
  const made = await formDialog({
    title,
    submit: send,
    body: [
      lead,
      h("div", { class: "gap-above" }, ground),
      field({ name: "explanation", label, type: "textarea", required: true, help, attrs: { maxlength: "2000" } }),
    ],
    work: ({ explanation }) => postJson(`payments/${payment.id}/exception`, { ground: ground.picked(), explanation }),
  });
  if (!made) return;
  toast(done, "ok");
  await reload();
}

const ask = (payment, reload) =>
  submit(payment, {
    title: t("askTitle"),
    send: t("askSubmit"),
    lead: h("p", {}, t("askText", { amount: fmt.money(payment.amount_kurus), at: fmt.date(payment.paid_at ?? payment.created_at) })),
    ground: GROUNDS[0],
    label: t("explanation"),
    help: t("explanationHelp"),
    done: t("asked"),
  }, reload);

const answer = (payment, reload) =>
  submit(payment, {
    title: t("answerTitle"),
    send: t("answerSubmit"),
    lead: [h("p", {}, t("ourQuestion")), h("blockquote", { class: "statement gap-above" }, h("p", {}, payment.exception.reason))],
    ground: payment.exception.ground,
    label: t("yourAnswer"),
    help: t("answerHelp"),
    done: t("answered"),
  }, reload);
