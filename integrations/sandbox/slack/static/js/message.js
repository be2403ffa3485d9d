// One message as a row: who, when, what; its files, reactions and thread; the toolbar that appears beside it.

import { avatar } from "./avatar.js";
import { blockNodes } from "./blocks.js";
import { dropMessage } from "./conversations.js";
import { fill, h } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { fileCard } from "./files.js";
import { reactionsOf } from "./frames.js";
import { icon } from "./icons.js";
import { isMine, isPinned, openMore, openThreadOf, reactWith, toggleReaction, togglePin } from "./messageactions.js";
import { beginEdit, isEdited, messageEditor } from "./messageeditor.js";
import { mrkdwn, plainText } from "./mrkdwn.js";
import { openProfile } from "./profile.js";
import { messageHash } from "./routes.js";
import { callsMe, isBot, personName, store } from "./store.js";
import { messageSurface } from "./surfaces.js";
import { streamedNodes } from "./tasks.js";
import { ago, clockTime, fullTime } from "./times.js";

const keyOf = (message) => `${message.channel}:${message.ts}`;

/** Everything that the row depends on; unchanged means that nothing is drawn anew. */
export function messageSignature(message, options) {
  return JSON.stringify([
    message.text,
    message.blocks,
    message.files,
    message.reactions,
    message.edited,
    message.streaming,
    message.chunks,
    message.deleted,
    message.thread,
    isPinned(message),
    message.username,
    options.compact,
    isEdited(message),
    options.inThread && options.isRoot,
    store.people.size,
  ]);
}

/** @param {any} message @param {{compact?: boolean, inThread?: boolean, isRoot?: boolean, redraw: () => void}} options */
export function messageNode(message, options) {
  const name = message.username || message.user_name || personName(message.user);
  const called = callsMe(message.text) && !isMine(message);
  const row = h("article", {
    class: [
      "message",
      options.compact && "compact",
      called && "calls-me",
      isPinned(message) && "pinned",
      message.ephemeral_to && "ephemeral",
      message.streaming && "streaming",
      isSystem(message) && "system",
    ],
    tabindex: "-1",
    dataset: { ts: message.ts },
    "aria-label": spokenLabel(message, name),
    "aria-busy": message.streaming ? "true" : null,
    onkeydown: (event) => keys(event, message, options),
  });
  const edit = () => {
    beginEdit(message);
    options.redraw();
  };
  options = { ...options, edit };
  fill(
    row,
    gutter(message, options, name),
    h(
      "div",
      { class: "message-body" },
      notices(message),
      !options.compact && header(message, name),
      isEdited(message) ? messageEditor(message, options.redraw) : content(message),
      reactions(message),
      !options.inThread && threadSummary(message),
    ),
  );
  if (!message.deleted && !message.ephemeral_to && !isSystem(message)) row.append(toolbar(message, options));
  return row;
}

const SYSTEM = /^(channel_(join|leave|topic|purpose|name|archive|unarchive|convert)|pinned_item|bot_add|group_)/;
const isSystem = (message) => SYSTEM.test(message.subtype ?? "");

function spokenLabel(message, name) {
  const said = plainText(message.text, personName).slice(0, 200);
  const replies = message.thread?.reply_count ? `, ${message.thread.reply_count} replies` : "";
  return `${name}, ${clockTime(message.ts)}: ${said}${replies}`;
}

function gutter(message, options, name) {
  const place = messageHash(message.channel, message.ts, message.thread_ts);
  if (options.compact)
    return h(
      "a",
      { class: "message-gutter hover-time", href: place, title: fullTime(message.ts), tabindex: "-1" },
      clockTime(message.ts).replace(/\s?[AP]M$/i, ""),
    );
  if (isBot(message.user) && message.username && message.username !== store.bot.name)
    return h("span", { class: "message-gutter" }, avatar(message.username, 36, message.username));
  return h(
    "button",
    {
      type: "button",
      class: "message-gutter avatar-button",
      tabindex: "-1",
      "aria-label": `About ${name}`,
      onclick: (event) => openProfile(event.currentTarget, message.user),
    },
    avatar(message.user),
  );
}

function header(message, name) {
  const app = message.is_bot || message.bot_id || isBot(message.user);
  const standing = store.people.get(message.user);
  return h(
    "header",
    { class: "message-head" },
    h(
      "button",
      {
        type: "button",
        class: "author",
        tabindex: "-1",
        onclick: (event) => openProfile(event.currentTarget, message.user),
      },
      name,
    ),
    app && h("span", { class: "badge" }, "APP"),
    standing?.is_restricted && h("span", { class: "badge" }, "GUEST"),
    standing?.is_stranger && h("span", { class: "badge" }, "EXTERNAL"),
    h(
      "a",
      {
        class: "stamp",
        href: messageHash(message.channel, message.ts, message.thread_ts),
        title: fullTime(message.ts),
        tabindex: "-1",
      },
      h("time", { datetime: new Date(message.ts * 1000).toISOString() }, clockTime(message.ts)),
    ),
  );
}

function notices(message) {
  if (message.ephemeral_to) {
    return h(
      "p",
      { class: "notice" },
      icon("eye", 14),
      "Only visible to you",
      h(
        "button",
        {
          type: "button",
          class: "link-button",
          onclick: () => dropMessage(message.channel, message.ts, message.thread_ts),
        },
        "Dismiss message",
      ),
    );
  }
  return [
    isPinned(message) && h("p", { class: "notice" }, icon("pin", 14), "Pinned"),
    message.reply_broadcast &&
      h("p", { class: "notice" }, icon("thread", 14), "replied to a thread, and told the channel"),
  ];
}

function content(message) {
  if (message.deleted)
    return h("div", { class: "message-content gone" }, icon("trash", 15), "This message was deleted.");
  const body = h("div", { class: "message-content" });
  const surface = messageSurface(message);
  const streamed = message.streaming || message.chunks?.length > 0;
  if (streamed) body.append(streamedNodes(message.chunks ?? [], keyOf(message), message.task_display_mode === "plan"));
  if (streamed && !message.chunks?.length && message.text)
    body.append(h("div", { class: "prose" }, mrkdwn(message.text)));
  if (message.blocks?.length) body.append(...blockNodes(message.blocks, surface).filter(Boolean));
  else if (!streamed && message.text) body.append(h("div", { class: "prose" }, mrkdwn(message.text)));
  if (message.streaming) cursorAt(body);
  if (message.edited)
    lastProse(body).append(
      " ",
      h("span", { class: "edited", title: message.edited.ts ? fullTime(message.edited.ts) : null }, "(edited)"),
    );
  for (const file of message.files ?? []) body.append(fileCard(file));
  return body;
}

/** The last line of text, where "(edited)" and the cursor stand. */
function lastProse(body) {
  const last = body.lastElementChild;
  const inside = last?.matches(".prose")
    ? last
    : last?.querySelector(":scope > .prose:last-child, :scope > .rich-text");
  const line = (inside ?? last)?.lastElementChild;
  if (line?.matches("p, li")) return line;
  if (line?.matches("ul, ol")) return line.lastElementChild ?? line;
  return inside ?? body;
}

function cursorAt(body) {
  const place = body.lastElementChild?.matches(".prose") ? lastProse(body) : body;
  place.append(h("span", { class: "cursor", "aria-hidden": "true" }));
}

function reactions(message) {
  const found = reactionsOf(message);
  if (!found.length) return null;
  return h(
    "div",
    { class: "reactions", role: "group", "aria-label": "Reactions" },
    found.map(({ name, users }) => {
      const mine = users.includes(store.me?.id);
      const who = users.map((user) => (user === store.me?.id ? "you" : personName(user))).join(", ");
      return h(
        "button",
        {
          type: "button",
          class: ["reaction", mine && "mine"],
          "aria-pressed": String(mine),
          title: `${who} reacted with :${name}:`,
          dataset: { key: `reaction/${message.ts}/${name}` },
          "aria-label": `${name.replaceAll("_", " ")}, ${users.length}: ${who}`,
          onclick: () => toggleReaction(message, name),
        },
        emojiNode(name),
        h("span", { class: "count" }, users.length),
      );
    }),
    h(
      "button",
      {
        type: "button",
        class: "reaction add",
        "aria-label": "Add reaction",
        title: "Add reaction",
        onclick: (event) => reactWith(event.currentTarget, message),
      },
      icon("smile", 16),
    ),
  );
}

function threadSummary(message) {
  const { reply_count: count = 0, reply_users: users = [], latest_reply: latest } = message.thread ?? {};
  if (!count) return null;
  return h(
    "button",
    {
      type: "button",
      class: "thread-summary",
      dataset: { key: `thread/${message.ts}` },
      onclick: () => openThreadOf(message),
    },
    h(
      "span",
      { class: "thread-faces" },
      users.slice(0, 4).map((user) => avatar(user, 22)),
    ),
    h("strong", {}, count === 1 ? "1 reply" : `${count} replies`),
    latest && h("span", { class: "thread-last" }, `Last reply ${ago(latest)}`),
    h("span", { class: "thread-view" }, "View thread", icon("right", 14)),
  );
}

const QUICK = ["white_check_mark", "eyes", "thumbsup"];

function toolbar(message, options) {
  const one = (label, symbol, run, extra = {}) =>
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": label,
        title: label,
        tabindex: "-1",
        onclick: run,
        ...extra,
      },
      symbol,
    );
  return h(
    "div",
    { class: "message-toolbar", role: "toolbar", "aria-label": "Message actions" },
    QUICK.map((name) =>
      one(`React with ${name.replaceAll("_", " ")}`, emojiNode(name), () => toggleReaction(message, name), {
        class: "icon-button quick",
      }),
    ),
    one("Add reaction", icon("smile"), (event) => reactWith(event.currentTarget, message)),
    !options.inThread && one("Reply in thread", icon("thread"), () => openThreadOf(message)),
    one(isPinned(message) ? "Unpin" : "Pin", icon("pin"), () => togglePin(message)),
    one("More actions", icon("more"), (event) => openMore(event.currentTarget, message, options), {
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    }),
  );
}

/** Single keys on a message that has the focus. */
function keys(event, message, options) {
  if (
    event.target !== event.currentTarget ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    message.ephemeral_to ||
    message.deleted
  )
    return;
  const row = event.currentTarget;
  const button = (label) => row.querySelector(`.message-toolbar [aria-label="${label}"]`);
  const actions = {
    t: () => !options.inThread && openThreadOf(message),
    Enter: () => (options.inThread ? undefined : openThreadOf(message)),
    p: () => togglePin(message),
    r: () => button("Add reaction")?.click(),
    m: () => button("More actions")?.click(),
    e: () => isMine(message) && (beginEdit(message), options.redraw()),
  };
  const run = actions[event.key];
  if (!run) return;
  event.preventDefault();
  run();
}
