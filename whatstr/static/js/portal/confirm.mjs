/** The link of the confirmation e-mail: its token comes in the fragment and leaves the address bar at once. */

import words from "../i18n/portal-account.mjs";
import { h, notice, translator } from "../ui/index.mjs";
import { postJson } from "../vault/http.mjs";
import { errorNotice } from "./errors.mjs";
import { show } from "./page.mjs";

const t = translator(words);

async function begin() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const panel = h("p", {}, h("a", { class: "btn btn-primary", href: "/panel" }, t("toPanel")));
  if (!token) {
    show(notice({ tone: "warn", title: t("confirmNoToken"), text: t("confirmNoTokenText") }), panel);
    return;
  }
  try {
    await postJson("email/confirm", { token });
    show(notice({ tone: "ok", title: t("confirmed"), text: t("confirmedText") }), panel);
  } catch (error) {
    show(errorNotice(error, { title: t("confirmFailed") }), h("p", { class: "meta" }, t("confirmAgain")), panel);
  }
}

begin();
