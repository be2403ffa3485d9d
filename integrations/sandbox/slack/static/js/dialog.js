// Dialogs of the page itself: the frame, questions to confirm, and forms with one line.

import { append, fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

/** How each open dialog is closed. */
const open = new Set();

/** Whoever goes elsewhere leaves the questions of this place behind. */
export function closeAllDialogs() {
  for (const close of [...open]) close();
}

/**
 * Opens a modal dialog; focus stays in it, Esc closes it, and goes back where it came from.
 * @param {{title: string, body: any, footer?: any, className?: string, onClose?: () => void}} content
 */
export function openDialog({ title, body, footer, className, onClose }) {
  const id = uniqueId("dialog");
  const before = document.activeElement;
  const dialog = h("dialog", { class: ["dialog", className], "aria-labelledby": id });
  const close = () => {
    if (!dialog.isConnected) return;
    open.delete(close);
    dialog.close();
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
    onClose?.();
  };
  append(
    dialog,
    h(
      "header",
      { class: "dialog-head" },
      h("h2", { id }, title),
      h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    h("div", { class: "dialog-body" }, body),
    footer && h("footer", { class: "dialog-foot" }, footer),
  );
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  open.add(close);
  return { dialog, close };
}

/**
 * Asks before something is done.
 * @param {{title: string, text?: any, confirm?: string, deny?: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, confirm = "Yes", deny = "Cancel", danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const yes = h(
      "button",
      {
        type: "button",
        class: ["button", danger ? "danger" : "primary"],
        onclick: () => {
          answer = true;
          close();
        },
      },
      confirm,
    );
    const no = h("button", { type: "button", class: "button", onclick: () => close() }, deny);
    const { close } = openDialog({
      title,
      body: h("div", { class: "prose" }, text),
      footer: [no, yes],
      className: "dialog-small",
      onClose: () => resolve(answer),
    });
    yes.focus();
  });
}

/**
 * A form with one line; `save` may throw, and what it threw is said at the line.
 * @param {{title: string, label: string, value?: string, hint?: string, action: string, placeholder?: string,
 *   multiline?: boolean, save: (value: string) => Promise<void>}} form
 */
export function askLine({ title, label, value = "", hint, action, placeholder, multiline = false, save }) {
  const input = h(multiline ? "textarea" : "input", {
    class: "field",
    id: uniqueId("line"),
    value,
    placeholder,
    autocomplete: "off",
    rows: multiline ? "4" : null,
  });
  const error = h("p", { class: "field-error", role: "alert" });
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          await save(input.value);
          close();
        } catch (problem) {
          fill(error, icon("alert", 15), problem.spoken ?? problem.message);
          input.focus();
        }
      },
    },
    h("label", { for: input.id }, label),
    input,
    hint && h("p", { class: "hint" }, hint),
    error,
  );
  const { close } = openDialog({
    title,
    body: form,
    className: "dialog-small",
    footer: [
      h("button", { type: "button", class: "button", onclick: () => close() }, "Cancel"),
      h("button", { type: "button", class: "button primary", onclick: () => form.requestSubmit() }, action),
    ],
  });
  input.focus();
}
