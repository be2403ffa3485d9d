// Keys that work everywhere in the page, and the list of all keys.

import { isTyping } from "./a11y.js";
import { h } from "./dom.js";
import { openDialog } from "./dialog.js";
import { channelHash, go } from "./routes.js";
import { sidebarChannels } from "./store.js";

const LIST = [
  ["Everywhere", [["Ctrl K", "Go to a channel, person or place"], ["Alt ↑ ↓", "Previous, next channel"], ["Alt Shift ↑ ↓", "Previous, next unread channel"], ["F6", "Next part of the page"], ["Esc", "Close what is open"], ["?", "This list"]]],
  ["Messages", [["↑ ↓", "Walk the messages"], ["Enter or T", "Open the thread"], ["R", "React"], ["P", "Pin"], ["E", "Edit"], ["M", "More actions"]]],
  ["Writing", [["Enter", "Send"], ["Shift Enter", "New line"], ["↑ in an empty line", "Edit your last message"], ["Ctrl B, I, E", "Bold, italic, code"], ["@  #  /  :", "People, channels, commands, emoji"], ["Tab or Enter", "Take a suggestion"]]],
];

export function openKeys() {
  openDialog({
    title: "Keys", className: "keys",
    body: h("div", { class: "key-list" }, LIST.map(([title, keys]) => h("section", {}, h("h3", {}, title), h("dl", {}, keys.map(([key, what]) => h("div", {}, h("dt", {}, key.split(" ").map((one) => (one === "or" || one === "in" || one === "an" || one === "empty" || one === "line" ? ` ${one} ` : h("kbd", {}, one)))), h("dd", {}, what))))))),
  });
}

function step(by, { unread }, current) {
  const { channels, dms } = sidebarChannels();
  const all = [...channels, ...dms];
  const candidates = unread ? all.filter((one) => one.unread > 0 || one.id === current) : all;
  if (!candidates.length) return;
  const at = candidates.findIndex((one) => one.id === current);
  go(channelHash(candidates[(at + by + candidates.length) % candidates.length].id));
}

/** F6 walks the large parts of the page. */
function nextPart(back) {
  const parts = [...document.querySelectorAll(".sidebar, .channel-pane .messages, .home-scroll, .inspector-body, .assistant-pane .messages, .composer-text, .thread-pane .messages")].filter((one) => one.offsetParent);
  const at = parts.findIndex((one) => one.contains(document.activeElement));
  const next = parts[(at + (back ? -1 : 1) + parts.length) % parts.length];
  (next?.matches(".sidebar") ? next.querySelector(".side-item.current, .who") : next)?.focus();
}

/** @param {{openSwitcher: () => void, current: () => string|undefined}} page */
export function listenToKeys(page) {
  document.addEventListener("keydown", (event) => {
    const modalOpen = document.querySelector("dialog[open]");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !modalOpen) {
      event.preventDefault();
      page.openSwitcher();
    } else if (modalOpen) return;
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      step(event.key === "ArrowUp" ? -1 : 1, { unread: event.shiftKey }, page.current());
    } else if (event.key === "F6") {
      event.preventDefault();
      nextPart(event.shiftKey);
    } else if (event.key === "?" && !isTyping(event)) {
      event.preventDefault();
      openKeys();
    }
  });
}
