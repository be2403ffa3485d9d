// The assistant pane: one conversation at a time, suggested prompts, what the bot is doing, and earlier conversations.

import { post, spoken } from "./api.js";
import { assistantThread, rememberThread } from "./assistantstate.js";
import { avatar } from "./avatar.js";
import { composer, dropsInto } from "./composer.js";
import { messagesOf, openChannel, openThread, threadKey } from "./conversations.js";
import { fill, h } from "./dom.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { isMine } from "./messageactions.js";
import { MessageList, showEmpty } from "./messagelist.js";
import { openMenu } from "./popover.js";
import { go } from "./routes.js";
import { send } from "./sending.js";
import { statusLine } from "./statusline.js";
import { botDm, changeChannel, store } from "./store.js";
import { ago } from "./times.js";
import { toast } from "./toast.js";

const ROOT = "assistant_app_thread";
const hashOf = (channel, ts) => `#/assistant/${channel}/${ts}`;
const UNTITLED = "New conversation";

/** Conversations with the assistant, newest first: each hangs on a root message in the DM with the bot. */
function history() {
  const dm = botDm();
  if (!dm) return [];
  return messagesOf(dm.id)
    .filter((message) => message.subtype === ROOT)
    .reverse()
    .map((root) => ({
      channel: dm.id,
      ts: root.ts,
      title: titleOf(dm.id, root.ts, root),
      replies: root.thread?.reply_count ?? 0,
    }));
}

function titleOf(channel, ts, root) {
  const said = assistantThread(channel, ts).title || root?.extra?.assistant_app_thread?.title || "";
  return said && said !== "New Assistant Thread" ? said : UNTITLED;
}

/** @param {import("./routes.js").Route} route @param {{menu: () => HTMLElement, lastChannel: () => string|undefined}} page */
export function assistantView(route, page) {
  const head = h("header", { class: "pane-head" });
  const body = h("div", { class: "pane-body assistant-body" });
  const node = h("section", { class: "pane assistant-pane", "aria-label": "Assistant" }, head, body);
  let parts = [];
  let writing = null;
  let list = null;

  const drawHead = () =>
    fill(
      head,
      page.menu(),
      h(
        "div",
        { class: "pane-title" },
        h(
          "h1",
          {},
          avatar(store.bot.user_id, 26),
          h(
            "span",
            { class: "title-text" },
            route.thread
              ? titleOf(
                  route.channel,
                  route.thread,
                  messagesOf(route.channel).find((one) => one.ts === route.thread),
                )
              : "Assistant",
          ),
        ),
      ),
      h("span", { class: "grow" }),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Earlier conversations",
          title: "Earlier conversations",
          "aria-haspopup": "menu",
          "aria-expanded": "false",
          onclick: (event) => openHistory(event.currentTarget),
        },
        icon("history"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "New conversation",
          title: "New conversation",
          onclick: begin,
        },
        icon("edit"),
      ),
    );

  const begin = async () => {
    try {
      const made = await post("assistant", { new: true, context_channel: page.lastChannel() });
      rememberThread({ ...(made.thread ?? {}), channel: made.channel, ts: made.thread_ts });
      go(hashOf(made.channel, made.thread_ts));
    } catch (error) {
      showEmpty(
        body,
        "sparkles",
        "The assistant could not be opened",
        spoken(error),
        h("button", { type: "button", class: "button", onclick: begin }, "Try again"),
      );
    }
  };

  /** Goes on with a conversation that is still empty, else begins one. */
  const enter = async () => {
    const dm = botDm();
    if (dm) await openChannel(dm.id);
    const latest = history()[0];
    if (latest && !latest.replies) go(hashOf(latest.channel, latest.ts));
    else await begin();
  };

  const openOne = () => {
    const { channel, thread } = route;
    const key = threadKey(channel, thread);
    const prompts = h("div", { class: "prompts" });
    const status = statusLine(channel, thread);
    list = new MessageList({
      key,
      label: "Conversation with the assistant",
      thread,
      isMine,
      shows: (message) => message.subtype !== ROOT,
      intro: () => welcome(),
      retry: () => openThread(channel, thread, { again: true }),
    });
    writing = composer({
      place: { channel, thread },
      key,
      placeholder: `Ask ${store.bot.name} anything`,
      sent: () => list.toEnd(),
    });
    const drawPrompts = () => drawPromptsInto(prompts, channel, thread);
    parts = [
      list,
      status,
      writing,
      {
        close: on(`assistant:${channel}:${thread}`, () => {
          drawPrompts();
          drawHead();
        }),
      },
      { close: on(`messages:${key}`, drawPrompts) },
    ];
    fill(body, list.node, prompts, status.node, writing.node);
    dropsInto(body, () => writing);
    drawPrompts();
    openThread(channel, thread, { again: true });
    openChannel(channel).then(() => markSeen(channel));
    post("assistant", { thread_ts: thread, context_channel: page.lastChannel() }).then(
      (answer) => answer.thread && rememberThread(answer.thread),
      () => {},
    );
  };

  drawHead();
  if (!store.assistant.enabled)
    showEmpty(body, "sparkles", "No assistant here", `The manifest of ${store.bot.name} has no assistant pane.`);
  else if (route.thread) openOne();
  else enter();
  return {
    node,
    get list() {
      return list;
    },
    focus: () => writing?.focus(),
    setText: (text) => writing?.setText(text),
    close() {
      for (const part of parts) part.close();
    },
  };
}

/** What stands in the pane is read; the DM that it lives in need not say so again. */
function markSeen(channel) {
  const newest = messagesOf(channel).at(-1);
  changeChannel(channel, { unread: 0, mention: 0 });
  if (newest) post("read", { channel, ts: newest.ts }).catch(() => {});
}

function welcome() {
  return h(
    "div",
    { class: "intro assistant-intro" },
    avatar(store.bot.user_id, 60),
    h("h2", {}, `Hello, ${store.me.real_name || store.me.name}`),
    h("p", {}, store.assistant.description || "How can I help?"),
  );
}

function drawPromptsInto(place, channel, thread) {
  const { prompts, promptsTitle } = assistantThread(channel, thread);
  const begun = messagesOf(threadKey(channel, thread)).some(isMine);
  if (begun || !prompts.length) {
    fill(place);
    return;
  }
  const say = async (prompt) => {
    fill(place);
    try {
      await send({ channel, thread }, prompt.message, []);
    } catch (error) {
      toast(spoken(error), "error");
      drawPromptsInto(place, channel, thread);
    }
  };
  fill(
    place,
    h("p", { class: "prompts-title" }, promptsTitle || "Try one of these"),
    h(
      "div",
      { class: "prompt-list" },
      prompts.map((prompt) =>
        h(
          "button",
          { type: "button", class: "prompt", onclick: () => say(prompt) },
          h("strong", {}, prompt.title),
          prompt.message !== prompt.title && h("small", {}, prompt.message),
        ),
      ),
    ),
  );
}

async function openHistory(anchor) {
  const dm = botDm();
  if (dm) await openChannel(dm.id);
  const earlier = history();
  openMenu(
    anchor,
    earlier.length
      ? [
          { heading: "Earlier conversations" },
          ...earlier.slice(0, 20).map((one) => ({
            label: one.title,
            hint: ago(one.ts),
            icon: "message",
            run: () => go(hashOf(one.channel, one.ts)),
          })),
        ]
      : [{ heading: "No conversations yet" }],
    { align: "end", label: "Earlier conversations" },
  );
}
