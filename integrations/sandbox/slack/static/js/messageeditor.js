// The line in which a message is edited; what was typed outlives a redraw of its row.

import { spoken } from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { saveEdit, typedText } from "./messageactions.js";

/** @type {Map<string, {text: string, begun: boolean}>} */
const editing = new Map();
const keyOf = (message) => `${message.channel}:${message.ts}`;

export const isEdited = (message) => editing.has(keyOf(message));

export function beginEdit(message) {
  editing.set(keyOf(message), { text: typedText(message), begun: false });
}

/** @param {any} message @param {() => void} redraw of its row */
export function messageEditor(message, redraw) {
  const key = keyOf(message);
  const area = h("textarea", {
    class: "field",
    rows: "2",
    value: editing.get(key).text,
    "aria-label": "Edit message",
    dataset: { key: `edit/${message.ts}` },
  });
  const error = h("p", { class: "field-error", role: "alert" });
  const done = () => {
    editing.delete(key);
    redraw();
  };
  const save = async () => {
    try {
      if (area.value.trim()) await saveEdit(message, area.value);
      done();
    } catch (problem) {
      fill(error, icon("alert", 15), spoken(problem));
    }
  };
  area.addEventListener("input", () => {
    editing.get(key).text = area.value;
    grow();
  });
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 260)}px`;
  };
  area.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") done();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  setTimeout(() => {
    // Drawn anew because of somebody's reaction, it must not pull the focus to itself.
    if (!editing.get(key)?.begun) area.focus();
    if (editing.has(key)) editing.get(key).begun = true;
    grow();
  });
  return h(
    "div",
    { class: "message-editor" },
    area,
    error,
    h(
      "div",
      { class: "editor-actions" },
      h("button", { type: "button", class: "button", onclick: done }, "Cancel"),
      h("button", { type: "button", class: "button primary", onclick: save }, "Save"),
    ),
  );
}
