/** From a messy spreadsheet to a sealed list: choose, map, read, state the consent, seal. */

import words from "../i18n/portal-contacts.mjs";
import vaultWords from "../i18n/vault.mjs";
import { errorSummary, fill, fmt, h, icon, notice, progressBar, translator, uid } from "../ui/index.mjs";
import { errorNotice, formError } from "./errors.mjs";
import { check, field, radios, submitButton, works } from "./forms.mjs";
import { mappingView } from "./import_mapping.mjs";
import { resultView } from "./import_result.mjs";
import { statementBlock, versionOf } from "./statements.mjs";
import { steps } from "./steps.mjs";

const t = translator(words);
const v = translator(vaultWords);
const BASES = ["explicit_consent", "merchant", "informational"];

/**
 * importWizard({vault, list, finished, leave}) -> an element. `list` ({id, name, consent}) to append
 * to; `finished({id, rows, added?})` once everything is sealed and stored.
 */
export function importWizard({ vault, list = null, finished, leave }) {
  const trail = steps([t("stepFile"), t("stepColumns"), t("stepResult"), t("stepSave")]);
  const stage = h("div", { class: "stack" });
  const node = h("div", { class: "stack-lg" }, trail, stage);
  const file = { chosen: null, choices: {} };
  const put = (step, ...content) => {
    trail.at(step);
    fill(stage, content);
    scrollTo({ top: 0 });
  };
  const quit = () => h("button", { class: "btn btn-quiet", type: "button", onClick: leave }, t("leave"));

  function choose(problem = null) {
    const id = uid("file");
    const input = h("input", { type: "file", id, accept: ".csv,.txt,.tsv,.xlsx,text/csv", onChange: () => input.files[0] && look(input.files[0]) });
    const zone = h(
      "div",
      {
        class: "drop",
        onDragover: (event) => {
          event.preventDefault();
          zone.classList.add("over");
        },
        onDragleave: () => zone.classList.remove("over"),
        onDrop: (event) => {
          event.preventDefault();
          zone.classList.remove("over");
          if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
        },
      },
      h("span", { class: "empty-icon" }, icon("upload", { size: "xl" })),
      h("h2", {}, list ? t("dropMore", { name: list.name }) : t("drop")),
      h("p", {}, t("dropText")),
      input,
      h("label", { class: "btn btn-primary", for: id }, t("chooseFile")),
    );
    put(0, problem, zone, h("div", {}, quit()));
  }

  async function look(chosen, choices = null) {
    file.chosen = chosen;
    file.choices = choices ?? {};
    fill(stage, h("p", { role: "status" }, t("looking", { name: chosen.name })));
    try {
      const found = await vault.call("import.inspect", choices ? choices : { file: chosen });
      columns(found);
    } catch (error) {
      choose(errorNotice(error, { title: t("cannotRead", { name: chosen.name }) }));
    }
  }

  function columns(found) {
    const reinspect = (changed) => {
      const sheet = changed.sheet === undefined ? {} : { sheet: Number(changed.sheet) };
      look(file.chosen, { ...file.choices, ...changed, ...sheet });
    };
    const view = mappingView({ found, filename: file.chosen.name, reinspect });
    const go = h("button", { class: "btn btn-primary", type: "button", onClick: () => view.mapping() && read(view.mapping()) }, t("readRows", { n: fmt.number(found.totalRows) }));
    put(1, h("h2", {}, t("columnsTitle")), view, h("div", { class: "form-actions" }, h("button", { class: "btn btn-quiet", type: "button", onClick: () => choose() }, t("otherFile")), go));
  }

  async function read(mapping) {
    const control = new AbortController();
    const bar = progressBar({ label: v("vault.phase.read") });
    const counts = h("p", { class: "meta" });
    const stop = h("button", { class: "btn btn-secondary", type: "button", onClick: () => control.abort() }, t("stop"));
    put(2, h("section", { class: "panel stack" }, bar, counts, h("div", {}, stop)));
    const began = performance.now();
    const onProgress = ({ phase, share, total, valid, invalid, duplicates }) => {
      if (phase !== "read") return;
      const whole = share > 0 ? Math.max(total, Math.round(total / share)) : total;
      bar.update({ done: total, total: whole, rate: (total * 1000) / (performance.now() - began) });
      counts.textContent = t("soFar", { valid: fmt.number(valid), duplicates: fmt.number(duplicates), invalid: fmt.number(invalid) });
    };
    try {
      const found = await vault.call("import.run", { mapping, ...(list ? { list: list.id } : {}) }, { onProgress, signal: control.signal });
      result(found);
    } catch (error) {
      choose(error.code === "aborted" ? notice({ tone: "info", text: t("stopped") }) : errorNotice(error));
    }
  }

  function result(found) {
    const usable = found.counts.valid > 0;
    const again = h("button", { class: "btn btn-quiet", type: "button", onClick: () => look(file.chosen) }, t("backToColumns"));
    const next = h("button", { class: "btn btn-primary", type: "button", disabled: !usable, onClick: () => save(found) }, t("goOn", { n: fmt.number(found.counts.valid) }));
    put(2, h("h2", {}, t("resultTitle")), resultView(vault, found), !usable && notice({ tone: "warn", text: t("nobodyValid") }), h("div", { class: "form-actions" }, again, next));
  }

  async function save(found) {
    const config = await vault.call("config");
    const version = versionOf(config, "consent-statement") || config.statement_version;
    put(3, h("h2", {}, list ? t("appendTitle", { name: list.name }) : t("saveTitle")), consentForm(found, version));
  }

  function consentForm(found, version) {
    const block = statementBlock("consent-statement", version);
    if (!block) return notice({ tone: "warn", text: t("reload") });
    const today = new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Istanbul" });
    const basis = radios({ name: "basis", legend: t("basis"), value: list?.consent?.basis ?? "explicit_consent", options: BASES.map((key) => [key, t(`basis_${key}`), t(`basis_${key}_text`)]) });
    const bar = progressBar({ label: v("vault.phase.seal") });
    bar.hidden = true;
    const form = works(
      h(
        "form",
        { class: "panel" },
        !list && field({ name: "name", label: t("listName"), required: true, value: file.chosen.name.replace(/\.[^.]+$/, ""), help: t("listNameHelp"), attrs: { maxlength: "120" } }),
        basis,
        field({ name: "source", label: t("source"), required: true, help: t("sourceHelp"), value: list?.consent?.source ?? "", attrs: { maxlength: "200" } }),
        field({ name: "collected_on", label: t("collectedOn"), type: "date", required: true, help: t("collectedHelp"), value: "", attrs: { max: today } }),
        block,
        h("div", { class: "gap-above" }, check({ name: "stated", label: t("stated"), required: true })),
        bar,
        h("div", { class: "form-actions gap-above" }, quit(), submitButton(t("sealPeople", { n: fmt.number(found.counts.valid) }), { iconName: "lock" })),
      ),
      {
        busy: t("sealing"),
        check: ({ collected_on: day }) => (day && day > today ? { collected_on: t("futureDay") } : {}),
        work: async (values) => {
          const consent = { basis: basis.picked(), source: values.source.trim(), collected_on: values.collected_on, statement_version: version };
          await seal(form, bar, { name: values.name?.trim(), consent });
        },
      },
    );
    return form;
  }

  /** Pressed again after a lost connection, it goes on where it stopped. */
  async function seal(form, bar, { name, consent }) {
    const guard = (event) => event.preventDefault();
    addEventListener("beforeunload", guard);
    bar.hidden = false;
    const onProgress = ({ phase, done, total, retry_in: wait }) => {
      bar.setLabel(phase === "waiting" ? t("lostConnection", { n: Math.ceil(wait ?? 0) }) : v(`vault.phase.${phase}`));
      if (total) bar.update({ done, total });
    };
    try {
      const made = list
        ? await vault.call("lists.append", { id: list.id, consent }, { onProgress })
        : await vault.call("lists.save", { name, consent, source: file.chosen.name }, { onProgress });
      finished(made);
    } catch (error) {
      bar.hidden = true;
      if (error.code === "offline") errorSummary(form, { "": t("goOnLater") });
      else formError(form, error);
    } finally {
      removeEventListener("beforeunload", guard);
    }
  }

  choose();
  return node;
}
