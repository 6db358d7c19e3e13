/** An empty vault: asked for, started, cancelled or set up, by what the link's fragment says. */

import words from "../i18n/portal-departure.mjs";
import { errorSummary, fmt, h, notice, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { errorNotice, sentence } from "./errors.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";
import { recoveryCode } from "./recovery_code.mjs";

const t = translator(words);
let vault;

const panel = (title, text, ...rest) => h("form", { class: "panel" }, h("h2", {}, title), h("p", { class: "meta" }, text), ...rest);
const action = (...buttons) => h("div", { class: "form-actions" }, ...buttons);

function askForm() {
  const email = field({ name: "email", label: t("email"), type: "email", required: true, autocomplete: "email" });
  return works(panel(
    t("askTitle"), t("askText"), h("p", { class: "meta" }, t("askOther")), email,
    action(h("a", { class: "btn btn-quiet", href: "/giris" }, t("signIn")), submitButton(t("askGo"), { kind: "danger" })),
  ), {
    work: async (values) => {
      await vault.call("reset.ask", { email: values.email.trim() });
      show(notice({ tone: "ok", title: t("askedTitle"), text: t("askedText", { email: values.email }) }));
    },
  });
}

function beginForm(token) {
  return works(panel(t("beginTitle"), t("beginText"), action(submitButton(t("beginGo"), { kind: "danger" }))), {
    work: async () => {
      const { due_at: due } = await vault.call("reset.begin", { token });
      show(notice({ tone: "warn", title: t("begunTitle"), text: t("begunText", { date: fmt.datetime(due) }) }));
    },
  });
}

function cancelForm(token) {
  return works(panel(t("cancelTitle"), t("cancelText"), action(submitButton(t("cancelGo")))), {
    work: async () => {
      await vault.call("reset.cancel", { token });
      show(notice({ tone: "ok", text: t("cancelled") }), h("p", {}, h("a", { class: "btn btn-primary", href: "/giris" }, t("signIn"))));
    },
  });
}

function newForm() {
  const form = works(panel(
    t("newTitle"), t("newText"),
    field({ name: "password", label: t("password"), type: "password", required: true, autocomplete: "new-password", help: t("passwordHelp") }),
    field({ name: "again", label: t("passwordAgain"), type: "password", required: true, autocomplete: "new-password" }),
    action(submitButton(t("toCode"))),
  ), {
    busy: t("makingKeys"),
    check: ({ password, again }) => (password && password !== again ? { again: t("passwordsDiffer") } : {}),
    work: async ({ password }) => {
      const said = await vault.call("password.check", { password });
      if (!said.ok) {
        errorSummary(form, { password: sentence(said) });
        return;
      }
      const { groups, ask } = await vault.call("reset.prepare", { password });
      show(recoveryCode({ vault, groups, ask, email: "", busy: t("newWorking"), done: t("newGo"), finish }));
    },
  });
  return form;
}

async function finish() {
  await vault.call("reset.finish");
  show(
    notice({ tone: "ok", title: t("newDone"), text: t("newDoneText") }),
    h("p", {}, h("a", { class: "btn btn-primary", href: "/panel" }, t("toPanel"))),
  );
}

async function begin() {
  const [, word, token] = /^#(basla|vazgec|yeni)\.(.+)$/.exec(location.hash) ?? [];
  history.replaceState(null, "", location.pathname);
  vault = await openVault();
  if (!word) show(askForm());
  else if (word === "basla") show(beginForm(token));
  else if (word === "vazgec") show(cancelForm(token));
  else {
    try {
      await vault.call("reset.open", { token });
      show(newForm());
    } catch (error) {
      show(errorNotice(error, { title: t("badLink") }));
    }
  }
  document.documentElement.dataset.page = "ready";
}

begin().catch((error) => showFailure(error));
