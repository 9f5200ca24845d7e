// What the other files use. All of them are one script, in a function of its own.
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const parts = ["starting", "preprocess", "busy", "waiting", "queued", "blocked", "postprocess"];
let figures = null;
const drawers = []; // called with the figures when the page is there, and again when there are others
const restyled = []; // called when colours are others

/** An element with attributes and children; text is text, never HTML. */
function element(name, attributes, ...children) {
  const svg = ["svg", "rect", "text", "title", "g", "line", "path"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const count = (n) => Math.round(n).toLocaleString("en-US");
function size(bytes) {
  if (!bytes) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) { bytes /= 1000; at += 1; }
  return `${bytes >= 10 || at === 0 ? Math.round(bytes) : bytes.toFixed(1)} ${units[at]}`;
}
function seconds(s) {
  if (!s) return "0 s";
  if (s >= 7200) return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
  if (s >= 120) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return s >= 10 ? `${s.toFixed(1)} s` : s >= 0.1 ? `${s.toFixed(2)} s` : `${(1000 * s).toFixed(s >= 0.01 ? 0 : 1)} ms`;
}
const short = (n) => Math.abs(n) >= 1e9 ? `${+(n / 1e9).toPrecision(3)} G` : Math.abs(n) >= 1e6
  ? `${+(n / 1e6).toPrecision(3)} M` : Math.abs(n) >= 1e4 ? `${+(n / 1e3).toPrecision(3)} k` : `${+n.toPrecision(3)}`;

const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
function median(values) {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The figures that lie in the page, packed. */
async function unpacked() {
  const packed = byId("figures");
  if (!packed) return null;
  const bytes = Uint8Array.from(atob(packed.textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function redraw(found) {
  figures = found;
  for (const draw of drawers) draw(found);
}

// Light or dark: as the system has it, until it is switched.
function theme(name) {
  if (name) root.dataset.theme = name; else delete root.dataset.theme;
  try { localStorage.setItem("d4p-theme", name || ""); } catch { /* a page from a file may keep nothing */ }
  for (const restyle of restyled) restyle();
}
const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
try { if (localStorage.getItem("d4p-theme")) root.dataset.theme = localStorage.getItem("d4p-theme"); } catch { /* nothing kept */ }
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => restyled.forEach((restyle) => restyle()));

function said(text) {
  const shown = element("div", { class: "toast", role: "status" }, text);
  document.body.append(shown);
  setTimeout(() => shown.remove(), 1600);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page from a file has no clipboard everywhere
    const field = element("textarea", { readonly: true, style: "position:fixed;opacity:0" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  said("copied");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy !== undefined) copied(button.parentElement.querySelector("code").textContent);
  if (button.id === "theme") theme(isDark() ? "light" : "dark");
  if (button.id === "graph-in" || button.id === "graph-out") {
    const drawn = document.querySelector(".graph svg"), factor = button.id === "graph-in" ? 1.25 : 0.8;
    for (const side of ["width", "height"]) drawn.setAttribute(side, drawn.getAttribute(side) * factor);
  }
  if (button.id === "fit") fit(!document.querySelector(".graph").classList.contains("fit"));
});

function fit(asked) {
  document.querySelector(".graph").classList.toggle("fit", asked);
  byId("fit").setAttribute("aria-pressed", asked);
}

/** A graph that is a little wider than the page is shown whole; smaller than seven tenths it would be hard to read. */
function fitted() {
  const drawn = document.querySelector(".graph svg");
  const shown = drawn ? drawn.parentElement.clientWidth / drawn.getAttribute("width") : 1;
  if (shown < 1 && shown >= 0.7) fit(true);
}

// What is printed is opened before, and closed again after; and it is light, since paper is.
let closed = [], before = null;
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const each of closed) each.open = true;
  before = root.dataset.theme || "";
  root.dataset.theme = "light";
  for (const restyle of restyled) restyle(true);
});
addEventListener("afterprint", () => {
  for (const each of closed) each.open = false;
  if (before) root.dataset.theme = before; else delete root.dataset.theme;
  for (const restyle of restyled) restyle(true);
});
