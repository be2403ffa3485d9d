// Modals of the app: the stack, values kept, field errors, submit and close.

import { announce } from "./a11y.js";
import { Answers, problemsIn } from "./answers.js";
import { post, spoken } from "./api.js";
import { blockNodes } from "./blocks.js";
import { fill, h } from "./dom.js";
import { on } from "./events.js";
import { closeView, putView } from "./frames.js";
import { icon } from "./icons.js";
import { anyPopoverOpen } from "./popover.js";
import { inView } from "./conversations.js";
import { store } from "./store.js";
import { keepingFocus, viewSurface } from "./surfaces.js";
import { words } from "./textobject.js";

/** @type {Map<string, {answers: Answers, errors: Object<string, string>, trouble: string}>} by view */
const entries = new Map();
let dialog = null;
let shown = null;
let submitting = false;
let before = null;

on("views", draw);

function entryOf(view) {
  if (!entries.has(view.id))
    entries.set(view.id, { answers: new Answers(view.state?.values), errors: {}, trouble: "" });
  return entries.get(view.id);
}

function draw() {
  const view = store.views.at(-1);
  for (const id of [...entries.keys()]) if (!store.views.some((one) => one.id === id)) entries.delete(id);
  if (!view) {
    shut();
    return;
  }
  if (!dialog) open();
  const another = shown?.id !== view.id;
  const grew = shown && !another && shown.hash !== view.hash;
  keepingFocus(dialog, () => paint(view));
  shown = view;
  if (another || (grew && !dialog.contains(document.activeElement))) focusFirst();
  if (another) announce(words(view.title));
}

function open() {
  before = document.activeElement;
  dialog = h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title" });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!anyPopoverOpen()) leave({ all: true });
  });
  // Enter in a line sends the form, as everywhere on the web.
  dialog.addEventListener("keydown", (event) => {
    const line = event.target.matches("input.field:not([type=search])") && event.key === "Enter";
    const shortcut = event.key === "Enter" && (event.metaKey || event.ctrlKey);
    if (event.defaultPrevented || event.isComposing || !(line || shortcut)) return;
    event.preventDefault();
    submit();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function shut() {
  if (!dialog) return;
  dialog.close();
  dialog.remove();
  dialog = null;
  shown = null;
  submitting = false;
  if (before?.isConnected) before.focus({ preventScroll: true });
}

function paint(view) {
  const { answers, errors, trouble } = entryOf(view);
  const surface = viewSurface(view, answers, errors, {
    channel: inView.channel,
    touched: (block) => clearError(view, block),
  });
  const top = dialog.querySelector(".dialog-body")?.scrollTop ?? 0;
  const hasInputs = (view.blocks ?? []).some((block) => block.type === "input");
  const submitLabel = words(view.submit) || (hasInputs ? "Submit" : "");
  fill(
    dialog,
    h(
      "header",
      { class: "dialog-head" },
      store.views.length > 1 &&
        h(
          "button",
          { type: "button", class: "icon-button", "aria-label": "Back", onclick: () => leave({ all: false }) },
          icon("back"),
        ),
      h("span", { class: "avatar app-mark", "aria-hidden": "true" }, icon("sparkles", 17)),
      h("h2", { id: "modal-title" }, words(view.title)),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => leave({ all: true }) },
        icon("close"),
      ),
    ),
    h(
      "div",
      { class: "dialog-body" },
      trouble && h("p", { class: "block-alert alert-error", role: "alert" }, icon("error", 18), trouble),
      blockNodes(view.blocks, surface),
    ),
    h(
      "footer",
      { class: "dialog-foot" },
      h("span", { class: "foot-note" }, store.bot.name),
      h(
        "button",
        { type: "button", class: "button", onclick: () => leave({ all: false }) },
        words(view.close) || (store.views.length > 1 ? "Back" : "Cancel"),
      ),
      submitLabel &&
        h(
          "button",
          {
            type: "button",
            class: "button primary",
            "aria-busy": submitting ? "true" : null,
            dataset: { key: "modal/submit" },
            onclick: submit,
          },
          submitLabel,
        ),
    ),
  );
  if (shown?.id === view.id) dialog.querySelector(".dialog-body").scrollTop = top;
}

/** The first thing to fill in; without one, the dialog's own first button. */
function focusFirst() {
  const body = dialog.querySelector(".dialog-body");
  const target =
    body.querySelector("[data-autofocus='1']") ??
    body.querySelector("input:not([type=file]):not(:disabled), textarea, .select-trigger") ??
    dialog.querySelector(".dialog-foot .primary") ??
    dialog.querySelector(".dialog-foot button");
  target?.focus();
}

function clearError(view, block) {
  const entry = entryOf(view);
  if (!entry.errors[block.block_id]) return;
  delete entry.errors[block.block_id];
  const node = dialog?.querySelector(`[data-input="${CSS.escape(block.block_id)}"]`);
  node?.classList.remove("has-error");
  node?.querySelector(".field-error")?.remove();
  node?.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
}

async function submit() {
  const view = store.views.at(-1);
  if (submitting || !view || !dialog.querySelector(".dialog-foot .primary")) return;
  const entry = entryOf(view);
  entry.trouble = "";
  entry.errors = problemsIn(view.blocks, entry.answers);
  if (Object.keys(entry.errors).length) {
    showErrors();
    return;
  }
  submitting = true;
  keepingFocus(dialog, () => paint(view));
  try {
    take(
      view,
      entry,
      await post("submit", { view_id: view.id, state: entry.answers.state(view.blocks) }, { strict: false }),
    );
  } catch (error) {
    entry.trouble = spoken(error);
  } finally {
    submitting = false;
    if (dialog && store.views.length) keepingFocus(dialog, () => paint(store.views.at(-1)));
    if (Object.keys(entry.errors).length) showErrors();
  }
}

/** What the app answered: errors, another view, or that all is done. */
function take(view, entry, answer) {
  if (answer.response_action === "errors" || answer.errors) entry.errors = answer.errors ?? {};
  else if (answer.error) entry.trouble = spoken({ code: answer.error, message: answer.why ?? answer.error });
  else if (answer.response_action === "clear") closeView(view.id, true);
  else if (answer.response_action === "update" || answer.response_action === "push") {
    if (answer.view?.id) putView(answer.view);
  } else closeView(view.id);
}

function showErrors() {
  const view = store.views.at(-1);
  if (!dialog || !view) return;
  paint(view);
  const first = dialog.querySelector(".has-error");
  const field = first?.querySelector("input:not([type=file]), textarea, .select-trigger, button");
  first?.scrollIntoView({ block: "center" });
  field?.focus();
}

/** Closes the view on top, or all of them. */
async function leave({ all }) {
  const view = store.views.at(-1);
  if (!view) return;
  closeView(view.id, all);
  try {
    await post("close", { view_id: view.id, clear: all });
  } catch {
    // It is closed here; the server forgets it too when it comes back.
  }
}
