// Joins the elements of a message, a modal or the Home tab to the server: what is pressed there is told to the app.

import { post, spoken } from "./api.js";
import { Answers } from "./answers.js";
import { toast } from "./toast.js";

/** @type {Map<string, Answers>} what was entered into messages, kept while they are drawn anew */
const ofMessages = new Map();

async function act(container, answers, blocks, block, element, value, { quiet = false } = {}) {
  try {
    await post("action", {
      container,
      block_id: block.block_id ?? "",
      action_id: element.action_id ?? "",
      ...value,
      state: answers.state(blocks),
    });
  } catch (error) {
    if (!quiet) toast(spoken(error), "error");
  }
}

async function options(container, block, element, query) {
  try {
    return await post("options", {
      container,
      block_id: block.block_id ?? "",
      action_id: element.action_id ?? "",
      value: query,
    });
  } catch (error) {
    error.spoken = spoken(error);
    throw error;
  }
}

/** @param {any} message @returns {import("./blocks.js").Surface} */
export function messageSurface(message) {
  const key = `${message.channel}:${message.ts}`;
  if (!ofMessages.has(key)) ofMessages.set(key, new Answers());
  const answers = ofMessages.get(key);
  const container = {
    type: "message",
    message_ts: message.ts,
    channel_id: message.channel,
    thread_ts: message.thread_ts ?? undefined,
    is_ephemeral: Boolean(message.ephemeral_to),
  };
  return {
    kind: "message",
    answers,
    channel: message.channel,
    act: (...given) => act(container, answers, message.blocks, ...given),
    options: (...given) => options(container, ...given),
  };
}

/** @param {any} view @param {Answers} answers @param {Object<string, string>} [errors] @param {{touched?: (block: any) => void, channel?: string}} [more] */
export function viewSurface(view, answers, errors = {}, more = {}) {
  const container = { type: "view", view_id: view.id };
  return {
    kind: view.type === "home" ? "home" : "modal",
    answers,
    errors,
    ...more,
    act: (...given) => act(container, answers, view.blocks, ...given),
    options: (...given) => options(container, ...given),
  };
}

/** Draws anew and keeps the focus and the caret where they were. @param {HTMLElement} root @param {() => void} draw */
export function keepingFocus(root, draw) {
  const focused = document.activeElement;
  const within = root.contains(focused) && focused !== root;
  const key = within ? focused.dataset?.key : null;
  const caret = within && "selectionStart" in focused ? [focused.selectionStart, focused.selectionEnd] : null;
  draw();
  if (!key) return;
  const again = root.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!again) return;
  again.focus({ preventScroll: true });
  try {
    if (caret && caret[0] !== null) again.setSelectionRange(...caret);
  } catch {
    // Dates and numbers have no caret.
  }
}
