// What each instance was at over time. Only the lines that can be seen are drawn, on one canvas that stays in place while
// the box around it scrolls: thousands of lines scroll as quickly as ten.
const LINE = 16, HEADING = 26, AXIS = 24, LABELS = 178;
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const folded = new Set(); // numbers of stages
const timeline = { rows: [], high: 0, patterns: {}, shares: {}, mean: new Map(), waiting: false };

function pattern(kind) {
  const small = document.createElement("canvas");
  small.width = small.height = 6;
  const pen = small.getContext("2d");
  pen.fillStyle = colour(kind);
  pen.fillRect(0, 0, 6, 6);
  pen.fillStyle = pen.strokeStyle = "#0009";
  if (kind === "queued") pen.fillRect(1, 1, 2, 2);
  else { pen.lineWidth = 1.3; for (const x of [-6, 0, 6]) { pen.beginPath(); pen.moveTo(x, 6); pen.lineTo(x + 6, 0); pen.stroke(); } }
  return pen.createPattern(small, "repeat");
}
function paints() {
  for (const kind of parts) timeline.patterns[kind] = ["queued", "blocked"].includes(kind) ? pattern(kind) : colour(kind);
}

/** Lines from top to bottom: a heading a stage, and its instances unless they are folded. */
function lines() {
  timeline.rows = [];
  let y = AXIS;
  if (figures.phases.length) {
    timeline.rows.push({ phases: true, y, high: HEADING });
    y += HEADING;
  }
  for (const stage of figures.stages) {
    timeline.rows.push({ stage, y, high: HEADING });
    y += HEADING;
    if (folded.has(stage.number)) continue;
    for (const at of ofStage.get(stage.number) || []) {
      timeline.rows.push({ stage, at, y, high: LINE });
      y += LINE;
    }
  }
  timeline.high = y + 6;
  byId("lanes").querySelector(".spacer").style.height = `${timeline.high}px`;
}

function decoded(found) {
  timeline.shares = {};
  for (const [kind, letters] of Object.entries(found.timeline.cells)) {
    timeline.shares[kind] = Uint8Array.from(letters, (letter) => LETTERS.indexOf(letter));
  }
  timeline.mean = new Map();
}
const share = (kind, at, stretch) => (timeline.shares[kind]?.[at * figures.timeline.grid.length + stretch] || 0) / 31;

/** Of all instances of a stage, what they were at in each stretch. */
function means(stage) {
  if (!timeline.mean.has(stage.number)) {
    const all = ofStage.get(stage.number) || [], { grid, from, to } = figures.timeline;
    timeline.mean.set(stage.number, grid.map((stop, stretch) => {
      const start = stretch ? grid[stretch - 1] : 0;
      const there = all.filter((at) => from[at] < stop && to[at] > start);
      const of = (kind) => there.reduce((sum, at) => sum + share(kind, at, stretch), 0) / (there.length || 1);
      return Object.fromEntries(Object.keys(timeline.shares).map((kind) => [kind, of(kind)]));
    }));
  }
  return timeline.mean.get(stage.number);
}

/** What a line shows of a stretch: shares by kind, from when to when; null where the instance wasn't there. */
function stretchOf(row, stretch) {
  const { grid, from, to } = figures.timeline, start = stretch ? grid[stretch - 1] : 0;
  if (row.at === undefined) {
    const all = ofStage.get(row.stage.number) || [];
    const first = Math.min(...all.map((at) => from[at])), last = Math.max(...all.map((at) => to[at]));
    const begin = Math.max(start, first), end = Math.min(grid[stretch], last);
    return end > begin ? { begin, end, shares: means(row.stage)[stretch] } : null;
  }
  const begin = Math.max(start, from[row.at]), end = Math.min(grid[stretch], to[row.at]);
  if (end <= begin) return null;
  return { begin, end, shares: Object.fromEntries(Object.keys(timeline.shares).map((kind) => [kind, share(kind, row.at, stretch)])) };
}

const wide = () => Math.max(120, byId("lanes").clientWidth - LABELS - 12);
const xOf = (ms) => LABELS + (ms - zoom.from) / (zoom.to - zoom.from) * wide();
const msAt = (x) => zoom.from + (x - LABELS) / wide() * (zoom.to - zoom.from);

function cell(pen, found, y, high) {
  const left = Math.max(LABELS, xOf(found.begin)), right = Math.min(LABELS + wide(), xOf(found.end));
  if (right <= left) return;
  const all = right - left, of = found.shares;
  let at = left, last = right;
  const block = (kind, x, w, top, h) => { if (w > 0 && h > 0) { pen.fillStyle = timeline.patterns[kind]; pen.fillRect(x, top, w + 0.4, h); } };
  for (const kind of ["starting", "preprocess"]) { const w = all * (of[kind] || 0); block(kind, at, w, y, high); at += w; }
  if (of.postprocess) { const w = all * of.postprocess; last -= w; block("postprocess", last, w, y, high); }
  const rest = ["busy", "blocked", "queued", "waiting"], sum = rest.reduce((total, kind) => total + (of[kind] || 0), 0) || 1;
  let low = y + high;
  for (const kind of rest) { const h = high * (of[kind] || 0) / sum; low -= h; block(kind, at, last - at, low, h); }
}

function ticks() {
  const rough = (zoom.to - zoom.from) / Math.max(3, wide() / 110), base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * base).find((each) => each >= rough);
  const found = [];
  for (let at = Math.ceil(zoom.from / step) * step; at <= zoom.to; at += step) found.push(at);
  return found;
}

function drawTimeline() {
  timeline.waiting = false;
  const box = byId("lanes"), canvas = box.querySelector("canvas");
  if (!figures || !box.clientWidth) return;
  const ratio = devicePixelRatio || 1, across = box.clientWidth, down = Math.min(box.clientHeight, timeline.high);
  if (canvas.width !== Math.round(across * ratio) || canvas.height !== Math.round(down * ratio)) {
    canvas.width = Math.round(across * ratio);
    canvas.height = Math.round(down * ratio);
    canvas.style.width = `${across}px`;
    canvas.style.height = `${down}px`;
  }
  const pen = canvas.getContext("2d"), ink = colour("ink"), soft = colour("soft"), rule = colour("rule"), top = box.scrollTop;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, across, down);
  pen.textBaseline = "middle";
  const { grid } = figures.timeline;
  let first = grid.findIndex((stop) => stop > zoom.from);
  for (const row of timeline.rows) {
    const y = row.y - top;
    if (y + row.high < AXIS || y > down) continue;
    if (row.phases) {
      drawPhases(pen, y, row.high, ink, soft, rule);
      continue;
    }
    pen.fillStyle = row.at === undefined ? ink : soft;
    pen.font = row.at === undefined ? "600 12px system-ui, sans-serif" : "11px system-ui, sans-serif";
    const named = row.at === undefined ? `${folded.has(row.stage.number) ? "\u25B8" : "\u25BE"} ${row.stage.title}`
      : `instance ${figures.instances.number[row.at]}`;
    pen.fillText(clipped(pen, named, LABELS - (row.at === undefined ? 14 : 32)), row.at === undefined ? 6 : 24, y + row.high / 2);
    for (let stretch = Math.max(0, first); stretch < grid.length; stretch += 1) {
      if (stretch && grid[stretch - 1] > zoom.to) break;
      const found = stretchOf(row, stretch);
      if (found) cell(pen, found, y + 2, row.high - 4);
    }
  }
  pen.fillStyle = colour("card");
  pen.fillRect(0, 0, across, AXIS);
  pen.font = "11px system-ui, sans-serif";
  for (const at of ticks()) {
    pen.fillStyle = rule;
    pen.fillRect(xOf(at), AXIS - 5, 1, down);
    pen.fillStyle = soft;
    pen.fillText(seconds(at / 1000), xOf(at) + 4, AXIS / 2);
  }
  pen.fillStyle = rule;
  pen.fillRect(0, AXIS - 1, across, 1);
  if (timeline.dragged) {
    pen.fillStyle = "#0072b244";
    const [a, b] = timeline.dragged;
    pen.fillRect(Math.min(a, b), AXIS, Math.abs(b - a), down);
  }
  canvas.setAttribute("aria-label", `What ${count(figures.timeline.from.length)} instances were at from ` +
    `${seconds(zoom.from / 1000)} to ${seconds(zoom.to / 1000)}; the tables below have the same in numbers`);
}
/** What the run itself was at, on the first line. */
function drawPhases(pen, y, high, ink, soft, rule) {
  pen.fillStyle = ink;
  pen.font = "600 12px system-ui, sans-serif";
  pen.fillText("the run", 6, y + high / 2);
  pen.font = "11px system-ui, sans-serif";
  let at = 0;
  for (const [what, ms] of figures.phases) {
    const left = Math.max(LABELS, xOf(at)), right = Math.min(LABELS + wide(), xOf(at + ms));
    at += ms;
    if (right <= left) continue;
    pen.fillStyle = rule;
    pen.fillRect(left, y + 4, Math.max(1, right - left - 1), high - 8);
    pen.fillStyle = ink;
    if (right - left > 24) pen.fillText(clipped(pen, what, right - left - 10), left + 5, y + high / 2);
  }
}
function phaseAt(ms) {
  let at = 0;
  for (const [what, spent] of figures.phases) {
    if (ms < at + spent) return `${what}: ${seconds(at / 1000)} to ${seconds((at + spent) / 1000)}`;
    at += spent;
  }
  return "";
}
function clipped(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}\u2026`).width > room) end -= 1;
  return `${text.slice(0, end)}\u2026`;
}
function drawSoon() {
  if (!timeline.waiting) { timeline.waiting = true; requestAnimationFrame(drawTimeline); }
}

function rowAt(y) {
  let low = 0, high = timeline.rows.length - 1;
  while (low < high) { const half = (low + high + 1) >> 1; if (timeline.rows[half].y <= y) low = half; else high = half - 1; }
  const row = timeline.rows[low];
  return row && y >= row.y && y < row.y + row.high ? row : null;
}
function tip(event, words) {
  let shown = document.querySelector(".hint");
  if (!words) { shown?.remove(); return; }
  if (!shown) { shown = element("div", { class: "hint" }); document.body.append(shown); }
  shown.textContent = words;
  const { offsetWidth, offsetHeight } = shown;
  shown.style.left = `${Math.min(event.clientX + 14, innerWidth - offsetWidth - 8)}px`;
  shown.style.top = `${event.clientY + 16 + offsetHeight > innerHeight ? event.clientY - offsetHeight - 10 : event.clientY + 16}px`;
}
function pointed(event) {
  const box = byId("lanes"), place = box.getBoundingClientRect();
  const x = event.clientX - place.left, y = event.clientY - place.top;
  const row = y > AXIS ? rowAt(y + box.scrollTop) : null;
  return { x, row };
}
function hovered(event) {
  const { x, row } = pointed(event);
  if (!row || timeline.dragged) { tip(event, null); return; }
  if (row.phases) { tip(event, x < LABELS ? "" : phaseAt(msAt(x))); return; }
  const named = row.at === undefined ? `${row.stage.title}, ${count((ofStage.get(row.stage.number) || []).length)} instances`
    : `${row.stage.title}, instance ${figures.instances.number[row.at]}`;
  if (x < LABELS) { tip(event, row.at === undefined ? `${named}\nclick to fold or unfold` : named); return; }
  const ms = msAt(x), stretch = figures.timeline.grid.findIndex((stop) => stop > ms);
  const found = stretch >= 0 ? stretchOf(row, stretch) : null;
  const told = found && ms >= found.begin && ms <= found.end ? `\n${seconds(found.begin / 1000)} to ${seconds(found.end / 1000)}: ` +
    Object.entries(found.shares).filter(([, each]) => each > 0.004).sort(([, a], [, b]) => b - a)
      .map(([kind, each]) => `${kind} ${(100 * each).toFixed(0)} %`).join(", ") : "\nnot there";
  tip(event, named + told);
}

function fold(all) {
  for (const stage of figures.stages) if (all) folded.add(stage.number); else folded.delete(stage.number);
  lines();
  drawSoon();
}

function watchTimeline(box) {
  const canvas = box.querySelector("canvas");
  box.addEventListener("scroll", () => { tip(null, null); drawSoon(); }, { passive: true });
  new ResizeObserver(drawSoon).observe(box);
  canvas.addEventListener("mousemove", hovered);
  canvas.addEventListener("mouseleave", () => tip(null, null));
  canvas.addEventListener("wheel", (event) => {
    const across = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) zoomBy(1.0025 ** event.deltaY, msAt(pointed(event).x));
    else if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) panBy(across / wide());
    else return;
    event.preventDefault();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    const { x, row } = pointed(event);
    if (event.button) return;
    if (x < LABELS) {
      if (row?.stage && row.at === undefined) {
        if (!folded.delete(row.stage.number)) folded.add(row.stage.number);
        lines();
        drawSoon();
      }
      return;
    }
    timeline.dragged = [x, x];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (timeline.dragged) { timeline.dragged[1] = Math.max(LABELS, Math.min(pointed(event).x, LABELS + wide())); drawSoon(); }
  });
  canvas.addEventListener("pointerup", () => {
    if (!timeline.dragged) return;
    const [a, b] = timeline.dragged.sort((one, other) => one - other);
    timeline.dragged = null;
    if (b - a > 6) zoomTo(msAt(a), msAt(b)); else drawSoon();
  });
  canvas.addEventListener("dblclick", () => zoomTo());
  canvas.addEventListener("keydown", (event) => {
    const down = { ArrowDown: 3 * LINE, ArrowUp: -3 * LINE, PageDown: box.clientHeight - 40, PageUp: 40 - box.clientHeight }[event.key];
    const act = { "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), 0: () => zoomTo(),
      ArrowLeft: () => panBy(-0.2), ArrowRight: () => panBy(0.2), Home: () => { box.scrollTop = 0; },
      End: () => { box.scrollTop = timeline.high; } }[event.key] || (down ? () => { box.scrollTop += down; } : null);
    if (act && !event.ctrlKey && !event.metaKey) { act(); event.preventDefault(); }
  });
  const press = { "zoom-in": () => zoomBy(0.5), "zoom-out": () => zoomBy(2), "zoom-left": () => panBy(-0.3),
    "zoom-right": () => panBy(0.3), "zoom-all": () => zoomTo(), fold: () => fold(true), unfold: () => fold(false) };
  for (const [id, act] of Object.entries(press)) byId(id).addEventListener("click", act);
  zoom.followers.push(drawSoon);
  restyled.push((at_once) => { paints(); if (at_once) drawTimeline(); else drawSoon(); });
}

drawers.push((found) => {
  const box = byId("lanes");
  if (!box) return;
  if (!box.dataset.watched) {
    box.dataset.watched = "yes";
    box.append(element("canvas", { tabindex: 0, role: "img" }), element("div", { class: "spacer" }));
    paints();
    watchTimeline(box);
    if (found.timeline.from.length > 400 && found.stages.length > 4) found.stages.forEach((stage) => folded.add(stage.number));
  }
  decoded(found);
  lines();
  box.style.height = timeline.high < 560 ? `${timeline.high + 2}px` : "";
  drawSoon();
});
