"use strict";
// The page is whole without this: it sorts and filters what is there, and moves from group to group.
(() => {
  const list = document.getElementById("list");
  const controls = document.querySelector(".controls");
  if (!list || !controls) return;
  const [sort, tier, filter, count] = ["sort", "tier", "filter", "count"].map((id) => document.getElementById(id));
  const byRisk = Array.from(list.children, (group) => ({
    group,
    saving: Number(group.dataset.saving),
    tiers: group.dataset.tiers.split(" "),
    paths: null,
  }));
  const bySpace = byRisk.slice().sort((one, other) => other.saving - one.saving);
  let shown = byRisk;

  function paths(row) {
    row.paths ??= Array.from(row.group.querySelectorAll(".path"), (path) => path.textContent.toLowerCase());
    return row.paths;
  }

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    const fits = (row) =>
      (!tier.value || row.tiers.includes(tier.value)) && (!wanted || paths(row).some((path) => path.includes(wanted)));
    const rows = sort.value === "space" ? bySpace : byRisk;
    shown = rows.filter(fits);
    const kept = new Set(shown);
    for (const row of rows) if (row.group.hidden === kept.has(row)) row.group.hidden = !row.group.hidden;
    const number = (value) => value.toLocaleString("en");
    count.textContent =
      shown.length === rows.length
        ? `${number(rows.length)} ${rows.length === 1 ? "group" : "groups"}`
        : `${number(shown.length)} of ${number(rows.length)} groups`;
  }

  function reorder() {
    list.append(...(sort.value === "space" ? bySpace : byRisk).map((row) => row.group));
    show();
  }

  function step(by) {
    const here = document.activeElement?.closest?.(".group");
    const at = shown.findIndex((row) => row.group === here);
    const next = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
    if (!next) return;
    next.group.focus({ preventScroll: true });
    next.group.scrollIntoView({ block: "start" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      filter.blur();
      show();
    }
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "/") filter.focus();
    else return;
    event.preventDefault();
  });
  sort.addEventListener("change", reorder);
  tier.addEventListener("change", show);
  filter.addEventListener("input", show);
  controls.hidden = false;
  (sort.value === "space" ? reorder : show)(); // a browser keeps what was chosen when a page is loaded again
})();
