// Requests that only the sender can serve: signed, sealed to its weekly key, answered under seal.
import { VaultError } from "./errors.mjs";
import { openAnswer, readCertificate, sealRequest } from "./formats.mjs";
import { clockOffset, getJson, patiently, pause, postJson, remove } from "./http.mjs";
import { fromB64, random, toB64, toHex } from "./primitives.mjs";
import { senderIdentity, vault } from "./state.mjs";

const LIFE = 600;
const GAP_MS = 300;
const PATIENCE_MS = 60_000;

/** The server's time as far as we know it: requests live ten minutes, and many clocks are off. */
export const nowSeconds = () => Math.floor((Date.now() + clockOffset()) / 1000);
export const newId = () => toHex(random(16));

/** The sender's weekly key, believed only because IDENT signed it. */
export async function senderKey(signal) {
  const identKeys = await senderIdentity();
  const { cert } = await getJson("sender-cert", signal);
  // Dates by this machine's own clock: a server must not talk an old key into life.
  return readCertificate(fromB64(cert), identKeys, Math.floor(Date.now() / 1000));
}

const day = (seconds) => seconds && new Date(seconds * 1000).toISOString();

/** What a page may say of that key: {state: "valid" | "dates" | "signature" | "missing", from, until}. */
async function aboutKey(_, { signal }) {
  try {
    const { nb, na } = await senderKey(signal);
    return { state: "valid", from: day(nb), until: day(na) };
  } catch (error) {
    if (error.detail === "sender_certificate_missing") return { state: "missing" };
    if (error.code !== "sender_certificate") throw error;
    const { nb, na } = error.data ?? {};
    return { state: error.detail === "dates" ? "dates" : "signature", from: day(nb), until: day(na) };
  }
}

/** Ask the sender to do `op`; gives its result. `sender_refused` carries its reason, `sender_silent` none. */
export async function askSender(op, args, { report, signal }) {
  const { organization, signer, box } = vault();
  const identKeys = await senderIdentity();
  const key = await patiently(() => senderKey(signal), { report, signal });
  const iat = nowSeconds();
  const request = {
    id: newId(), account: organization, kid: key.kid, iat, exp: iat + LIFE, op, args,
    sign_pk: signer.publicKey, box_pk: box.publicKey,
  };
  const seal = toB64(sealRequest(request, signer.privateKey, key.pk));
  await patiently(() => postJson("requests", { id: request.id, op, seal }, signal), { report, signal });
  return answerTo(request.id, { account: organization, pair: box, identKeys }, { report, signal });
}

/** Wait for the sender's answer to request `id`, open it with `pair`, give its result. */
export async function answerTo(id, { account, pair, identKeys }, { report, signal }) {
  report({ phase: "sealed" });
  const answer = await waitFor(id, { report, signal });
  const said = openAnswer(fromB64(answer), { id, account, pair, identKeys });
  remove(`requests/${id}`).catch(() => {}); // the row goes by itself after ten minutes
  if (said.ok !== true) {
    const { code, tr, en } = said;
    throw new VaultError("sender_refused", code, { data: { code, tr, en } });
  }
  return said.result;
}

async function waitFor(id, { report, signal }) {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    report({ phase: "waiting" });
    const said = await patiently(() => getJson(`requests/${id}?wait=10`, signal), { report, signal });
    if (said.state === "answered") return said.answer;
    if (said.state === "expired") break;
    await pause(GAP_MS, signal); // a busy server answers at once instead of waiting with us
  }
  throw new VaultError("sender_silent");
}

export const operations = { "sender.key": aboutKey };
