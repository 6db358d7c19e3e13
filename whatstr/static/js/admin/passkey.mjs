/** Passkeys (WebAuthn): hands the server's question to the browser and its answer to the form. */

import door from "../i18n/staff-door.mjs";
import { translator } from "../ui/lang.mjs";

const say = translator(door);

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The options as the browser wants them: ids and challenge as bytes. */
function unpack(options) {
  const known = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) found.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) found.allowCredentials = known(options.allowCredentials);
  return found;
}

/** The answer as JSON, bytes in base64url. */
function pack(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

async function answer(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const note = form.querySelector("[data-passkey-note]");
  button.disabled = true;
  note.textContent = say("waiting");
  const publicKey = unpack(JSON.parse(form.dataset.options));
  try {
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
    form.elements.credential.value = pack(credential);
    form.submit();
  } catch (error) {
    button.disabled = false;
    note.textContent = say(error.name === "InvalidStateError" ? "known" : "stopped");
  }
}

function prepare(form) {
  const note = form.querySelector("[data-passkey-note]");
  const stop = (words) => {
    note.textContent = words;
  };
  if (location.origin !== form.dataset.origin) return stop(say("otherAddress", form.dataset));
  if (!window.PublicKeyCredential) return stop(say("noPasskeys"));
  note.textContent = "";
  form.addEventListener("submit", answer);
  // A click before this module is there would spend the question unanswered.
  form.querySelector("button").disabled = false;
}

for (const form of document.querySelectorAll("form[data-passkey]")) prepare(form);
