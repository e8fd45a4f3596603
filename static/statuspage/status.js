/* Says how fresh the page is, and brings in what changed meanwhile. Without it the page is as complete. */
const every = 60_000, patience = 300; // milliseconds between two looks; seconds after which a page that nobody checked may be stale
const spot = document.getElementById("fresh"), strip = document.getElementById("stale");
const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
let seen = spot.dataset.revision;

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  if (node === strip) strip.hidden = !text;
}

function since(seconds) {
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(([one]) => seconds >= one) || [1, "second"];
  return ago.format(-Math.floor(seconds / size), unit);
}

async function renew() {
  const answer = await fetch(location.pathname, { cache: "no-cache" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["main", "made"]) {
    const [here, there] = [document.getElementById(id), page.getElementById(id)];
    if (here && there && here.innerHTML !== there.innerHTML) here.replaceWith(there);
  }
  document.title = page.title;
}

async function look() {
  try {
    const answer = await fetch(spot.dataset.url, { cache: "no-cache" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = await answer.json();
    // The server's clock, where it says it: the reader's may be wrong.
    const age = Math.max(0, (Date.parse(answer.headers.get("date") || new Date().toUTCString()) - Date.parse(fresh.checked_at)) / 1000);
    const isStale = age > patience;
    say(spot, isStale ? "" : spot.dataset.checked.replace("{age}", since(age)));
    say(strip, isStale ? spot.dataset.stale.replace("{age}", since(age)) : "");
    if (seen && seen !== String(fresh.revision)) await renew();
    seen = String(fresh.revision);
  } catch {
    say(spot, "");
    say(strip, spot.dataset.away);
  }
}

look();
setInterval(look, every);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
