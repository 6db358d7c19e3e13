// What the vault remembers for its pages: who wrote within the last day, the number for test messages.
import { changeRecord, oneRecord } from "./records.mjs";
import { vault } from "./state.mjs";

const OPEN_MS = 24 * 3600 * 1000;

const change = (make, signal) => changeRecord("memory", vault().organization, (value) => make({ wrote: {}, ...value }), signal);
const recall = async (signal) => (await oneRecord("memory", vault().organization, signal))?.value ?? {};
const open = (at, now = Date.now()) => Date.parse(at) > now - OPEN_MS;

/** Replies open a window of 24 hours for free text; it stays open when the reply is put away. */
export async function keepWriters(notices, signal) {
  const fresh = notices.filter(({ t, at, line, from, user }) => t === "reply" && line && (from || user) && open(at));
  if (fresh.length === 0) return;
  await change((value) => {
    const before = JSON.stringify(value.wrote);
    const wrote = {};
    for (const [line, people] of Object.entries(value.wrote)) {
      wrote[line] = Object.fromEntries(Object.entries(people).filter(([, [at]]) => open(at)));
    }
    for (const { line, from, user, at, name } of fresh) {
      const people = (wrote[line] ??= {});
      const who = from || user;
      if (!people[who] || Date.parse(people[who][0]) < Date.parse(at)) people[who] = [at, name ?? ""];
    }
    return JSON.stringify(wrote) === before ? undefined : { ...value, wrote };
  }, signal);
}

/** Who may get free text from this line now: [{to, name, until}], the first to close first. */
export async function openWindows(line, signal) {
  const { wrote = {} } = await recall(signal);
  return Object.entries(wrote[line] ?? {})
    .filter(([, [at]]) => open(at))
    .map(([to, [at, name]]) => ({ to, name, until: new Date(Date.parse(at) + OPEN_MS).toISOString() }))
    .sort((a, b) => a.until.localeCompare(b.until));
}

/** The member's own number, so that it need not be typed again. */
export const rememberTestNumber = (number, signal) =>
  change((value) => (value.test_number === number ? undefined : { ...value, test_number: number }), signal);

export const operations = {
  "windows.of": ({ line }, { signal }) => openWindows(line, signal),
  "memory.test_number": async (_, { signal }) => ({ number: (await recall(signal)).test_number ?? "" }),
};
