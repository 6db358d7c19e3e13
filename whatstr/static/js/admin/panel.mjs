/** The one script of the staff panel: asks before what matters, hides what was shown, keys. */

import admin from "../i18n/admin.mjs";
import { translator } from "../ui/lang.mjs";
import { confirmDialog } from "../ui/dialog.mjs";
import { registerShortcuts } from "../ui/shortcuts.mjs";

const say = translator(admin);

function carry(form, name, value) {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  input.value = value;
  form.append(input);
}

/** What a decision would do, in the words of the chosen outcome. */
function consequences(form) {
  if (!form.hasAttribute("data-decision")) return form.dataset.body ?? "";
  const chosen = form.querySelector("input[name=outcome]:checked")?.closest("label");
  return chosen ? [...chosen.querySelectorAll("b, small")].map((node) => node.textContent) : "";
}

async function askFirst(event) {
  const form = event.target;
  if (!form.matches("form[data-verb], form[data-ask], form[data-decision]") || form.dataset.agreed) return;
  // Before "send once" sees the form: the dialog sends it again.
  event.preventDefault();
  event.stopImmediatePropagation();
  // A reason in words, or no dialog: the server asks on a page of its own.
  if (form.dataset.note) {
    form.dataset.agreed = "1";
    form.submit();
    return;
  }
  const agreed = await confirmDialog({
    title: form.dataset.title,
    body: consequences(form),
    confirm: form.dataset.confirm,
    danger: Boolean(form.dataset.danger) || form.hasAttribute("data-decision"),
    retype: form.dataset.retype ?? "",
  });
  if (!agreed) return;
  form.dataset.agreed = "1";
  carry(form, "confirmed", "1");
  form.submit();
}

/** Fields that belong to one outcome of a decision are there only with it. */
function followOutcome(form) {
  const parts = [...form.querySelectorAll("[data-for]")];
  const update = () => {
    const chosen = form.querySelector("input[name=outcome]:checked")?.value;
    for (const part of parts) part.hidden = part.dataset.for !== chosen;
  };
  form.addEventListener("change", update);
  update();
}

/** A revealed value leaves the page when its time is over. */
function hideAfter(card) {
  let left = Number(card.dataset.reveal);
  const value = card.querySelector("[data-reveal-value]");
  const clock = card.querySelector("[data-reveal-clock]");
  const tick = () => {
    left -= 1;
    clock.textContent = left > 0 ? say("secondsLeft", { n: left }) : say("hiddenAgain");
    if (left > 0) return;
    clearInterval(timer);
    value.textContent = "•••";
  };
  const timer = setInterval(tick, 1000);
}

function rowKeys() {
  const links = () => [...document.querySelectorAll("[data-rows] .row-link, [data-queue] .queue-item")];
  if (links().length === 0) return;
  const step = (by) => () => {
    const all = links();
    const at = all.indexOf(document.activeElement);
    all[Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
  };
  registerShortcuts([
    { keys: "j", label: say("nextRow"), run: step(1) },
    { keys: "k", label: say("previousRow"), run: step(-1) },
  ]);
}

/** `h` and `l` turn the pages of a list. */
function pageKeys() {
  for (const [keys, rel, word] of [["h", "prev", "previousPage"], ["l", "next", "nextPage"]]) {
    const link = document.querySelector(`.pager a[rel=${rel}]`);
    if (link) registerShortcuts([{ keys, label: say(word), run: () => link.click() }]);
  }
}

/** `n` begins with what waits longest. */
function nextKey() {
  const link = document.querySelector("[data-next]");
  if (link) registerShortcuts([{ keys: "n", label: say("next"), run: () => link.click() }]);
}

/** `/` is the search over everything wherever one is, `f` the search within this register. */
function searchKeys() {
  const field = document.querySelector("[data-search]");
  const page = document.querySelector(".console-link");
  if (field) {
    // On a narrow screen the field gives way to a link to the page of its own.
    const run = () => (field.checkVisibility() ? field.focus() : page.click());
    registerShortcuts([{ keys: "/", label: say("searchAll"), run }]);
  }
  const here = document.querySelector("[data-register-search]");
  if (here) registerShortcuts([{ keys: "f", label: say("searchHere"), run: () => here.focus() }]);
}

/** A canned reply is put where the cursor stands in the answer; undo takes it out again. */
function cannedReplies() {
  const choice = document.querySelector("[data-canned]");
  const answer = document.querySelector("textarea[name=body]");
  if (!choice || !answer) return;
  choice.addEventListener("change", () => {
    if (!choice.value) return;
    answer.setRangeText(choice.value, answer.selectionStart, answer.selectionEnd, "end");
    choice.selectedIndex = 0;
    answer.focus();
  });
}

/** Ctrl+Enter sends what is being written and goes on to the next. */
function submitAndNext() {
  const button = document.querySelector("[data-submit-next]");
  if (!button) return;
  button.form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  });
  registerShortcuts([{ keys: "Ctrl Enter", label: say("submitNext"), run: () => {} }]);
}

document.addEventListener("submit", askFirst, { capture: true });
for (const form of document.querySelectorAll("form[data-decision]")) followOutcome(form);
for (const card of document.querySelectorAll("[data-reveal]")) hideAfter(card);
for (const select of document.querySelectorAll("[data-filters] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
document.querySelector("#error-summary")?.focus();
rowKeys();
pageKeys();
nextKey();
searchKeys();
cannedReplies();
submitAndNext();
// From here on every form asks, every key works.
document.documentElement.dataset.panel = "ready";
