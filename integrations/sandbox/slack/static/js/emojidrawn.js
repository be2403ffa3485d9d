// Drawings of the commonest emoji for systems without an emoji font; and the question whether this is one.

import { ALIASES, DRAWN } from "./emojishapes.js";

const SVG = "http://www.w3.org/2000/svg";

function shape([kind, where, colour, width]) {
  const make = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  if (kind === "c") return make("circle", { cx: where[0], cy: where[1], r: where[2], fill: colour });
  if (kind === "r")
    return make("rect", { x: where[0], y: where[1], width: where[2], height: where[3], rx: where[4], fill: colour });
  if (kind === "s")
    return make("path", {
      d: where,
      fill: "none",
      stroke: colour,
      "stroke-width": width,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    });
  return make("path", { d: where, fill: colour });
}

/** The drawing of an emoji, or null. @param {string} name */
export function drawn(name) {
  const parts = DRAWN[ALIASES[name] ?? name];
  if (!parts) return null;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "emoji-drawn");
  svg.setAttribute("aria-hidden", "true");
  svg.append(...parts.map(shape));
  return svg;
}

/** Can this browser draw emoji in colour? Asked once, by drawing one. */
export const hasEmojiFont = (() => {
  let answer;
  return () => {
    answer ??= coloured();
    return answer;
  };
})();

function coloured() {
  const canvas = document.createElement("canvas");
  canvas.width = 24;
  canvas.height = 24;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return true;
  context.font = "18px sans-serif";
  context.textBaseline = "top";
  context.fillStyle = "#000";
  context.fillText("🔴", 0, 2);
  const { data } = context.getImageData(0, 0, 24, 24);
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 60 && data[at] > data[at + 2] + 40) return true;
  return false;
}
