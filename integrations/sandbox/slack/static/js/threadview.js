// The pane of one thread: the message that it hangs on, the replies, and where to write.

import { composer, dropsInto } from "./composer.js";
import { openThread, threadKey } from "./conversations.js";
import { fill, h } from "./dom.js";
import { editLast } from "./channelview.js";
import { icon } from "./icons.js";
import { isMine } from "./messageactions.js";
import { MessageList } from "./messagelist.js";
import { channelHash, go } from "./routes.js";
import { channel, channelTitle, isDm } from "./store.js";
import { statusLine } from "./statusline.js";

/** @param {string} id the channel @param {string} ts of the parent */
export function threadView(id, ts) {
  const key = threadKey(id, ts);
  const here = channel(id);
  const close = () => go(channelHash(id));
  const list = new MessageList({
    key,
    label: `Thread in ${channelTitle(id)}`,
    thread: ts,
    isMine,
    retry: () => openThread(id, ts, { again: true }),
  });
  const status = statusLine(id, ts);
  const writing = here?.joined
    ? composer({
        place: { channel: id, thread: ts },
        key,
        placeholder: "Reply",
        editLast: (event) => editLast(event, key, list, ts),
        sent: () => list.toEnd(),
      })
    : null;
  const body = h("div", { class: "pane-body" });
  const node = h(
    "aside",
    {
      class: "pane thread-pane",
      "aria-label": "Thread",
      onkeydown: (event) => {
        if (event.key !== "Escape" || event.defaultPrevented || event.target.value) return;
        event.preventDefault();
        close();
      },
    },
    h(
      "header",
      { class: "pane-head" },
      h(
        "button",
        { type: "button", class: "icon-button only-narrow", "aria-label": "Back to the channel", onclick: close },
        icon("back"),
      ),
      h(
        "div",
        { class: "pane-title" },
        h("h2", {}, "Thread"),
        h(
          "p",
          { class: "topic" },
          h("a", { href: channelHash(id) }, isDm(here) ? channelTitle(id) : `#${channelTitle(id)}`),
        ),
      ),
      h("span", { class: "grow" }),
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": "Close thread", title: "Close (Esc)", onclick: close },
        icon("close"),
      ),
    ),
    body,
  );
  fill(body, list.node, status.node, writing?.node);
  if (writing) dropsInto(body, () => writing);
  openThread(id, ts, { again: true });
  return {
    node,
    list,
    focus: () => writing?.focus(),
    setText: (text) => writing?.setText(text),
    close() {
      list.close();
      status.close();
      writing?.close();
    },
  };
}
