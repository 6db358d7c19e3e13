// Runs before the first paint (a classic script in <head>): applies the reader's own choice of
// theme, if there is one. Nothing else is kept; without a choice the system's setting counts.
(() => {
  try {
    const chosen = localStorage.getItem("wtr-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be switched off; the system's theme is then used.
  }
})();
