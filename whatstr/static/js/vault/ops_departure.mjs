// A new, empty vault when password and recovery code are both lost; and the end of an account.
import { confirmedDraft, dropDraft, keptLogin, loginBody, prepare, recoveryBody, takeDraft } from "./enrolling.mjs";
import { postJson } from "./http.mjs";
import { memberPair, wrapAkMember } from "./keys.mjs";
import { ownProof } from "./ops_account.mjs";
import { enterDirectory } from "./ops_members.mjs";
import { fromHex, random, toB64, wipe } from "./primitives.mjs";
import { lock, unlock } from "./state.mjs";

async function openReset({ token }) {
  const said = await postJson("reset/open", { token });
  takeDraft({
    kind: "reset", token, uk: random(32), ak: random(32), member: said.member,
    organization: said.organization, version: said.key_version,
  });
  return {};
}

/** What the old vault held is deleted by the server in the same step that takes the new keys. */
async function finishReset() {
  const draft = confirmedDraft("reset");
  const { token, login, rc, member, organization, version } = draft;
  const id = fromHex(member);
  const [uk, ak] = [draft.uk.slice(), draft.ak.slice()];
  const said = await postJson("reset/finish", {
    token, key_version: version, ...loginBody(login, id, uk), ...recoveryBody(rc, member, uk),
    wrap_org: toB64(wrapAkMember(uk, ak, { account: fromHex(organization), member: id, version })),
    member_pk: toB64(memberPair(uk).publicKey),
  });
  const session = unlock(uk, said, keptLogin(login));
  wipe(ak);
  dropDraft();
  await enterDirectory().catch(() => {}); // the next sign-in tries again
  return session;
}

/** The password once more: the proof of it goes to the server, as at every sign-in. */
async function deleteAccount({ password }) {
  await postJson("account/delete", { auth: ownProof(password) });
  lock("deleted");
  return {};
}

const post = (path) => async (args) => (await postJson(path, args)) ?? {};

export const operations = {
  "reset.ask": post("reset/ask"),
  "reset.begin": post("reset/begin"),
  "reset.cancel": post("reset/cancel"),
  "reset.open": openReset,
  "reset.prepare": ({ password }) => prepare("reset", password),
  "reset.finish": finishReset,
  "account.delete": deleteAccount,
};
