/* The composer: Ctrl-Enter sends, / completes commands and their first words, pictures are pasted, dropped or chosen. */
let known = null, shown = [], at = 0;
const form = () => document.getElementById("composer"), box = () => document.getElementById("composer-text"), list = () => document.getElementById("completion");

async function load() {
  if (known) return;
  known = { acts: [], people: [] };
  const answer = await fetch(form().dataset.commands, { headers: { Accept: "application/json" } });
  if (answer.ok) known = await answer.json();
  offer();
}

/* What may stand at the cursor: a command, its first word, or a person. */
function candidates(text) {
  const name = text.match(/^\/([\w-]*)$/);
  if (name) return known.acts.filter((act) => act.name.startsWith(name[1].toLowerCase()) || act.label.toLowerCase().includes(name[1].toLowerCase())).map((act) => ({ put: `/${act.name} `, label: `/${act.name}`, hint: act.hint ? `${act.label} · ${act.hint}` : act.label }));
  const word = text.match(/^\/([\w-]+)\s+([^\s]*)$/);
  if (word) {
    const act = known.acts.find((one) => one.name === word[1].replace("-", "_"));
    if (act?.words.length) return act.words.filter(([code, label]) => `${code} ${label}`.toLowerCase().includes(word[2].toLowerCase())).map(([code, label]) => ({ put: `/${word[1]} ${code} `, label: code, hint: label }));
  }
  const person = text.match(/^(\/[\s\S]*\s)(@[^\s]*)$/);
  if (person) return known.people.filter(([code, label]) => `${code} ${label}`.toLowerCase().includes(person[2].slice(1).toLowerCase())).slice(0, 20).map(([code, label]) => ({ put: `${person[1]}${code} `, label: code, hint: label }));
  return [];
}

function offer() {
  const text = box().value;
  if (!text.startsWith("/") || text.startsWith("//")) return hide();
  if (!known) return void load();
  shown = candidates(text);
  if (!shown.length) return hide();
  at = Math.min(at, shown.length - 1);
  list().replaceChildren(...shown.map((row, index) => {
    const node = Object.assign(document.createElement("li"), { id: `completion-${index}`, role: "option" });
    node.setAttribute("aria-selected", index === at ? "true" : "false");
    node.append(Object.assign(document.createElement("code"), { textContent: row.label }), Object.assign(document.createElement("span"), { className: "muted truncate", textContent: row.hint || "" }));
    node.addEventListener("mousedown", (event) => { event.preventDefault(); put(index); });
    return node;
  }));
  list().hidden = false;
  box().setAttribute("aria-activedescendant", `completion-${at}`);
  document.getElementById(`completion-${at}`).scrollIntoView({ block: "nearest" });
}

function hide() { list().hidden = true; shown = []; at = 0; box().removeAttribute("aria-activedescendant"); }
function put(index) { box().value = shown[index].put; at = 0; offer(); }

document.addEventListener("input", (event) => { if (event.target.id === "composer-text") { at = 0; offer(); keep(); } });
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "composer-text" || event.isComposing || event.keyCode === 229) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { event.preventDefault(); if (box().value.trim() || picture().files.length) form().requestSubmit(); return; }
  if (!shown.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); at = (at + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length; offer(); }
  else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && shown[at].put.trim() !== box().value.trim())) { event.preventDefault(); put(at); }
  else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); hide(); }
}, true);
document.addEventListener("focusout", (event) => { if (event.target.id === "composer-text") setTimeout(() => { if (document.activeElement !== box()) hide(); }, 100); });

/* On a phone the composer comes to the thumb while somebody writes, above the keyboard where one is on the screen. */
const narrow = matchMedia("(max-width: 720px)"), view = window.visualViewport;
function writes(yes) { yes ? document.body.dataset.writing = "" : delete document.body.dataset.writing; }
document.querySelector(".write")?.addEventListener("click", (event) => { event.preventDefault(); writes(true); box().focus({ preventScroll: true }); });
document.addEventListener("focusin", (event) => { if (narrow.matches && event.target.id === "composer-text") writes(true); });
document.addEventListener("pointerdown", (event) => { if (!event.target.closest(".composer, .write")) writes(false); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && event.target.id === "composer-text") { writes(false); box().blur(); } });
document.addEventListener("acted", () => writes(false));
const keyboard = () => document.documentElement.style.setProperty("--keyboard", `${Math.max(0, Math.round(innerHeight - view.height - view.offsetTop))}px`);
for (const change of ["resize", "scroll"]) view?.addEventListener(change, keyboard);

/* What is half-written survives a reload of this tab. */
const drawer = () => `draft:${document.body.dataset.reference}`;
function keep() { try { box().value ? sessionStorage.setItem(drawer(), box().value) : sessionStorage.removeItem(drawer()); } catch { /* no storage: nothing is kept */ } }
document.addEventListener("acted", () => { try { sessionStorage.removeItem(drawer()); } catch { /* no storage */ } });
document.addEventListener("htmx:afterSwap", (event) => { if (document.getElementById("composer")?.contains(event.target) || event.detail.target?.id === "composer") if (!narrow.matches || "writing" in document.body.dataset) box()?.focus({ preventScroll: true }); });
try { if (box() && !box().value) box().value = sessionStorage.getItem(drawer()) || ""; } catch { /* no storage */ }

/* Pictures wait in the file field until the note is sent; a refusal of the words gives them back. */
const picture = () => document.getElementById("composer-picture");
let chosen = [];
function choose(files) {
  const all = new DataTransfer();
  for (const file of files) all.items.add(file);
  picture().files = all.files;
  tell();
}
/* A photograph is sent as small as the story needs it; that also leaves out where it was taken. What is small enough stays as it is. */
const LARGEST = 2 * 1024 * 1024, LONGEST = 2000;
async function shrunk(file) {
  if (file.type === "image/gif" || (file.size <= LARGEST && file.type !== "image/jpeg")) return file;
  const seen = await createImageBitmap(file).catch(() => null);
  if (!seen) return file;
  const scale = Math.min(1, LONGEST / Math.max(seen.width, seen.height));
  const paper = Object.assign(document.createElement("canvas"), { width: Math.round(seen.width * scale), height: Math.round(seen.height * scale) });
  const brush = paper.getContext("2d");
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, paper.width, paper.height);
  brush.drawImage(seen, 0, 0, paper.width, paper.height);
  seen.close();
  const made = await new Promise((done) => paper.toBlob(done, "image/jpeg", 0.85));
  return made && (made.size < file.size || file.size > LARGEST) ? new File([made], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
}
let shrinking = null;
async function shrink() {
  const files = [...picture().files];
  const ready = Promise.all(files.map(shrunk));
  shrinking = ready;
  const small = await ready;
  if (shrinking !== ready) return;
  shrinking = null;
  if (small.some((file, index) => file !== files[index])) choose(small);
}
/* A note that is sent meanwhile waits until its pictures are small. */
document.addEventListener("htmx:confirm", (event) => {
  if (event.target !== form() || !shrinking) return;
  event.preventDefault();
  const send = event.detail.issueRequest;
  (async () => { while (shrinking) await shrinking; send(); })();
});
function tell() {
  chosen = [...picture().files];
  const said = document.getElementById("composer-chosen"), count = chosen.length;
  said.textContent = count === 0 ? "" : (count === 1 ? said.dataset.one : said.dataset.many).replace("%d", count);
}
function take(event, given) {
  const files = [...(given?.files || [])].filter((file) => file.type.startsWith("image/"));
  if (!files.length || !form()?.contains(event.target)) return;
  event.preventDefault();
  choose([...picture().files, ...files]);
  shrink();
}
document.addEventListener("paste", (event) => take(event, event.clipboardData));
document.addEventListener("drop", (event) => take(event, event.dataTransfer));
document.addEventListener("change", (event) => { if (event.target === picture()) { tell(); shrink(); } });
document.addEventListener("htmx:afterSwap", () => { if (document.getElementById("composer-problem") && chosen.length && !picture().files.length) choose(chosen); else if (picture()) tell(); });
