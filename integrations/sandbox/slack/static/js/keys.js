// Keys that work everywhere in the page, and the list of all keys.

import { isTyping } from "./a11y.js";
import { h } from "./dom.js";
import { openDialog } from "./dialog.js";
import { channelHash, go } from "./routes.js";
import { sidebarChannels } from "./store.js";

/** `[keys, what they do]`; within the keys, a word in small letters stands as it is. */
const LIST = [
  [
    "Everywhere",
    [
      ["Ctrl K", "Go to a channel, person or place"],
      ["Alt ↑ ↓", "Previous, next channel"],
      ["Alt Shift ↑ ↓", "Previous, next unread one"],
      ["F6", "Next part of the page"],
      ["Esc", "Close what is open"],
      ["?", "This list"],
    ],
  ],
  [
    "Messages",
    [
      ["↑ ↓", "Walk the messages"],
      ["Enter or T", "Open the thread"],
      ["R", "React"],
      ["P", "Pin"],
      ["E", "Edit"],
      ["M", "More actions"],
    ],
  ],
  [
    "Writing",
    [
      ["Enter", "Send"],
      ["Shift Enter", "New line"],
      ["↑ at first", "Edit your last message"],
      ["Ctrl B", "Bold"],
      ["Ctrl I", "Italic"],
      ["Ctrl E", "Code"],
    ],
  ],
  [
    "Suggestions",
    [
      ["@", "People, groups and the bot"],
      ["#", "Channels"],
      ["/", "Commands"],
      [":", "Emoji"],
      ["Tab or Enter", "Take it"],
    ],
  ],
];

const keyNode = (one) => (/^[a-z]+$/.test(one) ? ` ${one} ` : h("kbd", {}, one));

export function openKeys() {
  const rows = (keys) =>
    keys.map(([key, what]) => h("div", {}, h("dt", {}, key.split(" ").map(keyNode)), h("dd", {}, what)));
  openDialog({
    title: "Keys",
    className: "keys",
    body: h(
      "div",
      { class: "key-list" },
      LIST.map(([title, keys]) => h("section", {}, h("h3", {}, title), h("dl", {}, rows(keys)))),
    ),
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
  const parts = [
    ...document.querySelectorAll(
      ".sidebar, .channel-pane .messages, .home-scroll, .inspector-body, .assistant-pane .messages, .composer-text, .thread-pane .messages",
    ),
  ].filter((one) => one.offsetParent);
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
