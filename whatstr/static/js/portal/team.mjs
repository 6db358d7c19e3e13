/** The team: members and their roles, invitations, the account's key. */

import words from "../i18n/portal-team.mjs";
import { confirmDialog, fill, fmt, h, icon, notice, slot, toast, translator } from "../ui/index.mjs";
import { formDialog } from "./dialogs.mjs";
import { toastError } from "./errors.mjs";
import { actionButton, field, radios } from "./forms.mjs";
import { showLink } from "./invitation_link.mjs";
import { openPage, show } from "./page.mjs";
import { changeKey } from "./rekey.mjs";

const t = translator(words);
const VAULT_ROLES = ["owner", "manager"];
const place = { members: h("div"), invitations: h("div"), key: h("div"), work: h("div", { class: "stack" }) };
let vault;
let owner;

const roleWord = (role) => t(`role_${role}`);

async function invite() {
  const role = radios({
    name: "role", legend: t("inviteRole"), value: "manager",
    options: ["manager", "billing", "owner"].map((one) => [one, roleWord(one), t(`role_${one}_text`)]),
  });
  const made = await formDialog({
    title: t("inviteTitle"),
    body: [role, field({ name: "label", label: t("inviteLabel"), help: t("inviteLabelHelp"), attrs: { maxlength: "80", autocomplete: "off" } })],
    submit: t("inviteGo"),
    busy: t("inviting"),
    work: (values) => vault.call("members.invite", { role: values.role, label: values.label }),
  });
  if (!made) return;
  await load();
  await showLink(`${location.origin}/davet#${made.fragment}`);
}

async function remove(member) {
  const holds = VAULT_ROLES.includes(member.role);
  const sure = await confirmDialog({
    title: t("removeTitle", { name: member.name }),
    body: [t("removeText"), ...(holds ? [t("removeKey")] : [])],
    confirm: t("remove"),
    danger: true,
  });
  if (!sure) return;
  const { rekey_due: due } = await vault.call("members.remove", { member: member.id });
  toast(t("removed", { name: member.name }), "ok");
  if (due) await runRekey();
  else await load();
}

async function changeRole(member, role) {
  const sure = await confirmDialog({
    title: t("roleTitle", { name: member.name }), body: t("roleText", { role: roleWord(role) }), confirm: t(role === "owner" ? "makeOwner" : "makeManager"),
  });
  if (!sure) return;
  await vault.call("members.role", { member: member.id, role });
  toast(t("roleChanged", { name: member.name, role: roleWord(role) }), "ok");
  await load();
}

function memberTools(member) {
  if (!owner || member.id === vault.session.member) return null;
  const other = member.role === "owner" ? "manager" : "owner";
  return h(
    "div",
    { class: "row-wrap" },
    VAULT_ROLES.includes(member.role) && member.holds_key && actionButton({ label: t(other === "owner" ? "makeOwner" : "makeManager"), size: "sm", work: () => changeRole(member, other), failed: toastError }),
    h("button", { class: "btn btn-danger-quiet btn-sm", type: "button", onClick: () => remove(member).catch(toastError) }, icon("trash"), h("span", {}, t("remove"))),
  );
}

function memberRow(member) {
  const lacks = VAULT_ROLES.includes(member.role) && !member.holds_key;
  const facts = [
    roleWord(member.role), member.email, member.id === vault.session.member && t("you"),
    !member.email_confirmed && t("unconfirmed"), lacks && t("noKey"),
  ];
  return h(
    "li",
    { "data-member": member.id },
    h("b", {}, member.name),
    h("p", { class: "meta" }, facts.filter(Boolean).join(" · ")),
    lacks && h("p", { class: "meta" }, t("noKeyText")),
    memberTools(member),
  );
}

function invitationRow(one) {
  return h(
    "li",
    {},
    h("b", {}, one.label || roleWord(one.role)),
    h("p", { class: "meta" }, `${roleWord(one.role)} · ${t("invitationUntil", { date: fmt.datetime(one.expires_at) })}`),
    owner && actionButton({
      label: t("withdraw"), size: "sm", failed: toastError,
      work: async () => {
        await vault.call("members.withdraw", { id: one.id });
        toast(t("withdrawn"), "ok");
        await load();
      },
    }),
  );
}

async function runRekey() {
  await changeKey(vault, place.work);
  await load();
}

async function askRekey() {
  if (await confirmDialog({ title: t("keyTitle"), body: t("keyAsk"), confirm: t("keyGo") })) await runRekey();
}

function keyPanel({ due, running }, status) {
  const go = (label, work) => actionButton({ label, iconName: "key", work, failed: toastError });
  const cancel = actionButton({
    label: t("keyCancel"), failed: toastError,
    work: async () => {
      await vault.call("rekey.cancel");
      toast(t("keyCancelled"), "ok");
      await load();
    },
  });
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("key")),
    h("p", { class: "meta" }, t("keyText")),
    running && notice({ tone: "warn", title: t("keyRunning"), text: t(status?.pinned ? "keyPinnedText" : "keyRunningText") }),
    due && !running && notice({ tone: "warn", title: t("keyDue"), text: t("keyDueText") }),
    owner && h("div", { class: "row-wrap" }, running ? [go(t("keyContinue"), runRekey), !status.pinned && cancel] : go(t("keyGo"), due ? runRekey : askRekey)),
  );
}

async function load() {
  const found = await vault.call("members.all");
  const status = owner ? await vault.call("rekey.status") : null;
  fill(place.members, h("section", { class: "panel stack" }, h("h2", {}, t("members")), h("p", { class: "meta" }, t("membersText")), h("ul", { class: "rows" }, found.members.map(memberRow))));
  fill(place.invitations, h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("invitations")),
    found.invitations.length ? h("ul", { class: "rows" }, found.invitations.map(invitationRow)) : h("p", { class: "muted" }, t("noInvitations")),
  ));
  fill(place.key, keyPanel(found.rekey, status));
}

openPage(async (opened) => {
  vault = opened.vault;
  owner = vault.session.role === "owner";
  show(!owner && notice({ tone: "info", text: t("ownerOnly") }), place.work, place.members, place.invitations, place.key);
  if (owner) slot("actions", h("button", { class: "btn btn-primary", type: "button", onClick: () => invite().catch(toastError) }, icon("plus"), h("span", {}, t("invite"))));
  await load();
});
