// Avatars: initials on a colour; the bot has a sign of its own.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { isBot, personName, store } from "./store.js";

const COLOURS = [
  "#8a3b5e",
  "#3f5b9e",
  "#2d6d5b",
  "#8c4a1f",
  "#5d4a9c",
  "#1f6a83",
  "#7a3f86",
  "#636020",
  "#a03a3a",
  "#3d6a35",
];

function colourOf(id) {
  const given = String(store.people.get(id)?.color ?? "").replace(/^#/, "");
  if (/^[0-9a-f]{6}$/i.test(given)) return `#${given}`;
  let sum = 0;
  for (const char of String(id)) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  return COLOURS[sum % COLOURS.length];
}

/** "SRE on call" → "SC", "Engineering manager" → "EM", "SRE" → "SR". */
function initials(name) {
  const parts = name.split(/[\s_-]+/).filter((part) => /^[\p{L}\p{N}]/u.test(part) && !/^(on|of|the|and)$/i.test(part));
  if (parts.length > 1) return (parts[0][0] + parts.at(-1)[0]).toUpperCase();
  return (parts[0] ?? "?").slice(0, 2).toUpperCase();
}

/** @param {string} id @param {number} [size] in pixels @param {string} [name] if it is not the person's own */
export function avatar(id, size = 36, name) {
  const style = { "--size": `${size}px`, "--colour": colourOf(id) };
  if (isBot(id))
    return h(
      "span",
      { class: "avatar avatar-bot", style, "aria-hidden": "true" },
      icon("sparkles", Math.round(size * 0.62)),
    );
  return h("span", { class: "avatar", style, "aria-hidden": "true" }, initials(name ?? personName(id)));
}
