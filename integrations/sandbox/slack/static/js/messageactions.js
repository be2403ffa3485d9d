// What a person can do with a message: react, pin, edit, delete, copy, run a shortcut on it.

import { post, spoken } from "./api.js";
import { copyText } from "./code.js";
import { confirmed } from "./dialog.js";
import { openEmojiPicker } from "./emoji.js";
import { reactionsOf } from "./frames.js";
import { plainText } from "./mrkdwn.js";
import { openMenu } from "./popover.js";
import { go, messageHash, permalink, threadHash } from "./routes.js";
import { channel, channelTitle, personName, store } from "./store.js";
import { toast } from "./toast.js";

const told = (work) => work.catch((error) => toast(spoken(error), "error"));

export const isMine = (message) => message.user === store.me?.id && !message.bot_id;
export const isPinned = (message) => message.pinned ?? channel(message.channel)?.pins?.includes(message.ts) ?? false;
const rootOf = (message) => message.thread_ts || message.ts;
export const openThreadOf = (message) => go(threadHash(message.channel, rootOf(message)));

/** Adds one's reaction, or takes it back. */
export function toggleReaction(message, name) {
  const mine = reactionsOf(message).some((one) => one.name === name && one.users.includes(store.me.id));
  return told(post("react", { channel: message.channel, ts: message.ts, name, remove: mine }));
}

export const reactWith = (anchor, message) => openEmojiPicker(anchor, (name) => toggleReaction(message, name));

export async function togglePin(message) {
  const remove = isPinned(message);
  await told(
    post("pin", { channel: message.channel, ts: message.ts, remove }).then(() =>
      toast(remove ? "Unpinned." : "Pinned to this channel."),
    ),
  );
}

async function remove(message) {
  const sure = await confirmed({
    title: "Delete message",
    text: "This cannot be undone.",
    confirm: "Delete",
    danger: true,
  });
  if (sure) await told(post("delete", { channel: message.channel, ts: message.ts }));
}

/** The edited message comes back on the live line. @param {any} message @param {string} text */
export const saveEdit = (message, text) => post("edit", { channel: message.channel, ts: message.ts, text });

/** The text as it was typed: names instead of ids. */
export function typedText(message) {
  const named = String(message.text ?? "")
    .replace(/<@([A-Z0-9]+)(?:\|[^>]*)?>/g, (_, id) => `@${store.people.get(id)?.name ?? personName(id)}`)
    .replace(/<#([A-Z0-9]+)(?:\|([^>]*))?>/g, (_, id, label) => `#${label || channelTitle(id)}`)
    .replace(/<!subteam\^([A-Z0-9]+)[^>]*>/g, (_, id) => `@${store.groups.get(id)?.handle ?? id}`);
  return plainText(named);
}

async function runShortcut(shortcut, message) {
  await told(post("shortcut", { callback_id: shortcut.callback_id, channel: message.channel, message_ts: message.ts }));
}

/** The menu behind "⋯". @param {HTMLElement} anchor @param {any} message @param {{edit: () => void, inThread: boolean}} view */
export function openMore(anchor, message, { edit, inThread }) {
  const shortcuts = store.shortcuts.filter((one) => one.type === "message");
  const mine = isMine(message);
  openMenu(
    anchor,
    [
      !inThread && { label: "Reply in thread", icon: "thread", key: "T", run: () => openThreadOf(message) },
      {
        label: isPinned(message) ? "Unpin from channel" : "Pin to channel",
        icon: "pin",
        key: "P",
        run: () => togglePin(message),
      },
      {
        label: "Copy link",
        icon: "link",
        run: () =>
          copyText(permalink(message.channel, message.ts, message.thread_ts)).then(() => toast("Link copied.")),
      },
      { label: "Copy text", icon: "copy", run: () => copyText(typedText(message)) },
      inThread &&
        message.thread_ts && {
          label: "Show in channel",
          icon: "right",
          run: () => go(messageHash(message.channel, message.thread_ts)),
        },
      shortcuts.length > 0 && { heading: `${store.bot.name} shortcuts` },
      ...shortcuts.map((one) => ({
        label: one.name,
        icon: "bolt",
        hint: one.description,
        run: () => runShortcut(one, message),
      })),
      mine && "-",
      mine && { label: "Edit message", icon: "edit", key: "E", run: edit },
      mine && { label: "Delete message", icon: "trash", danger: true, run: () => remove(message) },
    ],
    { label: "Message actions", align: "end" },
  );
}
