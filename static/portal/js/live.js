/* Live streams: one tab holds the connection for all (Web Locks), the others listen (BroadcastChannel). Each tab drops what it has seen. */
const words = JSON.parse(document.getElementById("words").textContent);
const light = document.getElementById("light");
const channel = new BroadcastChannel("portal-live");
const me = crypto.randomUUID();
const mine = new Map();
for (const word of (document.body.dataset.streams || "").split(",").filter(Boolean)) {
  const cut = word.lastIndexOf(":");
  mine.set(word.slice(0, cut), Number(word.slice(cut + 1)));
}
if (!mine.size) mine.set("board", 0);

let leading = false, source = null, stopped = false, heard = 0, attempt = 0, timer = 0, release = null;
const wanted = new Map(); // the leader's: tab → its keys

function paint(state) {
  if (!light || light.dataset.state === state) return;
  light.dataset.state = state;
  light.firstElementChild.textContent = words[state];
  light.title = words[state];
  document.dispatchEvent(new CustomEvent("portal:state", { detail: state }));
}

/* --- every tab: take events in, once each ------------------------------------------------------- */
function take(message) {
  heard = Date.now();
  const { event, id, data } = message;
  if (event === "light") return paint(data);
  if (event === "hello") { document.dispatchEvent(new CustomEvent("portal:now", { detail: data.now })); return; }
  if (event === "entry") {
    const last = mine.get(data.ref);
    if (last === undefined || data.seq <= last) return;
    if (data.seq > last + 1) return ask();
    mine.set(data.ref, data.seq);
    document.dispatchEvent(new CustomEvent("portal:entry", { detail: data }));
  } else if (event === "moved") {
    if (data.topic === "board") {
      if (!mine.has("board")) return;
      const number = Number((id || "").split(":")[1]) || 0;
      if (number && number <= mine.get("board")) return;
      if (number) mine.set("board", number);
    } else if (!mine.has(data.ref)) return;
    document.dispatchEvent(new CustomEvent("portal:moved", { detail: data }));
  } else if (event === "gone" && mine.has(data.ref)) {
    mine.delete(data.ref);
    document.dispatchEvent(new CustomEvent("portal:gone", { detail: data }));
  } else if (event === "bye" && data.reason === "signed_out") {
    stopped = true;
    paint("away");
    document.dispatchEvent(new CustomEvent("portal:toast", { detail: { said: words.signedOut } }));
  }
}

/* --- followers ask the leader, the leader answers for all ---------------------------------------- */
function ask() {
  if (leading) { wanted.set(me, [...mine]); open(); } else channel.postMessage({ from: me, want: [...mine] });
}
channel.onmessage = ({ data }) => {
  if (data.event) return take(data);
  if (!leading) { if (data.leader) ask(); return; }
  if (data.want) { wanted.set(data.from, data.want); soon(open, 150); }
  if (data.left) wanted.delete(data.from);
};
addEventListener("pagehide", () => { channel.postMessage({ from: me, left: true }); source?.close(); release?.(); });
addEventListener("pageshow", (event) => { if (event.persisted) lead(); });

function spread(message) {
  take(message);
  channel.postMessage(message);
}

/* --- the leader ------------------------------------------------------------------------------------ */
const standing = new Map(); // the leader's own last numbers
function positions() {
  const at = new Map();
  wanted.set(me, [...mine]);
  for (const keys of wanted.values()) for (const [key, number] of keys) {
    const best = Math.max(number, 0);
    at.set(key, at.has(key) ? Math.min(at.get(key), best) : best);
  }
  return [...at].slice(0, 50).map(([key, number]) => `${key}:${number}`).join(",");
}

function soon(work, wait) { clearTimeout(timer); timer = setTimeout(work, wait); }

function again() {
  source?.close();
  source = null;
  if (stopped || !leading) return;
  attempt += 1;
  spread({ event: "light", data: attempt > 2 ? "away" : "catching" });
  for (const [tab, keys] of wanted) if (tab !== me) wanted.set(tab, keys.map(([key, number]) => [key, Math.max(number, standing.get(key) ?? number)]));
  soon(open, Math.min(15000, 200 * 2 ** attempt) + Math.random() * 1800);
}

async function open() {
  if (!leading || stopped) return;
  clearTimeout(timer);
  source?.close();
  spread({ event: "light", data: "catching" });
  try {
    const answer = await fetch("/live/ticket/", { method: "POST", headers: JSON.parse(document.body.getAttribute("hx-headers")), redirect: "error" });
    if (answer.status === 401 || answer.status === 403) return spread({ event: "bye", data: { reason: "signed_out" } });
    if (!answer.ok) throw new Error(answer.status);
    listen((await answer.json()).ticket);
  } catch { again(); }
}

function listen(ticket) {
  const stream = new EventSource(`/live/?ticket=${encodeURIComponent(ticket)}&at=${positions()}`);
  source = stream;
  heard = Date.now();
  let goal = null;
  const reached = () => { if (goal && Object.entries(goal).every(([key, number]) => key === "board" || !standing.has(key) || standing.get(key) >= number)) { goal = null; spread({ event: "light", data: "live" }); } };
  for (const event of ["hello", "entry", "moved", "gone", "bye"]) stream.addEventListener(event, (message) => {
    if (source !== stream) return;
    const data = JSON.parse(message.data), id = message.lastEventId;
    if (event === "hello") { attempt = 0; goal = data.at; for (const word of positions().split(",")) { const cut = word.lastIndexOf(":"); standing.set(word.slice(0, cut), Number(word.slice(cut + 1))); } }
    if (event === "entry") standing.set(data.ref, data.seq);
    spread({ event, id: event === "moved" ? id : "", data });
    if (event === "bye") return data.reason === "signed_out" ? stream.close() : again();
    reached();
  });
  stream.onerror = () => { if (source === stream) again(); };
}

/* Comments do not reach scripts, and a connection can die without a word: after two silent minutes, or when a laptop wakes, it is opened anew. */
let ticked = Date.now();
setInterval(() => {
  const slept = Date.now() - ticked > 30000;
  ticked = Date.now();
  if (leading && !stopped && (slept || source?.readyState === EventSource.CLOSED || (source && Date.now() - heard > 120000))) again();
}, 5000);
addEventListener("online", () => leading && open());

function lead() {
  if (!navigator.locks) { leading = true; channel.postMessage({ leader: me }); return void open(); }
  navigator.locks.request("portal-live", () => new Promise((resolve) => { release = resolve; leading = true; channel.postMessage({ leader: me }); open(); }));
  ask();
}
lead();
setTimeout(() => { if (!heard && !leading) ask(); }, 3000);
