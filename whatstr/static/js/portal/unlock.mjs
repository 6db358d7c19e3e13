/** After half an hour without use the keys are gone: the page is covered until the password is typed. */

import common from "../i18n/portal-common.mjs";
import { h, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { field, submitButton, works } from "./forms.mjs";
import { withCode } from "./second_factor.mjs";

const t = translator(common);
let open = false;

/** The signed-in member's own address; empty when the server session is over as well. */
async function ownEmail(member) {
  try {
    const { members } = await getJson("held-data");
    return members.find((one) => one.id === member)?.email ?? "";
  } catch {
    return "";
  }
}

export async function unlockDialog(vault, member, reason) {
  if (open) return;
  open = true;
  const main = document.getElementById("main");
  main.hidden = true;
  const form = h(
    "form",
    { class: "dialog-form" },
    h("h2", { id: "unlock-title" }, t("lockedTitle")),
    h("p", {}, t(reason === "idle" ? "lockedText" : "lockedAsked")),
  );
  const email = field({ name: "email", label: t("email"), type: "email", required: true, autocomplete: "username" });
  const password = field({ name: "password", label: t("password"), type: "password", required: true, autocomplete: "current-password" });
  form.append(email, password, h(
    "div",
    { class: "dialog-actions" },
    h("button", { class: "btn btn-quiet", type: "button", onClick: () => location.assign("/giris") }, t("otherAccount")),
    submitButton(t("unlock"), { iconName: "unlock" }),
  ));
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "unlock-title" }, form);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  works(form, {
    busy: t("unlocking"),
    work: withCode(form, async (values) => {
      const session = await vault.call("login", values);
      if (session.member !== member) {
        location.assign("/panel");
        return;
      }
      dialog.close();
      dialog.remove();
      main.hidden = false;
      open = false;
      document.dispatchEvent(new CustomEvent("wtr:unlocked"));
    }),
  });
  document.body.append(dialog);
  dialog.showModal();
  email.control.value = await ownEmail(member);
  (email.control.value ? password : email).control.focus();
}
