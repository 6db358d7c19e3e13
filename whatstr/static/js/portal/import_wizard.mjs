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

class Wizard {
  constructor({ vault, list, finished, leave }) {
    Object.assign(this, { vault, list, finished, leave });
    this.file = { chosen: null, choices: {} };
    this.trail = steps([t("stepFile"), t("stepColumns"), t("stepResult"), t("stepSave")]);
    this.stage = h("div", { class: "stack" });
    this.node = h("div", { class: "stack-lg" }, this.trail, this.stage);
  }

  put(step, ...content) {
    this.trail.at(step);
    fill(this.stage, content);
    scrollTo({ top: 0 });
  }

  quit() {
    return h("button", { class: "btn btn-quiet", type: "button", onClick: this.leave }, t("leave"));
  }

  choose(problem = null) {
    const id = uid("file");
    const input = h("input", { type: "file", id, accept: ".csv,.txt,.tsv,.xlsx,text/csv", onChange: () => input.files[0] && this.look(input.files[0]) });
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
          if (event.dataTransfer.files[0]) this.look(event.dataTransfer.files[0]);
        },
      },
      h("span", { class: "empty-icon" }, icon("upload", { size: "xl" })),
      h("h2", {}, this.list ? t("dropMore", { name: this.list.name }) : t("drop")),
      h("p", {}, t("dropText")),
      input,
      h("label", { class: "btn btn-primary", for: id }, t("chooseFile")),
    );
    this.put(0, problem, zone, h("div", {}, this.quit()));
  }

  async look(chosen, choices = null) {
    this.file.chosen = chosen;
    this.file.choices = choices ?? {};
    fill(this.stage, h("p", { role: "status" }, t("looking", { name: chosen.name })));
    try {
      const found = await this.vault.call("import.inspect", choices ? choices : { file: chosen });
      this.columns(found);
    } catch (error) {
      this.choose(errorNotice(error, { title: t("cannotRead", { name: chosen.name }) }));
    }
  }

  columns(found) {
    const reinspect = (changed) => {
      const sheet = changed.sheet === undefined ? {} : { sheet: Number(changed.sheet) };
      this.look(this.file.chosen, { ...this.file.choices, ...changed, ...sheet });
    };
    const view = mappingView({ found, filename: this.file.chosen.name, reinspect });
    const go = h("button", { class: "btn btn-primary", type: "button", onClick: () => view.mapping() && this.read(view.mapping()) }, t("readRows", { n: fmt.number(found.totalRows) }));
    this.chosenColumns = () => this.put(1, h("h2", {}, t("columnsTitle")), view, h("div", { class: "form-actions" }, h("button", { class: "btn btn-quiet", type: "button", onClick: () => this.choose() }, t("otherFile")), go));
    this.chosenColumns();
  }

  async read(mapping) {
    const control = new AbortController();
    const bar = progressBar({ label: v("vault.phase.read") });
    const counts = h("p", { class: "meta" });
    const stop = h("button", { class: "btn btn-secondary", type: "button", onClick: () => control.abort() }, t("stop"));
    this.put(2, h("section", { class: "panel stack" }, bar, counts, h("div", {}, stop)));
    const began = performance.now();
    const onProgress = ({ phase, share, total, valid, invalid, duplicates }) => {
      if (phase !== "read") return;
      const whole = share > 0 ? Math.max(total, Math.round(total / share)) : total;
      bar.update({ done: total, total: whole, rate: (total * 1000) / (performance.now() - began) });
      counts.textContent = t("soFar", { valid: fmt.number(valid), duplicates: fmt.number(duplicates), invalid: fmt.number(invalid) });
    };
    try {
      const found = await this.vault.call("import.run", { mapping, ...(this.list ? { list: this.list.id } : {}) }, { onProgress, signal: control.signal });
      this.result(found);
    } catch (error) {
      this.choose(error.code === "aborted" ? notice({ tone: "info", text: t("stopped") }) : errorNotice(error));
    }
  }

  result(found) {
    const usable = found.counts.valid > 0;
    const again = h("button", { class: "btn btn-quiet", type: "button", onClick: () => this.chosenColumns() }, t("backToColumns"));
    const next = h("button", { class: "btn btn-primary", type: "button", disabled: !usable, onClick: () => this.save(found) }, t("goOn", { n: fmt.number(found.counts.valid) }));
    this.put(2, h("h2", {}, t("resultTitle")), resultView(this.vault, found), !usable && notice({ tone: "warn", text: t("nobodyValid") }), h("div", { class: "form-actions" }, again, next));
  }

  async save(found) {
    const config = await this.vault.call("config");
    const version = versionOf(config, "consent-statement") || config.statement_version;
    this.put(3, h("h2", {}, this.list ? t("appendTitle", { name: this.list.name }) : t("saveTitle")), this.consentForm(found, version));
  }

  consentForm(found, version) {
    const block = statementBlock("consent-statement", version);
    if (!block) return notice({ tone: "warn", text: t("reload") });
    const today = new Date().toLocaleDateString("sv-SE", { timeZone: "Europe/Istanbul" });
    const basis = radios({ name: "basis", legend: t("basis"), value: this.list?.consent?.basis ?? "explicit_consent", options: BASES.map((key) => [key, t(`basis_${key}`), t(`basis_${key}_text`)]) });
    const bar = progressBar({ label: v("vault.phase.seal") });
    bar.hidden = true;
    const form = works(
      h(
        "form",
        { class: "panel" },
        !this.list && field({ name: "name", label: t("listName"), required: true, value: this.file.chosen.name.replace(/\.[^.]+$/, ""), help: t("listNameHelp"), attrs: { maxlength: "120" } }),
        basis,
        field({ name: "source", label: t("source"), required: true, help: t("sourceHelp"), value: this.list?.consent?.source ?? "", attrs: { maxlength: "200" } }),
        field({ name: "collected_on", label: t("collectedOn"), type: "date", required: true, help: t("collectedHelp"), value: "", attrs: { max: today } }),
        block,
        h("div", { class: "gap-above" }, check({ name: "stated", label: t("stated"), required: true })),
        bar,
        h("div", { class: "form-actions gap-above" }, this.quit(), submitButton(t("sealPeople", { n: fmt.number(found.counts.valid) }), { iconName: "lock" })),
      ),
      {
        busy: t("sealing"),
        check: ({ collected_on: day }) => (day && day > today ? { collected_on: t("futureDay") } : {}),
        work: async (values) => {
          const consent = { basis: basis.picked(), source: values.source.trim(), collected_on: values.collected_on, statement_version: version };
          await this.seal(form, bar, { name: values.name?.trim(), consent });
        },
      },
    );
    return form;
  }

  /** Pressed again after a lost connection, it goes on where it stopped. */
  async seal(form, bar, { name, consent }) {
    const guard = (event) => event.preventDefault();
    addEventListener("beforeunload", guard);
    bar.hidden = false;
    const onProgress = ({ phase, done, total, retry_in: wait }) => {
      bar.setLabel(phase === "waiting" ? t("lostConnection", { n: Math.ceil(wait ?? 0) }) : v(`vault.phase.${phase}`));
      if (total) bar.update({ done, total });
    };
    try {
      const made = this.list
        ? await this.vault.call("lists.append", { id: this.list.id, consent }, { onProgress })
        : await this.vault.call("lists.save", { name, consent, source: this.file.chosen.name }, { onProgress });
      this.finished(made);
    } catch (error) {
      bar.hidden = true;
      if (error.code === "offline") errorSummary(form, { "": t("goOnLater") });
      else formError(form, error);
    } finally {
      removeEventListener("beforeunload", guard);
    }
  }
}

/**
 * importWizard({vault, list, finished, leave}) -> an element. `list` ({id, name, consent}) to append
 * to; `finished({id, rows, added?})` once everything is sealed and stored.
 */
export function importWizard({ vault, list = null, finished, leave }) {
  const wizard = new Wizard({ vault, list, finished, leave });
  wizard.choose();
  return wizard.node;
}
