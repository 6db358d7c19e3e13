/** Is this browser running what was published? It computes the sums of the files that it got, itself. */

import words from "../i18n/portal-release.mjs";
import { dataTable, fmt, h, notice, progressBar, translator } from "../ui/index.mjs";
import { getJson } from "../vault/http.mjs";
import { field, works } from "./forms.mjs";
import { show, showFailure } from "./page.mjs";

const t = translator(words);
const AT_ONCE = 6;
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

/** The sum of a file as this browser has it: from its cache, where it was taken to run. */
async function sumOf({ url }) {
  const answer = await fetch(url, { cache: "force-cache", credentials: "omit" });
  return answer.ok ? sha256(await answer.arrayBuffer()) : "";
}

async function sums(files, onDone) {
  const found = new Array(files.length);
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < files.length) {
      const at = next++;
      found[at] = await sumOf(files[at]);
      onDone(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

/** The root hash over a list in the form of sha256sum. */
const rootOf = (rows) => sha256(new TextEncoder().encode(rows.map(({ path, sum }) => `${sum}  ${path}\n`).join("")));

const differs = (row) => row.sum !== row.sha256;

function verdict(rows, same) {
  const wrong = rows.filter(differs);
  if (same && wrong.length === 0) return notice({ tone: "ok", title: t("same"), text: t("sameText", { files: fmt.number(rows.length) }) });
  return notice({ tone: "danger", title: t("differs"), text: t("differsText", { files: fmt.number(wrong.length) }), alert: true });
}

/** Whom this browser's vault believes: the one file that every installation has of its own. */
async function identity() {
  try {
    return (await import("/release/ident.mjs")).IDENT.join(", ");
  } catch {
    return "–";
  }
}

function facts({ version, published, computed, sender }) {
  const rows = [
    [t("version"), version],
    [t("computed"), h("code", { "data-root": "computed" }, computed)],
    [t("published"), h("code", { "data-root": "published" }, published)],
    [t("sender"), [h("code", { "data-root": "identity" }, sender), h("p", { class: "meta" }, t("senderText"))]],
  ];
  return h("dl", { class: "facts facts-long" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

/** The person brings the hash from somewhere else: only that says something about this server. */
function compareForm(computed) {
  const answer = h("div", { role: "status" });
  const form = works(
    h(
      "form",
      { class: "stack" },
      field({ name: "root", label: t("paste"), required: true, autocomplete: "off", help: t("pasteHelp") }),
      h("div", { class: "form-actions" }, h("button", { type: "submit", class: "btn btn-secondary" }, t("compare"))),
      answer,
    ),
    {
      work: ({ root }) => {
        const same = root.trim().toLowerCase() === computed;
        answer.replaceChildren(notice(same ? { tone: "ok", title: t("pasteSame") } : { tone: "danger", title: t("pasteDiffers"), text: t("pasteDiffersText") }));
      },
    },
  );
  return form;
}

function limits(computed) {
  const command = `flask whatstr bundle-hash --check ${location.origin}`;
  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, t("limit")),
    h("p", {}, t("limitText")),
    h("p", {}, t("commandText")),
    h("pre", { tabindex: "0" }, h("code", {}, command)),
    compareForm(computed),
  );
}

const table = (rows) =>
  dataTable({
    caption: t("files", { n: fmt.number(rows.length) }),
    rows: [...rows].sort((a, b) => differs(b) - differs(a)),
    columns: [
      { key: "path", label: t("file") },
      { key: "sum", label: t("sum"), render: (row) => h("code", { title: row.sum }, row.sum.slice(0, 16) || "–") },
      { key: "state", label: t("state"), render: (row) => t(differs(row) ? "fileDiffers" : "fileSame") },
    ],
  });

/** Every file, folded away unless one differs; that one stands first. */
const fileList = (rows) =>
  h(
    "details",
    { class: "panel", open: rows.some(differs) },
    h("summary", {}, h("b", {}, t("files", { n: fmt.number(rows.length) }))),
    h("div", { class: "gap-above" }, table(rows)),
  );

async function begin() {
  if (!globalThis.crypto?.subtle) {
    show(notice({ tone: "warn", title: t("noSubtle"), text: t("noSubtleText") }));
    return;
  }
  try {
    const { version, root, files } = await getJson("bundle");
    const bar = progressBar({ label: t("reading") });
    show(bar);
    const found = await sums(files, (done) => bar.update({ done, total: files.length }));
    const rows = files.map((file, at) => ({ ...file, sum: found[at] }));
    const computed = await rootOf(rows);
    show(
      h("p", { class: "lead" }, t("lead")),
      verdict(rows, computed === root),
      facts({ version, published: root, computed, sender: await identity() }),
      limits(computed),
      fileList(rows),
      h("p", {}, h("a", { href: "/guvenlik" }, t("more"))),
    );
    document.documentElement.dataset.page = "ready";
  } catch (error) {
    showFailure(error);
  }
}

begin();
