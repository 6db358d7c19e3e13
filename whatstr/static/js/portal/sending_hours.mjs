/** When messages may leave, and what happens to those whose outcome nobody knows. */

import words from "../i18n/portal-hours.mjs";
import { fmt, h, notice, toast, translator } from "../ui/index.mjs";
import { getJson, putJson } from "../vault/http.mjs";
import { errorNotice } from "./errors.mjs";
import { check, field, submitButton, works } from "./forms.mjs";

const t = translator(words);
const HALVES = Array.from({ length: 49 }, (_, i) => `${String(Math.floor(i / 2)).padStart(2, "0")}:${i % 2 ? "30" : "00"}`);
const zones = () => Intl.supportedValuesOf?.("timeZone") ?? [fmt.ZONE];

/** Times as they are set: one that is on no half hour stands among the others. */
const times = (chosen) => [...new Set([...HALVES, chosen])].sort().map((one) => [one, one]);

/** Nearly everybody's zone has a word; the others keep the name that the world gives them. */
const zoneWord = (zone) => (zone === fmt.ZONE ? t("turkey") : zone.replaceAll("_", " "));

function asWritten({ window: { from, to, time_zone: zone } }) {
  return from === "00:00" && to === "24:00" ? t("nowAlways") : t("now", { from, to, zone: zoneWord(zone) });
}

/** A panel with the form, or with the reason why it could not be read. */
export async function hoursPanel() {
  const host = h("section", { class: "panel stack", id: "saatler" }, h("h2", {}, t("title")));
  try {
    draw(host, await getJson("sending-settings"));
  } catch (error) {
    if (error.status === 403) return null;
    host.append(errorNotice(error));
  }
  return host;
}

function draw(host, settings) {
  const { window: hours } = settings;
  const said = h("p", { class: "meta" }, asWritten(settings));
  const pick = (name, label, value, options) => field({ name, label, type: "select", required: true, value, options });
  const zoneNames = [...new Set([fmt.ZONE, hours.time_zone, ...zones()])];
  const form = works(
    h(
      "form",
      { class: "stack" },
      h("div", { class: "pair" }, pick("from", t("from"), hours.from, times(hours.from).slice(0, -1)), pick("to", t("to"), hours.to, times(hours.to).slice(1))),
      pick("time_zone", t("zone"), hours.time_zone, zoneNames.map((one) => [one, zoneWord(one)])),
      check({ name: "informational_any_time", label: t("anyTime"), help: t("anyTimeHelp"), checked: settings.informational_any_time }),
      check({ name: "resend_unknown", label: t("resend"), help: t("resendHelp"), checked: settings.resend_unknown }),
      h("div", { class: "form-actions" }, submitButton(t("save"))),
    ),
    {
      work: async (values) => {
        const kept = await putJson("sending-settings", {
          window: { from: values.from, to: values.to, time_zone: values.time_zone },
          informational_any_time: "informational_any_time" in values,
          resend_unknown: "resend_unknown" in values,
        });
        said.textContent = asWritten(kept);
        toast(t("saved"), "ok");
      },
    },
  );
  host.append(said, notice({ tone: "info", text: t("law") }), form);
}
