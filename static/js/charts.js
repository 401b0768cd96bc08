// Charts: each is drawn by Chart.js from the table beside it, which holds the answer; see templates/pages/costs/chart.html.
const { Chart } = globalThis;
const root = document.documentElement;
const forced = matchMedia("(forced-colors: active)");
const drawn = new Map();

// A colour as the style sheet has it now: `light-dark()` is settled on an element only.
function colour(figure, name) {
  const probe = figure.appendChild(document.createElement("i"));
  probe.className = `c-${name}`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// Idle is hatched, what was not measured dotted; with forced colours each series has a hatch of its own width.
function pattern(kind, ink, ground, size) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = pen.strokeStyle = ink;
  pen.lineWidth = 2;
  if (kind === "dots") pen.fillRect(size / 4, size / 4, 2, 2);
  else for (const at of [-size, 0, size]) pen.moveTo(at, size), pen.lineTo(at + size, 0);
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

const number = (cell) => (cell.dataset.v ? Number(cell.dataset.v) : null);
const text = (cell) => cell.textContent.trim().replace(/\s+/g, " ");

const LINES = {
  line: { borderWidth: 2.5 },
  plan: { borderWidth: 1.5, borderDash: [2, 4] },
  dash: { borderWidth: 2.5, borderDash: [7, 4] },
  limit: { borderWidth: 2, borderDash: [7, 4] },
  low: { borderWidth: 0 },
  high: { borderWidth: 0, fill: "-1" },
};
const MARKS = { mark: { pointStyle: "rectRot", radius: 7 }, budget: { pointStyle: "line", rotation: 90, radius: 12, borderWidth: 3 } };

function series(figure, head, place, rows, paint) {
  const { kind } = head.dataset;
  const ink = forced.matches ? "CanvasText" : colour(figure, head.dataset.colour);
  const set = { label: text(head), kind, data: rows.map((row) => number(row.cells[place])), borderColor: ink, place };
  if (kind in MARKS) return { ...set, type: "line", showLine: false, order: -1, backgroundColor: ink, ...MARKS[kind] };
  if (kind in LINES) {
    const radius = rows.map((row) => (row.dataset.mark === head.dataset.kind ? 6 : 0));
    const soft = forced.matches ? "transparent" : ink.replace(/^rgb\((.+)\)$/, "rgba($1, 0.2)");
    return { ...set, type: "line", stack: kind, order: -1, pointRadius: radius, pointBackgroundColor: ink, backgroundColor: soft, ...LINES[kind] };
  }
  const plain = kind === "bar" && !forced.matches;
  const fill = plain ? ink : pattern(kind, ink, paint.ground, forced.matches ? 6 + 3 * place : 8);
  return { ...set, backgroundColor: fill, borderColor: plain ? paint.ground : ink, borderWidth: plain ? 0.5 : 1, maxBarThickness: 48 };
}

function options(figure, table, paint) {
  const flat = "flat" in figure.dataset;
  const short = new Intl.NumberFormat(root.lang, { notation: "compact" });
  const ticks = { color: paint.text, font: { family: getComputedStyle(document.body).fontFamily, size: 12 } };
  const names = { stacked: true, grid: { display: false }, ticks: { ...ticks, maxRotation: 0, autoSkip: !flat, autoSkipPadding: 12 } };
  const max = Number(figure.dataset.max) || undefined;
  const unit = { display: true, text: figure.dataset.unit, color: paint.text, font: ticks.font };
  const values = { stacked: "stacked" in figure.dataset, beginAtZero: true, max, grid: { color: paint.border }, title: unit, ticks: { ...ticks, maxTicksLimit: 6, callback: (value) => short.format(value) } };
  return {
    animation: false,
    maintainAspectRatio: false,
    indexAxis: flat ? "y" : "x",
    interaction: { mode: "index", axis: flat ? "y" : "x", intersect: false },
    scales: flat ? { x: values, y: names } : { x: names, y: values },
    onClick: (_event, hit) => hit[0] && link(table, hit[0].index)?.click(),
    plugins: {
      legend: { display: false },
      tooltip: {
        filter: (item) => item.raw !== null,
        callbacks: { label: (item) => ` ${item.dataset.label}: ${text(table.tBodies[0].rows[item.dataIndex].cells[item.dataset.place])}` },
      },
    },
  };
}

const link = (table, index) => table.tBodies[0].rows[index].querySelector("a");

function draw(figure) {
  const [canvas, table] = [figure.querySelector("canvas"), figure.querySelector("table")];
  drawn.get(figure)?.destroy();
  const paint = { ground: colour(figure, "ground"), text: colour(figure, "text"), border: colour(figure, "border") };
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const datasets = heads.flatMap((head, place) => (head.dataset.kind ? [series(figure, head, place, rows, paint)] : []));
  const labels = rows.map((row) => row.cells[0].dataset.short ?? text(row.cells[0]));
  drawn.set(figure, new Chart(canvas, { type: "bar", data: { labels, datasets }, options: options(figure, table, paint) }));
}

// The arrows read the table row by row into the status region; Enter follows the row's link.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
function read(event) {
  const figure = event.target.closest("figure");
  const table = figure.querySelector("table");
  const rows = table.tBodies[0].rows;
  const now = Number(figure.dataset.at ?? -1);
  if (event.key === "Enter" && now >= 0) return link(table, now)?.click();
  if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = Math.min(Math.max(now < 0 && event.key === "ArrowLeft" ? rows.length - 1 : now + STEPS[event.key], 0), rows.length - 1);
  figure.dataset.at = next;
  const heads = table.tHead.rows[0].cells;
  const parts = [...rows[next].cells].map((cell, place) => (place ? `${text(heads[place])} ${text(cell)}` : text(cell)));
  document.getElementById("say").textContent = parts.join(", ");
  const chart = drawn.get(figure);
  const active = chart.data.datasets.flatMap((set, datasetIndex) => (set.data[next] === null ? [] : [{ datasetIndex, index: next }]));
  chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
  chart.update("none");
}

const figures = document.querySelectorAll("figure[data-chart]");
for (const figure of figures) figure.querySelector("canvas").addEventListener("keydown", read);
const redraw = () => figures.forEach(draw);
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) matchMedia(query).addEventListener("change", redraw);
new MutationObserver(redraw).observe(root, { attributeFilter: ["data-bs-theme"] });
redraw();
