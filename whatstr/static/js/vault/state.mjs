// What the Worker knows while the vault is open. Nothing here ever leaves the Worker, except the
// Box of UK that the tab keeps between pages (useless without the server's half).
import { VaultError } from "./errors.mjs";
import { getJson } from "./http.mjs";
import { accountBoxPair, accountSignPair, openAkMember, vaultKey, wrapUkSession } from "./keys.mjs";
import { fromB64, fromHex, toB64, wipe } from "./primitives.mjs";

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
 * Open with UK and what the server said: {organization, member, role, key_version, wrap_org, half}.
 * `login` = {kdf, salt}, kept for a later change of password.
 */
export function unlock(uk, said, login) {
  const account = fromHex(said.organization);
  const member = fromHex(said.member);
  const version = said.key_version;
  const ak = said.wrap_org ? openAkMember(uk, fromB64(said.wrap_org), { account, member, version }) : null;
  open = {
    organization: said.organization, member: said.member, role: said.role, keyVersion: version,
    language: said.language, login, uk, ak,
    ...(ak && { vk: vaultKey(ak), box: accountBoxPair(ak), signer: accountSignPair(ak) }),
  };
  const kept = {
    blob: toB64(wrapUkSession(fromB64(said.half, 32), uk, member)), member: said.member, login,
  };
  tell({ event: "session", session: session(), kept });
  return session();
}

/** Wipe every key. `reason`: idle, logout, session (the server ended it) or asked. */
export function lock(reason) {
  if (!open) return;
  wipe(open.uk, open.ak, open.vk, open.box?.privateKey, open.signer?.privateKey);
  open = null;
  for (const map of caches) map.clear();
  tell({ event: "locked", reason });
}

/** `GET /api/config`, asked once; `identKeys` are the sender's identity keys. */
export async function settings() {
  if (!config) {
    const said = await getJson("config");
    config = { ...said, identKeys: said.ident.map((key) => fromB64(key, 32)) };
  }
  return config;
}
