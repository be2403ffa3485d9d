// Messages of channels and threads that the page has seen, kept in the order of their ts.

import { get } from "./api.js";
import { changed } from "./events.js";
import { callsMe, isDm, store } from "./store.js";

const PAGE = 50;

/** @typedef {{messages: Map<string, import("./store.js").Message>, fresh: Set<string>, late: Map<string, import("./store.js").Message>, loaded: boolean, loading: Promise<void>|null, hasMore: boolean, error?: any}} Conversation */

/** @type {Map<string, Conversation>} by channel id, or `channel:ts` of a thread */
const conversations = new Map();

/** What is open in front of the person: its new messages count as read. Set by the router. */
export const inView = { channel: null, thread: null };

export const threadKey = (channel, ts) => `${channel}:${ts}`;

function conversation(key) {
  if (!conversations.has(key)) {
    const found = { messages: new Map(), fresh: new Set(), late: new Map() };
    conversations.set(key, { ...found, loaded: false, loading: null, hasMore: false });
  }
  return conversations.get(key);
}

const byTs = (a, b) => (a.ts < b.ts ? -1 : 1);

/** Messages of a channel or of a thread, oldest first. @param {string} key */
export const messagesOf = (key) => [...conversation(key).messages.values()].sort(byTs);
export const stateOf = (key) => conversation(key);

export function forgetAll() {
  conversations.clear();
}

/** Loads the last messages of a channel, unless they are there. */
export function openChannel(channel, { again = false } = {}) {
  const found = conversation(channel);
  if ((found.loaded && !again) || found.loading) return found.loading ?? Promise.resolve();
  return load(channel, found, async () => {
    const answer = await get("messages", { channel, limit: PAGE });
    takePage(found, answer.messages, found.loaded);
    if (!found.loaded) found.hasMore = Boolean(answer.has_more);
  });
}

/** Loads the page before the oldest message. */
export function loadOlder(channel) {
  const found = conversation(channel);
  if (!found.loaded || !found.hasMore || found.loading) return Promise.resolve();
  return load(channel, found, async () => {
    const answer = await get("messages", { channel, before: messagesOf(channel)[0]?.ts, limit: PAGE });
    takePage(found, answer.messages, false);
    found.hasMore = Boolean(answer.has_more);
  });
}

export function openThread(channel, ts, { again = false } = {}) {
  const key = threadKey(channel, ts);
  const found = conversation(key);
  if ((found.loaded && !again) || found.loading) return found.loading ?? Promise.resolve();
  return load(key, found, async () => {
    const answer = await get("thread", { channel, ts });
    takePage(found, answer.messages, true);
  });
}

/**
 * A page that was asked for again replaces what it covers: what vanished meanwhile vanishes here. What the live line
 * told while the answer was on its way is newer than the answer.
 */
function takePage(found, messages, replacing) {
  const from = messages[0]?.ts ?? "";
  if (replacing) {
    for (const [ts, message] of found.messages) {
      if (ts >= from && !message.ephemeral_to && !found.fresh.has(ts)) found.messages.delete(ts);
    }
  }
  for (const message of messages)
    if (!found.fresh.has(message.ts)) found.messages.set(message.ts, found.late.get(message.ts) ?? message);
}

function load(key, found, work) {
  delete found.error;
  found.fresh.clear();
  found.late.clear();
  found.loading = work()
    .then(
      () => {
        found.loaded = true;
      },
      (error) => {
        found.error = error;
      },
    )
    .finally(() => {
      found.loading = null;
      changed(`messages:${key}`);
    });
  changed(`messages:${key}`);
  return found.loading;
}

/** Puts a message where it belongs, and counts it if it is news. @param {import("./store.js").Message} message */
export function putMessage(message, { news = false } = {}) {
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  if (reply) putReply(message, news);
  if (!reply || message.reply_broadcast || message.subtype === "thread_broadcast") putInto(message.channel, message);
  if (!reply) {
    const key = threadKey(message.channel, message.ts);
    if (conversations.has(key)) putInto(key, message);
  }
  if (news) countUnread(message, reply);
}

/**
 * Changes a message that is here, or that an answer brings which is still on its way. Anything else is older than what
 * is loaded, and would stand alone at the top.
 */
export function changeMessage(message) {
  const { channel, ts, thread_ts } = message;
  if (findMessage(channel, ts, thread_ts) || message.ephemeral_to) return putMessage(message);
  for (const key of [channel, threadKey(channel, thread_ts || ts)])
    if (conversations.get(key)?.loading) conversations.get(key).late.set(ts, message);
}

function putInto(key, message) {
  const found = conversation(key);
  const before = found.messages.get(message.ts);
  found.fresh.add(message.ts);
  found.messages.set(message.ts, { ...message, thread: message.thread ?? before?.thread });
  changed(`messages:${key}`);
}

function putReply(message, news) {
  const key = threadKey(message.channel, message.thread_ts);
  if (conversations.has(key)) putInto(key, message);
  const parent = conversation(message.channel).messages.get(message.thread_ts);
  if (!parent || message.ephemeral_to || !news) return;
  const thread = parent.thread ?? { reply_count: 0, reply_users: [], latest_reply: "" };
  if (message.ts <= (thread.latest_reply ?? "")) return;
  parent.thread = {
    reply_count: (thread.reply_count ?? 0) + 1,
    reply_users: [...new Set([...(thread.reply_users ?? []), message.user])],
    latest_reply: message.ts,
  };
  changed(`messages:${message.channel}`);
}

export function dropMessage(channel, ts, threadTs) {
  const keys = [channel, threadKey(channel, threadTs || ts)];
  for (const key of keys) {
    conversations.get(key)?.fresh.add(ts);
    if (conversations.get(key)?.messages.delete(ts)) changed(`messages:${key}`);
  }
  const parent = threadTs && threadTs !== ts && conversations.get(channel)?.messages.get(threadTs);
  if (parent?.thread?.reply_count) {
    parent.thread = { ...parent.thread, reply_count: parent.thread.reply_count - 1 };
    changed(`messages:${channel}`);
  }
}

/** @returns {import("./store.js").Message|undefined} a message that the page has seen */
export function findMessage(channel, ts, threadTs) {
  return (
    conversations.get(channel)?.messages.get(ts) ??
    conversations.get(threadKey(channel, threadTs || ts))?.messages.get(ts)
  );
}

function countUnread(message, reply) {
  const channel = store.channels.get(message.channel);
  if (!channel || message.user === store.me?.id || message.subtype === "assistant_app_thread") return;
  const seen =
    document.hasFocus() &&
    (reply ? inView.thread === threadKey(message.channel, message.thread_ts) : inView.channel === message.channel);
  if (seen) return;
  const called = callsMe(message.text) || (isDm(channel) && !reply);
  if (!reply) channel.unread = (channel.unread ?? 0) + 1;
  if (called) channel.mention = (channel.mention ?? 0) + 1;
  changed("workspace");
}
