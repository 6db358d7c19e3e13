/** The people of one list: search, add, change, take out. What is changed is sealed again at once. */

import words from "../i18n/portal-list-edit.mjs";
import contactWords from "../i18n/portal-contacts.mjs";
import { fill, h, icon, notice, toast, translator } from "../ui/index.mjs";
import { phoneText } from "./badges.mjs";
import { formDialog } from "./dialogs.mjs";
import { sentence, toastError } from "./errors.mjs";
import { field } from "./forms.mjs";
import { pagedTable } from "./paged_table.mjs";

const t = translator(contactWords);
const own = translator(words);
const SHOWN_COLUMNS = 6;
const DAMAGE = new Set(["list_damaged", "list_incomplete"]);

/** peopleTable(vault, {id, columns}, {changed(rows), damaged()}) -> the table; told of every edit, and when
 * a part does not open: then nothing can be sent to the list or added. */
export function peopleTable(vault, { id, columns }, { changed, damaged }) {
  let version;

  /** One edit; when somebody else was quicker the page shows theirs and nothing is lost. */
  async function edit(change) {
    try {
      const done = await vault.call("lists.edit", { id, version, ...change });
      ({ version } = done);
      changed(done.rows);
    } catch (error) {
      if (error.code === "conflict") {
        version = undefined;
        await table.reload();
      }
      throw error;
    }
    await table.reload();
  }

  const form = (person) => [
    field({ name: "phone", label: t("phone"), required: true, value: person ? phoneText(person.phone) : "", attrs: { inputmode: "tel", autocomplete: "off" } }),
    field({ name: "name", label: t("name"), value: person?.name ?? "", attrs: { autocomplete: "off" } }),
    ...columns.map((label, i) => field({ name: `field${i}`, label, value: person?.fields[i] ?? "", attrs: { autocomplete: "off" } })),
  ];
  const read = (values) => ({ phone: values.phone, name: values.name ?? "", fields: columns.map((_, i) => values[`field${i}`] ?? "") });

  async function add() {
    const done = await formDialog({ title: own("addTitle"), body: form(null), submit: own("add"), work: (values) => edit({ added: [read(values)] }) });
    if (done) toast(own("added"), "ok");
  }

  async function change(person) {
    const done = await formDialog({
      title: own("changeTitle", { name: person.name || phoneText(person.phone) }), body: form(person), submit: own("save"),
      work: (values) => edit({ changed: [{ row: person.row, ...read(values) }] }),
    });
    if (done) toast(own("saved"), "ok");
  }

  async function takeOut(person) {
    const name = person.name || phoneText(person.phone);
    try {
      await edit({ removed: [person.row] });
      toast(own("takenOut", { name }), "ok", { undo: { label: own("putBack"), run: () => putBack(person, name) } });
    } catch (error) {
      toastError(error);
    }
  }

  /** At the end of the list: where somebody stood says nothing. */
  async function putBack({ phone, name, fields }, shown) {
    try {
      await edit({ added: [{ phone, name, fields }] });
      toast(own("isBack", { name: shown }), "ok");
    } catch (error) {
      toastError(error);
    }
  }

  const tool = (name, label, onClick) =>
    h("button", { class: "btn btn-quiet btn-sm", type: "button", "aria-label": label, title: label, onClick }, icon(name));
  const table = pagedTable({
    caption: t("people"),
    searchLabel: t("searchPeople"),
    found: (from, to, total) => t("peopleFound", { from, to, total }),
    nobody: t("nobody"),
    failed: (error) => {
      if (!DAMAGE.has(error.code)) {
        toastError(error);
        return;
      }
      damaged();
      fill(table, notice({ tone: "danger", title: own("damaged"), children: [h("p", {}, sentence(error)), h("p", {}, own("damagedText"))] }));
    },
    tools: h("button", { class: "btn btn-secondary btn-sm", type: "button", onClick: () => add().catch(toastError) }, icon("plus"), h("span", {}, own("addOne"))),
    load: async ({ from, count, search }) => {
      version ??= (await vault.call("lists.open", { id })).version;
      return vault.call("lists.rows", { id, from, count, search });
    },
    columns: [
      { label: t("name"), render: (row) => row.name },
      { label: t("phone"), render: (row) => h("span", { class: "nowrap" }, phoneText(row.phone)) },
      ...columns.slice(0, SHOWN_COLUMNS).map((label, i) => ({ label, render: (row) => row.fields[i] })),
      {
        label: own("tools"),
        render: (row) => h("span", { class: "nowrap" }, tool("edit", own("change", { name: row.name || phoneText(row.phone) }), () => change(row).catch(toastError)), tool("trash", own("takeOutOf", { name: row.name || phoneText(row.phone) }), () => takeOut(row))),
      },
    ],
  });
  table.reload();
  return table;
}
