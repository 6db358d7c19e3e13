/** When; the plan of the day; the statement; and the one button that says what it will do. */

import words from "../i18n/portal-compose.mjs";
import planWords from "../i18n/portal-plan.mjs";
import vaultWords from "../i18n/vault.mjs";
import { fill, fmt, h, notice, progressBar, translator } from "../ui/index.mjs";
import { endsAt, planView } from "./compose_plan.mjs";
import { errorNotice, formError } from "./errors.mjs";
import { check, field, radios, submitButton, works } from "./forms.mjs";
import { statementBlock, versionOf } from "./statements.mjs";

const t = translator(words);
const p = translator(planWords);
const v = translator(vaultWords);
const LATE = 120;
const LATE_CHOICES = [15, 60, 120, 360, 1440, 10_080]; // minutes
const DAY = 86_400_000;
const ISTANBUL = "+03:00"; // Turkey has kept this offset all year since 2016

const localNow = (ahead = 0) =>
  new Date(Date.now() + ahead).toLocaleString("sv-SE", { timeZone: "Europe/Istanbul" }).slice(0, 16).replace(" ", "T");

function lateWord(minutes) {
  if (minutes < 60) return p("lateMinutes", { n: minutes });
  return minutes < 1440 ? p("lateHours", { n: minutes / 60 }) : p("lateDays", { n: minutes / 1440 });
}

/** The chosen start as an instant, or null for now. */
export const dueAt = ({ when, at }) => (when === "later" && at ? new Date(`${at}:00${ISTANBUL}`).toISOString().replace(".000Z", "Z") : null);

export function whenPanel({ state, changed, days }) {
  const at = field({
    name: "at", label: t("startAt"), type: "datetime-local", required: true, help: t("startAtHelp", { days }), value: state.at ?? "",
    attrs: { min: localNow(300_000), max: localNow(days * DAY), onChange: (event) => changed({ at: event.target.value }) },
  });
  const late = field({
    name: "late", label: p("lateTitle"), type: "select", required: true, help: p("lateHelp"), value: String(state.late ?? LATE),
    options: LATE_CHOICES.map((minutes) => [String(minutes), lateWord(minutes)]),
    attrs: { onChange: (event) => changed({ late: Number(event.target.value) }) },
  });
  const whenLater = h("div", {}, at, late);
  whenLater.hidden = state.when !== "later";
  const pick = radios({ name: "when", legend: t("whenTitle"), hiddenLegend: true, value: state.when, options: [["now", t("now"), t("nowText")], ["later", t("later"), t("laterText")]] });
  pick.addEventListener("change", () => {
    const when = pick.picked();
    whenLater.hidden = when !== "later";
    if (when === "later" && !at.control.value) {
      at.control.value = localNow(3_600_000);
      changed({ when, at: at.control.value });
    } else changed({ when });
  });
  return h("section", { class: "panel" }, h("h2", {}, t("whenTitle")), pick, whenLater);
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
  let plan = null;
  let used = null;

  /** Templates that were sent before: only this browser can tell. */
  function known() {
    used ??= vault.call("campaigns.all").then((all) => new Set(all.filter(({ started_at: at }) => at).map(({ template }) => String(template?.id ?? ""))));
    return used;
  }

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
      const due = dueAt(state);
      const ends = { expires_at: endsAt(plan, due), ...(due ? { late_limit_minutes: state.late ?? LATE } : {}) };
      const args = { title: title.trim() || template.name, line, kind, list: list.id, template, mapping, due_at: due, ...ends, documents: [{ document: "launch-statement", version }] };
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
    if (!facts.querySelector(".plan-said")) fill(facts, h("p", { class: "muted", role: "status" }, t("counting")));
    try {
      const { list, template, mapping, line, kind } = state;
      const due = dueAt(state);
      const audience = await vault.call("campaigns.plan", { list: list.id, template, mapping });
      const fresh = await vault.call("lines.plan", { line, rows: audience.rows, kind, new_template: !template.free && !(await known()).has(String(template.id)), ...(due ? { due_at: due } : {}) });
      if (mine !== turn) return;
      plan = fresh;
      const nobody = audience.rows === 0;
      fill(
        facts,
        nobody ? notice({ tone: "warn", text: v("vault.error.nobody_left") }) : planView({ audience, plan, later: Boolean(due) }),
        !plan.enough && !nobody && notice({ tone: "warn", title: t("notEnough"), text: t("notEnoughText"), children: [h("p", {}, h("a", { href: "/odeme" }, t("toBilling")))] }),
      );
      blocked = nobody || !plan.enough || !block || plan.days.length === 0;
      setButton(audience.rows);
    } catch (error) {
      if (mine === turn) fill(facts, errorNotice(error, { retry: () => form.draw({ ready, problem }) }));
    }
  };
  return form;
}
