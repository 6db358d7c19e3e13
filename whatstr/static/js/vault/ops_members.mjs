// Members: inviting, joining, the directory of public keys that a re-key reads; signed-in browsers.
import { confirmedDraft, dropDraft, keptLogin, loginBody, prepare, recoveryBody, takeDraft } from "./enrolling.mjs";
import { VaultError } from "./errors.mjs";
import { getJson, postJson, putJson, remove } from "./http.mjs";
import { inviteProof, memberPair, openAkInvite, wrapAkInvite, wrapAkMember } from "./keys.mjs";
import { fromB64, fromHex, random, toB64, wipe } from "./primitives.mjs";
import { changeRecord } from "./records.mjs";
import { newId } from "./sender.mjs";
import { unlock, vault } from "./state.mjs";

const NO_VAULT = "billing"; // a role without the account's key

/** The secret as the link's fragment carries it: base64url without padding, 43 characters. */
const toFragment = (bytes) => toB64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

function fromFragment(text) {
  const found = /^([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/.exec(text);
  if (!found) throw new VaultError("invitation_invalid", "link");
  return { id: found[1], secret: fromB64(`${found[2].replaceAll("-", "+").replaceAll("_", "/")}=`, 32) };
}

/** The link goes to its page only; the server gets the Box and what the secret proves. */
async function invite({ role, label }, { signal }) {
  const { organization, ak, keyVersion } = vault();
  const id = newId();
  const secret = random(32);
  const invitation = fromHex(id);
  const box = role === NO_VAULT ? null
    : toB64(wrapAkInvite(secret, ak, { account: fromHex(organization), invite: invitation, version: keyVersion }));
  const said = await postJson("invitations", {
    id, role, label: label ?? "", proof: toB64(inviteProof(secret, invitation)), key_version: keyVersion, box,
  }, signal);
  const fragment = `${id}.${toFragment(secret)}`;
  wipe(secret);
  return { id, fragment, expires_at: said.expires_at };
}

async function openInvitation({ link }, { signal }) {
  const { id, secret } = fromFragment(link);
  const proof = toB64(inviteProof(secret, fromHex(id)));
  const said = await postJson("invitations/open", { id, proof }, signal);
  const at = { account: fromHex(said.organization), invite: fromHex(id), version: said.key_version };
  let ak = null;
  try {
    ak = said.box ? openAkInvite(secret, fromB64(said.box), at) : null;
  } catch {
    throw new VaultError("invitation_invalid", "box");
  }
  wipe(secret);
  takeDraft({
    kind: "invitation", id, proof, ak, uk: random(32), member: newId(),
    organization: said.organization, role: said.role, version: said.key_version,
  });
  return { organization: said.organization_name, role: said.role, expires_at: said.expires_at };
}

async function accept({ profile, language }) {
  const draft = confirmedDraft("invitation");
  const { login, rc, member, organization, version } = draft;
  const id = fromHex(member);
  const uk = draft.uk.slice();
  const ak = draft.ak?.slice() ?? null;
  const publicKey = toB64(memberPair(uk).publicKey);
  const wrapOrg = ak ? toB64(wrapAkMember(uk, ak, { account: fromHex(organization), member: id, version })) : null;
  const said = await postJson("invitations/accept", {
    id: draft.id, proof: draft.proof, member, ...loginBody(login, id, uk),
    ...recoveryBody(rc, member, uk), wrap_org: wrapOrg, member_pk: publicKey, profile, language,
  });
  const session = unlock(uk, said, keptLogin(login));
  dropDraft();
  if (ak) await enterDirectory().catch(() => {}); // the next sign-in tries again
  return session;
}

/** Our public key stands in the account's own directory: what is not there gets no next key. */
export async function enterDirectory(signal) {
  const { organization, member, uk } = vault();
  const own = { member, pk: toB64(memberPair(uk).publicKey) };
  await changeRecord("members", organization, (people) => {
    const listed = people?.find((one) => one.member === member);
    if (listed?.pk === own.pk) return undefined;
    return [...(people ?? []).filter((one) => one.member !== member), own];
  }, signal);
}

export const operations = {
  "members.all": (_, { signal }) => getJson("members", signal),
  "members.invite": invite,
  "members.withdraw": async ({ id }, { signal }) => {
    await remove(`invitations/${id}`, signal);
    return {};
  },
  "members.role": async ({ member, role }, { signal }) => {
    await putJson(`members/${member}/role`, { role }, signal);
    return {};
  },
  "members.remove": ({ member }, { signal }) => postJson(`members/${member}/remove`, {}, signal),
  "invitation.open": openInvitation,
  "invitation.prepare": ({ password }) => prepare("invitation", password),
  "invitation.accept": accept,
  "sessions.all": async (_, { signal }) => (await getJson("sessions", signal)).sessions,
  "sessions.end": async ({ id }, { signal }) => {
    await postJson(`sessions/${id}/end`, {}, signal);
    return {};
  },
  "sessions.end_others": (_, { signal }) => postJson("sessions/end-others", {}, signal),
};
