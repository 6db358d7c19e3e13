/** Credits, plans, payments, and the ledger; exceptions to the non-refundable term: exceptions.mjs. */

import words from "../i18n/portal-billing.mjs";
import { dataTable, emptyState, figure, fill, fmt, h, notice, toast, translator } from "../ui/index.mjs";
import { getJson, postJson } from "../vault/http.mjs";
import { paymentBadge } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { toastError } from "./errors.mjs";
import { exceptionCell, exceptionsPanel } from "./exceptions.mjs";
import { check } from "./forms.mjs";
import { openPage, show } from "./page.mjs";
import { statementBlock, versionOf } from "./statements.mjs";

const t = translator(words);
const place = { waiting: h("div"), rest: h("div", { class: "stack-lg" }) };
let config;

function balancePanel({ available, reserved, spent }, subscription) {
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("credits")),
    h(
      "div",
      { class: "figures" },
      figure({ value: fmt.number(available), label: t("available") }),
      figure({ value: fmt.number(reserved), label: t("reserved"), hint: t("reservedHint") }),
      figure({ value: fmt.number(spent), label: t("spent") }),
    ),
    subscription && subscriptionLine(subscription),
  );
}

function subscriptionLine({ title, ends_at: ends }) {
  return h("p", { class: "meta" }, t("subscription", { plan: title, until: fmt.date(ends) }));
}

function planCard(plan) {
  return h(
    "li",
    { class: "card-flat" },
    h("h3", {}, plan.title),
    h("p", { class: "price" }, fmt.money(plan.price_kurus)),
    h("p", { class: "meta" }, t("vat", { vat: fmt.money(plan.vat_kurus), rate: fmt.percent(plan.vat_rate_percent / 100) })),
    h("p", {}, h("b", {}, t("planCredits", { n: fmt.number(plan.credits) })), ` · ${t("planLines", { n: plan.line_limit })}`),
    h("p", { class: "meta" }, plan.description),
    h("p", { class: "meta" }, t(`interval_${plan.interval}`)),
    h("button", { class: "btn btn-primary", type: "button", onClick: () => buy(plan) }, t("choose")),
  );
}

function plansPanel(plans) {
  if (plans.length === 0) return emptyState({ title: t("noPlans"), text: t("noPlansText"), icon: "billing" });
  return h("section", { class: "stack" }, h("h2", {}, t("plans")), h("ul", { class: "cards" }, plans.map(planCard)));
}

async function buy(plan) {
  const version = versionOf(config, "refund-term");
  const block = statementBlock("refund-term", version);
  if (!block) {
    toast(t("reload"), "warn");
    return;
  }
  await formDialog({
    title: t("buyTitle", { plan: plan.title }),
    submit: t("buySubmit", { price: fmt.money(plan.price_kurus) }),
    busy: t("toStripe"),
    body: [
      h("p", {}, t("buyText", { price: fmt.money(plan.price_kurus), vat: fmt.money(plan.vat_kurus), credits: fmt.number(plan.credits) })),
      h("p", { class: "meta" }, t(`interval_${plan.interval}`)),
      h("div", { class: "gap-above" }, block),
      h("div", { class: "gap-above" }, check({ name: "accepted", label: t("acceptTerm"), required: true })),
    ],
    work: async () => {
      const started = await postJson("checkout", {
        plan: plan.code,
        plan_version: plan.version,
        non_refundable: { document: "refund-term", version, accepted: true },
      });
      location.assign(started.url);
      await new Promise(() => {}); // the page is on its way to Stripe
    },
  });
}

/** After Stripe's page: the payment counts when Stripe's own message has come, which takes seconds. */
async function watchPayment(id) {
  fill(place.waiting, notice({ tone: "info", title: t("payWaiting"), text: t("payWaitingText"), children: [h("progress", { class: "bar", "aria-label": t("payWaiting") })] }));
  for (let tries = 0; tries < 45; tries += 1) {
    const payment = await getJson(`payments/${id}`);
    if (!["created", "pending"].includes(payment.state)) {
      await settled(payment);
      return;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, tries < 20 ? 1000 : 3000);
    });
  }
  fill(place.waiting, notice({ tone: "warn", title: t("payLate"), text: t("payLateText") }));
}

async function settled({ state }) {
  if (state === "paid") {
    fill(place.waiting, notice({ tone: "ok", title: t("payPaid"), text: t("payPaidText"), children: [h("p", {}, h("a", { href: "/panel" }, t("onward")))] }));
    await load();
  } else {
    fill(place.waiting, notice({ tone: "danger", title: t(`pay_${state}`), text: t("payFailedText") }));
  }
}

function refunded({ refunded_kurus: amount }) {
  return amount > 0 ? h("span", { class: "meta under" }, t("refunded", { amount: fmt.money(amount) })) : null;
}

function paymentsPanel(payments, plans) {
  const titles = new Map(plans.map((plan) => [plan.code, plan.title]));
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("payments")),
    dataTable({
      caption: t("payments"),
      rows: payments,
      search: payments.length > 10,
      sort: { key: "created_at", dir: "desc" },
      empty: h("p", { class: "muted" }, t("noPayments")),
      columns: [
        { key: "created_at", label: t("date"), render: (row) => fmt.datetimeNode(row.created_at) },
        { key: "plan", label: t("plan"), value: (row) => titles.get(row.plan) ?? row.plan },
        { key: "amount_kurus", label: t("amount"), num: true, render: (row) => h("span", {}, fmt.money(row.amount_kurus), refunded(row)) },
        { key: "state", label: t("state"), value: (row) => t(`pay_${row.state}`), render: paymentBadge },
        { key: "exception", label: t("exception"), sort: false, value: (row) => row.exception?.state ?? "", render: (row) => exceptionCell(row, load) },
      ],
    }),
  );
}

// What an entry does to the free credits; what was reserved before is only used up by a settlement.
const SIGNS = { grant: "+", release: "+", restore: "+", reserve: "−", claw_back: "−" };

function ledgerPanel(entries) {
  return h(
    "section",
    { class: "panel" },
    h("h2", {}, t("ledger")),
    dataTable({
      caption: t("ledger"),
      rows: entries,
      search: false,
      sort: { key: "at", dir: "desc" },
      empty: h("p", { class: "muted" }, t("noEntries")),
      columns: [
        { key: "at", label: t("date"), render: (row) => fmt.datetimeNode(row.at) },
        { key: "kind", label: t("entry"), value: (row) => t(`entry_${row.kind}`) },
        { key: "amount", label: t("creditsMoved"), num: true, render: (row) => `${SIGNS[row.kind] ?? ""}${fmt.number(row.amount)}` },
        { key: "balance_after", label: t("balanceAfter"), num: true, render: (row) => fmt.number(row.balance_after) },
        { key: "campaign", label: t("for"), sort: false, render: (row) => row.campaign && h("a", { href: `/kampanya#${row.campaign}` }, t("campaign")) },
      ],
    }),
  );
}

async function load() {
  const [billing, { plans }] = await Promise.all([getJson("billing"), getJson("plans")]);
  const fresh = billing.payments.length === 0;
  const panels = [balancePanel(billing.balance, billing.subscription), exceptionsPanel(billing.payments, load), plansPanel(plans)];
  if (!fresh) panels.push(paymentsPanel(billing.payments, plans), ledgerPanel(billing.entries));
  fill(place.rest, panels);
}

openPage(async ({ vault }) => {
  config = await vault.call("config");
  await load();
  show(place.waiting, place.rest);
  const back = new URLSearchParams(location.hash.slice(1)); // Stripe's page leads back with one of the two
  if (back.size > 0) history.replaceState(null, "", location.pathname);
  if (back.has("cancelled")) fill(place.waiting, notice({ tone: "info", title: t("payLeft"), text: t("payLeftText") }));
  else if (back.has("payment")) watchPayment(back.get("payment")).catch(toastError);
});
