/* The board refreshes itself when something moves; the focused row stays focused; title and icon carry the count; a tone can be armed. */
const board = () => document.getElementById("board");
let timer = 0, focused = "";
const title = document.title.replace(/^\(\d+\) /, "");
function refresh() { clearTimeout(timer); timer = setTimeout(() => htmx.trigger(board(), "refresh"), 300 + Math.random() * 700); }
for (const name of ["portal:moved", "acted"]) document.addEventListener(name, refresh);
document.addEventListener("portal:state", (event) => { if (event.detail === "live") refresh(); });
document.addEventListener("htmx:beforeSwap", (event) => { if (event.target.id === "board") focused = document.activeElement?.closest("[data-row]")?.dataset.reference || ""; });
document.addEventListener("htmx:afterSwap", () => {
  const needs = Number(board().dataset.needs);
  tell(needs);
  if (focused) board().querySelector(`[data-reference="${focused}"] .row-link`)?.focus({ preventScroll: true });
  focused = "";
});

/* --- title, icon, tone ---------------------------------------------------------------------------- */
const icon = document.querySelector("link[rel=icon]"), plain = icon.href;
let known = Number(board().dataset.needs);
function tell(needs) {
  document.title = needs ? `(${needs}) ${title}` : title;
  const mark = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path d="M10 1 19 10 10 19 1 10z" fill="#3d54d6"/><circle cx="14" cy="6" r="6" fill="#c3242c"/><text x="14" y="9" font-size="9" font-weight="700" text-anchor="middle" fill="#fff">${Math.min(needs, 9)}</text></svg>`;
  icon.href = needs ? `data:image/svg+xml,${encodeURIComponent(mark)}` : plain;
  if (needs > known) ring();
  known = needs;
}

const switcher = document.getElementById("sound");
let audio = null;
function ring() {
  if (!audio || audio.state !== "running") return;
  for (const [start, pitch] of [[0, 880], [0.22, 660], [0.44, 880]]) {
    const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + start;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  }
}
function arm(on) {
  if (on) (audio ||= new AudioContext()).resume(); else audio?.suspend();
  switcher.setAttribute("aria-pressed", String(on));
  const label = switcher.querySelector("[data-on]");
  label.textContent = on ? label.dataset.on : label.dataset.off;
}
/* Browsers let a page sound only after a press, so it is armed anew each time; the first tone says that it works. */
switcher?.addEventListener("click", async () => { const on = switcher.getAttribute("aria-pressed") !== "true"; arm(on); if (on) { await audio.resume(); ring(); } });
if (known) tell(known);
