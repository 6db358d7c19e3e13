/** Everything of the visual language in one import: import { h, toast, dataTable } from "/static/js/ui/index.mjs". */

export { chips } from "./chips.mjs";
export { confirmDialog } from "./dialog.mjs";
export { fill, h, icon, s, slot, uid } from "./dom.mjs";
export { emptyState, figure, notice } from "./blocks.mjs";
export * as fmt from "./fmt.mjs";
export { errorSummary, submitting } from "./forms.mjs";
export { pageLang, translator } from "./lang.mjs";
export { formatted, phonePreview } from "./phone_preview.mjs";
export { progressBar } from "./progress.mjs";
export { registerShortcuts } from "./shortcuts.mjs";
export { CAMPAIGN_STATES, MESSAGE_STATUSES, campaignBadge, statusBadge, sumBar } from "./status.mjs";
export { dataTable } from "./table.mjs";
export { toast } from "./toast.mjs";
