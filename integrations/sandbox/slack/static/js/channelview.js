// A channel or a DM: its head, messages, pins, and where to write; or the offer to join it.

import { get, post, spoken } from "./api.js";
import { avatar } from "./avatar.js";
import { composer, dropsInto } from "./composer.js";
import { findMessage, inView, messagesOf, openChannel } from "./conversations.js";
import { askLine, confirmed, openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { isMine } from "./messageactions.js";
import { messageNode } from "./message.js";
import { MessageList } from "./messagelist.js";
import { openMenu } from "./popover.js";
import { openProfile, standing } from "./profile.js";
import { channelHash, go, messageHash } from "./routes.js";
import { botDm, changeChannel, channel, channelTitle, isBot, isDm, personName, putChannel, store } from "./store.js";
import { toast } from "./toast.js";
import { textLink } from "./mentions.js";

/** @param {string} id @param {{menu: () => HTMLElement}} page */
export function channelView(id, page) {
  const head = h("header", { class: "pane-head" });
  const body = h("div", { class: "pane-body" });
  const node = h("section", { class: "pane channel-pane", "aria-label": channelTitle(id) }, head, body);
  let list = null;
  let writing = null;

  const drawHead = () => fill(head, page.menu(), title(id), h("span", { class: "grow" }), headTools(id));
  const retry = () => openChannel(id, { again: true });

  const here = channel(id);
  drawHead();
  if (!here) {
    fill(
      body,
      h(
        "div",
        { class: "empty" },
        icon("lock", 34),
        h("h2", {}, "Nothing to see here"),
        h("p", {}, "This conversation does not exist, or it is private."),
      ),
    );
  } else {
    const lastRead = here.unread ? (here.last_read ?? "0") : null;
    list = new MessageList({
      key: id,
      label: `Messages in ${channelTitle(id)}`,
      intro: () => intro(id),
      shows: (message) => message.subtype !== "assistant_app_thread" || message.thread?.reply_count > 0,
      introKey: () => channel(id)?.purpose,
      lastRead,
      isMine,
      retry,
    });
    writing = here.joined
      ? composer({
          place: { channel: id },
          key: id,
          placeholder: `Message ${isDm(here) ? channelTitle(id) : `#${here.name}`}`,
          refused: here.archived ? "This channel is archived." : "",
          editLast: (event) => editLast(event, id, list),
          sent: () => list.toEnd(),
        })
      : joinBar(id);
    fill(body, list.node, writing.node);
    dropsInto(body, () => writing);
    openChannel(id);
  }
  const offs = [on("workspace", drawHead), on(`messages:${id}`, () => markRead(id))];
  markRead(id);

  return {
    node,
    list,
    focus: () => writing?.focus?.(),
    setText: (text) => writing?.setText?.(text),
    close() {
      for (const off of offs) off();
      list?.close();
      writing?.close?.();
    },
  };
}

/** ↑ in an empty composer edits one's last message, as in Slack. */
export function editLast(event, key, list, thread) {
  const last = messagesOf(key).findLast(
    (message) => isMine(message) && !message.deleted && (!thread || message.ts !== thread),
  );
  const row = last && list.inner.querySelector(`[data-ts="${last.ts}"]`);
  if (!row) return;
  event.preventDefault();
  row.focus();
  row.dispatchEvent(new KeyboardEvent("keydown", { key: "e", bubbles: false }));
}

let sent = {};

/** What is on the screen of a page with the focus counts as read. */
export function markRead(id) {
  const here = channel(id);
  if (!here?.joined || inView.channel !== id || !document.hasFocus()) return;
  const newest = messagesOf(id).findLast((message) => !message.ephemeral_to);
  const known = sent.channel === id ? sent.ts : (here.last_read ?? "");
  if (here.unread || here.mention) changeChannel(id, { unread: 0, mention: 0 });
  if (!newest || newest.ts <= known) return;
  sent = { channel: id, ts: newest.ts };
  here.last_read = newest.ts;
  post("read", { channel: id, ts: newest.ts }).catch(() => {});
}

function title(id) {
  const here = channel(id);
  if (!here) return h("h1", {}, "Not found");
  if (!isDm(here))
    return h(
      "div",
      { class: "pane-title" },
      h("h1", {}, icon(here.kind === "private" ? "lock" : "hash", 18), here.name),
      (here.topic || here.purpose) && h("p", { class: "topic" }, linked(here.topic || here.purpose)),
    );
  const other = here.members?.find((member) => member !== store.me?.id) ?? store.me?.id;
  return h(
    "div",
    { class: "pane-title" },
    h(
      "h1",
      {},
      h(
        "button",
        { type: "button", class: "title-button", onclick: (event) => openProfile(event.currentTarget, other) },
        avatar(other, 26),
        channelTitle(id),
        isBot(other) && h("span", { class: "badge" }, "APP"),
      ),
    ),
  );
}

const linked = (text) =>
  text.split(/(https?:\/\/\S+)/).map((part) => (/^https?:/.test(part) ? textLink(part, part) : part));

function headTools(id) {
  const here = channel(id);
  if (!here) return null;
  const count = here.members?.length ?? 0;
  const pins = here.pins?.length ?? 0;
  return [
    pins > 0 &&
      h(
        "button",
        {
          type: "button",
          class: "head-button",
          "aria-label": `${pins} pinned`,
          title: "Pinned messages",
          onclick: () => openPins(id),
        },
        icon("pin", 17),
        pins,
      ),
    !isDm(here) &&
      h(
        "button",
        {
          type: "button",
          class: "head-button",
          "aria-label": `${count} members`,
          title: "Members",
          onclick: () => openMembers(id),
        },
        icon("people", 17),
        count,
      ),
    !isDm(here) &&
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Channel actions",
          title: "Channel actions",
          "aria-haspopup": "menu",
          "aria-expanded": "false",
          onclick: (event) =>
            openMenu(
              event.currentTarget,
              [
                { label: "Pinned messages", icon: "pin", run: () => openPins(id) },
                { label: "Members", icon: "people", run: () => openMembers(id) },
                here.joined && "-",
                here.joined && { label: "Leave channel", icon: "close", danger: true, run: () => leave(id) },
              ],
              { align: "end", label: "Channel actions" },
            ),
        },
        icon("more"),
      ),
    ...(here.bookmarks ?? [])
      .slice(0, 2)
      .map((one) =>
        h("span", { class: "bookmark" }, textLink(one.link ?? "", icon("link", 15), one.title ?? one.link)),
      ),
  ];
}

async function leave(id) {
  if (
    !(await confirmed({
      title: `Leave #${channelTitle(id)}?`,
      text: "You can join again at any time.",
      confirm: "Leave",
      danger: true,
    }))
  )
    return;
  try {
    await post("leave", { channel: id });
    const here = channel(id);
    changeChannel(id, { members: (here.members ?? []).filter((member) => member !== store.me.id) });
    go(channelHash(id));
  } catch (error) {
    toast(spoken(error), "error");
  }
}

export async function joinChannel(id) {
  try {
    const answer = await post("join", { channel: id });
    if (answer.channel) putChannel(answer.channel);
    go(channelHash(id));
  } catch (error) {
    toast(spoken(error), "error");
  }
}

function joinBar(id) {
  const node = h(
    "div",
    { class: "join-bar" },
    h("p", {}, "You are looking at ", h("strong", {}, `#${channelTitle(id)}`)),
    h("button", { type: "button", class: "button primary", onclick: () => joinChannel(id) }, "Join channel"),
  );
  return { node };
}

function intro(id) {
  const here = channel(id);
  if (!here) return null;
  if (isDm(here)) {
    const other = here.members?.find((member) => member !== store.me?.id) ?? store.me?.id;
    return h(
      "div",
      { class: "intro" },
      avatar(other, 64),
      h("h2", {}, channelTitle(id)),
      h(
        "p",
        {},
        here.id === botDm()?.id
          ? `Write to ${store.bot.name} as you would to a colleague: only you two can see it.`
          : "Only the two of you can see this conversation.",
      ),
    );
  }
  return h(
    "div",
    { class: "intro" },
    h("span", { class: "intro-mark" }, icon(here.kind === "private" ? "lock" : "hash", 34)),
    h("h2", {}, `Welcome to #${here.name}`),
    h(
      "p",
      {},
      here.purpose ? `${here.purpose.replace(/\.?$/, ".")} ` : "",
      "This is the very beginning of the channel.",
    ),
  );
}

async function openPins(id) {
  const body = h("div", { class: "pins" }, h("span", { class: "spinner" }));
  const { close } = openDialog({ title: "Pinned messages", body });
  const pins = channel(id)?.pins ?? [];
  const found = await Promise.all(
    pins.map(
      async (ts) =>
        findMessage(id, ts) ??
        (await get("thread", { channel: id, ts }).catch(() => null))?.messages?.find((one) => one.ts === ts),
    ),
  );
  const shown = found.filter(Boolean);
  fill(
    body,
    shown.length
      ? shown.map((message) =>
          h(
            "div",
            { class: "pin-card" },
            messageNode(message, { inThread: true, redraw() {} }),
            h(
              "button",
              {
                type: "button",
                class: "link-button",
                onclick: () => {
                  close();
                  go(messageHash(id, message.ts, message.thread_ts));
                },
              },
              "Go to message",
            ),
          ),
        )
      : h("p", { class: "empty-line" }, "Nothing is pinned here yet. Pin a message from its menu."),
  );
}

function openMembers(id) {
  const members = channel(id)?.members ?? [];
  openDialog({
    title: `Members of #${channelTitle(id)}`,
    className: "dialog-small",
    body: h(
      "ul",
      { class: "people-list" },
      members.map((member) =>
        h(
          "li",
          {},
          avatar(member, 32),
          h(
            "div",
            {},
            h("strong", {}, personName(member)),
            h(
              "small",
              {},
              [`@${store.people.get(member)?.name ?? ""}`, standing(store.people.get(member))]
                .filter((part) => part.length > 1)
                .join(" · "),
            ),
          ),
        ),
      ),
    ),
  });
}

/** Asks for a name and makes a channel. */
export function createChannel() {
  askLine({
    title: "Create a channel",
    label: "Name",
    placeholder: "for example payments",
    hint: "Small letters, digits, - and _",
    action: "Create",
    save: async (value) => {
      const name = value.trim().replace(/^#/, "").toLowerCase().replaceAll(/\s+/g, "-");
      try {
        const answer = await post("create", { name });
        putChannel(answer.channel);
        go(channelHash(answer.channel.id));
      } catch (error) {
        error.spoken = spoken(error);
        throw error;
      }
    },
  });
}
