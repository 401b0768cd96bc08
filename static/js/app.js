// What each page does with JavaScript: copy, dialogs, menus, focus after swaps, announcements. Pages work without it.
const body = document.body;
const on = (type, run, options) => document.addEventListener(type, run, options);

// Announcements: joined, at most one in 5 seconds; what the user did is said at once.
let waiting = [];
let timer = 0;
let last = 0;
function speak() {
  timer = 0;
  last = Date.now();
  document.getElementById("say").textContent = waiting.join(". ");
  waiting = [];
}
function say(text, now = false) {
  if (!text) return;
  waiting.push(text);
  if (now) clearTimeout(timer), speak();
  else if (!timer) timer = setTimeout(speak, Math.max(0, 5000 - (Date.now() - last)));
}
body.addEventListener("purser:say", (event) => say(event.detail));

// Copying. On plain HTTP there is no clipboard: select the text and say which key to press.
async function copy(button) {
  const code = button.closest(".copy-row").querySelector("code");
  const label = button.querySelector("[data-copy-label]");
  const before = (button.dataset.label ??= label.textContent);
  let text = button.dataset.copied;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    text = button.dataset.manual;
  }
  label.textContent = text;
  say(text, true);
  setTimeout(() => (label.textContent = before), 3000);
}

// Dialogs. The opener is a link to a page that does the same, so a missing dialog is no dead end.
function open(dialog, opener) {
  dialog.showModal();
  dialog.querySelector("h2")?.focus();
  dialog.addEventListener("close", () => opener?.focus(), { once: true });
}

on("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  const opener = at("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (dialog && !event.ctrlKey && !event.metaKey) event.preventDefault(), open(dialog, opener);
  else if (at("[data-closes]")) at("dialog")?.close();
  else if (at("[data-copy]")) copy(at("[data-copy]"));
  const field = at("[data-error-summary] a") && document.querySelector(at("a").hash || null);
  if (field) {
    event.preventDefault();
    const target = field.matches("fieldset") ? (field.querySelector("input") ?? field) : field;
    field.scrollIntoView({ block: "center" });
    target.focus();
  }
  closeMenus(event.target);
});

// A menu that the focus left would cover what has the focus now.
on("focusin", (event) => closeMenus(event.target));
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
}

on("keydown", (event) => {
  if (event.isComposing) return;
  const command = event.ctrlKey || event.metaKey;
  if (command && event.code === "KeyK" && !event.shiftKey && !event.altKey) {
    const search = document.querySelector("[data-search]");
    if (search) event.preventDefault(), search.click();
  }
  if (command && event.key === "Enter") event.target.closest?.("form[data-submit-keys]")?.requestSubmit();
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) (menu.open = false), menu.querySelector("summary").focus();
  }
});

// Tick boxes: how many, and the bar that acts on them.
function ticked() {
  const count = document.querySelectorAll("[name=sel]:checked").length;
  for (const bar of document.querySelectorAll("[data-bulk-bar]")) {
    bar.hidden = count === 0;
    for (const place of bar.querySelectorAll("[data-bulk-count]")) place.textContent = count;
  }
}
on("change", (event) => {
  if (event.target.matches("[data-tick-all]")) {
    const list = document.getElementById(event.target.dataset.tickAll) ?? document;
    for (const box of list.querySelectorAll("[name=sel]:not(:disabled)")) box.checked = event.target.checked;
  }
  ticked();
  event.target.closest("form[data-autosubmit]")?.requestSubmit();
});

// Focus: errors first; else where it was; never lost to the body.
function errors(root) {
  const summary = root.matches?.("[data-error-summary]") ? root : root.querySelector?.("[data-error-summary]");
  if (!summary) return false;
  const prefix = summary.dataset.title;
  if (!document.title.startsWith(prefix)) document.title = `${prefix} ${document.title}`;
  summary.focus();
  return true;
}
let origin = null;
on("htmx:beforeSwap", () => {
  const active = document.activeElement;
  const row = active?.closest("[data-keyitem], tr, li");
  const links = [row?.nextElementSibling, row?.previousElementSibling];
  origin = { active, id: active?.id, live: false, near: links.map((one) => one?.querySelector("a, button, input")?.id) };
});
on("htmx:afterSwap", (event) => {
  const swapped = event.detail.elt;
  say(swapped.dataset?.say ?? swapped.querySelector?.("[data-say]")?.dataset.say);
  ticked();
  const live = event.detail.requestConfig?.triggeringEvent?.type?.startsWith("live:");
  const held = document.activeElement !== body && document.activeElement.checkVisibility();
  if (live || errors(swapped) || !origin || held || origin.active === body) return;
  const near = [origin.id, ...origin.near].map((id) => id && document.getElementById(id));
  // "Show the new ones" hides itself: the focus goes to the first of the list.
  const target = [...near, swapped.querySelector?.("[data-keyopen]")].find((one) => one?.checkVisibility());
  (target ?? document.getElementById("page-title"))?.focus();
});
for (const type of ["htmx:sendError", "htmx:responseError"]) {
  on(type, (event) => {
    if (!event.detail.requestConfig?.triggeringEvent?.type?.startsWith("live")) say(body.dataset.requestFailed, true);
  });
}

// The session's end is told five minutes before.
function session() {
  const notice = document.getElementById("session-notice");
  const ends = Number(body.dataset.sessionEnds) * 1000;
  if (!notice || !ends) return;
  const warn = () => {
    notice.hidden = false;
    say(notice.querySelector("span").textContent, true);
  };
  setTimeout(warn, Math.max(0, ends - Date.now() - 300000));
  notice.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) notice.hidden = true;
  });
}

errors(document);
// An anchor left in the address takes the focus when the page has loaded; a summary of errors goes before it.
addEventListener("load", () => errors(document));
ticked();
session();
