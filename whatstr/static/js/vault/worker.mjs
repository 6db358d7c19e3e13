// The vault's Worker: all keys, all decryption. `onmessage` is set before anything is awaited, so
// that messages which come while libsodium loads are kept, not lost.
//
// In:  {id, name, args}  a call       {cancel: id}  give it up      {touch: true}  somebody is here
//      {idle: minutes}   lock after
// Out: {id, result} | {id, error}     {id, progress}                {event: "session" | "locked", …}

const SIGNED_IN = new Set(["password.change", "account.delete", "totp.off", "sessions.all", "sessions.end", "sessions.end_others"]);
const early = [];
const running = new Map();
const OPEN_TO_ALL = /^(session|config|password\.check|code\.confirm|login|restore|logout|lock|templates\.slots|(enrol|recovery|import|invitation|reset)\..+)$/;
let operations = null;
let state = null;
let failure = null;
let idleMs = 30 * 60 * 1000;
let used = Date.now();
let watching = 0;

globalThis.onmessage = ({ data }) => {
  if (data.touch) used = Date.now();
  else if (data.idle) arm(data.idle * 60 * 1000);
  else if (data.cancel !== undefined) cancel(data.cancel);
  else if (operations || failure) run(data);
  else early.push(data);
};

start();

async function start() {
  try {
    const { ready } = await import("./primitives.mjs");
    await ready();
    const modules = await Promise.all([
      import("./ops_account.mjs"), import("./ops_import.mjs"), import("./ops_lists.mjs"),
      import("./ops_lines.mjs"), import("./ops_campaigns.mjs"), import("./ops_report.mjs"),
      import("./ops_members.mjs"), import("./ops_rekey.mjs"), import("./ops_reseal.mjs"),
      import("./ops_list_edit.mjs"), import("./ops_export.mjs"), import("./ops_departure.mjs"),
      import("./ops_memory.mjs"), import("./ops_resend.mjs"), import("./sender.mjs"),
    ]);
    state = await import("./state.mjs");
    state.listen((message) => postMessage(message));
    operations = Object.assign({}, ...modules.map((module) => module.operations));
    arm(idleMs);
  } catch (error) {
    failure = { code: "unsupported", detail: String(error?.message ?? "") };
  }
  for (const message of early.splice(0)) run(message);
}

function cancel(id) {
  running.get(id)?.abort();
  const waiting = early.findIndex((message) => message.id === id);
  if (waiting >= 0) {
    early.splice(waiting, 1);
    postMessage({ id, error: { code: "aborted" } });
  }
}

function arm(milliseconds) {
  idleMs = milliseconds;
  clearInterval(watching);
  if (state) watching = setInterval(watch, Math.min(5000, Math.max(50, idleMs / 4)));
}

/** Work that runs counts as use: a long upload does not lock itself out. */
function watch() {
  if (running.size > 0) used = Date.now();
  else if (state.isOpen() && Date.now() - used > idleMs) state.lock("idle");
}

async function run({ id, name, args }) {
  used = Date.now();
  const control = new AbortController();
  running.set(id, control);
  const report = (progress) => postMessage({ id, progress });
  try {
    if (failure) throw failure;
    if (!Object.hasOwn(operations, name)) throw { code: "unknown_operation", detail: name };
    if (!OPEN_TO_ALL.test(name)) (SIGNED_IN.has(name) ? state.signedIn : state.vault)();
    const result = await operations[name](args ?? {}, { report, signal: control.signal });
    postMessage({ id, result });
  } catch (error) {
    // With the new key the same call can be made again; what it had begun is repeated by its caller.
    if (error?.code === "key_changed") await state.refreshKeys().catch(() => state.lock("session"));
    postMessage({ id, error: told(error, control.signal) });
    if (error?.code === "not_signed_in") state.lock("session");
  } finally {
    running.delete(id);
  }
}

/** An error as the page may see it: codes and the server's sentence, never what was being worked on. */
function told(error, signal) {
  if (signal.aborted || error?.code === "cancelled") return { code: "aborted" };
  if (typeof error?.plain === "function") return error.plain();
  if (error?.name === "ImportProblem") return { code: error.code, data: error.detail };
  if (typeof error?.code === "string") return { code: error.code, detail: error.detail };
  return { code: "internal", detail: error?.name ?? "Error" };
}
