// Whom a cell names: a phone number, or Meta's user id of somebody who hides the number.
import { isUserId } from "./identity.mjs";
import { normalise } from "./phone.mjs";

/** As `normalise`, and a user id is valid too, taken as it is: `digits` is then the id itself. */
export function recipient(raw, options) {
  const text = String(raw ?? "").trim();
  return isUserId(text) ? { ok: true, digits: text } : normalise(raw, options);
}
