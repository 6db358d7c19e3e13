/** Handing a file that was made in this browser to its owner. */

import { h } from "../ui/index.mjs";

export function download({ blob, filename }) {
  const href = URL.createObjectURL(blob);
  const link = h("a", { href, download: filename, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
