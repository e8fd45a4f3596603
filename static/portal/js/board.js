/* The board refreshes itself when something moves; the focused row stays focused; the title carries the count. */
const board = () => document.getElementById("board");
let timer = 0, focused = "";
const title = document.title.replace(/^\(\d+\) /, "");
function refresh() { clearTimeout(timer); timer = setTimeout(() => htmx.trigger(board(), "refresh"), 300 + Math.random() * 700); }
for (const name of ["portal:moved", "acted"]) document.addEventListener(name, refresh);
document.addEventListener("portal:state", (event) => { if (event.detail === "live") refresh(); });
document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "board") focused = document.activeElement?.closest("[data-row]")?.dataset.reference || ""; });
document.addEventListener("htmx:afterSwap", () => {
  const needs = Number(board().dataset.needs);
  document.title = needs ? `(${needs}) ${title}` : title;
  if (focused) board().querySelector(`[data-reference="${focused}"] .row-link`)?.focus({ preventScroll: true });
  focused = "";
});
