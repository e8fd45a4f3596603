/* The incident page: new entries arrive without moving what is read, parts refresh, the act's form opens in place. */
const words = JSON.parse(document.getElementById("words").textContent);
const story = document.getElementById("story"), button = document.getElementById("new-entries"), slot = document.getElementById("act-slot");
const own = document.body.dataset.reference;
let last = Number(story.dataset.last), unread = 0;
const filter = story.dataset.show, windowed = Number(story.dataset.newer) > 0;
const shows = { decisions: "decision", messages: "message", alerts: "alert", notes: "note" };
const seen = new Set([...story.querySelectorAll("[data-seq]")].map((node) => Number(node.dataset.seq)));

/* --- the story ---------------------------------------------------------------------------------- */
const pane = document.getElementById("story-scroll");
const scroller = () => (getComputedStyle(pane).overflowY === "auto" ? pane : document.documentElement);
const atEnd = () => { const box = scroller(); return box.scrollHeight - box.scrollTop - box.clientHeight < 48; };

function add(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  let added = 0;
  const follow = atEnd();
  for (const entry of [...holder.content.querySelectorAll(".entry")]) {
    const seq = Number(entry.dataset.seq);
    if (seen.has(seq)) continue;
    seen.add(seq);
    last = Math.max(last, seq);
    if (entry.dataset.kind === "incidents.redacted") refetch(entry);
    if (windowed || (filter && entry.dataset.category !== shows[filter])) continue;
    place(entry);
    entry.dispatchEvent(new CustomEvent("portal:added", { bubbles: true }));
    entry.classList.add("fresh");
    added += 1;
  }
  if (!added) return;
  document.getElementById("announcer").textContent = story.lastElementChild?.querySelector(".entry-said")?.textContent.trim() || "";
  if (follow) toEnd(); else { unread += added; lead(); }
}

function place(entry) {
  const day = new Intl.DateTimeFormat("sv-SE", { timeZone: words.zone }).format(new Date(entry.querySelector("time").dateTime));
  const days = story.querySelectorAll(".story-day");
  if (days.length && days[days.length - 1].dataset.day !== day) {
    const head = document.createElement("li");
    head.className = "story-day";
    head.dataset.day = day;
    head.append(Object.assign(document.createElement("h3"), { textContent: new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, { dateStyle: "full", timeZone: "UTC" }).format(new Date(day)) }));
    story.append(head);
  }
  story.append(entry);
  fold(entry);
}

/* A run of four entries of the machine is folded, as the server does it; decisions always stand open. */
const machine = (node) => node?.matches?.(".entry[data-machine]:not([data-category=decision])");
function fold(entry) {
  if (!machine(entry)) return;
  const before = entry.previousElementSibling;
  if (before?.classList.contains("burst")) return gather(before, [entry]);
  const run = [entry];
  for (let node = before; machine(node); node = node.previousElementSibling) run.unshift(node);
  if (run.length < 4) return;
  const burst = document.getElementById("burst-template").content.cloneNode(true).firstElementChild;
  run[0].before(burst);
  burst.querySelector(".entry-time").append(run[0].querySelector("time").cloneNode(true));
  gather(burst, run);
}
function gather(burst, entries) {
  burst.querySelector("ol").append(...entries);
  burst.querySelector(".burst-said").textContent = words.automatic.replace("%d", burst.querySelectorAll(".entry").length);
  burst.querySelector(".burst-last").textContent = entries.at(-1).querySelector(".entry-said").textContent.trim();
}

function toEnd() { const box = scroller(); box.scrollTo({ top: box.scrollHeight, behavior: "instant" }); }
function lead() {
  button.hidden = unread === 0 && (atEnd() || windowed);
  button.lastElementChild.textContent = unread === 0 ? words.newest : (unread === 1 ? words.oneNew : words.manyNew).replace("%d", unread);
}
button.addEventListener("click", () => { toEnd(); unread = 0; lead(); });
let resting = 0;
for (const box of [pane, window]) box.addEventListener("scroll", () => { clearTimeout(resting); resting = setTimeout(() => { if (atEnd()) unread = 0; lead(); }, 60); }, { passive: true });

async function part(query) {
  const answer = await fetch(`${story.dataset.source}?${query}`, { headers: { "HX-Request": "true" } });
  return answer.ok ? answer.text() : "";
}
async function catchUp() { add(await part(`after=${last}`)); }
async function refetch(entry) {
  const seq = Number(entry.textContent.match(/\d+/g)?.pop());
  const holder = document.createElement("template");
  for (const found of [...new Set([seq, ...(entry.querySelector(".entry-said")?.textContent.match(/\d+/g) || []).map(Number)])]) {
    const shown = document.getElementById(`e${found}`);
    if (!shown || !found) continue;
    holder.innerHTML = await part(`after=${found - 1}`);
    const fresh = holder.content.getElementById(`e${found}`);
    if (fresh) shown.replaceWith(fresh);
  }
}

document.addEventListener("portal:entry", (event) => { if (event.detail.ref === own) add(event.detail.html); });
document.addEventListener("portal:gone", (event) => { if (event.detail.ref === own) location.assign("/"); });

/* Older entries go in above; what is read stays where it is. */
let before = 0;
document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "story-older") before = scroller().scrollHeight - scroller().scrollTop; });
document.addEventListener("htmx:afterSettle", () => {
  if (!before) return;
  scroller().scrollTo({ top: scroller().scrollHeight - before, behavior: "instant" });
  before = 0;
  for (const node of story.querySelectorAll("[data-seq]")) seen.add(Number(node.dataset.seq));
});

/* A link to an entry that is not on the page opens the story around it. */
function permalink() {
  const seq = location.hash.match(/^#e(\d+)$/)?.[1];
  const node = seq && document.getElementById(`e${seq}`);
  if (node) { node.closest("details")?.setAttribute("open", ""); node.scrollIntoView({ block: "center" }); }
  else if (seq && Number(seq) <= last && !location.search.includes("around=")) location.replace(`?around=${seq}${location.hash}`);
}
addEventListener("hashchange", permalink);
/* On a desk the story opens at its end; on a phone at the top, with a button that leads down. */
if (location.hash) permalink(); else if (!windowed && scroller() === pane) toEnd();
lead();

/* --- head and panels ------------------------------------------------------------------------------ */
let timer = 0;
function refresh(names) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const head = document.getElementById("incident-head");
    if (head && !head.querySelector("details[open]")) htmx.trigger(head, "refresh");
    else if (head) head.querySelector("details[open]").addEventListener("toggle", () => refresh([]), { once: true });
    for (const panel of document.querySelectorAll("[data-panel]")) if (!names || names.includes(panel.dataset.panel)) htmx.trigger(panel, "refresh");
  }, 60 + Math.random() * 150);
}
document.addEventListener("portal:moved", (event) => { if (event.detail.ref === own && event.detail.topic === "incident") refresh(event.detail.panels || []); });
document.addEventListener("acted", () => { slot.replaceChildren(); catchUp(); refresh(null); });
document.addEventListener("portal:state", (event) => { if (event.detail === "live") catchUp(); });

/* After new acts have taken the place of the old ones, the second half of a double press is not for them. */
const offered = () => [...document.querySelectorAll(".head-acts > form [data-act], .head-acts > [data-act]")].map((node) => node.dataset.act).join();
let acts = offered();
document.addEventListener("htmx:afterSwap", () => {
  const bar = document.querySelector(".head-acts"), now = offered();
  if (!bar || now === acts) return;
  acts = now;
  bar.setAttribute("aria-disabled", "true");
  setTimeout(() => bar.removeAttribute("aria-disabled"), 500);
});
document.addEventListener("click", (event) => { if (event.isTrusted && event.target.closest(".head-acts[aria-disabled]")) { event.preventDefault(); event.stopImmediatePropagation(); } }, true);

let focused = "";
document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "incident-head") focused = event.target.contains(document.activeElement) ? document.activeElement.dataset.act || "summary" : ""; });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "incident-head" && event.detail.target?.id !== "incident-head") return;
  if (focused) (document.querySelector(`#incident-head [data-act="${focused}"]`) || document.querySelector("#incident-head .button"))?.focus();
  focused = "";
});

/* --- the act's form ----------------------------------------------------------------------------- */
slot.addEventListener("htmx:afterSwap", () => { slot.querySelector("select, textarea, input:not([type=hidden])")?.focus(); slot.scrollIntoView({ block: "nearest" }); document.querySelector("#incident-head details[open]")?.removeAttribute("open"); });
document.addEventListener("click", (event) => { if (event.target.closest("[data-closes-act]") && slot.firstElementChild) { event.preventDefault(); slot.replaceChildren(); } });
slot.addEventListener("keydown", (event) => { if (event.key === "Escape") slot.replaceChildren(); });

/* --- parts as tabs on a phone ------------------------------------------------------------------- */
const tabs = document.querySelector(".part-tabs");
const narrow = matchMedia("(max-width: 720px)");
function choose(link) {
  for (const other of tabs.querySelectorAll("a")) other === link ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current");
  document.body.dataset.part = link.hash.slice(1);
  for (const shown of document.querySelectorAll(".panel, .story-column")) shown.classList.toggle("part-here", shown.id === link.hash.slice(1));
}
let readTo = 0; // where the story was left
tabs.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || !narrow.matches) return;
  event.preventDefault();
  if (document.body.dataset.part === "story-part") readTo = scrollY;
  choose(link);
  scrollTo({ top: link.hash === "#story-part" ? readTo : 0, behavior: "instant" });
});
document.addEventListener("htmx:afterSwap", () => { if (document.body.dataset.part) document.getElementById(document.body.dataset.part)?.classList.add("part-here"); });
choose([...tabs.querySelectorAll("a")].find((link) => link.hash === location.hash) || tabs.querySelector("a"));
