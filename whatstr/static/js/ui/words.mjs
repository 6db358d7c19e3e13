/** The words of the shared components, in the page's language. */

import strings from "../i18n/ui.mjs";
import { translator } from "./lang.mjs";

/** ui("close") -> "Kapat" / "Close". */
export const ui = (key, values) => translator(strings)(key, values);
