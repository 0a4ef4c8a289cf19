"use strict";
document.documentElement.classList.add("script");
const cases = Array.from(document.querySelectorAll("details.case"));
const folded = Array.from(document.querySelectorAll("details.case, details.gathering"));
const filters = Array.from(document.querySelectorAll(".filters [data-filter]"));
const said = document.getElementById("cases-shown");

function matches(one, filter) {
  if (!filter.value) return true;
  const has = one.dataset[filter.dataset.filter] || "";
  if (filter.type === "search") return has.toLowerCase().includes(filter.value.toLowerCase());
  return has.split("\n").includes(filter.value);
}

function update() {
  let shown = 0;
  for (const one of cases) {
    one.hidden = !filters.every((filter) => matches(one, filter));
    if (!one.hidden) shown += 1;
  }
  said.textContent = shown + " of " + cases.length + " cases shown";
}

for (const filter of filters) filter.addEventListener("input", update);
for (const button of document.querySelectorAll("[data-open]")) {
  button.addEventListener("click", () => {
    for (const one of cases) if (!one.hidden) one.open = button.dataset.open === "yes";
  });
}

// On paper nothing can be opened: print every case and group open, then put them back.
let before = [];
addEventListener("beforeprint", () => {
  before = folded.map((one) => one.open);
  for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => folded.forEach((one, i) => { one.open = before[i]; }));
if (said) update();
