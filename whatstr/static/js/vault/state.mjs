// What the Worker knows while the vault is open. Nothing here ever leaves the Worker, except the
// Box of UK that the tab keeps between pages (useless without the server's half).
import { VaultError } from "./errors.mjs";
import { getJson, postJson, workWithKey } from "./http.mjs";
import {
  accountBoxPair, accountSignPair, memberPair, openAkMember, openAkNext, vaultKey, wrapAkMember, wrapUkSession,
} from "./keys.mjs";
import { fromB64, fromHex, openMemberSeal, toB64, wipe } from "./primitives.mjs";

let open = null;
let config = null;
const caches = [];
const listeners = new Set();

/** Called with every change: {event: "session", session, kept} or {event: "locked", reason}. */
export function listen(listener) {
  listeners.add(listener);
}

function tell(message) {
  for (const listener of listeners) listener(message);
}

/** A named store that is emptied when the vault locks. */
export function cache() {
  const map = new Map();
  caches.push(map);
  return map;
}

/** The open vault; `locked` when there is none, `no_vault_access` for a role without it. */
export function vault() {
  const found = signedIn();
  if (!found.ak) throw new VaultError("no_vault_access");
  return found;
}

/** The signed-in member, with or without access to the organization's vault. */
export function signedIn() {
  if (!open) throw new VaultError("locked");
  return open;
}

export const isOpen = () => open !== null;

/** What a page may know about who is signed in. */
export function session() {
  if (!open) return null;
  const { organization, member, role, keyVersion, language, ak } = open;
  return { organization, member, role, key_version: keyVersion, language, vault_access: ak !== null };
}

/**
 * Open with UK and what the server said: {organization, member, role, key_version, wrap_org, half,
 * next_keys}. `login` = {kdf, salt}, kept for a later change of password.
 */
export function unlock(uk, said, login) {
  const account = fromHex(said.organization);
  const member = fromHex(said.member);
  let version = said.key_version;
  let ak = said.wrap_org ? openAkMember(uk, fromB64(said.wrap_org), { account, member, version }) : null;
  if (ak && said.next_keys?.length) ({ ak, version } = followKeys(uk, ak, version, said));
  const fresh = ak !== null && version !== said.key_version;
  for (const map of caches) map.clear();
  open = {
    organization: said.organization, member: said.member, role: said.role, keyVersion: version,
    language: said.language, login, uk, ...withKey(ak),
  };
  workWithKey(ak ? version : null);
  const kept = {
    blob: toB64(wrapUkSession(fromB64(said.half, 32), uk, member)), member: said.member, login,
  };
  tell({ event: "session", session: session(), kept });
  if (fresh) takeKey().catch(() => {}); // tried again at the next sign-in
  return session();
}

const withKey = (ak) => ({
  ak, ...(ak && { vk: vaultKey(ak), box: accountBoxPair(ak), signer: accountSignPair(ak) }),
});

/** What opens and signs under another key of this account. */
export const keysOf = withKey;

/** From key to key as re-keys left them; `next_key_refused` for one that the key before did not make. */
function followKeys(uk, ak, version, said) {
  const pair = memberPair(uk);
  const account = fromHex(said.organization);
  const member = fromHex(said.member);
  let at = { ak, version };
  for (const next of [...said.next_keys].sort((a, b) => a.version - b.version)) {
    at = { ak: openNextKey(pair, at.ak, next, { account, member }), version: next.version };
  }
  return at;
}

export function openNextKey(pair, ak, { version, seal }, { account, member }) {
  try {
    return openAkNext(ak, openMemberSeal(pair, fromB64(seal)), { account, member, version });
  } catch {
    throw new VaultError("next_key_refused", String(version));
  }
}

/** A wrap of our own in place of what the re-key left for us. */
async function takeKey() {
  const { uk, ak, organization, member, keyVersion: version } = open;
  const wrap = wrapAkMember(uk, ak, { account: fromHex(organization), member: fromHex(member), version });
  await postJson("key", { version, wrap_org: toB64(wrap) });
}

/** Work with the account's new key from here on, in the same session. */
export function replaceKey(ak, version) {
  const { ak: old, vk, box, signer } = open;
  open = { ...open, keyVersion: version, ...withKey(ak) };
  wipe(old, vk, box.privateKey, signer.privateKey);
  for (const map of caches) map.clear();
  workWithKey(version);
  tell({ event: "session", session: session(), kept: null });
}

/** Somebody else changed the key: take it up with what the server has for us. */
export async function refreshKeys() {
  const { uk, login } = signedIn();
  unlock(uk.slice(), await getJson("half"), login);
}

/** Wipe every key. `reason`: idle, logout, session (the server ended it) or asked. */
export function lock(reason) {
  if (!open) return;
  wipe(open.uk, open.ak, open.vk, open.box?.privateKey, open.signer?.privateKey);
  open = null;
  workWithKey(null);
  for (const map of caches) map.clear();
  tell({ event: "locked", reason });
}

/** `GET /api/config`, asked once. */
export async function settings() {
  config ??= await getJson("config");
  return config;
}

/** The sender's identity keys: from the module written at release, never from the server's answers. */
export async function senderIdentity() {
  try {
    const { IDENT } = await import("/release/ident.mjs");
    return IDENT.map((key) => fromB64(key, 32));
  } catch {
    throw new VaultError("sender_certificate", "release");
  }
}
