/** How a page of the panel opens: the vault, who is signed in, banners, sign-out, the idle lock. */

import common from "../i18n/portal-common.mjs";
import { fill, h, notice, pageLang, slot, toast, translator } from "../ui/index.mjs";
import { openVault } from "../vault/client.mjs";
import { getJson, postJson, putJson } from "../vault/http.mjs";
import { documentsBanner } from "./documents.mjs";
import { lookBanner } from "./staff_views.mjs";
import { errorNotice, toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";
import { resetBanner } from "./reset_banner.mjs";
import { unlockDialog } from "./unlock.mjs";

const t = translator(common);

export const view = () => document.querySelector("[data-view]");

/** Replaces the page's content and tells screen readers that it is there. */
export function show(...children) {
  const host = view();
  host.removeAttribute("aria-busy");
  return fill(host, ...children);
}

export function showFailure(error, retry = () => location.reload()) {
  if (lost(error)) return;
  show(errorNotice(error, { retry }));
}

/** The sign-in page brings people back to where they were. */
export function goSignIn() {
  location.replace(`/giris#${encodeURIComponent(location.pathname + location.hash)}`);
}

/** True, and on the way to the sign-in page, when the server no longer knows the session. */
export function lost(error) {
  if (error?.status !== 401) return false;
  goSignIn();
  return true;
}

/**
 * openPage(async ({vault, me, refresh}) => …): runs `build` once somebody is signed in.
 * Without a session the sign-in page comes first and leads back here.
 */
export async function openPage(build) {
  try {
    const vault = await openVault();
    if (!vault.session) {
      goSignIn();
      return;
    }
    const me = await inPageLanguage(await getJson("me"));
    frame(vault, me);
    await build({ vault, me });
    view().removeAttribute("aria-busy");
    document.documentElement.dataset.page = "ready";
  } catch (error) {
    showFailure(error);
  }
}

function frame(vault, me) {
  slot("org-name", me.organization.name);
  banners(me);
  for (const button of document.querySelectorAll('[data-action="sign-out"]')) {
    button.addEventListener("click", () => vault.call("logout").catch(toastError));
  }
  vault.addEventListener("locked", ({ detail }) => {
    if (detail.reason === "idle" || detail.reason === "asked") unlockDialog(vault, me.member.id, detail.reason);
    else if (detail.reason === "logout") location.assign("/giris");
    else if (detail.reason !== "deleted") goSignIn();
  });
}

/** Sentences from the server come in the member's language: what is chosen here counts there, too. */
async function inPageLanguage(me) {
  if (me.member.language === pageLang()) return me;
  try {
    const chosen = await getJson("preferences");
    await putJson("preferences", { ...chosen, language: pageLang() });
    return await getJson("me");
  } catch {
    return me; // Not worth a word: the next page tries again.
  }
}

function banners({ organization, member, documents_due: due, vault_reset: reset, staff_looks_until: until }) {
  const host = slot("banners");
  if (!host) return;
  const list = [];
  if (["suspended", "closed"].includes(organization.state)) {
    list.push(notice({ tone: "danger", title: t("suspended"), text: organization.suspended_reason || t("suspendedText") }));
  }
  if (reset && member.role !== "billing") list.push(resetBanner(reset));
  if (until) list.push(lookBanner(until));
  if (!member.email_confirmed) list.push(confirmBanner(member));
  fill(host, list);
  if (due.length > 0) documentsBanner(due).then((banner) => host.append(banner), toastError);
}

function confirmBanner({ email_masked: email }) {
  const button = actionButton({
    label: t("resend"),
    size: "sm",
    work: async () => {
      await postJson("email/resend", {});
      toast(t("resent", { email }), "ok");
    },
    failed: toastError,
  });
  return notice({ tone: "warn", title: t("confirmTitle"), text: t("confirmText", { email }), children: [h("p", {}, button)] });
}
