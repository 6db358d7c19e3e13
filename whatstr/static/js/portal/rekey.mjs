/** Changing the account's key with its progress in view; also asked for after a change of password. */

import words from "../i18n/portal-team.mjs";
import { confirmDialog, fill, h, notice, progressBar, toast, translator } from "../ui/index.mjs";
import { errorNotice } from "./errors.mjs";

const t = translator(words);

/** Runs the change in `host`; resolves to true once the new key is in use. */
export async function changeKey(vault, host) {
  const bar = progressBar({ label: t("keyWorking") });
  fill(host, bar);
  try {
    await vault.call("rekey.run", {}, {
      onProgress: (p) => p.phase === "rekey" && bar.update({ done: p.done, total: p.total }),
    });
    fill(host);
    toast(t("keyDone"), "ok");
    return true;
  } catch (error) {
    fill(host, errorNotice(error, { title: t("keyStopped"), retry: () => changeKey(vault, host).then((done) => done && location.reload()) }));
    return false;
  }
}

/** After a new password: whoever knew the old one may have taken the key along. */
export async function offerKeyChange(vault, host) {
  const owner = vault.session.role === "owner";
  const wanted = owner && await confirmDialog({
    title: t("knownTitle"), body: [t("knownText"), t("keyAsk")], confirm: t("knownGo"), cancel: t("knownNo"),
  });
  if (wanted) await changeKey(vault, host);
  if (!owner && vault.session.vault_access) fill(host, notice({ tone: "info", title: t("knownTitle"), text: `${t("knownText")} ${t("knownAsk")}` }));
}
