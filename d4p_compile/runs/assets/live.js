// A page over loopback: told what is new of its run while it is on, by server-sent events.
const latest = {};
let source = null, over = document.body.dataset.state !== "running";

function chip(words) {
  let shown = byId("live");
  if (!shown) {
    shown = element("span", { id: "live", role: "status" });
    document.querySelector("nav .space").after(shown);
  }
  shown.textContent = words;
}

/** Put a section in the place of what was there; what was opened, sorted, scrolled and had the focus is so again. */
function replaced(section, html) {
  const opened = [...section.querySelectorAll("details")].map((each) => each.open);
  const sorted = [...section.querySelectorAll("table")].map((table) => {
    const head = [...(table.tHead?.rows[0].cells || [])].findIndex((cell) => cell.hasAttribute("aria-sort"));
    return head < 0 ? null : [head, table.tHead.rows[0].cells[head].getAttribute("aria-sort") === "descending"];
  });
  const drawn = section.querySelector(".graph svg"), factor = drawn ? drawn.getAttribute("width") / drawn.viewBox.baseVal.width : 1;
  const whole = section.querySelector(".graph")?.classList.contains("fit");
  const scrolled = [...section.querySelectorAll(".graph, .scroll, pre")].map((each) => [each.scrollLeft, each.scrollTop]);
  const focused = [...section.querySelectorAll("a, button, summary")].indexOf(document.activeElement);
  section.innerHTML = html;
  section.querySelectorAll("details").forEach((each, at) => { each.open = opened[at] ?? each.open; });
  if (drawn && factor !== 1) {
    const now = section.querySelector(".graph svg"), { width, height } = now.viewBox.baseVal;
    now.setAttribute("width", width * factor);
    now.setAttribute("height", height * factor);
  }
  if (section.querySelector(".graph")) drawn ? fit(whole) : fitted();
  section.querySelectorAll(".graph, .scroll, pre").forEach((each, at) => { [each.scrollLeft, each.scrollTop] = scrolled[at] || [0, 0]; });
  section.querySelectorAll("table.sortable").forEach((table, at) => {
    sortable(table);
    if (sorted[at]) sortBy(table, ...sorted[at]);
  });
  if (focused >= 0) section.querySelectorAll("a, button, summary")[focused]?.focus();
}

function told(news) {
  for (const [id, html] of Object.entries(news.sections)) {
    const section = byId(id);
    if (!section || latest[id] === html) continue;
    const drawn = ["timeline", "charts"].includes(id) && section.childElementCount;
    if (!drawn) replaced(section, html);
    latest[id] = html;
    const link = document.querySelector(`nav a[href="#${id}"]`);
    if (link) link.hidden = !html;
  }
  redraw(news.figures);
}

function follow() {
  if (source || over) return;
  source = new EventSource(document.body.dataset.events);
  source.onopen = () => chip("\u25CF live");
  source.onmessage = (event) => told(JSON.parse(event.data));
  source.addEventListener("end", (event) => {
    over = true;
    source.close();
    chip(JSON.parse(event.data).state === "running" ? "not live any more: what it showed last stays" : "the run is over");
  });
  source.onerror = () => chip("no news: is d4p still there? What it showed last stays");
}

// A browser has few connections to one place: a page that nobody sees gives its back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { source?.close(); source = null; } else follow();
});
follow();
