// The page's side of the vault: one Worker, calls with ids, this tab's boxed session.
import { VaultError } from "./errors.mjs";

const WORKER = new URL("./worker.mjs", import.meta.url);
const KEPT = "wtr.vault"; // sessionStorage: {blob, member, login}; the blob opens only with the server's half
const TOUCH_MS = 10_000;

/** The page's only Trusted Types policy: it lets exactly the Worker's address through. */
function workerUrl() {
  if (!globalThis.trustedTypes) return WORKER.href;
  const policy = globalThis.trustedTypes.createPolicy("kasa", {
    createScriptURL(url) {
      if (url === WORKER.href) return url;
      throw new TypeError("not the vault's Worker");
    },
  });
  return policy.createScriptURL(WORKER.href);
}

/** Proxy of the Worker. Events: "session" and "locked" (`event.detail.reason`). */
class Vault extends EventTarget {
  #worker;
  #calls = new Map();
  #next = 1;
  #touched = 0;
  session = null;

  constructor(idleMinutes) {
    super();
    this.#worker = new Worker(workerUrl(), { type: "module", name: "kasa" });
    this.#worker.onmessage = ({ data }) => this.#heard(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll(new VaultError("unsupported", "worker"));
    };
    this.#worker.postMessage({ idle: idleMinutes });
    for (const kind of ["pointerdown", "keydown"]) {
      addEventListener(kind, () => this.#touch(), { passive: true, capture: true });
    }
  }

  /**
   * Run one operation of the Worker (README.md).
   *
   * @param {string} name
   * @param {object} [args]
   * @param {{onProgress?: (progress: object) => void, signal?: AbortSignal}} [options]
   */
  call(name, args = {}, { onProgress, signal } = {}) {
    if (signal?.aborted) return Promise.reject(new VaultError("aborted"));
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      const stop = () => this.#worker.postMessage({ cancel: id });
      signal?.addEventListener("abort", stop, { once: true });
      const done = () => signal?.removeEventListener("abort", stop);
      this.#calls.set(id, { resolve, reject, onProgress, done });
      this.#worker.postMessage({ id, name, args });
    });
  }

  #heard({ id, result, error, progress, event, ...more }) {
    if (event) {
      this.#changed(event, more);
      return;
    }
    const call = this.#calls.get(id);
    if (!call) return;
    if (progress) {
      call.onProgress?.(progress);
      return;
    }
    this.#calls.delete(id);
    call.done();
    if (error) call.reject(VaultError.from(error));
    else call.resolve(result);
  }

  #changed(event, { session = null, kept, reason }) {
    this.session = session;
    if (event === "session") {
      if (kept) sessionStorage.setItem(KEPT, JSON.stringify(kept));
    } else sessionStorage.removeItem(KEPT);
    this.dispatchEvent(new CustomEvent(event, { detail: { session, reason } }));
  }

  #failAll(error) {
    for (const call of this.#calls.values()) {
      call.done();
      call.reject(error);
    }
    this.#calls.clear();
  }

  #touch() {
    if (Date.now() - this.#touched < TOUCH_MS) return;
    this.#touched = Date.now();
    this.#worker.postMessage({ touch: true });
  }

  /** Take up this tab's session. A blob that no longer opens is dropped; a lost connection is told. */
  async restore() {
    const kept = sessionStorage.getItem(KEPT);
    if (!kept) return null;
    try {
      this.session = await this.call("restore", JSON.parse(kept));
    } catch (error) {
      if (["offline", "unavailable", "unsupported", "too_many"].includes(error.code)) throw error;
      sessionStorage.removeItem(KEPT);
    }
    return this.session;
  }
}

let started = null;

/** The page's vault: started once, with this tab's session restored when there is one. */
export function openVault({ idleMinutes = 30 } = {}) {
  started ??= begin(idleMinutes);
  return started;
}

async function begin(idleMinutes) {
  const able = typeof Worker === "function" && typeof WebAssembly === "object"
    && typeof globalThis.crypto?.getRandomValues === "function";
  if (!able) throw new VaultError("unsupported");
  const vault = new Vault(idleMinutes);
  await vault.restore();
  return vault;
}
