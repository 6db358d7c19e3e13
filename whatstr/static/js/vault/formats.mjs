// What is inside seals and Boxes: job header, rows, manifest, certificate, requests, answers,
// notices (whatstr/vault/{job_header,rows,certificate,rpc,notices}.py). Ids are 32 hex digits
// here and 16 bytes in associated data.
import { isUserId } from "../contacts/identity.mjs";
import { VaultError } from "./errors.mjs";
import {
  KIND, LABEL, box, boxJson, filled, fromB64, fromHex, openCustomerSeal, parseJson, sealToSender,
  sign, toB64, u32, unbox, unboxJson, utf8, verify,
} from "./primitives.mjs";

export const CHUNK_ROWS = 500;
const DAY = 86400;
const ID = /^[0-9a-f]{32}$/;
const bad = (detail) => new VaultError("vault_format", detail);

/** The 16 bytes of an id. */
export function idBytes(id) {
  if (!ID.test(id)) throw bad("id");
  return fromHex(id);
}

// -- certificate of the sender's weekly key

/** {kid, pk, nb, na}; `sender_certificate` unless IDENT signed it and it is valid today (a day of slack). */
export function readCertificate(blob, identKeys, nowSeconds) {
  let cert;
  try {
    cert = parseJson(verify(LABEL.SENDER_CERT, blob, identKeys));
  } catch {
    throw new VaultError("sender_certificate", "signature");
  }
  if (cert.v !== 1 || !whole(cert.kid) || !whole(cert.nb) || !whole(cert.na)) {
    throw new VaultError("sender_certificate", "format");
  }
  if (nowSeconds < cert.nb - DAY || nowSeconds >= cert.na + DAY) {
    throw new VaultError("sender_certificate", "dates", { data: { nb: cert.nb, na: cert.na } });
  }
  return { kid: cert.kid, pk: fromB64(cert.pk, 32), nb: cert.nb, na: cert.na };
}

// -- job header

/** The bytes that are signed; the order of keys is the format's. */
export function headerBody(h) {
  return utf8(JSON.stringify({
    v: 1, account: h.account, job: h.job, conn: h.conn, kid: h.kid, iat: h.iat, nb: h.nb, exp: h.exp,
    template: h.template && { name: h.template.name, lang: h.template.lang, id: h.template.id },
    chunks: h.chunks, rows: h.rows,
    media: h.media.map(({ no, sha256, mime, pieces }) => ({ no, sha256, mime, pieces })),
    jk: toB64(h.jk),
  }));
}

export const sealHeader = (header, secretKey, epochPk) =>
  sealToSender(header.kid, epochPk, sign(LABEL.JOB, headerBody(header), secretKey));

// -- rows

export const jobChunkAad = (account, job, no, chunks) => [idBytes(account), idBytes(job), u32(no), u32(chunks)];
export const listChunkAad = (account, list, no, version) => [idBytes(account), idBytes(list), u32(no), u32(version)];
export const recordAad = (account, owner, type, version) => [idBytes(account), idBytes(owner), type, u32(version)];

/** Rows `[to, [param…], extra?]` of a job as one Box. */
export const boxJobChunk = (jk, rows, aad) => boxJson(jk, KIND.JOB_CHUNK, rows, aad);

export function openJobChunk(jk, blob, aad) {
  const rows = unboxJson(jk, KIND.JOB_CHUNK, blob, aad);
  const good = (row) => Array.isArray(row) && row.length >= 2 && typeof row[0] === "string" && Array.isArray(row[1]);
  if (!Array.isArray(rows) || rows.length > CHUNK_ROWS || !rows.every(good)) throw bad("rows");
  return rows;
}

/** Rows `[digits or user id, name, [field…]]` of a list as one Box. */
export const boxListChunk = (lk, rows, aad) => boxJson(lk, KIND.LIST_CHUNK, rows, aad);

export function openListChunk(lk, blob, aad) {
  const rows = unboxJson(lk, KIND.LIST_CHUNK, blob, aad);
  const good = (row) => Array.isArray(row) && row.length === 3 && (/^[0-9]{5,20}$/.test(row[0]) || isUserId(row[0]))
    && typeof row[1] === "string" && Array.isArray(row[2]);
  if (!Array.isArray(rows) || rows.length > CHUNK_ROWS || !rows.every(good)) throw bad("rows");
  return rows;
}

/** A manifest that makes sense by itself: chunks numbered 0…n-1, versions from 1, texts. */
export function checkManifest(manifest) {
  const pairs = manifest?.chunks;
  const good = Array.isArray(pairs) && whole(manifest.rows) && typeof manifest.name === "string"
    && Array.isArray(manifest.columns)
    && pairs.every((pair, no) => Array.isArray(pair) && pair.length === 2 && pair[0] === no && whole(pair[1]) && pair[1] >= 1);
  if (!good) throw new VaultError("list_damaged", "manifest");
  return manifest;
}

export const boxRecord = (key, value, aad) => boxJson(key, KIND.RECORD, value, aad);
export const openRecord = (key, blob, aad) => unboxJson(key, KIND.RECORD, blob, aad);
export const boxMedia = (jk, piece, account, job, media, no, pieces) =>
  box(jk, KIND.JOB_MEDIA, piece, [idBytes(account), idBytes(job), u32(media), u32(no), u32(pieces)]);
export const openMedia = (jk, blob, account, job, media, no, pieces) =>
  unbox(jk, KIND.JOB_MEDIA, blob, [idBytes(account), idBytes(job), u32(media), u32(no), u32(pieces)]);

// -- sender requests, answers, notices

export function requestBody(r) {
  const body = { v: 1, id: r.id, account: r.account, kid: r.kid, iat: r.iat, exp: r.exp, op: r.op, args: r.args };
  if (r.op === "connect") Object.assign(body, { sign_pk: toB64(r.sign_pk), box_pk: toB64(r.box_pk) });
  return filled(body);
}

export const sealRequest = (request, secretKey, epochPk) =>
  sealToSender(request.kid, epochPk, sign(LABEL.RPC, requestBody(request), secretKey));

/** The arguments of `repin`: the next public keys, signed with the next key for this one request. */
export function repinArgs({ id, account, signer, box }) {
  const body = { v: 1, id, account, sign_pk: toB64(signer.publicKey), box_pk: toB64(box.publicKey) };
  return { proof: toB64(sign(LABEL.REPIN, utf8(JSON.stringify(body)), signer.privateKey)) };
}

function fromSender(blob, pair, identKeys) {
  return parseJson(verify(LABEL.ANSWER, openCustomerSeal(pair, blob), identKeys));
}

/** The sender's answer to request `id`; `answer_refused` unless IDENT said it, to us, to this request. */
export function openAnswer(blob, { id, account, pair, identKeys }) {
  let answer;
  try {
    answer = fromSender(blob, pair, identKeys);
  } catch {
    throw new VaultError("answer_refused", "origin");
  }
  if (answer.v !== 1 || "t" in answer || answer.id !== id || answer.account !== account) {
    throw new VaultError("answer_refused", "context");
  }
  return answer;
}

/** A notice for this account; `notice_refused` unless IDENT signed it. */
export function openNotice(blob, { account, pair, identKeys }) {
  let notice;
  try {
    notice = fromSender(blob, pair, identKeys);
  } catch {
    throw new VaultError("notice_refused", "origin");
  }
  if (notice.v !== 1 || "id" in notice || typeof notice.t !== "string" || notice.account !== account) {
    throw new VaultError("notice_refused", "context");
  }
  return notice;
}

const whole = (value) => Number.isSafeInteger(value) && value >= 0;
