// The recovery code on paper: 20 bytes in Crockford base32 with four check characters
// (whatstr/vault/recovery_code.py).
import { VaultError } from "./errors.mjs";
import { prf } from "./primitives.mjs";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const RC_SIZE = 20;

function base32(bytes, letters) {
  let out = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return out.slice(0, letters);
}

const check = (rc) => base32(prf(rc, "wtr1/rec-check").subarray(0, 3), 4);

/** Nine groups of four characters. */
export function groups(rc) {
  return (base32(rc, 32) + check(rc)).match(/.{4}/g);
}

/** What a person typed as plain characters: any case, blanks, hyphens, O for 0, I and L for 1. */
export function normalise(typed) {
  return typed.replace(/[ıİ]/g, "1").toUpperCase().replace(/[\s\-\u2010-\u2015]/g, "")
    .replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** The 20 bytes behind a typed code; `recovery_code` when it cannot be right. */
export function decode(typed) {
  const letters = normalise(typed);
  const values = [...letters].map((letter) => ALPHABET.indexOf(letter));
  if (letters.length !== 36 || values.includes(-1)) throw new VaultError("recovery_code", "characters");
  const rc = new Uint8Array(RC_SIZE);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const value of values.slice(0, 32)) {
    held = ((held << 5) | value) & 0xffff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      rc[at] = (held >>> bits) & 0xff;
      at += 1;
    }
  }
  if (letters.slice(32) !== check(rc)) throw new VaultError("recovery_code", "check");
  return rc;
}
