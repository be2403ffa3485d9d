// Small floating panels beside what opened them: menus, pickers, completion, profiles.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @type {{close: () => void}[]} */
const open = [];

/**
 * Shows `content` beside `anchor`, inside the same dialog if there is one. Esc and a click elsewhere close it.
 * @param {HTMLElement} anchor
 * @param {Node} content
 * @param {{label?: string, role?: string, onClose?: () => void, focusBack?: boolean, matchWidth?: boolean, side?: "above"|"below", align?: "start"|"end"}} [options]
 */
export function openPopover(anchor, content, options = {}) {
  const { label, role, onClose, focusBack = true, matchWidth = false, side = "below", align = "start" } = options;
  const panel = h("div", { class: "popover", role, "aria-label": label, popover: "manual" }, content);
  const host = anchor.closest("dialog") ?? document.body;
  const depth = open.length;
  host.append(panel);
  panel.showPopover?.();
  if (matchWidth) panel.style.minWidth = `${Math.min(WIDEST, anchor.getBoundingClientRect().width)}px`;
  const replace = () => place(panel, anchor, side, align);
  replace();

  const watcher = new ResizeObserver(replace);
  watcher.observe(panel);
  const handle = {
    panel,
    replace,
    close() {
      const at = open.indexOf(handle);
      if (at < 0) return;
      while (open.length > at + 1) open.at(-1).close();
      open.pop();
      watcher.disconnect();
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", escape, true);
      window.removeEventListener("resize", replace);
      const had = panel.contains(document.activeElement) || document.activeElement === document.body;
      panel.remove();
      if (focusBack && had && anchor.isConnected) anchor.focus({ preventScroll: true });
      onClose?.();
    },
  };
  const outside = (event) => {
    if (open.at(-1) === handle && !panel.contains(event.target) && !anchor.contains(event.target)) handle.close();
  };
  const escape = (event) => {
    if (event.key !== "Escape" || open.at(-1) !== handle) return;
    event.preventDefault();
    event.stopPropagation();
    handle.close();
  };
  while (open.length > depth) open.at(-1).close();
  open.push(handle);
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  window.addEventListener("resize", replace);
  return handle;
}

export const anyPopoverOpen = () => open.length > 0;

export function closeAllPopovers() {
  while (open.length) open.at(-1).close();
}

const GAP = 6;
const WIDEST = 540;

function place(panel, anchor, side, align) {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = from.bottom + GAP;
  const above = from.top - GAP - height;
  let top = side === "above" ? above : below;
  if (top < GAP) top = below;
  if (top + height > innerHeight - GAP) top = above >= GAP ? above : Math.max(GAP, innerHeight - height - GAP);
  let left = align === "end" ? from.right - width : from.left;
  left = Math.min(Math.max(GAP, left), Math.max(GAP, innerWidth - width - GAP));
  Object.assign(panel.style, { top: `${Math.round(top)}px`, left: `${Math.round(left)}px` });
}

/**
 * A menu of actions: arrow keys, Home, End, first letters.
 * @param {HTMLElement} anchor
 * @param {({label: string, run?: () => void, icon?: string, danger?: boolean, hint?: string, key?: string, checked?: boolean, href?: string}|"-"|{heading: string}|null|false)[]} entries
 * @param {{label?: string, align?: "start"|"end"}} [options]
 */
export function openMenu(anchor, entries, options = {}) {
  const menu = h("div", { class: "menu", role: "menu", "aria-label": options.label ?? "Menu" });
  const popover = openPopover(anchor, menu, {
    ...options,
    onClose: () => anchor.setAttribute("aria-expanded", "false"),
  });
  anchor.setAttribute("aria-expanded", "true");
  for (const entry of entries.filter(Boolean)) menu.append(menuEntry(entry, popover));
  const items = () => [...menu.querySelectorAll("[role=menuitem], [role=menuitemradio]")];
  menu.addEventListener("keydown", (event) => walkList(event, items()));
  popover.replace();
  (menu.querySelector("[aria-checked=true]") ?? items()[0])?.focus();
  return popover;
}

function menuEntry(entry, popover) {
  if (entry === "-") return h("div", { class: "menu-line", role: "separator" });
  if (entry.heading) return h("div", { class: "menu-heading", role: "presentation" }, entry.heading);
  const radio = entry.checked !== undefined;
  const inside = [
    entry.icon && icon(entry.icon, 17),
    entry.node,
    h("span", { class: "menu-label" }, entry.label, entry.hint && h("small", {}, entry.hint)),
    entry.checked && icon("check", 17),
    entry.key && h("kbd", {}, entry.key),
  ];
  const shared = {
    class: ["menu-item", entry.danger && "danger"],
    role: radio ? "menuitemradio" : "menuitem",
    tabindex: "-1",
    "aria-checked": radio ? String(entry.checked) : null,
    onclick: () => {
      popover.close();
      entry.run?.();
    },
  };
  if (entry.href) return h("a", { ...shared, href: entry.href, target: "_blank", rel: "noopener noreferrer" }, inside);
  return h("button", { ...shared, type: "button" }, inside);
}

/** Up, down, Home, End and first letters move the focus among `items`. */
function walkList(event, items) {
  const at = items.indexOf(document.activeElement);
  let next;
  if (event.key === "ArrowDown") next = items[(at + 1) % items.length];
  else if (event.key === "ArrowUp") next = items[(at - 1 + items.length) % items.length];
  else if (event.key === "Home") [next] = items;
  else if (event.key === "End") next = items.at(-1);
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
    const typed = event.key.toLowerCase();
    next = [...items.slice(at + 1), ...items].find((item) => item.textContent.trim().toLowerCase().startsWith(typed));
  }
  if (!next) return;
  event.preventDefault();
  next.focus();
}
