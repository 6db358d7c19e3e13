// What stops an import, as a stable code that js/i18n/contacts.mjs has a sentence for.

/** A file that cannot be imported. `code` is stable; `detail` holds plain values for the sentence. */
export class ImportProblem extends Error {
  /**
   * @param {string} code for instance `encrypted`, `too_many_rows`, `cancelled`
   * @param {Record<string, string|number>} [detail]
   */
  constructor(code, detail = {}) {
    super(code);
    this.name = "ImportProblem";
    this.code = code;
    this.detail = detail;
  }
}
