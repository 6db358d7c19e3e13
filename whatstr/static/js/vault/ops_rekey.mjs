// A new key for the account (vault design, 17): prepared beside the old one, item by item, then put
// in place at once. Called again after a closed tab it goes on where it stopped.
import { VaultError, aborted } from "./errors.mjs";
import { boxRecord, idBytes, openRecord, recordAad, repinArgs, sealRequest } from "./formats.mjs";
import { getJson, patiently, postJson, putJson, remove } from "./http.mjs";
import { memberPair, openJobKey, openListKey, wrapAkMember, wrapAkNext, wrapJobKey, wrapListKey } from "./keys.mjs";
import { fromB64, random, sealToMember, toB64 } from "./primitives.mjs";
import { oneRecord } from "./records.mjs";
import { answerTo, newId, nowSeconds, senderKey } from "./sender.mjs";
import { keysOf, openNextKey, replaceKey, senderIdentity, vault } from "./state.mjs";

const BATCH = 200; // wraps in one call; records go one by one
const ROUNDS = 20; // what others write meanwhile is boxed anew, so often at most
const LIFE = 600;

async function rekey(_, context) {
  const old = vault();
  let found = await getJson("rekey", context.signal);
  const people = await remaining(context.signal);
  if (!found.rekey) {
    await begin(old, found.key_version + 1, people, context.signal);
    found = await getJson("rekey", context.signal);
  }
  const { version, seal } = found.rekey;
  if (!seal) throw new VaultError("rekey_not_ours");
  const ak = openNextKey(memberPair(old.uk), old.ak, { version, seal }, {
    account: idBytes(old.organization), member: idBytes(old.member),
  });
  const fresh = { ...keysOf(ak), version, organization: old.organization };
  await stageAndCommit(old, fresh, people, found.missing, context);
  replaceKey(ak, version);
  return { version };
}

/**
 * Those of the vault's own directory whom the server still calls members. A name in the server's
 * list alone gets no key: the server could add one of its own.
 */
async function remaining(signal) {
  const { members } = await getJson("members", signal);
  const active = new Set(members.filter((one) => one.holds_key).map((one) => one.id));
  const directory = await oneRecord("members", vault().organization, signal);
  return (directory?.value ?? []).filter((one) => active.has(one.member));
}

async function begin({ ak, organization }, version, people, signal) {
  const fresh = random(32);
  const seals = people.map(({ member, pk }) => {
    const box = wrapAkNext(ak, fresh, { account: idBytes(organization), member: idBytes(member), version });
    return { member, seal: toB64(sealToMember(fromB64(pk, 32), box)) };
  });
  await postJson("rekey", { version, seals }, signal);
}

/** Another window may write while we box: what it changed comes back as missing and is done again. */
async function stageAndCommit(old, fresh, people, first, context) {
  let missing = first;
  for (let round = 0; round < ROUNDS; round += 1) {
    await stage(old, fresh, people, missing, context);
    missing = (await getJson("rekey", context.signal)).missing;
    if (missing.length > 0) continue;
    await repin(old, fresh, context);
    try {
      await patiently(() => postJson("rekey/commit", { version: fresh.version, wrap_org: ownWrap(old, fresh) }, context.signal), context);
      return;
    } catch (error) {
      if (await committed(fresh.version, error, context.signal)) return;
      if (error.code !== "rekey_incomplete") throw error;
      ({ missing } = await getJson("rekey", context.signal));
    }
  }
  throw new VaultError("rekey_incomplete");
}

/** A commit whose answer was lost has happened all the same: then the server asks for the new key. */
async function committed(version, error, signal) {
  if (!["key_changed", "conflict", "offline", "unavailable"].includes(error.code)) return false;
  const said = await getJson("half", signal);
  return said.account_version === version;
}

const ownWrap = ({ uk, organization, member }, { ak, version }) =>
  toB64(wrapAkMember(uk, ak, { account: idBytes(organization), member: idBytes(member), version }));

async function stage(old, fresh, people, missing, context) {
  const wanted = new Map();
  for (const { kind, id } of missing) wanted.set(kind, (wanted.get(kind) ?? new Set()).add(id));
  let done = 0;
  for await (const items of pieces(old, fresh, people, wanted, context.signal)) {
    aborted(context.signal);
    await patiently(() => putJson("rekey/items", { version: fresh.version, items }, context.signal), context);
    done += items.length;
    context.report({ phase: "rekey", done: Math.min(done, missing.length), total: missing.length });
  }
}

async function* pieces(old, fresh, people, wanted, signal) {
  const wraps = [
    ...(wanted.has("list") ? listWraps(old, fresh, (await getJson("lists", signal)).lists) : []),
    ...(wanted.has("job") ? jobWraps(old, fresh, (await getJson("campaigns", signal)).campaigns) : []),
  ].filter(({ kind, id }) => wanted.get(kind).has(id));
  for (let at = 0; at < wraps.length; at += BATCH) yield wraps.slice(at, at + BATCH);
  for (const kind of wanted.keys()) {
    if (kind === "list" || kind === "job") continue;
    for (const item of await records(old, fresh, people, kind, signal)) {
      if (wanted.get(kind).has(item.id)) yield [item];
    }
  }
}

const item = (kind, id, version, data) => ({ kind, id, version, data: toB64(data) });

/** What does not open is damaged already: it goes along as it is, and stays damaged. */
function boxedAnew(stored, open, wrap) {
  try {
    return wrap(open());
  } catch (error) {
    if (error.code !== "vault_format") throw error;
    return stored;
  }
}

function listWraps(old, fresh, lists) {
  return lists.map(({ id, wrap }) => {
    const stored = fromB64(wrap);
    const at = { account: idBytes(old.organization), list: idBytes(id) };
    const made = boxedAnew(stored, () => openListKey(old.vk, stored, at), (lk) => wrapListKey(fresh.vk, lk, at));
    return item("list", id, 0, made);
  });
}

function jobWraps(old, fresh, campaigns) {
  return campaigns.map(({ id, jk_wrap: wrap }) => {
    const stored = fromB64(wrap);
    const at = { account: idBytes(old.organization), job: idBytes(id) };
    const made = boxedAnew(stored, () => openJobKey(old.vk, stored, at), (jk) => wrapJobKey(fresh.vk, jk, at));
    return item("job", id, 0, made);
  });
}

async function records(old, fresh, people, kind, signal) {
  const { records: found } = await getJson(`records?type=${kind}`, signal);
  if (kind === "keys" && found.length === 0) {
    return [item(kind, old.organization, 0, boxed(fresh, kind, old.organization, 0, earlierKeys(old, {})))];
  }
  return found.map(({ id, version, data }) => {
    const stored = fromB64(data);
    const open = () => openRecord(old.vk, stored, recordAad(old.organization, id, kind, version));
    const wrap = (value) => boxed(fresh, kind, id, version, changed(kind, value, old, people));
    return item(kind, id, version, boxedAnew(stored, open, wrap));
  });
}

const boxed = (fresh, kind, id, version, value) =>
  boxRecord(fresh.vk, value, recordAad(fresh.organization, id, kind, version + 1));

/** The directory loses who is gone; the earlier keys gain the one that is being replaced. */
function changed(kind, value, old, people) {
  if (kind === "members") return people;
  return kind === "keys" ? earlierKeys(old, value) : value;
}

const earlierKeys = (old, value) => ({ ...value, [old.keyVersion]: toB64(old.ak) });

/** Tell the sender the new public keys, signed with the old key and the new one. */
async function repin(old, fresh, context) {
  const { lines } = await getJson("lines", context.signal);
  if (lines.every((line) => line.state === "disconnected")) return;
  const identKeys = await senderIdentity();
  const key = await patiently(() => senderKey(context.signal), context);
  const iat = nowSeconds();
  const id = newId();
  const args = repinArgs({ id, account: old.organization, signer: fresh.signer, box: fresh.box });
  const request = { id, account: old.organization, kid: key.kid, iat, exp: iat + LIFE, op: "repin", args };
  const seal = toB64(sealRequest(request, old.signer.privateKey, key.pk));
  await patiently(() => postJson("rekey/pin", { version: fresh.version, id, seal }, context.signal), context);
  await answerTo(id, { account: old.organization, pair: fresh.box, identKeys }, context);
}

export const operations = {
  "rekey.run": rekey,
  "rekey.status": async (_, { signal }) => {
    const { rekey: begun, missing, ...rest } = await getJson("rekey", signal);
    return { ...rest, running: begun !== null, by: begun?.by ?? null, pinned: begun?.pinned ?? false, left: missing.length };
  },
  "rekey.cancel": async (_, { signal }) => {
    await remove("rekey", signal);
    return {};
  },
};
