// Runs the known answers through the browser's modules; returns the names of those that differ.
const at = "/static/js/vault/";
const p = await import(`${at}primitives.mjs`);
const k = await import(`${at}keys.mjs`);
const r = await import(`${at}recovery.mjs`);
const f = await import(`${at}formats.mjs`);

const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function refuses(run, detail) {
  try {
    run();
  } catch (error) {
    return error.detail === detail ? "refused" : `${error.code} ${error.detail}`;
  }
  return "opened";
}

export async function check(v) {
  await p.ready();
  const found = [];
  const same = (name, got, want) => {
    const shown = got instanceof Uint8Array ? p.toHex(got) : got;
    found.push([name, JSON.stringify(shown) === JSON.stringify(want) ? "ok" : `${JSON.stringify(shown)}`]);
  };
  const i = Object.fromEntries(
    Object.entries(v.inputs).map(([name, x]) => [name, typeof x === "string" && !["password", "kdf"].includes(name) ? hex(x) : x]),
  );
  checkKeys(v, i, same);
  checkBoxes(v, i, same);
  checkSeals(v, i, same);
  return found;
}

function checkKeys(v, i, same) {
  same("lv", p.lv("a", "", "bc"), v.prf[0].out);
  same("prf", p.prf(i.k, "wtr1/test", "x", "ş"), v.prf[1].out);
  const mk = k.masterKey(i.password, i.salt, i.kdf);
  same("mk", mk, v.keys.mk);
  same("auth", k.authKey(mk), v.keys.auth);
  same("kek", k.passwordKek(mk), v.keys.kek);
  same("rauth", k.recoveryAuth(i.rc, i.member), v.keys.rauth);
  same("rkek", k.recoveryKek(i.rc, i.member), v.keys.rkek);
  same("member_pk", k.memberPair(i.uk).publicKey, v.keys.member_pk);
  same("invite proof", k.inviteProof(i.is, i.invite), v.keys.invite_proof);
  same("vk", k.vaultKey(i.ak), v.keys.vk);
  same("box_pk", k.accountBoxPair(i.ak).publicKey, v.keys.box_pk);
  same("sign_pk", k.accountSignPair(i.ak).publicKey, v.keys.sign_pk);
  same("recovery code", r.groups(i.rc).join("-"), v.keys.recovery_code);
  same("recovery decode", r.decode(` ${v.keys.recovery_code.toLowerCase().replaceAll("0", "o")} `), v.inputs.rc);
  for (const bad of ['{"alg":"argon2id13","t":2,"m":65536}', '{"alg":"argon2id13","t":3,"m":1024}', "{}", "null", '{"alg":"argon2id13","t":3, "m":65536}']) {
    same(`kdf ${bad}`, refuses(() => k.parseKdf(bad), "range"), "refused");
  }
}

function checkBoxes(v, i, same) {
  for (const c of v.boxes) {
    const aad = c.aad.map(hex);
    const blob = hex(c.box);
    same(`box ${c.name}`, p.box(hex(c.key), c.kind, hex(c.plain), aad, i.nonce), c.box);
    same(`unbox ${c.name}`, p.unbox(hex(c.key), c.kind, blob, aad), c.plain);
    same(`kind ${c.name}`, refuses(() => p.unbox(hex(c.key), c.kind ^ 1, blob, aad), "format"), "refused");
    same(`aad ${c.name}`, refuses(() => p.unbox(hex(c.key), c.kind, blob, [...aad, hex("")]), "commitment"), "refused");
    same(`cut ${c.name}`, refuses(() => p.unbox(hex(c.key), c.kind, blob.slice(0, -1), aad), "format"), "refused");
    blob[blob.length - 1] ^= 1;
    same(`bit ${c.name}`, refuses(() => p.unbox(hex(c.key), c.kind, blob, aad), "ciphertext"), "refused");
  }
  for (const c of v.refused) {
    p.unbox(hex(c.opens_with), c.kind, hex(c.box), c.aad.map(hex));
    same(c.name, refuses(() => p.unbox(hex(c.refused_with), c.kind, hex(c.box), c.aad.map(hex)), "commitment"), "refused");
  }
}

function checkSeals(v, i, same) {
  const pair = k.accountBoxPair(i.ak);
  const signer = k.accountSignPair(i.ak);
  const ident = [hex(v.ident_pk)];
  same("signed", p.sign("wtr1/job", p.utf8(v.signed.body), signer.privateKey), v.signed.out);
  same("label", refuses(() => p.verify("wtr1/rpc", hex(v.signed.out), [signer.publicKey]), "signature"), "refused");
  same("customer seal", p.openCustomerSeal(pair, hex(v.seals.customer)), v.seals.plain);
  same("member seal", p.openMemberSeal(k.memberPair(i.uk), hex(v.seals.member)), v.boxes.find((c) => c.name === "next").box);
  const cert = f.readCertificate(hex(v.certificate.blob), ident, v.certificate.nb);
  same("certificate", [cert.kid, p.toHex(cert.pk)], [v.inputs.kid, v.certificate.pk]);
  const late = v.certificate.na + 86400;
  same("old certificate", refuses(() => f.readCertificate(hex(v.certificate.blob), ident, late), "dates"), "refused");
  same("forged certificate", refuses(() => f.readCertificate(hex(v.certificate.blob), [signer.publicKey], late), "signature"), "refused");
  checkBodies(v, i, same, { pair, signer, ident });
}

function checkBodies(v, i, same, { pair, signer, ident }) {
  const h = JSON.parse(v.job_header.body);
  const body = f.headerBody({ ...h, jk: i.jk });
  same("header", new TextDecoder().decode(body), v.job_header.body);
  same("header signed", p.sign("wtr1/job", body, signer.privateKey), v.job_header.signed);
  const q = JSON.parse(v.request.body);
  const request = f.requestBody({ ...q, sign_pk: signer.publicKey, box_pk: pair.publicKey });
  same("request", p.sign("wtr1/rpc", request, signer.privateKey), v.request.signed);
  const next = { signer: k.accountSignPair(i.next_ak), box: k.accountBoxPair(i.next_ak) };
  same("repin", f.repinArgs({ id: v.inputs.mref, account: v.inputs.account, ...next }), v.repin);
  const open = { id: v.inputs.mref, account: v.inputs.account, pair, identKeys: ident };
  same("answer", f.openAnswer(hex(v.answer.seal), open).result, { line: v.inputs.conn });
  same("answer elsewhere", refuses(() => f.openAnswer(hex(v.answer.seal), { ...open, id: v.inputs.job }), "context"), "refused");
  same("answer unsigned", refuses(() => f.openAnswer(hex(v.answer.seal), { ...open, identKeys: [signer.publicKey] }), "origin"), "refused");
  same("notice", f.openNotice(hex(v.notice.seal), open).from, "905301112233");
  same("notice unsigned", refuses(() => f.openNotice(hex(v.notice.seal), { ...open, identKeys: [signer.publicKey] }), "origin"), "refused");
  same("answer is no notice", refuses(() => f.openNotice(hex(v.answer.seal), open), "context"), "refused");
  const rows = f.openJobChunk(i.jk, hex(v.boxes.find((c) => c.name === "job_chunk").box), f.jobChunkAad(v.inputs.account, v.inputs.job, 0, 1));
  same("rows", JSON.stringify(rows), new TextDecoder().decode(hex(v.boxes.find((c) => c.name === "job_chunk").plain)));
}
