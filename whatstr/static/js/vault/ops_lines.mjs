// Lines, their templates, opt-outs: what only the sender can do, asked under seal.
import { isUserId } from "../contacts/identity.mjs";
import { VaultError } from "./errors.mjs";
import { getJson, patiently, postJson } from "./http.mjs";
import { rememberTestNumber } from "./ops_memory.mjs";
import { toB64 } from "./primitives.mjs";
import { changeRecord, oneRecord } from "./records.mjs";
import { askSender, newId } from "./sender.mjs";
import { vault } from "./state.mjs";
import { slots } from "./templates.mjs";

const MOST_NUMBERS = 5000; // in one request

async function keepTemplates(line, templates, at, signal) {
  const value = { at, templates };
  await changeRecord("templates", line, () => value, signal);
  return { line, ...value };
}

async function connect({ line: wanted = newId(), ...args }, context) {
  const result = await askSender("connect", { line: wanted, ...args }, context);
  const { statement, templates = [], rebuild = false, ...told } = result;
  // A number that was connected before keeps the line it had.
  const { line } = told;
  await postStatement(line, statement, context);
  await keepTemplates(line, templates, new Date().toISOString(), context.signal);
  if (rebuild) await rebuildOptOuts(context);
  return { ...told, templates };
}

/** What the sender says of the line's number and name, for the list of lines (profile tier). */
async function postStatement(line, statement, context) {
  if (!statement) return;
  await patiently(() => postJson(`lines/${line}/label`, { statement }, context.signal), context);
}

async function info({ line }, context) {
  const { statement, ...told } = await askSender("line_info", { line }, context);
  await postStatement(line, statement, context);
  return told;
}

async function templates({ line, refresh }, context) {
  if (!refresh) {
    const kept = await oneRecord("templates", line, context.signal);
    if (kept) return { line, ...kept.value, templates: await asTold(kept.value.templates, context.signal) };
  }
  const told = await askSender("templates", { line }, context);
  const found = await keepTemplates(line, told.templates, told.at ?? new Date().toISOString(), context.signal);
  return { ...found, templates: await asTold(found.templates, context.signal) };
}

/** What Meta has told since: the server knows a template's state by its key only. */
async function asTold(templates, signal) {
  if (!templates.some(({ key }) => key)) return templates;
  const { templates: states } = await getJson("template-states", signal);
  return templates.map((one) => {
    const told = states[one.key];
    return told ? { ...one, status: told.status, category: told.category || one.category, told } : one;
  });
}

async function testSend({ line, template, to, params = [], extra, media }, context) {
  const { name, language, id } = template;
  const args = { line, template: { name, lang: language, id }, to, params, ...(extra ? { extra } : {}) };
  if (media) args.media = { mime: media.type, data: toB64(new Uint8Array(await media.arrayBuffer())) };
  const told = await askSender("test_send", args, context);
  await rememberTestNumber(to, context.signal);
  return told;
}

function changeOptOuts(op) {
  return async ({ numbers }, context) => {
    if (!numbers.every((number) => /^[1-9]\d{6,14}$/.test(number) || isUserId(number))) throw new VaultError("invalid_number");
    let changed = 0;
    for (let at = 0; at < numbers.length; at += MOST_NUMBERS) {
      const some = numbers.slice(at, at + MOST_NUMBERS);
      changed += (await askSender(op, { numbers: some }, context)).changed;
      const now = new Date().toISOString();
      await noteOptOuts(entriesOf(op, some, now), context.signal);
    }
    return { changed };
  };
}

/** The sender lost its marks of who opted out: give it every number that the vault knows, with its way. */
export async function rebuildOptOuts(context) {
  const kept = await oneRecord("suppressed", vault().organization, context.signal);
  const byWay = new Map();
  for (const [number, ways] of Object.entries(kept?.value.numbers ?? {})) {
    for (const [, via] of pairs(ways)) byWay.set(via, byWay.get(via) ?? []).get(via).push(number);
  }
  for (const [via, numbers] of byWay) {
    for (let at = 0; at < numbers.length; at += MOST_NUMBERS) {
      await askSender("optout_add", { numbers: numbers.slice(at, at + MOST_NUMBERS), via }, context);
    }
  }
  await askSender("optout_add", { numbers: [], complete: true }, context);
  return { given: Object.keys(kept?.value.numbers ?? {}).length };
}

/** What only we concluded, or the customer entered, the customer may take back. */
const OWN = ["customer", "unreachable", "blocked"];

const entriesOf = (op, numbers, at) =>
  numbers.flatMap((number) => (op === "optout_add" ? [{ number, at, via: "customer" }] : OWN.map((via) => ({ number, at, via, lifted: true }))));

/**
 * Remember who does not want messages ({number, at, via}), so that later launches leave them out, and
 * forget what was `lifted`: only what came the same way, and not what is younger. Kept as
 * {number: [at, via, at, via…]}, the first first.
 */
export async function noteOptOuts(entries, signal) {
  if (entries.length === 0) return;
  await changeSuppressed((known) => {
    const before = JSON.stringify(known);
    return entries.map((entry) => note(known, entry)).some(Boolean) && JSON.stringify(known) !== before;
  }, signal);
}

function note(known, { number, at, via, lifted = false }) {
  const ways = pairs(known[number]);
  const place = ways.findIndex(([, way]) => way === via);
  if (lifted) {
    if (place < 0 || Date.parse(ways[place][0]) > Date.parse(at)) return false;
    ways.splice(place, 1);
  } else {
    if (place >= 0) return false;
    ways.push([at, via]);
  }
  if (ways.length > 0) known[number] = ways.flat();
  else delete known[number];
  return true;
}

const pairs = (flat = []) => Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/** `change` works on a copy and says whether anything is new; nothing is saved otherwise. */
function changeSuppressed(change, signal) {
  return changeRecord("suppressed", vault().organization, (value) => {
    const numbers = { ...value?.numbers };
    return change(numbers) ? { numbers } : undefined;
  }, signal);
}

/** Those the vault knows of, as a Map of digits to [at, via]. */
export async function knownOptOuts(signal) {
  const kept = await oneRecord("suppressed", vault().organization, signal);
  return new Map(Object.entries(kept?.value.numbers ?? {}));
}

export const operations = {
  "lines.all": async (_, { signal }) => (await getJson("lines", signal)).lines,
  "lines.connect": connect,
  "lines.templates": templates,
  "lines.info": info,
  "lines.test": testSend,
  "lines.answer": ({ line, to, text }, context) => askSender("answer", { line, to, text }, context),
  "lines.disconnect": ({ line }, context) => askSender("disconnect", { line }, context),
  "lines.plan": ({ line, rows, kind = "marketing", due_at, new_template }, { signal }) =>
    getJson(
      `lines/${line}/plan?rows=${rows}&kind=${kind}&new_template=${new_template ? 1 : 0}` +
        (due_at ? `&due_at=${encodeURIComponent(due_at)}` : ""),
      signal,
    ),
  "optouts.add": changeOptOuts("optout_add"),
  "optouts.remove": changeOptOuts("optout_remove"),
  "optouts.rebuild": (_, context) => rebuildOptOuts(context),
  "optouts.all": async (_, { signal }) =>
    [...(await knownOptOuts(signal))].map(([number, [at, via]]) => ({ number, at, via })),
  "templates.slots": ({ template }) => slots(template),
};
