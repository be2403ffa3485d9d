// What the assistant said about its threads: status lines, titles and suggested prompts.

import { changed } from "./events.js";
import { store } from "./store.js";

/** @typedef {{channel: string, ts: string, title: string, status: string, loading: string[], prompts: {title: string, message: string}[], promptsTitle: string}} Side */

/** @type {Map<string, Side>} by `channel:ts` */
const threads = new Map();

const keyOf = (channel, ts) => `${channel}:${ts}`;

/** @returns {Side} */
export function assistantThread(channel, ts) {
  const key = keyOf(channel, ts);
  if (!threads.has(key)) {
    threads.set(key, { channel, ts, title: "", status: "", loading: [], prompts: [], promptsTitle: "" });
  }
  return threads.get(key);
}

export function forgetAssistant() {
  threads.clear();
  for (const one of store.assistant.threads ?? []) rememberThread(one);
}

/** Keeps what the server knows of a thread. */
export function rememberThread(one) {
  const side = assistantThread(one.channel, one.ts ?? one.thread_ts);
  Object.assign(side, {
    title: one.title || side.title,
    status: one.status || side.status,
    loading: one.loading_messages?.length ? one.loading_messages : side.loading,
    // An answer that overtook a frame must not undo it.
    prompts: one.prompts?.length ? one.prompts : side.prompts,
    promptsTitle: one.prompts_title || side.promptsTitle,
  });
  changed("assistant", `assistant:${side.channel}:${side.ts}`);
}

/** A live frame about an assistant thread. */
export function takeAssistant(frame) {
  const channel = typeof frame.channel === "object" ? frame.channel.id : frame.channel;
  const ts = frame.thread_ts ?? frame.ts;
  const side = assistantThread(channel, ts);
  if (frame.type === "assistant_status") {
    Object.assign(side, { status: frame.status ?? "", loading: frame.loading_messages ?? [] });
  }
  if (frame.type === "assistant_title") Object.assign(side, { title: frame.title ?? "" });
  if (frame.type === "assistant_prompts") {
    Object.assign(side, { prompts: frame.prompts ?? [], promptsTitle: frame.title ?? "" });
  }
  changed("assistant", `assistant:${channel}:${ts}`);
}

/** A message of the bot ends its "is thinking…". */
export function clearStatus(channel, ts) {
  const side = threads.get(keyOf(channel, ts));
  if (!side?.status) return;
  side.status = "";
  changed("assistant", `assistant:${channel}:${ts}`);
}
