// The Worker's own calls to the JSON API (docs/api.md), with one error shape and patience for
// lost connections.
import { VaultError } from "./errors.mjs";

const GAPS = [1, 2, 4, 8, 15, 30, 30, 30]; // seconds between tries: about two minutes in all
const AGAIN = new Set(["offline", "unavailable", "too_many"]);

const MOST_OFFSET = 86_400_000;
let offset = 0;

let keyVersion = null;

/** Which version of the account's key this Worker boxes with; the server refuses an earlier one. */
export function workWithKey(version) {
  keyVersion = version;
}

/** Milliseconds that the server is ahead of us by its Date header; at most a day is believed. */
export const clockOffset = () => offset;

function compareClocks(response) {
  const said = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(said)) return;
  const ahead = said - Date.now();
  offset = Math.abs(ahead) < 30_000 ? 0 : Math.max(-MOST_OFFSET, Math.min(MOST_OFFSET, ahead));
}

async function call(method, path, { json, bytes, signal, headers: more = {} } = {}) {
  const headers = { ...(keyVersion === null ? {} : { "X-WTR-Key": String(keyVersion) }), ...more };
  let body;
  if (method !== "GET") {
    headers["X-WTR"] = "1";
    headers["Content-Type"] = bytes ? "application/octet-stream" : "application/json";
    body = bytes ?? JSON.stringify(json ?? {});
  }
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method, headers, body, signal, credentials: "same-origin", redirect: "error", cache: "no-store",
    });
  } catch {
    throw new VaultError(signal?.aborted ? "aborted" : "offline");
  }
  compareClocks(response);
  if (!response.ok && response.status !== 304) throw await failure(response);
  return response;
}

async function failure(response) {
  let told = {};
  try {
    told = (await response.json()).error ?? {};
  } catch {
    // A proxy's page, not ours: the status has to do.
  }
  const busy = response.status === 502 || response.status === 503 || response.status === 504;
  const code = told.code ?? (busy ? "unavailable" : "server_error");
  const { message, field, ref, ...data } = told;
  return new VaultError(busy ? "unavailable" : code, code, {
    message, field, ref, status: response.status, data,
  });
}

async function readJson(response, signal) {
  try {
    const text = await response.text();
    return text === "" ? null : JSON.parse(text); // 202 and 204 carry nothing
  } catch {
    throw new VaultError(signal?.aborted ? "aborted" : "offline");
  }
}

export const getJson = async (path, signal) => readJson(await call("GET", path, { signal }), signal);

/** {etag, value}: what is there now; `value` is null when it is still what `etag` stands for. */
export async function getFresh(path, etag, signal) {
  const response = await call("GET", path, { signal, headers: etag ? { "If-None-Match": etag } : {} });
  if (response.status === 304) return { etag, value: null };
  return { etag: response.headers.get("ETag"), value: await readJson(response, signal) };
}

export const postJson = async (path, json, signal) => readJson(await call("POST", path, { json, signal }), signal);
export const putJson = async (path, json, signal) => readJson(await call("PUT", path, { json, signal }), signal);
export const remove = (path, signal) => call("DELETE", path, { signal });
export const putBytes = (path, bytes, signal) => call("PUT", path, { bytes, signal });

export async function getBytes(path, signal) {
  const response = await call("GET", path, { signal });
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new VaultError(signal?.aborted ? "aborted" : "offline");
  }
}

/** Wait, or stop waiting when the caller gives up. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new VaultError("aborted"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/**
 * Run an idempotent call again while the connection is away or the server is busy.
 * Every wait is reported as `{phase: "waiting", retry_in}`; gives up with the last error.
 */
export async function patiently(run, { report, signal }) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (!AGAIN.has(error.code) || attempt === GAPS.length) throw error;
      const seconds = Math.min(Number(error.data?.retry_after) || GAPS[attempt], 60);
      report?.({ phase: "waiting", retry_in: seconds, why: error.code });
      await pause(seconds * 1000, signal);
    }
  }
}

/**
 * Run `work(item)` for every item, `width` at a time; the first error stops the rest.
 * Results keep the order of the items.
 */
export async function parallel(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  let broken = false;
  const lane = async () => {
    while (next < items.length && !broken) {
      const at = next;
      next += 1;
      try {
        results[at] = await work(items[at], at);
      } catch (error) {
        broken = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
