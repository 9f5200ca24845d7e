// Of each stage how its instances differ: a small picture in its row, and histograms and a table below it when opened.
const SPARK = 40, BINS = 24, FIRST = 200;
const opened = new Set(); // numbers of stages
let ofStage = new Map(); // number -> places in the columns

function places() {
  ofStage = new Map();
  (figures.instances.stage || []).forEach((number, at) => {
    if (!ofStage.has(number)) ofStage.set(number, []);
    ofStage.get(number).push(at);
  });
}

const part = (name, at) => figures.instances[name]?.[at] || 0;
const busyOf = (at) => part("busy", at) + part("preprocess", at) + part("postprocess", at);
const lifeOf = (at) => parts.slice(1).reduce((sum, name) => sum + part(name, at), 0);

/** Busy time of the instances, the busiest first, as small bars. */
function spark(values) {
  const sorted = [...values].sort((a, b) => b - a), most = sorted[0] || 1;
  const shown = sorted.length <= SPARK ? sorted
    : Array.from({ length: SPARK }, (_, at) => sorted[Math.floor(at * sorted.length / SPARK)]);
  const wide = Math.min(6, 120 / shown.length);
  const bars = shown.map((each, at) => element("rect", {
    x: (at * wide).toFixed(1), width: Math.max(1, wide - 1).toFixed(1), y: (18 - 18 * each / most).toFixed(1),
    height: Math.max(0.5, 18 * each / most).toFixed(1) }));
  return element("svg", { class: "spark", width: 120, height: 18, role: "img",
    "aria-label": `${values.length} instances, the busiest first` }, ...bars);
}

function histogram(title, values, spelled) {
  const least = Math.min(...values), most = Math.max(...values);
  const bins = new Array(most > least ? Math.min(BINS, Math.max(8, values.length)) : 1).fill(0);
  for (const each of values) bins[Math.min(bins.length - 1, Math.floor((each - least) / ((most - least) || 1) * bins.length))] += 1;
  const high = Math.max(...bins), wide = 320 / bins.length, middle = median(values);
  const bars = bins.map((n, at) => element("rect", { x: at * wide, width: Math.max(1, wide - 1), y: 70 - 66 * n / high,
    height: 66 * n / high }, element("title", {}, `${count(n)} of ${spelled(least + (most - least) * at / bins.length)} to ` +
      spelled(least + (most - least) * (at + 1) / bins.length))));
  const text = (x, anchor, words) => element("text", { x, y: 84, "text-anchor": anchor }, words);
  const skew = middle > 0 ? `, ${(most / middle).toFixed(1)} times the median` : "";
  return element("div", {}, element("h3", {}, title),
    element("svg", { width: 330, height: 90, role: "img", "aria-label": title }, ...bars,
      element("line", { x1: 0, x2: 320, y1: 70.5, y2: 70.5, stroke: "currentColor", "stroke-opacity": .4 }),
      text(0, "start", spelled(least)), text(320, "end", spelled(most))),
    element("div", { class: "soft" }, `median ${spelled(middle)}, largest ${spelled(most)}${skew}`));
}

function instanceTable(all, every) {
  const kinds = ["busy", "waiting", "queued", "blocked"];
  const heads = ["instance", ...kinds.map((kind) => `${kind} %`), "items", "sent", "CPU s", "memory", "GC s", "host", "process"];
  const shares = (at) => kinds.map((kind) => (kind === "busy" ? busyOf(at) : part(kind, at)) / (lifeOf(at) || 1));
  const shown = every ? all : [...all].sort((a, b) => busyOf(b) - busyOf(a)).slice(0, FIRST).sort((a, b) => a - b);
  const of = figures.instances;
  const rows = shown.map((at) => element("tr", {}, element("td", { "data-v": of.number[at] }, `${of.number[at]}`),
    ...shares(at).map((share) => element("td", { "data-v": share }, (100 * share).toFixed(0))),
    element("td", { "data-v": of.items[at] }, count(of.items[at])),
    element("td", { "data-v": of.bytes[at] }, size(of.bytes[at])),
    element("td", { "data-v": of.cpu[at] ?? -1 }, of.cpu[at] === null ? "" : of.cpu[at].toFixed(2)),
    element("td", { "data-v": of.peak[at] }, size(of.peak[at])),
    element("td", { "data-v": of.gc[at] }, of.gc[at] ? of.gc[at].toFixed(2) : ""),
    element("td", {}, of.hosts[of.host[at]]), element("td", {}, `${of.process[at] ?? ""}`)));
  const table = element("table", { class: "sortable" }, element("thead", {}, element("tr", {},
    ...heads.map((head) => element("th", { scope: "col" }, head)))), element("tbody", {}, ...rows));
  sortable(table);
  return element("div", { class: "tall" }, table);
}

function detail(number) {
  const all = ofStage.get(number) || [];
  const told = element("div", {});
  const table = (every) => told.replaceChildren(instanceTable(all, every),
    all.length > FIRST && !every ? element("button", { type: "button", onclick: () => table(true) },
      `the ${FIRST} busiest; show all ${count(all.length)}`) : "");
  table(false);
  return [element("div", { class: "histograms" },
    histogram("busy, seconds of each instance", all.map((at) => busyOf(at) / 1000), seconds),
    histogram("items of each instance", all.map((at) => figures.instances.items[at]), count)),
  element("h3", {}, `${count(all.length)} instance${all.length === 1 ? "" : "s"}`), told];
}

function toggled(row, number, open) {
  const below = row.nextElementSibling;
  if (below?.classList.contains("about-instances")) below.remove();
  row.querySelector("button.open")?.setAttribute("aria-expanded", open);
  if (!open) { opened.delete(number); return; }
  opened.add(number);
  const cell = element("td", { colspan: row.cells.length }, ...detail(number));
  row.after(element("tr", { class: "about-instances" }, cell));
}

drawers.push(() => {
  places();
  for (const row of document.querySelectorAll("tr[data-stage]")) {
    const number = +row.dataset.stage, all = ofStage.get(number) || [];
    const cell = row.querySelector("td.spark-of");
    if (cell && all.length > 1) cell.replaceChildren(spark(all.map(busyOf)));
    const button = row.querySelector("button.open");
    button.onclick = () => toggled(row, number, !opened.has(number));
    if (opened.has(number)) toggled(row, number, true);
  }
  for (const cell of document.querySelectorAll("td[data-lanes]")) {
    const lanes = figures.lanes[cell.dataset.lanes];
    if (lanes?.items?.length > 1) cell.replaceChildren(spark(lanes.items));
  }
});

// A box of the graph leads to its stage's row, opened.
addEventListener("click", (event) => {
  const link = event.target.closest?.('.graph a[href^="#stage-"]');
  if (!link) return;
  const row = byId(link.getAttribute("href").slice(1));
  if (row && !opened.has(+row.dataset.stage)) toggled(row, +row.dataset.stage, true);
});
