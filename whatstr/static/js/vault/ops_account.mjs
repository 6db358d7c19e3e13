// Sign-up, sign-in, passwords, recovery. The password and every key stay in here; the server gets
// AUTH, RAUTH and wraps.
import { VaultError } from "./errors.mjs";
import { getJson, postJson } from "./http.mjs";
import {
  DEFAULT_KDF, authKey, masterKey, memberPair, openUkPassword, openUkRecovery, openUkSession,
  passwordKek, recoveryAuth, recoveryKek, wrapAkMember, wrapUkPassword, wrapUkRecovery,
} from "./keys.mjs";
import { passwordProblem } from "./passwords.mjs";
import { fromB64, fromHex, random, toB64, wipe } from "./primitives.mjs";
import { saveRecord } from "./records.mjs";
import { RC_SIZE, decode, groups, normalise } from "./recovery.mjs";
import { newId } from "./sender.mjs";
import { lock, session, settings, signedIn, unlock } from "./state.mjs";

let draft = null; // an enrolment or a recovery that is not finished

function newLogin(password) {
  const problem = passwordProblem(password);
  if (problem) throw new VaultError(problem);
  const salt = random(16);
  const mk = masterKey(password, salt, DEFAULT_KDF);
  const login = { kdf: DEFAULT_KDF, salt, auth: authKey(mk), kek: passwordKek(mk) };
  wipe(mk);
  return login;
}

/** The recovery code to show, and which two groups to ask for; drawn anew each time. */
function newCode(target) {
  const rc = random(RC_SIZE);
  const [a, b] = random(2);
  const first = a % 9;
  const second = (first + 1 + (b % 8)) % 9;
  Object.assign(target, { rc, ask: [first, second], confirmed: false });
  return { groups: groups(rc), ask: target.ask };
}

/** What goes to the server of a new password. */
const loginBody = (login, member, uk) => ({
  kdf: login.kdf,
  salt: toB64(login.salt),
  auth: toB64(login.auth),
  wrap_pw: toB64(wrapUkPassword(login.kek, uk, { member, salt: login.salt, kdf: login.kdf })),
});

const keptLogin = (login) => ({ kdf: login.kdf, salt: toB64(login.salt) });

function confirmed() {
  if (!draft) throw new VaultError("not_prepared");
  if (!draft.confirmed) throw new VaultError("code_unconfirmed");
  return draft;
}

function forget() {
  if (draft) wipe(draft.rc, draft.uk, draft.ak, draft.login?.auth, draft.login?.kek);
  draft = null;
}

async function enrolFinish({ profile, documents, language }) {
  const { login, rc, member, organization } = confirmed();
  const memberId = fromHex(member);
  const account = fromHex(organization);
  const [uk, ak] = [draft.uk.slice(), draft.ak.slice()];
  const wrapOrg = toB64(wrapAkMember(uk, ak, { account, member: memberId, version: 1 }));
  const publicKey = toB64(memberPair(uk).publicKey);
  const said = await postJson("enrol", {
    organization, member, ...loginBody(login, memberId, uk), rauth: toB64(recoveryAuth(rc, memberId)),
    wrap_rec: toB64(wrapUkRecovery(recoveryKek(rc, memberId), uk, memberId)),
    wrap_org: wrapOrg, key_version: 1, member_pk: publicKey, profile, documents, language,
  });
  const opening = { ...said, organization, member, role: said.role ?? "owner", key_version: 1, wrap_org: wrapOrg, language };
  unlock(uk, opening, keptLogin(login));
  forget();
  // The directory of members that a re-key reads; `saveRecord` at the next sign-in mends a failure.
  await saveRecord("members", organization, 1, [{ member, pk: publicKey }]).catch(() => {});
  return { organization, member, customer_no: said.customer_no };
}

async function signIn({ email, password }) {
  const { kdf, salt } = await postJson("prelogin", { email });
  const saltBytes = fromB64(salt, 16);
  const mk = masterKey(password, saltBytes, kdf);
  const [auth, kek] = [authKey(mk), passwordKek(mk)];
  wipe(mk);
  const said = await postJson("login", { email, auth: toB64(auth) });
  wipe(auth);
  let uk;
  try {
    const member = fromHex(said.member);
    uk = openUkPassword(kek, fromB64(said.wrap_pw), { member, salt: saltBytes, kdf });
  } catch {
    throw new VaultError("vault_damaged", "wrap_pw");
  } finally {
    wipe(kek);
  }
  return unlock(uk, said, { kdf, salt });
}

async function restore({ blob, member, login }) {
  const said = await getJson("half");
  if (said.member !== member) throw new VaultError("session_other");
  const uk = openUkSession(fromB64(said.half, 32), fromB64(blob), fromHex(member));
  return unlock(uk, said, login);
}

async function changePassword({ old, new: fresh }) {
  const { uk, member, login: kept } = signedIn();
  const mk = masterKey(old, fromB64(kept.salt, 16), kept.kdf);
  const oldAuth = toB64(authKey(mk));
  wipe(mk);
  const login = newLogin(fresh);
  await postJson("password", { old_auth: oldAuth, ...loginBody(login, fromHex(member), uk) });
  // The half may be new, and the tab's blob with it.
  unlock(uk.slice(), await getJson("half"), keptLogin(login));
  return {};
}

/** The link's token is `<member>.<secret>`: RAUTH depends on the member. */
async function recoveryOpen({ token, code }) {
  const rc = decode(code);
  const member = token.split(".")[0];
  if (!/^[0-9a-f]{32}$/.test(member)) throw new VaultError("wrong_recovery", "token");
  const id = fromHex(member);
  const rauth = toB64(recoveryAuth(rc, id));
  const said = await postJson("recovery/open", { token, rauth });
  const uk = openUkRecovery(recoveryKek(rc, id), fromB64(said.wrap_rec), id);
  wipe(rc);
  forget();
  draft = { kind: "recovery", token, oldRauth: rauth, uk, member, organization: said.organization };
  return { organization: said.organization, member };
}

async function recoveryFinish() {
  const { token, oldRauth, login, rc, member } = confirmed();
  const id = fromHex(member);
  const uk = draft.uk.slice();
  const said = await postJson("recovery/finish", {
    token, rauth: oldRauth, ...loginBody(login, id, uk), new_rauth: toB64(recoveryAuth(rc, id)),
    wrap_rec: toB64(wrapUkRecovery(recoveryKek(rc, id), uk, id)),
  });
  const kept = keptLogin(login);
  forget();
  return unlock(uk, said, kept);
}

async function leave() {
  await postJson("logout", {}).catch((error) => {
    if (error.status !== 401) throw error;
  });
  lock("logout");
  return {};
}

function checkCode({ answers }) {
  if (!draft?.rc) throw new VaultError("not_prepared");
  const right = groups(draft.rc);
  draft.confirmed = draft.ask.every((group, i) => normalise(answers[i] ?? "") === right[group]);
  return { confirmed: draft.confirmed };
}

export const operations = {
  session: () => session(),
  config: async () => {
    const { identKeys, ...rest } = await settings();
    return rest;
  },
  "password.check": ({ password, email }) => {
    const code = passwordProblem(password, email);
    return code ? { ok: false, code } : { ok: true };
  },
  "enrol.prepare": ({ password }) => {
    const login = newLogin(password);
    forget();
    draft = { kind: "enrol", login, uk: random(32), ak: random(32), member: newId(), organization: newId() };
    return newCode(draft);
  },
  "code.confirm": checkCode,
  "enrol.finish": enrolFinish,
  login: signIn,
  restore,
  logout: leave,
  lock: () => {
    lock("asked");
    return {};
  },
  "password.change": changePassword,
  "recovery.start": async ({ email }) => {
    await postJson("recovery/start", { email });
    return {};
  },
  "recovery.open": recoveryOpen,
  "recovery.prepare": ({ password }) => {
    if (draft?.kind !== "recovery") throw new VaultError("not_prepared");
    draft.login = newLogin(password);
    return newCode(draft);
  },
  "recovery.finish": recoveryFinish,
};
