// Sentences for codes, from the one table of translations.
import texts from "../i18n/contacts.mjs";

/**
 * @param {"tr"|"en"} language
 * @param {string} key for instance `reason.too_short`
 * @param {Record<string, string|number>} [values] for `{name}` in the sentence
 * @returns {string} the sentence; the key itself when there is none, so that nothing is hidden
 */
export function word(language, key, values = {}) {
  const sentence = texts[language]?.[key] ?? key;
  return sentence.replace(/\{(\w+)\}/gu, (all, name) => String(values[name] ?? all));
}

/** Why this row was not imported. */
export function rejectSentence(language, { reason, first = "" }) {
  return word(language, `reason.${reason}`, { first });
}
