// Short notices at the edge of the page, for what went wrong or was done.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const shelf = h("div", { class: "toasts", role: "alert", popover: "manual" });
document.body.append(shelf);

/** @param {string} text @param {"info"|"error"} [kind] */
export function toast(text, kind = "info") {
  const note = h(
    "div",
    { class: ["toast", `toast-${kind}`] },
    icon(kind === "error" ? "alert" : "info", 18),
    h("span", {}, text),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => leave() },
      icon("close", 15),
    ),
  );
  const leave = () => {
    note.remove();
    if (!shelf.childElementCount) shelf.hidePopover?.();
  };
  // Within an open dialog only what lies inside it can be clicked.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  if (shelf.parentElement !== host) host.append(shelf);
  shelf.append(note);
  if (shelf.showPopover && !shelf.matches(":popover-open")) shelf.showPopover();
  setTimeout(leave, kind === "error" ? 9000 : 4500);
}
