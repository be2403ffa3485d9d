// What stands above everything when something is missing: the server, or the bot.

import { fill, h } from "./dom.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

const PATIENCE = 1200;

export function banners() {
  const node = h("div", { class: "banners", role: "status" });
  const lost = patient(
    () => !store.online,
    () => draw(),
  );
  const alone = patient(
    () => store.me && store.online && !store.connected,
    () => draw(),
  );
  const draw = () => {
    if (lost())
      fill(
        node,
        h(
          "div",
          { class: "banner banner-lost" },
          h("span", { class: "spinner" }),
          "The workspace's server cannot be reached. Trying again…",
        ),
      );
    else if (alone())
      fill(
        node,
        h(
          "div",
          { class: "banner banner-quiet" },
          icon("alert", 16),
          h(
            "span",
            {},
            h("strong", {}, "The bot is not running. "),
            "You can write, but nothing answers until it is started.",
          ),
        ),
      );
    else fill(node);
  };
  on("connection", draw);
  draw();
  return { node };
}

/** Whether `missing` has held for a while: a line that comes back at once is nobody's concern. */
function patient(missing, later) {
  let since = 0;
  return () => {
    if (!missing()) since = 0;
    else if (!since) {
      since = Date.now();
      setTimeout(later, PATIENCE);
    }
    return since > 0 && Date.now() - since >= PATIENCE - 50;
  };
}
