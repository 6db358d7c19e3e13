// Keys of a customer: how each is derived and the Boxes that keep them (whatstr/vault/keys.py).
import { VaultError } from "./errors.mjs";
import { KIND, argon2id, box, boxPair, prf, signPair, u32, unbox, utf8 } from "./primitives.mjs";

const FLOOR = { t: 3, m: 65536 };
const TOP = { t: 20, m: 1048576 };
export const DEFAULT_KDF = '{"alg":"argon2id13","t":3,"m":65536}';

/** Settings from the stored text; refuses what a server must not ask for (a cheap or endless hash). */
export function parseKdf(stored) {
  let kdf = null;
  try {
    kdf = JSON.parse(stored);
  } catch {
    throw new VaultError("weak_kdf", "json");
  }
  const { t, m } = kdf ?? {};
  const whole = Number.isInteger(t) && Number.isInteger(m);
  const allowed = whole && t >= FLOOR.t && t <= TOP.t && m >= FLOOR.m && m <= TOP.m;
  if (!allowed || stored !== `{"alg":"argon2id13","t":${t},"m":${m}}`) throw new VaultError("weak_kdf", "range");
  return { t, m };
}

export const masterKey = (password, salt, stored) =>
  argon2id(utf8(password.normalize("NFKC")), salt, parseKdf(stored));
export const authKey = (mk) => prf(mk, "wtr1/auth");
export const passwordKek = (mk) => prf(mk, "wtr1/kek");
export const recoveryAuth = (rc, member) => prf(rc, "wtr1/rec-auth", member);
export const recoveryKek = (rc, member) => prf(rc, "wtr1/rec-kek", member);
export const memberPair = (uk) => boxPair(prf(uk, "wtr1/member-box"));
export const vaultKey = (ak) => prf(ak, "wtr1/vault");
export const accountBoxPair = (ak) => boxPair(prf(ak, "wtr1/box"));
export const accountSignPair = (ak) => signPair(prf(ak, "wtr1/sign"));

const sessionKey = (half) => prf(half, "wtr1/session");
const orgWrapKey = (uk) => prf(uk, "wtr1/org-wrap");

export const wrapUkPassword = (kek, uk, { member, salt, kdf }) => box(kek, KIND.UK_PW, uk, [member, salt, kdf]);
export const openUkPassword = (kek, wrap, { member, salt, kdf }) => key(unbox(kek, KIND.UK_PW, wrap, [member, salt, kdf]));
export const wrapUkRecovery = (rkek, uk, member) => box(rkek, KIND.UK_REC, uk, [member]);
export const openUkRecovery = (rkek, wrap, member) => key(unbox(rkek, KIND.UK_REC, wrap, [member]));
export const wrapUkSession = (half, uk, member) => box(sessionKey(half), KIND.UK_SESSION, uk, [member]);
export const openUkSession = (half, wrap, member) => key(unbox(sessionKey(half), KIND.UK_SESSION, wrap, [member]));
export const wrapAkMember = (uk, ak, { account, member, version }) =>
  box(orgWrapKey(uk), KIND.AK_MEMBER, ak, [account, member, u32(version)]);
export const openAkMember = (uk, wrap, { account, member, version }) =>
  key(unbox(orgWrapKey(uk), KIND.AK_MEMBER, wrap, [account, member, u32(version)]));
/** What the secret of an invitation link proves to the server, which never sees the secret. */
export const inviteProof = (secret, invite) => prf(secret, "wtr1/invite-auth", invite);
const inviteKey = (secret) => prf(secret, "wtr1/invite");
export const wrapAkInvite = (secret, ak, { account, invite, version }) =>
  box(inviteKey(secret), KIND.AK_INVITE, ak, [account, invite, u32(version)]);
export const openAkInvite = (secret, wrap, { account, invite, version }) =>
  key(unbox(inviteKey(secret), KIND.AK_INVITE, wrap, [account, invite, u32(version)]));
const nextKey = (ak) => prf(ak, "wtr1/next");
/** The next AK: only somebody who had the one before can have made it. `version` is the new one. */
export const wrapAkNext = (oldAk, ak, { account, member, version }) =>
  box(nextKey(oldAk), KIND.AK_NEXT, ak, [account, member, u32(version)]);
export const openAkNext = (oldAk, wrap, { account, member, version }) =>
  key(unbox(nextKey(oldAk), KIND.AK_NEXT, wrap, [account, member, u32(version)]));
export const wrapListKey = (vk, lk, { account, list }) => box(vk, KIND.KEY_LIST, lk, [account, list]);
export const openListKey = (vk, wrap, { account, list }) => key(unbox(vk, KIND.KEY_LIST, wrap, [account, list]));
export const wrapJobKey = (vk, jk, { account, job }) => box(vk, KIND.KEY_JOB, jk, [account, job]);
export const openJobKey = (vk, wrap, { account, job }) => key(unbox(vk, KIND.KEY_JOB, wrap, [account, job]));

function key(plain) {
  if (plain.length !== 32) throw new VaultError("vault_format", "key");
  return plain;
}
