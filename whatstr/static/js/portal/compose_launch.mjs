/** When, how many, how long, what it costs; the statement; and the one button that sends. */

import words from "../i18n/portal-compose.mjs";
import vaultWords from "../i18n/vault.mjs";
import { figure, fill, fmt, h, notice, progressBar, translator } from "../ui/index.mjs";
import { errorNotice, formError } from "./errors.mjs";
import { check, field, radios, submitButton, works } from "./forms.mjs";
import { statementBlock, versionOf } from "./statements.mjs";

const t = translator(words);
const v = translator(vaultWords);
const DAY = 86_400_000;
const ISTANBUL = "+03:00"; // Turkey has kept this offset all year since 2016

const localNow = (ahead = 0) =>
  new Date(Date.now() + ahead).toLocaleString("sv-SE", { timeZone: "Europe/Istanbul" }).slice(0, 16).replace(" ", "T");

/** The chosen start as an instant, or null for now. */
export const dueAt = ({ when, at }) => (when === "later" && at ? new Date(`${at}:00${ISTANBUL}`).toISOString().replace(".000Z", "Z") : null);

export function whenPanel({ state, changed, days }) {
  const at = field({
    name: "at", label: t("startAt"), type: "datetime-local", required: true, help: t("startAtHelp", { days }), value: state.at ?? "",
    attrs: { min: localNow(300_000), max: localNow(days * DAY), onChange: (event) => changed({ at: event.target.value }) },
  });
  at.hidden = state.when !== "later";
  const pick = radios({ name: "when", legend: t("whenTitle"), hiddenLegend: true, value: state.when, options: [["now", t("now"), t("nowText")], ["later", t("later"), t("laterText")]] });
  pick.addEventListener("change", () => {
    const when = pick.picked();
    at.hidden = when !== "later";
    if (when === "later" && !at.control.value) {
      at.control.value = localNow(3_600_000);
      changed({ when, at: at.control.value });
    } else changed({ when });
  });
  return h("section", { class: "panel" }, h("h2", {}, t("whenTitle")), pick, at);
}

const left = ({ in_list: all, duplicates, suppressed, empty }) => {
  const parts = [t("inList", { n: fmt.number(all) })];
  if (duplicates) parts.push(t("leftDuplicates", { n: fmt.number(duplicates) }));
  if (suppressed) parts.push(t("leftSuppressed", { n: fmt.number(suppressed) }));
  if (empty) parts.push(t("leftEmpty", { n: fmt.number(empty) }));
  return parts.join(" · ");
};

function planFigures(plan, estimate, later) {
  return [
    h(
      "div",
      { class: "figures" },
      figure({ value: fmt.number(plan.rows), label: t("recipients"), hint: left(plan) }),
      figure({ value: fmt.number(estimate.credits), label: t("creditsNeeded"), hint: t("creditsFree", { n: fmt.number(estimate.available) }), tone: estimate.enough ? "" : "danger" }),
      figure({ value: fmt.duration(estimate.seconds), label: t("takes"), hint: t("ratePlan", { rate: fmt.number(estimate.rate) }) }),
    ),
    h("p", { class: "meta" }, t(later ? "windowLater" : "windowNow", { from: fmt.datetime(estimate.starts_at), to: fmt.time(estimate.finishes_at), day: fmt.date(estimate.finishes_at) })),
    h("p", { class: "meta" }, t("metaFee")),
  ];
}

/**
 * launchPanel({vault, state, config, launched}) with `.draw({ready, problem})`. `launched(id)` once the
 * campaign is at the server. Pressing again after a broken connection goes on with the same launch.
 */
export function launchPanel({ vault, state, config, launched }) {
  const version = versionOf(config, "launch-statement");
  const block = statementBlock("launch-statement", version);
  const facts = h("div", { class: "stack" });
  const bar = progressBar({ label: v("vault.phase.seal") });
  bar.hidden = true;
  const button = submitButton(t("send"), { size: "lg", iconName: "send" });
  const form = works(
    h(
      "form",
      { class: "panel stack" },
      h("h2", {}, t("launchTitle")),
      facts,
      block ?? notice({ tone: "warn", text: t("reload") }),
      check({ name: "stated", label: t("stated"), required: true }),
      bar,
      h("div", { class: "form-actions" }, button),
    ),
    { busy: t("sealing"), work: launch },
  );
  let turn = 0;
  let blocked = true;

  async function launch() {
    if (blocked) return;
    const guard = (event) => event.preventDefault();
    addEventListener("beforeunload", guard);
    bar.hidden = false;
    const began = performance.now();
    const onProgress = ({ phase, done, total, retry_in: wait }) => {
      bar.setLabel(phase === "waiting" ? t("lostConnection", { n: Math.ceil(wait ?? 0) }) : v(`vault.phase.${phase}`));
      if (total) bar.update({ done, total, rate: phase === "seal" ? (done * 1000) / (performance.now() - began) : 0 });
    };
    try {
      state.launching = true;
      await state.saving;
      const { title, line, kind, list, template, mapping, media, draft } = state;
      const args = { title: title.trim() || template.name, line, kind, list: list.id, template, mapping, due_at: dueAt(state), documents: [{ document: "launch-statement", version }] };
      if (media) args.media = media;
      if (draft) args.draft = draft;
      const { id } = await vault.call("campaigns.launch", args, { onProgress });
      removeEventListener("beforeunload", guard);
      launched(id);
    } catch (error) {
      state.launching = false;
      bar.hidden = true;
      if (error.code === "offline") formError(form, { ...error, name: "VaultError", message: t("goOnLater") });
      else formError(form, error);
    } finally {
      removeEventListener("beforeunload", guard);
    }
  }

  function setButton(rows) {
    const text = rows === null ? t("send") : t(state.when === "later" ? "scheduleTo" : "sendTo", { n: fmt.number(rows) });
    button.querySelector("span").textContent = text;
    button.disabled = blocked;
  }

  form.draw = async ({ ready, problem }) => {
    const mine = (turn += 1);
    blocked = true;
    setButton(null);
    if (!ready) {
      fill(facts, problem ?? h("p", { class: "muted" }, t("notReady")));
      return;
    }
    fill(facts, h("p", { class: "muted", role: "status" }, t("counting")));
    try {
      const { list, template, mapping, line } = state;
      const plan = await vault.call("campaigns.plan", { list: list.id, template, mapping });
      const due = dueAt(state);
      const estimate = await vault.call("lines.plan", { line, rows: plan.rows, kind: state.kind, ...(due ? { due_at: due } : {}) });
      if (mine !== turn) return;
      fill(
        facts,
        planFigures(plan, estimate, Boolean(due)),
        plan.rows === 0 && notice({ tone: "warn", text: v("vault.error.nobody_left") }),
        !estimate.enough && plan.rows > 0 && notice({ tone: "warn", title: t("notEnough"), text: t("notEnoughText"), children: [h("p", {}, h("a", { href: "/odeme" }, t("toBilling")))] }),
      );
      blocked = plan.rows === 0 || !estimate.enough || !block;
      setButton(plan.rows);
    } catch (error) {
      if (mine === turn) fill(facts, errorNotice(error, { retry: () => form.draw({ ready, problem }) }));
    }
  };
  return form;
}
