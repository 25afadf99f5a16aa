// Conveniences only: every page reads and submits without this script.
import "htmx.org";

const ready = (run) =>
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", run) : run();

ready(() => {
  // The error summary takes the focus, so that a screen reader reads it first.
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // A form that was filled in asks before it is left; submitting it does not.
  const form = document.querySelector("form[data-guard]");
  if (form) {
    let dirty = false;
    form.addEventListener("input", () => { dirty = true; });
    form.addEventListener("submit", () => { dirty = false; });
    window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  }
});

// What is still missing is printed even where it is folded; the rest only where it is open.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.printed:not([open])")];
  opened.forEach((item) => { item.open = true; });
});
window.addEventListener("afterprint", () => {
  opened.forEach((item) => { item.open = false; });
});
