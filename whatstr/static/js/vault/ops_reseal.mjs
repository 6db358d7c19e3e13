// A campaign whose sealed header no longer opens, since the sender's weekly key is gone: the same
// campaign and the same parts under a new header (vault design, 22).
import { VaultError } from "./errors.mjs";
import { sealHeader } from "./formats.mjs";
import { getJson, patiently, postJson } from "./http.mjs";
import { openCampaign, templateRef } from "./ops_campaigns.mjs";
import { toB64 } from "./primitives.mjs";
import { nowSeconds, senderKey } from "./sender.mjs";
import { vault } from "./state.mjs";

const CLOCKS_APART = 3600;
const LONGEST = 7 * 86400;

async function reseal({ id }, context) {
  const { organization, signer } = vault();
  const stored = await getJson(`campaigns/${id}`, context.signal);
  const { jk, record } = openCampaign(stored);
  // Campaigns of before this was kept: without the file's hash no header can be made.
  if (stored.media?.length && !record.media) throw new VaultError("cannot_reseal");
  const key = await patiently(() => senderKey(context.signal), context);
  const iat = nowSeconds();
  const nb = iat - CLOCKS_APART;
  const exp = Math.min(Math.floor(Date.parse(stored.expires_at) / 1000), nb + LONGEST);
  const { template } = record;
  const header = sealHeader({
    account: organization, job: id, conn: stored.line, kid: key.kid, iat, nb, exp,
    template: templateRef(template),
    chunks: stored.chunks, rows: stored.rows, media: record.media ?? [], jk,
  }, signer.privateKey, key.pk);
  return patiently(() => postJson(`campaigns/${id}/seal`, { kid: key.kid, header: toB64(header) }, context.signal), context);
}

export const operations = { "campaigns.reseal": reseal };
