/* Moments and clocks: counted here from the server's time, so they are right and need no traffic. */
const words = JSON.parse(document.getElementById("words").textContent);
const opened = performance.getEntriesByType("navigation")[0];
let offset = words.server * 1000 - (performance.timeOrigin + (opened ? opened.responseStart : 0));
const now = () => Date.now() + offset;
const language = document.documentElement.lang;
const fill = (text, value) => text.replace(/%[sd]/, value);

document.addEventListener("portal:now", (event) => { offset = Date.parse(event.detail) - Date.now(); });

function coarse(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= size) return fill(words.units[unit], Math.floor(seconds / size));
  return fill(words.units.s, Math.floor(seconds));
}

function fine(seconds) {
  const s = Math.floor(seconds), unit = words.units;
  if (s < 60) return fill(unit.s, s);
  if (s < 600) return `${fill(unit.min, Math.floor(s / 60))} ${fill(unit.s, String(s % 60).padStart(2, "0"))}`;
  if (s < 3600) return fill(unit.min, Math.floor(s / 60));
  if (s < 172800) return `${fill(unit.h, Math.floor(s / 3600))}${s % 3600 >= 60 ? " " + fill(unit.min, Math.floor((s % 3600) / 60)) : ""}`;
  return fill(unit.d, Math.floor(s / 86400));
}

function ago(moment) {
  const seconds = (now() - moment) / 1000;
  if (Math.abs(seconds) < 60) return seconds >= 0 ? words.now : words.soon;
  return fill(seconds > 0 ? words.ago : words.in, coarse(Math.abs(seconds)));
}

function say(node, text) { if (node && node.textContent !== text) node.textContent = text; }

function count() {
  for (const node of document.querySelectorAll("[data-due]")) {
    const left = (Date.parse(node.dataset.due) - now()) / 1000, target = Number(node.dataset.target) || 0;
    const level = left <= 0 ? "bad" : left < target * 0.25 ? "warn" : node.dataset.count === "in" ? "" : "good";
    if (node.dataset.level !== level) node.dataset.level = level;
    say(node.querySelector("dd, [data-text]") || node, fill(left > 0 ? (node.dataset.count === "in" ? words.in : words.left) : words.over, fine(Math.abs(left))));
    const bar = node.querySelector("progress");
    if (bar) bar.value = target ? Math.max(0, Math.min(1000, (1000 * left) / target)) : 0;
  }
  for (const node of document.querySelectorAll("[data-since]")) say(node.querySelector("dd") || node, fine(Math.max(0, (now() - Date.parse(node.dataset.since)) / 1000)));
}

function tell() { for (const node of document.querySelectorAll("[data-ago]")) say(node, ago(Date.parse(node.dataset.ago))); }

/* What the hub rendered for everybody carries UTC; here it becomes the reader's zone. */
function parts(moment, zone) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" });
  const found = Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, part.value]));
  const name = found.timeZoneName.replace("GMT", "UTC").replace(/([+-])0?(\d+):00$/, "$1$2").replace(/([+-])0(\d:)/, "$1$2").replace("-", "−");
  return { time: `${found.hour}:${found.minute}`, name: name === "UTC+0" ? "UTC" : name };
}

function localise(root) {
  for (const node of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(node.dateTime);
    if (isNaN(moment)) continue;
    const here = parts(moment, words.zone), utc = parts(moment, "UTC");
    const day = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { timeZone: "UTC", day: "numeric", month: "short" }).format(moment);
    const stamp = words.stamp.replace("%(time)s", utc.time).replace("%(date)s", day);
    const exact = here.name === "UTC" ? stamp : `${here.time} ${here.name} (${stamp})`;
    const hidden = node.querySelector(".visually-hidden");
    if (hidden) { node.title = exact; hidden.textContent = `, ${exact}`; } else if (node.title) { node.title = exact; node.textContent = here.time; } else node.textContent = exact;
  }
}

document.addEventListener("portal:added", (event) => { localise(event.target); tell(); });
document.addEventListener("htmx:load", (event) => {
  for (const said of event.target.querySelectorAll ? event.target.querySelectorAll(".entry-said") : []) localise(said);
  count();
  tell();
});
for (const said of document.querySelectorAll(".entry-said")) localise(said);
count();
tell();
setInterval(() => document.hidden || count(), 1000);
setInterval(() => document.hidden || tell(), 10000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) { count(); tell(); } });
