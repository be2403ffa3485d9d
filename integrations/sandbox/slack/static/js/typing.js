// "SRE on call is typing…", told and shown.

import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { changed, on } from "./events.js";
import { personName } from "./store.js";

const SHOWN = 6000;
const EVERY = 3000;

/** @type {Map<string, Map<string, number>>} place → person → until when */
const typing = new Map();
let lastSaid = 0;

const keyOf = (channel, thread) => `${channel}:${thread ?? ""}`;

/** @param {{channel: string, user: string, thread_ts?: string|null}} frame */
export function takeTyping(frame) {
  const key = keyOf(frame.channel, frame.thread_ts);
  if (!typing.has(key)) typing.set(key, new Map());
  typing.get(key).set(frame.user, Date.now() + SHOWN);
  changed(`typing:${key}`);
  setTimeout(() => changed(`typing:${key}`), SHOWN + 50);
}

/** Somebody who has spoken types no more. */
export function stoppedTyping(channel, thread, user) {
  if (typing.get(keyOf(channel, thread))?.delete(user)) changed(`typing:${keyOf(channel, thread)}`);
}

/** Tells the others, every few seconds. */
export function sayTyping({ channel, thread }) {
  if (Date.now() - lastSaid < EVERY) return;
  lastSaid = Date.now();
  post("typing", { channel, thread_ts: thread }).catch(() => {});
}

export function typingLine({ channel, thread }) {
  const node = h("div", { class: "typing" });
  const key = keyOf(channel, thread);
  const draw = () => {
    const now = Date.now();
    const who = [...(typing.get(key) ?? [])].filter(([, until]) => until > now).map(([user]) => personName(user));
    const text =
      who.length > 2
        ? "Several people are typing"
        : who.length
          ? `${who.join(" and ")} ${who.length > 1 ? "are" : "is"} typing`
          : "";
    fill(node, text && [h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), text]);
  };
  draw();
  return { node, close: on(`typing:${key}`, draw) };
}
