// The table of runs: the newest first, filtered as one types, two of them to compare. Few rows are in the page at once.
const STEP = 200;
const runs = new Map(); // id -> row
const chosen = new Set();
let by = "id", down = true, most = STEP;

const spent = (row) => row.seconds ?? Math.max(0, (Date.parse(row.alive) - Date.parse(row.began)) / 1000 || 0);
const words = (row) => `${row.id} ${row.name} ${row.target} ${row.state} ${row.parameters} ${row.host}`.toLowerCase();
const when = (text) => {
  const at = new Date(text), two = (n) => `${n}`.padStart(2, "0");
  return Number.isNaN(+at) ? "?" : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

function wanted() {
  const parts = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean), state = byId("state").value;
  const found = [...runs.values()].filter((row) => (!state || row.state === state) && parts.every((part) => words(row).includes(part)));
  const key = (row) => by === "seconds" ? spent(row) : row[by === "began" ? "id" : by] ?? "";
  return found.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (down ? -1 : 1));
}

function choose(id, is) {
  if (is) chosen.add(id); else chosen.delete(id);
  while (chosen.size > 2) chosen.delete(chosen.values().next().value);
  show();
}

function row(of) {
  const box = element("input", { type: "checkbox", "aria-label": `choose ${of.id}`, onchange: (event) => choose(of.id, event.target.checked) });
  box.checked = chosen.has(of.id);
  const cell = (child, kind = "text") => element("td", { class: kind }, child);
  return element("tr", { "data-id": of.id }, cell(box), cell(element("a", { href: `run/${encodeURIComponent(of.id)}` }, when(of.began))),
    cell(element("span", { class: `badge ${of.state}` }, of.state)), cell(element("b", {}, of.name ?? "?")), cell(of.target ?? "?"),
    cell(seconds(spent(of)), ""), cell(`${of.width ?? ""}`, ""), cell(of.parameters, "text long"), cell(element("code", {}, of.id)));
}

function show() {
  const found = wanted(), body = byId("runs").tBodies[0], focused = document.activeElement?.closest?.("tr")?.dataset.id;
  body.replaceChildren(...found.slice(0, most).map(row));
  if (focused) body.querySelector(`tr[data-id="${CSS.escape(focused)}"] input`)?.focus();
  byId("more").hidden = found.length <= most;
  byId("more").textContent = `${count(found.length - most)} more`;
  byId("how-many").textContent = found.length === runs.size ? count(runs.size) : `${count(found.length)} of ${count(runs.size)}`;
  byId("compare").disabled = chosen.size !== 2;
  const states = new Set([...runs.values()].map((each) => each.state)), select = byId("state");
  for (const state of states) {
    if (![...select.options].some((option) => option.value === state)) select.append(element("option", { value: state }, state));
  }
  for (const button of document.querySelectorAll("#runs th button")) {
    if (button.dataset.by === (by === "id" ? "began" : by)) button.parentElement.setAttribute("aria-sort", down ? "descending" : "ascending");
    else button.parentElement.removeAttribute("aria-sort");
  }
}

function take(news) {
  for (const each of news.rows || []) runs.set(each.id, each);
  for (const id of news.gone || []) { runs.delete(id); chosen.delete(id); }
  show();
}
drawers.push(take);

for (const id of ["filter", "state"]) byId(id).addEventListener("input", () => { most = STEP; show(); });
byId("more").addEventListener("click", () => { most += 5 * STEP; show(); });
byId("compare").addEventListener("click", () => {
  const [a, b] = [...chosen].sort();
  location.href = `diff?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;
});
for (const button of document.querySelectorAll("#runs th button")) {
  button.addEventListener("click", () => {
    const same = by === button.dataset.by || (by === "id" && button.dataset.by === "began");
    down = same ? !down : ["began", "id", "seconds", "width"].includes(button.dataset.by);
    by = button.dataset.by === "began" ? "id" : button.dataset.by;
    show();
  });
}
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== byId("filter")) { byId("filter").focus(); event.preventDefault(); }
});
let source = null;
function follow() {
  source = new EventSource(document.body.dataset.events);
  source.onopen = () => { byId("live").textContent = "\u25CF live"; };
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.addEventListener("end", () => { source.close(); byId("live").textContent = "not live any more"; });
  source.onerror = () => { byId("live").textContent = "no news: is d4p still there?"; };
}
document.addEventListener("visibilitychange", () => { if (document.hidden) source?.close(); else follow(); });
follow();
