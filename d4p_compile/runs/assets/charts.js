// Throughput and memory over time, drawn by uPlot (MIT), which is in the page.
const CURVES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7a7a7a"];
const IN_THE_DARK = ["#56a8e0", "#ff8a4c", "#3cc79b", "#e0a0c4", "#f0c040", "#9ad4f5", "#b79be0", "#b0b0b0"];
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
let plots = [];

/** Items a second that each stage took, between one sample and the next. */
function rates(charts) {
  const at = [0, ...charts.at];
  return [at, ...charts.items.map((items) => at.map((time, i) => i === 0 ? null
    : Math.max(0, (items[i - 1] - (i > 1 ? items[i - 2] : 0)) / Math.max(1e-3, time - at[i - 1]))))];
}

function plot(box, title, data, series, spelled) {
  const axis = { stroke: () => colour("soft"), grid: { stroke: () => colour("rule"), width: 0.6 }, ticks: { show: false },
    font: "11px system-ui, sans-serif" };
  const made = new uPlot({
    title, width: Math.max(300, box.clientWidth), height: 230, cursor: { sync: { key: "time" }, drag: { x: true, y: false } },
    scales: { x: { time: false, range: () => [zoom.from / 1000, zoom.to / 1000] }, y: { range: (u, low, high) => [0, high || 1] } },
    axes: [{ ...axis, values: (u, ticks) => ticks.map(seconds) }, { ...axis, size: 64, values: (u, ticks) => ticks.map(spelled) }],
    series: [{ label: "at", value: (u, v) => v === null ? "" : seconds(v) }, ...series],
    hooks: { setSelect: [(u) => {
      if (u.select.width > 4) zoomTo(1000 * u.posToVal(u.select.left, "x"), 1000 * u.posToVal(u.select.left + u.select.width, "x"));
    }] },
  }, data, box);
  made.root.querySelector(".u-over").addEventListener("dblclick", () => zoomTo());
  plots.push(made);
}

function curve(label, at, spelled) {
  const colours = isDark() ? IN_THE_DARK : CURVES;
  return { label, stroke: colours[at % colours.length], width: 1.6, dash: DASHES[Math.floor(at / CURVES.length) % DASHES.length],
    points: { show: (u, i) => u.data[0].length < 30, size: 5 }, value: (u, v) => v === null || v === undefined ? "" : spelled(v) };
}

function drawCharts() {
  const box = byId("plots");
  if (!box || !figures) return;
  for (const each of plots) each.destroy();
  plots = [];
  const { charts } = figures, titles = new Map(figures.stages.map((stage) => [stage.number, stage.title]));
  const shown = charts.at.length > 1;
  byId("plots-none").hidden = shown;
  box.replaceChildren();
  if (!shown) return;
  const perSecond = (n) => `${short(n)}/s`;
  const boxes = [element("div"), ...(charts.memory ? [element("div")] : [])];
  box.append(...boxes);
  plot(boxes[0], "items a second", rates(charts), charts.stages.map((number, at) => curve(titles.get(number), at, perSecond)), perSecond);
  if (charts.memory) plot(boxes[1], "memory of all processes", [charts.at, charts.memory], [{ ...curve("memory", 0, size), fill: "#0072b222" }], (n) => size(n) || "0");
}

drawers.push(drawCharts);
zoom.followers.push(() => plots.forEach((each) => each.setScale("x", { min: zoom.from / 1000, max: zoom.to / 1000 })));
restyled.push(drawCharts);
addEventListener("resize", () => plots.forEach((each) => each.setSize({ width: Math.max(300, each.root.parentElement.clientWidth), height: 230 })));
