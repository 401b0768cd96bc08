// Keyboard lists: letters work only while focus is inside the list that owns them (WCAG 2.1.4).
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
let anchor = null;

const list = (node) => node.closest?.("[data-keylist]");
const items = (owner) => [...owner.querySelectorAll("[data-keyitem]")];
const handle = (item) => item.querySelector("[data-keyopen]") ?? item.querySelector("a, button, input");

// With a Chinese input method a letter may arrive as "Process": fall back to the physical key.
function letter(event) {
  const key = event.key.toLowerCase();
  if (key === "process" && event.code.startsWith("Key")) return event.code.slice(3).toLowerCase();
  return key;
}

function tick(item, range, owner) {
  const all = items(owner);
  const box = (one) => one.querySelector("[name=sel]:not(:disabled)");
  const from = range && anchor ? all.indexOf(anchor) : all.indexOf(item);
  const to = all.indexOf(item);
  const value = range && anchor ? true : !box(item)?.checked;
  for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    const found = box(one);
    if (found && found.checked !== value) {
      found.checked = value;
      found.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  anchor = item;
}

function move(owner, item, step) {
  const all = items(owner);
  const next = all[Math.min(Math.max(all.indexOf(item) + step, 0), all.length - 1)];
  if (next) handle(next)?.focus(), next.scrollIntoView({ block: "nearest" });
}

function press(owner, item, key, event) {
  if (key === "j" || key === "arrowdown") return move(owner, item, 1), true;
  if (key === "k" || key === "arrowup") return move(owner, item, item ? -1 : 1), true;
  if (key === "?") return document.getElementById("key-list")?.showModal(), true;
  if (key === "x" && item) return tick(item, event.shiftKey, owner), true;
  if ((key === "o" || (key === "enter" && event.target.matches("[name=sel]"))) && item) return handle(item).click(), true;
  if (!LETTERS.includes(key)) return false;
  const every = [...document.querySelectorAll(`[data-key="${key}"]`)];
  const target = every.find((one) => item?.contains(one)) ?? every.find((one) => !one.closest("[data-keyitem]"));
  if (target) target.click();
  return Boolean(target);
}

document.addEventListener("keydown", (event) => {
  const owner = list(event.target);
  if (!owner || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("textarea, select, input:not([type=checkbox])")) return;
  const key = letter(event);
  const isLetter = key.length === 1;
  if (isLetter && document.body.dataset.keys === "off") return;
  if (press(owner, event.target.closest("[data-keyitem]"), key, event)) event.preventDefault();
});
