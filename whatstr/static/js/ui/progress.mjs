/** A long task: done / total, rate and time left, read out now and then. */

import { h } from "./dom.mjs";
import { duration, number } from "./fmt.mjs";
import { pageLang } from "./lang.mjs";
import { ui } from "./words.mjs";

const SPEAK_EVERY_MS = 10_000;

function detail(done, total, rate, lang) {
  if (!(rate > 0)) return "";
  const words = [ui("rate", { rate: number(rate, lang, { maximumFractionDigits: rate < 10 ? 1 : 0 }) })];
  if (done < total) words.push(ui("left", { time: duration((total - done) / rate, lang) }));
  return words.join(" · ");
}

/**
 * progressBar({label}) -> an element with `.update({done, total, rate})`; `rate` is rows a second
 * and may be left out. `.setLabel(text)` names the next step of the same task.
 */
export function progressBar({ label }) {
  const lang = pageLang();
  let said = -Infinity;
  let name = label;
  const title = h("span", {}, label);
  const figure = h("b", {}, "0");
  const whole = h("span", {}, "");
  const bar = h("progress", { class: "bar", max: "1", value: 0, "aria-label": label });
  const line = h("p", { class: "progress-detail" });
  const live = h("p", { class: "visually-hidden", "aria-live": "polite" });
  const node = h(
    "div",
    { class: "progress-block" },
    h("p", { class: "progress-label" }, title, h("span", { class: "progress-figure" }, figure, whole)),
    bar,
    line,
    live,
  );
  node.update = ({ done, total, rate = 0 }) => {
    bar.max = Math.max(1, total);
    bar.value = done;
    figure.textContent = number(done, lang);
    whole.textContent = ` / ${number(total, lang)}`;
    line.textContent = detail(done, total, rate, lang);
    const now = performance.now();
    if (now - said > SPEAK_EVERY_MS || done >= total) {
      said = now;
      live.textContent = ui("progressSaid", {
        label: name,
        done: number(done, lang),
        total: number(total, lang),
      });
    }
  };
  node.setLabel = (text) => {
    name = text;
    title.textContent = text;
    bar.setAttribute("aria-label", text);
  };
  return node;
}
