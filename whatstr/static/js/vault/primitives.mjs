// The five primitives of the vault: PRF, Box, seals, Signed, Argon2id. The twin of
// whatstr/core/prf.py and whatstr/vault/{box,seals,signed}.py; tests/vectors/vault.json holds
// both to the same bytes. Runs in the Worker; call `ready()` once before anything else.
import sodium from "../../vendor/libsodium/libsodium-wrappers.mjs";
import { VaultError } from "./errors.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const KIND = Object.freeze({
  UK_PW: 0x01, UK_REC: 0x02, UK_SESSION: 0x03, AK_MEMBER: 0x04, AK_INVITE: 0x05, AK_NEXT: 0x06,
  KEY_LIST: 0x10, KEY_JOB: 0x11, RECORD: 0x20, LIST_CHUNK: 0x21, JOB_CHUNK: 0x30, JOB_MEDIA: 0x31,
  CONN: 0x40,
});
export const LABEL = Object.freeze({
  JOB: "wtr1/job", RPC: "wtr1/rpc", ANSWER: "wtr1/answer", SENDER_CERT: "wtr1/sender-cert",
  REPIN: "wtr1/repin",
});
const PAD = 64;
const HEADER = 58;

export async function ready() {
  await sodium.ready;
}

export const random = (size) => crypto.getRandomValues(new Uint8Array(size));
export const utf8 = (text) => encoder.encode(text);
export const toHex = (bytes) => sodium.to_hex(bytes);
export const fromHex = (text) => sodium.from_hex(text);
export const toB64 = (bytes) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);

/** Bytes from standard base64 with padding; `size` when the length is known. */
export function fromB64(text, size = null) {
  let bytes;
  try {
    bytes = sodium.from_base64(text, sodium.base64_variants.ORIGINAL);
  } catch {
    throw new VaultError("vault_format", "base64");
  }
  if (size !== null && bytes.length !== size) throw new VaultError("vault_format", "size");
  return bytes;
}

/** Text from UTF-8; anything else is refused. */
export function text(bytes) {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new VaultError("vault_format", "utf-8");
  }
}

/** Overwrite key material; what the engine copied elsewhere is out of reach. */
export function wipe(...arrays) {
  for (const array of arrays) array?.fill(0);
}

export function u32(number) {
  if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) throw new RangeError("u32");
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

export const readU32 = (b) => ((b[0] << 24) | (b[1] << 16) | (b[2] << 8) | b[3]) >>> 0;

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const bytesOf = (part) => (typeof part === "string" ? utf8(part) : part);

/** Length-prefixed concatenation: no two different tuples give the same bytes. */
export function lv(...parts) {
  return concat(...parts.flatMap((part) => {
    const bytes = bytesOf(part);
    return [u32(bytes.length), bytes];
  }));
}

export const prf = (key, label, ...parts) => sodium.crypto_generichash(32, lv(label, ...parts), key);
export const prf16 = (key, label, ...parts) => prf(key, label, ...parts).slice(0, 16);

function pad(plain) {
  const out = new Uint8Array(plain.length + PAD - (plain.length % PAD));
  out.set(plain);
  out[plain.length] = 0x80;
  return out;
}

function unpad(padded) {
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end -= 1;
  if (end === 0 || padded[end - 1] !== 0x80 || padded.length - end >= PAD) {
    throw new VaultError("vault_format", "padding");
  }
  return padded.slice(0, end - 1);
}

/** Encrypt under `key`, bound to `kind` and the parts of `aad`. `nonce` is for known answers only. */
export function box(key, kind, plain, aad, nonce = random(24)) {
  const head = Uint8Array.of(1, kind);
  const tag = head.subarray(1);
  const commitment = prf(key, "wtr1/box/com", tag, nonce, ...aad);
  const body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    pad(bytesOf(plain)), lv(head, ...aad), null, nonce, prf(key, "wtr1/box/enc", tag, nonce),
  );
  return concat(head, nonce, commitment, body);
}

/** Open a Box; refuses before any plaintext exists: length, version, kind, commitment, cipher, padding. */
export function unbox(key, kind, blob, aad) {
  const fits = blob.length >= HEADER + PAD + 16 && (blob.length - HEADER - 16) % PAD === 0;
  if (!fits || blob[0] !== 1 || blob[1] !== kind) throw new VaultError("vault_format", "format");
  const head = blob.slice(0, 2);
  const nonce = blob.slice(2, 26);
  const commitment = prf(key, "wtr1/box/com", head.slice(1), nonce, ...aad);
  if (!sodium.memcmp(commitment, blob.slice(26, HEADER))) {
    throw new VaultError("vault_format", "commitment");
  }
  let padded;
  try {
    padded = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null, blob.subarray(HEADER), lv(head, ...aad), nonce,
      prf(key, "wtr1/box/enc", head.slice(1), nonce),
    );
  } catch {
    throw new VaultError("vault_format", "ciphertext");
  }
  return unpad(padded);
}

export const boxJson = (key, kind, value, aad) => box(key, kind, JSON.stringify(value), aad);

export function unboxJson(key, kind, blob, aad) {
  return parseJson(unbox(key, kind, blob, aad));
}

export function parseJson(bytes) {
  const plain = text(bytes);
  try {
    return JSON.parse(plain);
  } catch {
    throw new VaultError("vault_format", "json");
  }
}

/** JSON filled with blanks to a multiple of 64 bytes, so that sizes say little. */
export function filled(value) {
  const bytes = utf8(JSON.stringify(value));
  const out = new Uint8Array(Math.ceil(bytes.length / PAD) * PAD).fill(0x20);
  out.set(bytes);
  return out;
}

export const sealToSender = (kid, pk, plain) =>
  concat(Uint8Array.of(0x11), u32(kid), sodium.crypto_box_seal(plain, pk));
export const sealToMember = (pk, plain) => concat(Uint8Array.of(0x14), sodium.crypto_box_seal(plain, pk));
export const openCustomerSeal = (pair, blob) => openSeal(0x12, pair, blob);
export const openMemberSeal = (pair, blob) => openSeal(0x14, pair, blob);

function openSeal(tag, pair, blob) {
  if (blob.length < 49 || blob[0] !== tag) throw new VaultError("vault_format", "format");
  try {
    return sodium.crypto_box_seal_open(blob.subarray(1), pair.publicKey, pair.privateKey);
  } catch {
    throw new VaultError("vault_format", "seal");
  }
}

/** u32 length, body, Ed25519 over LV(label, body). */
export function sign(label, body, secretKey) {
  return concat(u32(body.length), body, sodium.crypto_sign_detached(lv(label, body), secretKey));
}

/** The body if one of `publicKeys` signed it under `label`. */
export function verify(label, blob, publicKeys) {
  const length = blob.length < 68 ? -1 : readU32(blob);
  if (blob.length !== 4 + length + 64) throw new VaultError("vault_format", "format");
  const body = blob.slice(4, 4 + length);
  const signature = blob.slice(4 + length);
  const message = lv(label, body);
  for (const key of publicKeys) {
    if (sodium.crypto_sign_verify_detached(signature, message, key)) return body;
  }
  throw new VaultError("vault_format", "signature");
}

export const boxPair = (seed) => sodium.crypto_box_seed_keypair(seed);
export const signPair = (seed) => sodium.crypto_sign_seed_keypair(seed);

/** Argon2id v1.3, 32 bytes; `m` in KiB. */
export function argon2id(password, salt, { t, m }) {
  return sodium.crypto_pwhash(
    32, password, salt, t, m * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13,
  );
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
