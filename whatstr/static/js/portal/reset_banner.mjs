/** The vault is about to be emptied: whoever can open it may stop that here. */

import words from "../i18n/portal-departure.mjs";
import { fmt, h, notice, toast, translator } from "../ui/index.mjs";
import { remove } from "../vault/http.mjs";
import { toastError } from "./errors.mjs";
import { actionButton } from "./forms.mjs";

const t = translator(words);

export function resetBanner({ due_at: due }) {
  const banner = notice({
    tone: "danger", title: t("bannerTitle"), text: t("bannerText", { date: fmt.datetime(due) }),
    children: [h("p", {}, actionButton({
      label: t("cancelGo"), size: "sm", failed: toastError,
      work: async () => {
        await remove("reset");
        banner.remove();
        toast(t("cancelled"), "ok");
      },
    }))],
  });
  return banner;
}
