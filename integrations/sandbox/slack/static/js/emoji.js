// Emoji by name: drawing `:thumbsup:`, finding names while somebody types, and the picker.

import { h, fill } from "./dom.js";
import { openPopover } from "./popover.js";
import { drawn, hasEmojiFont } from "./emojidrawn.js";
import { GROUPS } from "./emojitable.js";

const TONES = { 2: "🏻", 3: "🏼", 4: "🏽", 5: "🏾", 6: "🏿" };

/** @type {Map<string, string>} every name → its character */
const byName = new Map();
/** @type {{group: string, char: string, names: string[]}[]} */
const all = [];

for (const [group, line] of Object.entries(GROUPS)) {
  for (const entry of line.split("|")) {
    const [char, list] = entry.split(" ");
    const names = list.split(",");
    all.push({ group, char, names });
    for (const name of names) if (!byName.has(name)) byName.set(name, char);
  }
}

/** @param {string} name without colons @returns {string|undefined} */
export function character(name) {
  const [base, tone] = name.split("::skin-tone-");
  const char = byName.get(base);
  return char && tone ? char + (TONES[tone] ?? "") : char;
}

/** An emoji as a node; an unknown name stays `:name:`. */
export function emojiNode(name) {
  const char = character(name);
  if (!char) return h("span", { class: "emoji-unknown" }, `:${name}:`);
  return h(
    "span",
    { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` },
    glyph(name, char),
  );
}

/** What is seen of an emoji: the font's, else a drawing, else its name. */
function glyph(name, char) {
  if (hasEmojiFont()) return char;
  return drawn(name.split("::")[0]) ?? h("small", { class: "emoji-unknown" }, `:${name}:`);
}

const bare = (char) => char.replaceAll("\uFE0F", "");
const byChar = new Map(all.map(({ char, names }) => [bare(char), names[0]]));
const EMOJI = new RegExp(
  `(${[...byChar.keys()]
    .sort((a, b) => b.length - a.length)
    .map((char) => char.replace(/[*.]/g, "\\$&"))
    .join("|")})\uFE0F?`,
  "u",
);

/** A text in which emoji stand as characters; without an emoji font they are drawn. @returns {(string|Node)[]} */
export function withEmoji(text) {
  if (hasEmojiFont() || !EMOJI.test(text)) return [text];
  return text.split(EMOJI).map((part, at) => {
    if (at % 2 === 0) return part;
    const name = byChar.get(part);
    return drawn(name) ? emojiNode(name) : part;
  });
}

/** A spoken-for emoji, as it stands within a label of its own. */
export const emojiSign = (name) =>
  h("span", { class: "emoji", "aria-hidden": "true" }, glyph(name, character(name) ?? ""));

/** The emoji that can be seen on this system. */
const seenHere = () => (hasEmojiFont() ? all : all.filter(({ names }) => drawn(names[0])));

/** Names that begin with, then contain, what was typed. */
export function findEmoji(typed, most = 8) {
  const wanted = typed.toLowerCase();
  const starts = [];
  const contains = [];
  const seen = new Set();
  for (const { char, names } of seenHere()) {
    const name = names.find((one) => one.startsWith(wanted)) ?? names.find((one) => one.includes(wanted));
    if (!name || seen.has(char)) continue;
    seen.add(char);
    (name.startsWith(wanted) ? starts : contains).push({ char, name });
  }
  return [...starts, ...contains].slice(0, most);
}

/**
 * A searchable grid of emoji beside `anchor`; arrow keys walk it.
 * @param {HTMLElement} anchor @param {(name: string) => void} onPick
 */
export function openEmojiPicker(anchor, onPick) {
  const search = h("input", {
    type: "search",
    class: "field picker-search",
    placeholder: "Search emoji",
    "aria-label": "Search emoji",
    autocomplete: "off",
  });
  const grid = h("div", { class: "emoji-grid", role: "listbox", "aria-label": "Emoji" });
  const popover = openPopover(anchor, h("div", { class: "emoji-picker" }, search, grid), {
    label: "Pick an emoji",
    role: "dialog",
  });

  const pick = (name) => {
    popover.close();
    onPick(name);
  };
  const cell = ({ char, names }) =>
    h(
      "button",
      {
        type: "button",
        class: "emoji-cell",
        role: "option",
        tabindex: "-1",
        title: `:${names[0]}:`,
        "aria-label": names[0].replaceAll("_", " "),
        onclick: () => pick(names[0]),
      },
      glyph(names[0], char),
    );

  const draw = () => {
    const wanted = search.value.trim().toLowerCase().replaceAll(":", "");
    if (wanted) {
      const found = seenHere().filter(({ names }) => names.some((name) => name.includes(wanted)));
      fill(
        grid,
        h("div", { class: "emoji-row" }, found.map(cell)),
        !found.length && h("p", { class: "empty-line" }, "No emoji of that name."),
      );
      return;
    }
    fill(
      grid,
      Object.keys(GROUPS)
        .map((group) => [group, seenHere().filter((one) => one.group === group)])
        .filter(([, list]) => list.length)
        .map(([group, list]) => [
          h("div", { class: "emoji-group" }, group),
          h("div", { class: "emoji-row" }, list.map(cell)),
        ]),
    );
  };

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    const first = grid.querySelector(".emoji-cell");
    if (event.key === "Enter" && first) {
      event.preventDefault();
      first.click();
    } else if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  });
  grid.addEventListener("keydown", (event) => walkGrid(event, grid, search));
  draw();
  search.focus();
}

const COLUMNS = 8;

function walkGrid(event, grid, search) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (!step) return;
  event.preventDefault();
  const cells = [...grid.querySelectorAll(".emoji-cell")];
  const next = cells.indexOf(document.activeElement) + step;
  if (next < 0) search.focus();
  else cells[Math.min(next, cells.length - 1)].focus();
}
