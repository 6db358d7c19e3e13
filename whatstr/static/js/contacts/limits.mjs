// What one import may cost this browser. Each limit has a code that says which one was met.

/** Limits of one import; tests and callers may pass smaller ones. */
export const LIMITS = Object.freeze({
  fileBytes: 150 * 1024 * 1024,
  // What one part of a workbook may unpack to: a zip bomb stops here.
  unpackedBytes: 1024 * 1024 * 1024,
  sharedTextChars: 256 * 1024 * 1024,
  zipEntries: 20_000,
  // vault.md §7: at most 500 000 rows a list.
  rows: 500_000,
  columns: 256,
  // Meta takes at most 1,024 characters in a parameter.
  cellChars: 1024,
});
