/** The one page that must be understood: the code is shown, kept by its owner, and typed back. */

import words from "../i18n/portal-account.mjs";
import { errorSummary, fill, h, icon, notice, submitting, toast, translator, uid } from "../ui/index.mjs";
import { download } from "./download.mjs";
import { formError } from "./errors.mjs";
import { submitButton } from "./forms.mjs";

const t = translator(words);

const asText = (groups, email) => `${t("codeFileTitle")}\n${email}\n\n${groups.join("-")}\n\n${t("codeFileText")}\n`;

function tools(groups, email) {
  const button = (name, label, onClick) =>
    h("button", { class: "btn btn-secondary", type: "button", onClick }, icon(name), h("span", {}, label));
  return h(
    "div",
    { class: "row-wrap no-print" },
    button("copy", t("codeCopy"), async () => {
      try {
        await navigator.clipboard.writeText(groups.join("-"));
        toast(t("codeCopied"), "ok");
      } catch {
        toast(t("codeNotCopied"), "warn");
      }
    }),
    button("print", t("codePrint"), () => print()),
    button("download", t("codeDownload"), () => {
      const blob = new Blob([asText(groups, email)], { type: "text/plain;charset=utf-8" });
      download({ blob, filename: t("codeFilename") });
    }),
  );
}

function shown({ groups, email, again }, onward) {
  return [
    h("h2", {}, again ? t("codeTitleNew") : t("codeTitle")),
    h("p", {}, again ? t("codeLeadNew") : t("codeLead")),
    h("ol", { class: "code-block", "aria-label": t("codeLabel") }, groups.map((group) => h("li", {}, h("span", {}, group)))),
    tools(groups, email),
    notice({ tone: "warn", title: t("codeWarnTitle"), text: t("codeWarnText") }),
    h("div", { class: "form-actions no-print" }, h("button", { class: "btn btn-primary", type: "button", onClick: onward }, t("codeKept"))),
  ];
}

function asked({ ask, vault, finish, busy, done }, back) {
  const inputs = ask.map((group, i) =>
    h("input", {
      class: "form-control ask", id: uid("group"), name: `group${i}`, maxlength: "6",
      autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    }),
  );
  const button = submitButton(done);
  const form = h(
    "form",
    { novalidate: true },
    inputs.map((input, i) =>
      h("div", { class: "field" }, h("label", { class: "form-label", for: input.id }, t("codeGroup", { n: ask[i] + 1 })), input),
    ),
    h(
      "div",
      { class: "form-actions" },
      h("button", { class: "btn btn-quiet", type: "button", onClick: back }, icon("back"), h("span", {}, t("codeShowAgain"))),
      button,
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await submitting(form, button, busy, async () => {
      try {
        const { confirmed } = await vault.call("code.confirm", { answers: inputs.map((one) => one.value) });
        if (confirmed) await finish();
        else errorSummary(form, { group0: t("codeWrong") });
      } catch (error) {
        formError(form, error);
      }
    });
  });
  return [h("h2", {}, t("codeAskTitle")), h("p", {}, t("codeAskLead")), form];
}

/**
 * recoveryCode({vault, groups, ask, email, again, busy, done, finish}) -> an element. `finish` runs
 * once both groups were typed right; there is no other way past it.
 */
export function recoveryCode(options) {
  const node = h("section", { class: "stack" });
  const focus = () => {
    const heading = node.querySelector("h2");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  };
  const first = () => {
    fill(node, shown(options, second));
    focus();
  };
  const second = () => {
    fill(node, asked(options, first));
    node.querySelector("input").focus();
  };
  fill(node, shown(options, second));
  return node;
}
