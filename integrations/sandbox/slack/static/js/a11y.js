// For ears and keyboards: spoken notices, roving focus, and who prefers stillness.

import { h } from "./dom.js";

const region = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });
document.body.append(region);

/** Says something to screen readers. @param {string} text */
export function announce(text) {
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text.slice(0, 300);
  }, 30);
}

export const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/** Is somebody writing just now? Then single keys belong to the text. */
export function isTyping(event) {
  const target = event.target;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/**
 * Arrow up and down, Home and End walk `items()` of a container; one of them at a time is in the tab order.
 * @param {HTMLElement} container @param {() => HTMLElement[]} items
 */
export function rove(container, items) {
  container.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event)) return;
    const all = items();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const target = all[Math.max(0, Math.min(next, all.length - 1))];
    takeTabStop(all, target);
    target.focus();
  });
  container.addEventListener("focusin", (event) => {
    const all = items();
    if (all.includes(event.target)) takeTabStop(all, event.target);
  });
}

function takeTabStop(items, target) {
  for (const item of items) item.tabIndex = item === target ? 0 : -1;
}
