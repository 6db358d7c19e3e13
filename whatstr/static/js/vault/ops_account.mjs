// Sign-up, sign-in, passwords, recovery. The password and every key stay in here; the server gets
// AUTH, RAUTH and wraps.
import {
  checkCode, confirmedDraft, dropDraft, keptLogin, loginBody, newLogin, prepare, recoveryBody, takeDraft,
} from "./enrolling.mjs";
import { VaultError } from "./errors.mjs";
import { getJson, postJson } from "./http.mjs";
import {
  authKey, masterKey, memberPair, openUkPassword, openUkRecovery, openUkSession, passwordKek, recoveryAuth,
  recoveryKek, wrapAkMember,
} from "./keys.mjs";
import { enterDirectory } from "./ops_members.mjs";
import { passwordProblem } from "./passwords.mjs";
import { fromB64, fromHex, random, toB64, wipe } from "./primitives.mjs";
import { decode } from "./recovery.mjs";
import { newId } from "./sender.mjs";
import { lock, session, settings, signedIn, unlock } from "./state.mjs";

async function enrolFinish({ profile, documents, language }) {
  const draft = confirmedDraft("enrol");
  const { login, rc, member, organization } = draft;
  const memberId = fromHex(member);
  const account = fromHex(organization);
  const [uk, ak] = [draft.uk.slice(), draft.ak.slice()];
  const wrapOrg = toB64(wrapAkMember(uk, ak, { account, member: memberId, version: 1 }));
  const said = await postJson("enrol", {
    organization, member, ...loginBody(login, memberId, uk), ...recoveryBody(rc, member, uk),
    wrap_org: wrapOrg, key_version: 1, member_pk: toB64(memberPair(uk).publicKey), profile, documents, language,
  });
  const opening = { ...said, organization, member, role: said.role ?? "owner", key_version: 1, wrap_org: wrapOrg, language };
  unlock(uk, opening, keptLogin(login));
  dropDraft();
  await enterDirectory().catch(() => {}); // the next sign-in tries again
  return { organization, member, customer_no: said.customer_no };
}

async function signIn({ email, password, totp }) {
  const { kdf, salt } = await postJson("prelogin", { email });
  const saltBytes = fromB64(salt, 16);
  const mk = masterKey(password, saltBytes, kdf);
  const [auth, kek] = [authKey(mk), passwordKek(mk)];
  wipe(mk);
  const said = await postJson("login", { email, auth: toB64(auth), ...(totp ? { totp } : {}) });
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
  const opened = unlock(uk, said, { kdf, salt });
  if (opened.vault_access) await enterDirectory().catch(() => {}); // a join that broke off is mended
  return opened;
}

async function restore({ blob, member, login }) {
  const said = await getJson("half");
  if (said.member !== member) throw new VaultError("session_other");
  const uk = openUkSession(fromB64(said.half, 32), fromB64(blob), fromHex(member));
  return unlock(uk, said, login);
}

async function changePassword({ old, new: fresh }) {
  const { uk, member } = signedIn();
  const oldAuth = ownProof(old);
  const login = newLogin(fresh);
  await postJson("password", { old_auth: oldAuth, ...loginBody(login, fromHex(member), uk) });
  // The half may be new, and the tab's blob with it.
  unlock(uk.slice(), await getJson("half"), keptLogin(login));
  return {};
}

/** The proof of the password once more, for what a signed-in browser alone must not do. */
export function ownProof(password) {
  const { login } = signedIn();
  const mk = masterKey(password, fromB64(login.salt, 16), login.kdf);
  const auth = toB64(authKey(mk));
  wipe(mk);
  return auth;
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
  takeDraft({ kind: "recovery", token, oldRauth: rauth, uk, member, organization: said.organization });
  return { organization: said.organization, member };
}

async function recoveryFinish() {
  const draft = confirmedDraft("recovery");
  const { token, oldRauth, login, rc, member } = draft;
  const uk = draft.uk.slice();
  const said = await postJson("recovery/finish", {
    token, rauth: oldRauth, ...loginBody(login, fromHex(member), uk), ...recoveryBody(rc, member, uk, "new_rauth"),
  });
  const kept = keptLogin(login);
  dropDraft();
  return unlock(uk, said, kept);
}

async function leave() {
  await postJson("logout", {}).catch((error) => {
    if (error.status !== 401) throw error;
  });
  lock("logout");
  return {};
}

export const operations = {
  session: () => session(),
  config: settings,
  "password.check": ({ password, email }) => {
    const code = passwordProblem(password, email);
    return code ? { ok: false, code } : { ok: true };
  },
  "enrol.prepare": ({ password }) => {
    takeDraft({ kind: "enrol", uk: random(32), ak: random(32), member: newId(), organization: newId() });
    return prepare("enrol", password);
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
  "totp.off": async ({ password }) => {
    await postJson("totp/off", { auth: ownProof(password) });
    return {};
  },
  "recovery.start": async ({ email }) => {
    await postJson("recovery/start", { email });
    return {};
  },
  "recovery.open": recoveryOpen,
  "recovery.prepare": ({ password }) => prepare("recovery", password),
  "recovery.finish": recoveryFinish,
};
