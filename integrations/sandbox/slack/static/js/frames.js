// What each live frame means: one function for each kind, which moves the store.

import { announce } from "./a11y.js";
import { clearStatus, takeAssistant } from "./assistantstate.js";
import { changeMessage, dropMessage, findMessage, putMessage } from "./conversations.js";
import { changed } from "./events.js";
import { stoppedTyping, takeTyping } from "./typing.js";
import { changeChannel, isBot, personName, putChannel, store } from "./store.js";

/** @type {Object<string, (frame: any) => void>} */
const KINDS = {
  app: ({ connected }) => {
    store.connected = Boolean(connected);
    changed("connection");
  },
  message: (frame) => {
    if (!frame.message) return;
    putMessage(frame.message, { news: true });
    stoppedTyping(frame.message.channel, frame.message.thread_ts, frame.message.user);
    if (isBot(frame.message.user)) clearStatus(frame.message.channel, frame.message.thread_ts ?? frame.message.ts);
    if (store.channels.get(frame.message.channel) === undefined && frame.channel?.id) putChannel(frame.channel);
  },
  ephemeral: ({ message }) => {
    if (!message) return;
    putMessage(message, { news: true });
    announce(`${personName(message.user)}, only visible to you: ${message.text}`);
  },
  message_changed: replaceMessage,
  ephemeral_changed: replaceMessage,
  message_deleted: (frame) => {
    if (frame.message?.deleted) putMessage(frame.message);
    else dropMessage(channelOf(frame), frame.ts, frame.thread_ts ?? frame.previous?.thread_ts);
  },
  ephemeral_deleted: (frame) => dropMessage(channelOf(frame), frame.ts, frame.thread_ts),
  reaction_added: (frame) => react(frame, true),
  reaction_removed: (frame) => react(frame, false),
  pin_added: (frame) => pin(frame, true),
  pin_removed: (frame) => pin(frame, false),
  view_opened: ({ view }) => putView(view),
  view_pushed: ({ view }) => putView(view),
  view_updated: ({ view }) => (view?.type === "home" ? putHome(view) : putView(view)),
  view_closed: (frame) => closeView(frame.view?.id ?? frame.view_id ?? frame.view, frame.is_cleared),
  home_published: ({ view }) => putHome(view),
  assistant_status: takeAssistant,
  assistant_title: takeAssistant,
  assistant_prompts: takeAssistant,
  typing: takeTyping,
  read: (frame) => {
    const channel = store.channels.get(channelOf(frame));
    if (!channel || (frame.user && frame.user !== store.me.id)) return;
    Object.assign(channel, { unread: 0, mention: 0, last_read: frame.ts });
    changed("workspace");
  },
};

/** @param {{type: string}} frame */
export function takeFrame(frame) {
  const { channel } = frame;
  if (channel && typeof channel === "object" && channel.id) putChannel(channel);
  KINDS[frame.type]?.(frame);
  // The parent's count of replies, as the server has it.
  if (frame.parent) replaceMessage({ message: frame.parent });
}

const channelOf = (frame) =>
  (typeof frame.channel === "object" ? frame.channel?.id : frame.channel) ?? frame.message?.channel;

function replaceMessage({ message }) {
  if (message) changeMessage(message);
}

function react(frame, added) {
  if (frame.message) {
    replaceMessage(frame);
    return;
  }
  const message = findMessage(channelOf(frame), frame.ts, frame.thread_ts);
  if (!message) return;
  const reactions = reactionsOf(message).filter((one) => one.users.length);
  const name = frame.reaction ?? frame.name;
  const known = reactions.find((one) => one.name === name) ?? { name, users: [] };
  const users = known.users.filter((user) => user !== frame.user);
  if (added) users.push(frame.user);
  const others = reactions.map((one) => (one.name === name ? { name, users } : one));
  if (!reactions.some((one) => one.name === name)) others.push({ name, users });
  putMessage({ ...message, reactions: others.filter((one) => one.users.length) });
}

/** Reactions as a list, however they were sent. */
export function reactionsOf(message) {
  const found = message.reactions ?? [];
  return Array.isArray(found) ? found : Object.entries(found).map(([name, users]) => ({ name, users }));
}

function pin(frame, added) {
  const id = channelOf(frame);
  const channel = store.channels.get(id);
  if (!channel || typeof frame.channel === "object") return;
  const pins = (channel.pins ?? []).filter((ts) => ts !== frame.ts);
  changeChannel(id, { pins: added ? [frame.ts, ...pins] : pins });
  changed(`messages:${id}`);
}

/** Opens a modal, or brings it up to date. */
export function putView(view) {
  if (!view?.id) return;
  const at = store.views.findIndex((one) => one.id === view.id);
  if (at >= 0) store.views = store.views.with(at, view);
  else store.views = [...store.views, view];
  changed("views");
}

/** Closes a modal; `cleared` closes all. */
export function closeView(id, cleared = false) {
  store.views = cleared ? [] : store.views.filter((one) => one.id !== id);
  changed("views");
}

function putHome(view) {
  store.homeView = view ?? null;
  changed("home");
}
