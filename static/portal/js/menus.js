/* Menus that close, filters that send themselves, copying, dialogs, and the short message at the bottom. */
const words = JSON.parse(document.getElementById("words").textContent);

document.addEventListener("click", (event) => {
  const target = event.target;
  for (const open of document.querySelectorAll("details[data-closes][open]")) if (!open.contains(target)) open.open = false;
  const copy = target.closest("[data-copy]");
  if (copy) copyFrom(copy);
  const opener = target.closest("[data-opens]");
  if (opener) { opener.closest("details")?.removeAttribute("open"); document.getElementById(opener.dataset.opens)?.showModal(); document.dispatchEvent(new CustomEvent("portal:opened", { detail: opener.dataset.opens })); }
  const closer = target.closest("[data-closes-dialog]");
  if (closer || (target.matches("dialog") && target.open)) target.closest("dialog").close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-closes][open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); event.stopImmediatePropagation(); }
});

document.addEventListener("change", (event) => { if (event.target.matches("form.filters select, form.filters input[type=date]")) event.target.form.requestSubmit(); });

async function copyFrom(button) {
  const box = button.parentElement.querySelector("code, pre, output, input");
  await navigator.clipboard?.writeText(box.value ?? box.textContent);
  const label = button.textContent;
  button.textContent = words.copied;
  setTimeout(() => { button.textContent = label; }, 2000);
}

/* In a row of tabs that scrolls sideways the present one is in sight. */
for (const nav of document.querySelectorAll(".settings-nav")) {
  const here = nav.querySelector("[aria-current]");
  if (here) nav.scrollLeft = here.offsetLeft - (nav.clientWidth - here.offsetWidth) / 2;
}

let toast;
function show({ said, undo }) {
  toast?.remove();
  toast = document.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  toast.append(Object.assign(document.createElement("span"), { textContent: said }));
  if (undo) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: words.undo });
    button.addEventListener("click", () => { undo(); toast.remove(); });
    toast.append(button);
  }
  document.body.append(toast);
  const mine = toast;
  setTimeout(() => mine.remove(), undo ? 5000 : 4000);
}
document.addEventListener("portal:toast", (event) => show(event.detail));
document.addEventListener("acted", (event) => event.detail.said && show(event.detail));
document.addEventListener("refused", (event) => show(event.detail));
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => show({ said: words.unsent }));
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("HX-Trigger") || xhr.getResponseHeader("HX-Redirect")) return;
  show({ said: reason(xhr) || words.unsent });
});
/* Why an answer refuses: our pages say it in their notice, the front door and the API as JSON. */
function reason(xhr) {
  const type = xhr.getResponseHeader("Content-Type") || "";
  if (type.startsWith("text/html")) return new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector(".notice")?.textContent.trim();
  try { return String(JSON.parse(xhr.responseText).detail || ""); } catch { return ""; }
}
