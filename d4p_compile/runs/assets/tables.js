// Tables that are sorted by a click on the head of a column: by data-v of its cells, or by what they say.
const value = (cell) => {
  const given = cell?.dataset.v ?? cell?.textContent.trim() ?? "";
  return given !== "" && !Number.isNaN(+given) ? +given : given;
};

function sortBy(table, column, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].filter((row) => !row.classList.contains("about-instances"));
  const keyed = rows.map((row) => [value(row.cells[column]), row]);
  keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1) || 0);
  for (const [, row] of keyed) {
    const below = row.nextElementSibling?.classList.contains("about-instances") ? row.nextElementSibling : null;
    body.append(row);
    if (below) body.append(below);
  }
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    if (at === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}

function sortable(table) {
  if (!table.tHead || table.dataset.sortable) return;
  table.dataset.sortable = "yes";
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.textContent) return;
    const button = element("button", { type: "button", title: "sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numbers = typeof value(table.tBodies[0].rows[0]?.cells[column]) === "number";
      const was = head.getAttribute("aria-sort");
      sortBy(table, column, was ? was === "ascending" : numbers);
    });
  });
}

drawers.push(() => document.querySelectorAll("table.sortable").forEach(sortable));
