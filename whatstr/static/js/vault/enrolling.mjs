// What sign-up, recovery, an invitation and a new vault share: a password's keys, and the recovery
// code that its owner types back before anything is sent.
import { VaultError } from "./errors.mjs";
import { DEFAULT_KDF, authKey, masterKey, passwordKek, recoveryAuth, recoveryKek, wrapUkPassword, wrapUkRecovery } from "./keys.mjs";
import { passwordProblem } from "./passwords.mjs";
import { fromHex, random, toB64, wipe } from "./primitives.mjs";
import { RC_SIZE, groups, normalise } from "./recovery.mjs";

let draft = null; // what was begun and is not finished: {kind, uk, ak?, login?, rc?, …}

/** Begin something; what was begun before is dropped. */
export function takeDraft(fresh) {
  dropDraft();
  draft = fresh;
}

export function dropDraft() {
  if (draft) wipe(draft.rc, draft.uk, draft.ak, draft.login?.auth, draft.login?.kek);
  draft = null;
}

/** What was begun; `not_prepared` when that was something else. */
export function draftOf(kind) {
  if (draft?.kind !== kind) throw new VaultError("not_prepared");
  return draft;
}

/** The same, once its owner has typed the code back; `code_unconfirmed` before. */
export function confirmedDraft(kind) {
  if (!draftOf(kind).confirmed) throw new VaultError("code_unconfirmed");
  return draft;
}

/** A password's keys for what was begun, and a recovery code to show: {groups, ask}. */
export function prepare(kind, password) {
  draftOf(kind).login = newLogin(password);
  return newCode();
}

/** A fresh salt and what it makes of a password; refused when the password is weak. */
export function newLogin(password) {
  const problem = passwordProblem(password);
  if (problem) throw new VaultError(problem);
  const salt = random(16);
  const mk = masterKey(password, salt, DEFAULT_KDF);
  const login = { kdf: DEFAULT_KDF, salt, auth: authKey(mk), kek: passwordKek(mk) };
  wipe(mk);
  return login;
}

/** The recovery code to show, and which two groups to ask for; drawn anew each time. */
function newCode() {
  const rc = random(RC_SIZE);
  const [a, b] = random(2);
  const first = a % 9;
  const second = (first + 1 + (b % 8)) % 9;
  Object.assign(draft, { rc, ask: [first, second], confirmed: false });
  return { groups: groups(rc), ask: draft.ask };
}

export function checkCode({ answers }) {
  if (!draft?.rc) throw new VaultError("not_prepared");
  const right = groups(draft.rc);
  draft.confirmed = draft.ask.every((group, i) => normalise(answers[i] ?? "") === right[group]);
  return { confirmed: draft.confirmed };
}

/** What goes to the server of a new password. */
export const loginBody = (login, member, uk) => ({
  kdf: login.kdf,
  salt: toB64(login.salt),
  auth: toB64(login.auth),
  wrap_pw: toB64(wrapUkPassword(login.kek, uk, { member, salt: login.salt, kdf: login.kdf })),
});

/** What goes to the server of a new recovery code; `proof` names its field. */
export function recoveryBody(rc, member, uk, proof = "rauth") {
  const id = fromHex(member);
  return { [proof]: toB64(recoveryAuth(rc, id)), wrap_rec: toB64(wrapUkRecovery(recoveryKek(rc, id), uk, id)) };
}

/** What is kept for a later change of the password. */
export const keptLogin = (login) => ({ kdf: login.kdf, salt: toB64(login.salt) });
