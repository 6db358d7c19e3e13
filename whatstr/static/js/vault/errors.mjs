// The one error that crosses from the Worker to the page. It carries codes, never contents.

export class VaultError extends Error {
  /**
   * @param {string} code stable; `js/i18n/vault.mjs` has a sentence for each as "vault.error.<code>"
   * @param {string} [detail] for developers
   * @param {{message?: string, status?: number, field?: string, ref?: string, data?: object}} [more]
   */
  constructor(code, detail = "", more = {}) {
    super(more.message ?? "");
    this.name = "VaultError";
    this.code = code;
    this.detail = detail;
    this.status = more.status;
    this.field = more.field;
    this.ref = more.ref;
    this.data = more.data;
  }

  /** As a plain object for postMessage. */
  plain() {
    const { code, detail, message, status, field, ref, data } = this;
    return { code, detail, message, status, field, ref, data };
  }

  static from(plain) {
    return new VaultError(plain.code, plain.detail, plain);
  }
}

export function aborted(signal) {
  if (signal?.aborted) throw new VaultError("aborted");
}
