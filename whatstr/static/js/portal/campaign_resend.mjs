/** A second attempt for those whom the first did not reach, and the way back to the first. */

import words from "../i18n/portal-compose-text.mjs";
import { fill, fmt, h, notice, translator } from "../ui/index.mjs";
import { OVER, titleOf } from "./campaign_card.mjs";
import { mediaField } from "./compose_mapping.mjs";
import { check, submitButton, works } from "./forms.mjs";
import { statementBlock, versionOf } from "./statements.mjs";

const t = translator(words);

/** A place that shows what can be done; `.draw(campaign)` whenever the campaign has changed. */
export function resendPlace(vault) {
  const node = h("div");
  let drawn = "";
  node.draw = async (campaign) => {
    const key = `${campaign.state} ${campaign.counts?.failed ?? 0}`;
    if (key === drawn) return;
    drawn = key;
    fill(node, campaign.resend_of && first(campaign));
    if (!OVER.has(campaign.state) || campaign.resend_of || !campaign.counts?.failed || campaign.damaged || campaign.erased) return;
    const [found, config] = await Promise.all([vault.call("campaigns.resendable", { id: campaign.id }), vault.call("config")]);
    if (found.rows > 0) fill(node, panel({ vault, campaign, found, config }));
  };
  return node;
}

const first = ({ resend_of: id }) => notice({ tone: "info", text: t("againOf"), children: [h("p", {}, h("a", { href: `/kampanya#${id}` }, t("againFirst")))] });

function panel({ vault, campaign, found, config }) {
  const version = versionOf(config, "launch-statement");
  const block = statementBlock("launch-statement", version);
  const state = { media: null };
  const button = submitButton(t("againSend", { n: fmt.number(found.rows) }), { iconName: "send" });
  const ready = () => {
    button.disabled = !block || (found.file !== null && !state.media);
  };
  const file = found.file && mediaField(found.file, state, ({ media }) => {
    state.media = media;
    ready();
  });
  ready();
  return works(
    h(
      "form",
      { class: "panel stack" },
      h("h2", {}, t("again")),
      h("p", {}, t("againText", { n: fmt.number(found.rows) })),
      h("p", { class: "meta" }, t("againOnce")),
      file,
      block ?? notice({ tone: "warn", text: t("againReload") }),
      check({ name: "stated", label: t("againStated"), required: true }),
      h("div", { class: "form-actions" }, button),
    ),
    {
      busy: t("againSealing"),
      work: async () => {
        const args = { id: campaign.id, title: t("againName", { title: titleOf(campaign) }), documents: [{ document: "launch-statement", version }] };
        const made = await vault.call("campaigns.resend", state.media ? { ...args, media: state.media } : args);
        location.assign(`/kampanya#${made.id}`);
        location.reload();
      },
    },
  );
}
