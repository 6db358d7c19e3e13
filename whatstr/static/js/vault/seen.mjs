// The newest version of each list that this browser has seen, kept across pages and sign-ins: a server
// that gives an older one is noticed. Ids and numbers that the server knows as well; never a key.
const BASE = "wtr-seen";
const LISTS = "lists";
const memory = new Map(); // where the browser gives no store: for as long as this page lives
let opening = null;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function open() {
  const asked = indexedDB.open(BASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(LISTS);
  return done(asked);
}

/** What `work` makes of the browser's store; null where there is none. */
async function kept(mode, work) {
  try {
    opening ??= open();
    return await work((await opening).transaction(LISTS, mode).objectStore(LISTS));
  } catch {
    return null;
  }
}

/** Map of list -> newest version seen. Read it BEFORE asking the server: another tab may save meanwhile. */
export async function seenVersions() {
  const found = await kept("readonly", (lists) => Promise.all([done(lists.getAllKeys()), done(lists.getAll())]));
  return found ? new Map(found[0].map((id, at) => [id, found[1][at]])) : new Map(memory);
}

/** A version that opened, or that the server has taken. With `even`, also when it is older. */
export async function noteSeen(id, version, { even = false } = {}) {
  if (even || !(memory.get(id) >= version)) memory.set(id, version);
  await kept("readwrite", async (lists) => {
    if (even || !((await done(lists.get(id))) >= version)) await done(lists.put(version, id));
  });
}

export async function forgetSeen(id) {
  memory.delete(id);
  await kept("readwrite", (lists) => done(lists.delete(id)));
}
