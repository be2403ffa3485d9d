// "CoPilot is thinking…" beneath a thread, as the app says it.

import { prefersStill } from "./a11y.js";
import { assistantThread } from "./assistantstate.js";
import { avatar } from "./avatar.js";
import { fill, h } from "./dom.js";
import { on } from "./events.js";
import { store } from "./store.js";

const EACH = 2500;

/** @param {string} channel @param {string} ts */
export function statusLine(channel, ts) {
  const node = h("div", { class: "status-line", role: "status" });
  let timer;
  const draw = () => {
    clearInterval(timer);
    const { status, loading } = assistantThread(channel, ts);
    if (!status) {
      fill(node);
      return;
    }
    const text = h("span", {}, loading.length ? loading[0] : `${store.bot.name} ${status}`);
    fill(
      node,
      avatar(store.bot.user_id, 24),
      text,
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
    );
    if (loading.length < 2 || prefersStill()) return;
    let at = 0;
    timer = setInterval(() => {
      at = (at + 1) % loading.length;
      text.textContent = loading[at];
    }, EACH);
  };
  const off = on(`assistant:${channel}:${ts}`, draw);
  draw();
  return {
    node,
    close() {
      clearInterval(timer);
      off();
    },
  };
}
