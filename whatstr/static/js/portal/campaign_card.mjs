/** One campaign in a list: its name, its state, one bar that sums to the whole. */

import words from "../i18n/portal-campaigns.mjs";
import common from "../i18n/portal-common.mjs";
import { campaignBadge, fill, fmt, h, sumBar, translator } from "../ui/index.mjs";
import { getFresh } from "../vault/http.mjs";

const t = translator(words);
const c = translator(common);

export const MOVING = new Set(["queued", "running"]);
export const OVER = new Set(["done", "cancelled", "expired", "refused"]);

export const titleOf = (campaign) => campaign.title ?? (campaign.erased ? t("erased") : campaign.damaged ? t("damaged") : c("untitled"));

const reached = ({ delivered = 0, read = 0 }) => delivered + read;

function figures({ rows, counts, state, rate, due_at: due, started_at: started, created_at: created }) {
  const parts = [t("recipients", { n: fmt.number(rows) })];
  if (state === "scheduled" && due) parts.push(t("startsAt", { at: fmt.datetime(due) }));
  else parts.push(fmt.datetime(started ?? created));
  if (reached(counts) > 0) parts.push(t("reached", { n: fmt.number(reached(counts)) }));
  if (counts.failed > 0) parts.push(t("notReached", { n: fmt.number(counts.failed) }));
  if (rate > 0) parts.push(t("rate", { rate: fmt.number(rate, undefined, { maximumFractionDigits: rate < 10 ? 1 : 0 }) }));
  return parts.join(" · ");
}

/** An <li> with `.update(campaign)`. */
export function campaignItem(campaign) {
  const node = h("li", {});
  node.update = (now) => {
    const shown = { ...campaign, ...now };
    fill(
      node,
      h(
        "div",
        { class: "card-head" },
        h("a", { href: `/kampanya#${shown.id}` }, h("b", {}, titleOf(shown))),
        campaignBadge(shown.state),
      ),
      h("div", { class: "slim-sum" }, sumBar(shown.counts)),
      h("p", { class: "meta" }, figures(shown)),
      (shown.reason ?? shown.waiting) && h("p", { class: "meta" }, (shown.reason ?? shown.waiting).sentence),
    );
  };
  node.update({});
  return node;
}

/** A list of campaigns; those that move are asked about every few seconds while the page is seen. */
export function campaignList(campaigns) {
  const items = new Map(campaigns.map((one) => [one.id, campaignItem(one)]));
  const moving = new Map(campaigns.filter(({ state }) => MOVING.has(state)).map(({ id }) => [id, null]));
  const node = h("ul", { class: "rows" }, [...items.values()]);
  async function look() {
    for (const [id, etag] of moving) {
      if (!node.isConnected) return;
      if (document.hidden) continue;
      try {
        const { value, etag: fresh } = await getFresh(`campaigns/${id}/progress`, etag);
        moving.set(id, fresh);
        if (!value) continue;
        items.get(id).update(value);
        if (!MOVING.has(value.state)) moving.delete(id);
      } catch {
        // The next look tries again.
      }
    }
    if (moving.size > 0) setTimeout(look, 3000);
  }
  if (moving.size > 0) setTimeout(look, 1000);
  return node;
}
