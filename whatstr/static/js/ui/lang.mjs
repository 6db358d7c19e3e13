/** The page's language and the lookup of its words. */

/** "tr" or "en", from <html lang>. */
export function pageLang() {
  return document.documentElement.lang.startsWith("en") ? "en" : "tr";
}

/**
 * translator(strings)("key", {n: 3}) -> the sentence in the page's language.
 * `strings` is {tr: {...}, en: {...}} with the same keys; `{name}` marks are filled from `values`.
 * `{n|person|people}` is the first word when `n` is one and the second otherwise: English needs it,
 * Turkish does not. A missing key shows itself instead of an empty place.
 */
export function translator(strings, lang = pageLang()) {
  const words = strings[lang] ?? strings.tr;
  return (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (mark, name, one, many) => {
      if (!(name in values)) return mark;
      if (many === undefined) return String(values[name]);
      return String(values[name]) === "1" ? one : many;
    });
}
