/** Where one is in a task of several steps. */

import common from "../i18n/portal-common.mjs";
import { fill, h, icon, translator } from "../ui/index.mjs";

const t = translator(common);

/** steps(["…", "…"]) -> a list with `.at(index)`. */
export function steps(titles) {
  const node = h("ol", { class: "steps", "aria-label": t("steps") });
  node.at = (current) => {
    fill(node, titles.map((title, i) =>
      h(
        "li",
        { class: i < current ? "past" : null, "aria-current": i === current ? "step" : null },
        h("span", { class: "step-mark" }, i < current ? icon("check", { size: "sm" }) : String(i + 1)),
        h("span", { class: "step-title" }, title),
      ),
    ));
    return node;
  };
  return node.at(0);
}

/** Shows one of the sections, moves the focus to its heading and the page to the top. */
export function reveal(sections, wanted) {
  for (const one of sections) one.hidden = one !== wanted;
  const heading = wanted.querySelector("h2");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo({ top: 0 });
}
