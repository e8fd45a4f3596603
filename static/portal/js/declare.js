/* The share of users hit suggests a severity. */
const rules = JSON.parse(document.getElementById("shares").textContent);
const field = document.querySelector("[name=users_affected_percent]"), said = document.getElementById("suggestion");
let chosen = Boolean(document.querySelector("[name=severity]:checked"));
for (const radio of document.querySelectorAll("[name=severity]")) radio.addEventListener("change", (event) => { if (event.isTrusted) chosen = true; });
field.addEventListener("input", () => {
  const share = Number(field.value.replace(",", "."));
  const rule = field.value && rules.find((one) => (one.above ? share > one.from : share >= one.from));
  const radio = rule && document.querySelector(`[name=severity][value="${rule.code}"]`);
  if (radio && !chosen) radio.checked = true;
  said.textContent = rule ? `· ${rule.code}` : "";
});
