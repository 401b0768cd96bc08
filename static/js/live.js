// Live updates: the socket says only "topic X is now version N"; elements then fetch what they may see.
const QUIET = 5000; // milliseconds without a socket before polling starts
const POLL = 30000; // milliseconds between polls, 20 % either way
const indicator = document.getElementById("live-state");
const versions = new Map();
const SIGNED_OUT = 4401; // the server's close code when the session is over
let socket = null;
let delay = 500;
let quietTimer = 0;
let pollTimer = 0;

const regions = () => document.querySelectorAll("[data-live-topic]");
const paused = () => indicator.dataset.paused === "yes";

function show(state) {
  indicator.hidden = false;
  indicator.dataset.state = state;
  const key = `text${state[0].toUpperCase()}${state.slice(1)}`;
  indicator.lastElementChild.textContent = indicator.dataset[key];
}

function topics() {
  const found = {};
  for (const region of regions()) {
    const drawn = (region.dataset.liveVersion ?? "").split(" ");
    region.dataset.liveTopic.split(" ").forEach((topic, place) => {
      const version = Math.max(Number(drawn[place]) || 0, versions.get(topic) ?? 0);
      versions.set(topic, version);
      found[topic] = version;
    });
  }
  return found;
}

const tell = (topic, detail) => document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail }));

function heard(event) {
  let message;
  try {
    message = JSON.parse(event.data);
  } catch {
    return;
  }
  const { t, v } = message;
  if (typeof t !== "string" || (versions.get(t) ?? 0) >= v) return;
  versions.set(t, v);
  tell(t, { v });
}

function poll() {
  clearTimeout(pollTimer);
  if (paused()) return;
  pollTimer = setTimeout(poll, POLL * (0.8 + 0.4 * Math.random()));
  if (document.hidden) return;
  for (const topic of Object.keys(topics())) tell(topic, {});
}

function quiet() {
  quietTimer = 0;
  show("polling");
  pollTimer = setTimeout(poll, POLL * (0.8 + 0.4 * Math.random()));
}

function lost(event) {
  socket = null;
  if (paused()) return;
  if (event.code === SIGNED_OUT) return show("ended");
  if (!quietTimer && !pollTimer) show("reconnecting"), (quietTimer = setTimeout(quiet, QUIET));
  setTimeout(connect, delay * (0.8 + 0.4 * Math.random()));
  delay = Math.min(delay * 2, POLL);
}

function opened() {
  clearTimeout(quietTimer);
  clearTimeout(pollTimer);
  quietTimer = pollTimer = 0;
  delay = 500;
  show("live");
  subscribe();
}

function subscribe() {
  const wanted = topics();
  if (socket?.readyState === WebSocket.OPEN && Object.keys(wanted).length) socket.send(JSON.stringify({ topics: wanted }));
}

function connect() {
  if (socket || paused()) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/live/`);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", heard);
  socket.addEventListener("close", lost);
}

// An answer without the region (a sign-in page, an error) must not empty the page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr, requestConfig } = event.detail;
  const cause = requestConfig?.triggeringEvent?.type ?? "";
  if (cause.startsWith("live") && !xhr.responseText.includes(`id="${elt.id}"`)) event.detail.shouldSwap = false;
});

// A held list never changes under the pointer or the focus: it offers a button instead.
const inUse = (region) => region.matches(":hover") || region.contains(document.activeElement);
document.addEventListener("htmx:beforeRequest", (event) => {
  const region = event.detail.elt;
  const cause = event.detail.requestConfig.triggeringEvent?.type ?? "";
  if (!cause.startsWith("live:") || !region.matches("[data-live-hold]") || !inUse(region)) return;
  event.preventDefault();
  region.querySelector(".live-more").hidden = false;
});
document.addEventListener("click", (event) => {
  const region = event.target.closest("[data-live-show]")?.closest("[data-live-topic]");
  if (region) region.dispatchEvent(new CustomEvent("live-show"));
  const pause = event.target.closest("[data-live-pause]");
  if (pause) localStorage.setItem("purser-live", pause.dataset.livePause);
});
// The choice is the server's cookie; storage only carries it to the tabs that are open already.
addEventListener("storage", (event) => {
  if (event.key !== "purser-live") return;
  indicator.dataset.paused = event.newValue === "paused" ? "yes" : "";
  clearTimeout(quietTimer);
  clearTimeout(pollTimer);
  quietTimer = pollTimer = 0;
  if (paused()) show("paused"), socket?.close();
  else start();
});
document.addEventListener("htmx:afterSettle", subscribe);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && pollTimer) poll();
});

function start() {
  show("reconnecting");
  quietTimer = setTimeout(quiet, QUIET);
  connect();
}
if (paused()) show("paused");
else start();
