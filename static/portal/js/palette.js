/* The command palette: every page and every act, by name. */
const words = JSON.parse(document.getElementById("words").textContent);
const dialog = document.getElementById("palette");
const input = dialog.querySelector("input"), list = dialog.querySelector("[role=listbox]");
let entries = null, shown = [], at = 0;

async function load() {
  if (entries) return;
  const reference = document.body.dataset.reference || "";
  const answer = await fetch(`${dialog.dataset.source}?incident=${encodeURIComponent(reference)}`, { headers: { Accept: "application/json" } });
  entries = answer.ok && answer.headers.get("content-type").includes("json") ? (await answer.json()).entries : [];
  draw();
}

/* Every word must appear; letters at the start of words weigh more. */
function score(entry, asked) {
  const text = `${entry.label} ${entry.words}`.toLowerCase();
  let sum = 0;
  for (const word of asked) {
    const found = text.indexOf(word);
    if (found < 0) return -1;
    sum += found === 0 ? 3 : /[\s/]/.test(text[found - 1]) ? 2 : 1;
  }
  return sum;
}

function draw() {
  const asked = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  shown = (entries || []).map((entry) => ({ entry, score: asked.length ? score(entry, asked) : 0 })).filter((row) => row.score >= 0);
  if (asked.length) shown.sort((a, b) => b.score - a.score);
  shown = shown.slice(0, 40).map((row) => row.entry);
  at = 0;
  list.replaceChildren();
  let group = "";
  shown.forEach((entry, index) => {
    if (!asked.length && entry.group !== group) list.append(Object.assign(document.createElement("li"), { className: "palette-group", role: "presentation", textContent: (group = entry.group) }));
    const row = Object.assign(document.createElement("li"), { id: `palette-${index}`, role: "option", className: "palette-row" });
    row.append(Object.assign(document.createElement("span"), { className: "truncate", textContent: entry.label }));
    const tail = document.createElement("span");
    tail.className = "push muted small nowrap";
    if (entry.keys) for (const stroke of entry.keys.split(" ")) tail.append(Object.assign(document.createElement("kbd"), { textContent: stroke }), " ");
    else if (asked.length) tail.textContent = entry.group;
    row.append(tail);
    row.addEventListener("click", () => go(index));
    list.append(row);
  });
  if (entries && !shown.length) list.append(Object.assign(document.createElement("li"), { className: "palette-none muted", textContent: words.nothing }));
  mark();
}

function mark() {
  for (const row of list.querySelectorAll("[role=option]")) row.setAttribute("aria-selected", row.id === `palette-${at}` ? "true" : "false");
  const row = document.getElementById(`palette-${at}`);
  row?.scrollIntoView({ block: "nearest" });
  if (row) input.setAttribute("aria-activedescendant", row.id); else input.removeAttribute("aria-activedescendant");
}

function go(index) {
  const entry = shown[index];
  if (!entry) return;
  dialog.close();
  const press = [...document.querySelectorAll("[data-act]")].find((node) => (node.form ? node.form.getAttribute("action") : node.getAttribute("href")) === entry.url);
  if (press) press.click(); else location.assign(entry.url);
}

document.addEventListener("portal:opened", (event) => { if (event.detail === "palette") { input.value = ""; draw(); load(); input.focus(); } });
input.addEventListener("input", draw);
input.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (steps[event.key]) { event.preventDefault(); at = (at + steps[event.key] + shown.length) % Math.max(1, shown.length); mark(); }
  if (event.key === "Enter") { event.preventDefault(); go(at); }
});
