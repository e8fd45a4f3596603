/* Keys: g then a letter to go, j/k rows, x select, a acknowledge, r resolve (5 s to undo), c note, d declare, / search, ? list. IME input is left alone. */
const words = JSON.parse(document.getElementById("words").textContent);
const routes = words.routes;
let waiting = 0, pending = null;
const single = () => document.body.dataset.singleKeys !== "off";
const typing = (node) => node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName);
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
const current = () => document.activeElement?.closest?.("[data-row]") || document.querySelector("[data-row].here");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  const row = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))];
  document.querySelector("[data-row].here")?.classList.remove("here");
  row.classList.add("here");
  row.querySelector(".row-link, a, button")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function select() {
  const row = current();
  if (!row) return;
  const box = row.querySelector("[data-select]");
  if (box) box.click();
  else row.setAttribute("aria-selected", row.getAttribute("aria-selected") === "true" ? "false" : "true");
}

/* r and a act on what is selected, else on the focused row, else on the incident of this page; for five seconds they can be taken back. */
function act(name) {
  const chosen = [...document.querySelectorAll('[data-row][aria-selected="true"], [data-row]:has([data-select]:checked)')].map((row) => row.dataset.reference).filter(Boolean);
  const here = document.body.dataset.reference;
  const references = [...new Set(chosen.length ? chosen : [current()?.dataset.reference || here].filter(Boolean))];
  if (!references.length) return;
  commit();
  const said = (name === "resolve" ? words.resolving : words.taking).replace("%s", references.join(", "));
  pending = { references, name, timer: setTimeout(commit, 5000) };
  document.dispatchEvent(new CustomEvent("portal:toast", { detail: { said, undo: () => { if (pending) clearTimeout(pending.timer); pending = null; } } }));
}

async function commit() {
  if (!pending) return;
  const { references, name, timer } = pending;
  pending = null;
  clearTimeout(timer);
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
  for (const reference of references) {
    try {
      const answer = await fetch(`/incidents/${reference}/acts/${name}/`, { method: "POST", headers, keepalive: true, body: new URLSearchParams() });
      const told = JSON.parse(answer.headers.get("HX-Trigger") || "{}");
      for (const [event, detail] of Object.entries(told)) document.body.dispatchEvent(new CustomEvent(event, { bubbles: true, detail }));
      if (!answer.ok && !told.refused) throw new Error(answer.status);
    } catch {
      document.dispatchEvent(new CustomEvent("portal:toast", { detail: { said: words.unsent } }));
    }
  }
}
addEventListener("pagehide", commit);

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.querySelector('[data-opens="palette"]')?.click();
    return;
  }
  if (event.key === "Escape" && typing(event.target) && !event.defaultPrevented) { event.target.blur(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]") || !single()) return;
  const key = event.key;
  if (waiting && Date.now() - waiting < 1500) {
    waiting = 0;
    if (routes[key]) { event.preventDefault(); location.assign(routes[key]); }
    return;
  }
  const acts = {
    g: () => { waiting = Date.now(); },
    j: () => move(1),
    k: () => move(-1),
    x: select,
    a: () => act("acknowledge"),
    r: () => act("resolve"),
    c: () => focus("#composer-text"),
    d: () => declare(),
    "/": () => focus("#search"),
    "?": () => document.getElementById("keys")?.showModal(),
  };
  if (!acts[key]) return;
  event.preventDefault();
  acts[key]();
});

function focus(selector) {
  const node = document.querySelector(selector);
  node?.focus();
  node?.scrollIntoView({ block: "nearest" });
}

function declare() {
  const field = document.querySelector('input[data-key="d"]');
  if (field) field.focus(); else if (routes.declare) location.assign(routes.declare);
}
