// The raw traffic between the app and this Slack, and what can be made to go wrong.

import { get, post, spoken } from "./api.js";
import { codeBlock } from "./code.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { clockTime, moment } from "./times.js";
import { toast } from "./toast.js";

const EVERY = 1000;
const KEPT = 500;

/** @param {{menu: () => HTMLElement}} page */
export function inspectorView(page) {
  const rows = h("div", { class: "traffic", role: "list", "aria-label": "Exchanges" });
  const count = h("span", { class: "hint", role: "status" });
  const search = h("input", {
    type: "search",
    class: "field",
    placeholder: "Filter by method, event or text",
    "aria-label": "Filter",
    autocomplete: "off",
    oninput: () => draw(true),
  });
  const direction = h(
    "select",
    { class: "field field-short", "aria-label": "Direction", onchange: () => draw(true) },
    h("option", { value: "" }, "Both directions"),
    h("option", { value: "app→slack" }, "App → Slack"),
    h("option", { value: "slack→app" }, "Slack → app"),
  );
  const failing = h("input", { type: "checkbox", onchange: () => draw(true) });
  const faults = h("div", { class: "faults" });
  let paused = false;
  const pause = h(
    "button",
    {
      type: "button",
      class: "button button-small",
      "aria-pressed": "false",
      onclick: () => {
        paused = !paused;
        pause.setAttribute("aria-pressed", String(paused));
        pause.textContent = paused ? "Resume" : "Pause";
        if (!paused) poll();
      },
    },
    "Pause",
  );
  const clear = h(
    "button",
    {
      type: "button",
      class: "button button-small",
      onclick: () => {
        entries.clear();
        draw(true);
      },
    },
    "Clear",
  );
  const node = h(
    "section",
    { class: "pane inspector-pane", "aria-label": "Inspector" },
    h(
      "header",
      { class: "pane-head" },
      page.menu(),
      h(
        "div",
        { class: "pane-title" },
        h("h1", {}, icon("pulse", 19), "Inspector"),
        h("p", { class: "topic" }, "What the app and Slack say to each other"),
      ),
      h("span", { class: "grow" }),
      pause,
      clear,
    ),
    h(
      "div",
      { class: "pane-body inspector-body" },
      h(
        "div",
        { class: "inspector-tools" },
        search,
        direction,
        h("label", { class: "choice" }, failing, h("span", {}, "Only failures")),
        count,
      ),
      faults,
      rows,
    ),
  );

  /** @type {Map<number, any>} */
  const entries = new Map();
  const drawn = new Map();
  let last = 0;
  let timer;
  let closed = false;

  const wanted = (entry) => {
    if (direction.value && entry.direction !== direction.value) return false;
    if (failing.checked && (entry.status === "ok" || entry.status === "waiting")) return false;
    const text = search.value.trim().toLowerCase();
    return (
      !text ||
      `${entry.what} ${entry.kind} ${entry.status}`.toLowerCase().includes(text) ||
      JSON.stringify([entry.request, entry.response]).toLowerCase().includes(text)
    );
  };
  const draw = (anew = false) => {
    if (anew) {
      drawn.clear();
      fill(rows);
    }
    const shown = [...entries.values()].filter(wanted);
    for (const entry of shown) {
      const signature = `${entry.status} ${entry.took_ms}`;
      const old = drawn.get(entry.n);
      if (old?.signature === signature) continue;
      const row = exchange(entry, old?.node.open);
      if (old) old.node.replaceWith(row);
      else rows.prepend(row);
      drawn.set(entry.n, { signature, node: row });
    }
    count.textContent = `${shown.length} of ${entries.size}`;
    rows.querySelector(":scope > .empty")?.remove();
    if (!shown.length)
      fill(
        rows,
        h(
          "div",
          { class: "empty" },
          icon("pulse", 34),
          h("h2", {}, entries.size ? "No exchange fits the filter" : "All quiet"),
          h("p", {}, entries.size ? "" : "As soon as the app and Slack talk, it can be read here."),
        ),
      );
  };
  const poll = async () => {
    clearTimeout(timer);
    if (closed || paused) return;
    try {
      // Answers come later than their requests: those that still wait are asked for again.
      const open = [...entries.values()].find((entry) => entry.status === "waiting" && last - entry.n < 100);
      const { entries: found } = await get("inspector", { after: open ? open.n - 1 : last });
      for (const entry of found) entries.set(entry.n, entry);
      last = Math.max(last, ...found.map((entry) => entry.n));
      for (const n of [...entries.keys()].slice(0, Math.max(0, entries.size - KEPT))) {
        entries.delete(n);
        drawn.get(n)?.node.remove();
        drawn.delete(n);
      }
      if (found.length || !drawn.size) draw();
    } catch {
      // The banner says that the server is gone.
    }
    if (!closed) timer = setTimeout(poll, EVERY);
  };
  faultsPanel(faults);
  poll();
  return {
    node,
    focus: () => search.focus(),
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function exchange(entry, open) {
  const failed = entry.status !== "ok" && entry.status !== "waiting";
  const toSlack = entry.direction.startsWith("app");
  const inside = h("div", { class: "exchange-inside" });
  const show = () => {
    if (inside.childElementCount) return;
    fill(
      inside,
      h("div", {}, h("h3", {}, "Request"), json(entry.request)),
      h("div", {}, h("h3", {}, "Response"), json(entry.response)),
    );
  };
  if (open) show();
  return h(
    "details",
    { class: ["exchange", failed && "failed"], role: "listitem", open, ontoggle: show },
    h(
      "summary",
      {},
      icon("right", 14),
      h(
        "span",
        { class: ["way", toSlack ? "to-slack" : "to-app"], title: entry.direction },
        toSlack ? "app → slack" : "slack → app",
      ),
      h("strong", {}, entry.what),
      h("span", { class: "exchange-kind" }, entry.kind),
      h("span", { class: "grow" }),
      h("span", { class: ["exchange-status", failed && "bad", entry.status === "waiting" && "waiting"] }, entry.status),
      h(
        "span",
        { class: "exchange-took" },
        entry.took_ms === null || entry.took_ms === undefined ? "" : `${Math.round(entry.took_ms)} ms`,
      ),
      h("time", { title: moment(entry.at).toISOString() }, clockTime(entry.at)),
    ),
    inside,
  );
}

function json(value) {
  if (value === null || value === undefined) return h("p", { class: "hint" }, "none");
  return codeBlock(typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

const LEVELS = [
  ["latency_ms", "Latency of the Web API", "ms", 3000, 50],
  ["error_rate", "Calls that end in 503", "%", 100, 5],
  ["rate_limit", "Calls that end in 429", "%", 100, 5],
  ["drop_sockets", "Sockets cut around an envelope", "%", 100, 5],
  ["duplicates", "Deliveries that come twice", "%", 100, 5],
  ["reorder", "Deliveries out of order", "%", 100, 5],
];

function faultsPanel(place) {
  let levels = {};
  const set = async (change) => {
    try {
      levels = await post("faults", change);
      draw();
    } catch (error) {
      toast(spoken(error), "error");
    }
  };
  const panel = h("details", { class: "fault-panel" });
  const draw = () => {
    const on = LEVELS.filter(([name]) => levels[name] > 0).length;
    const focused = document.activeElement?.id;
    fill(
      panel,
      h(
        "summary",
        {},
        icon("right", 14),
        icon("bolt", 16),
        h("strong", {}, "Make things go wrong"),
        h("span", { class: ["hint", on && "bad"] }, on ? `${on} on` : "all off"),
      ),
      h(
        "div",
        { class: "fault-list" },
        LEVELS.filter(([name]) => name in levels).map(([name, label, unit, most, step]) => {
          const scale = unit === "%" ? 100 : 1;
          const value = Math.round(levels[name] * scale);
          const output = h("output", { for: `fault-${name}` }, `${value} ${unit}`);
          return h(
            "label",
            { class: "fault" },
            h("span", {}, label),
            h("input", {
              type: "range",
              id: `fault-${name}`,
              min: "0",
              max: String(most),
              step: String(step),
              value: String(value),
              oninput: (event) => {
                output.textContent = `${event.target.value} ${unit}`;
              },
              onchange: (event) => set({ [name]: Number(event.target.value) / scale }),
            }),
            output,
          );
        }),
        on > 0 &&
          h(
            "button",
            {
              type: "button",
              class: "button button-small",
              onclick: () =>
                set(Object.fromEntries(LEVELS.map(([name]) => [name, 0]).filter(([name]) => name in levels))),
            },
            "Turn all off",
          ),
      ),
    );
    if (focused) document.getElementById(focused)?.focus();
  };
  fill(place, panel);
  get("faults").then(
    (found) => {
      levels = found;
      draw();
    },
    () => fill(place),
  );
}
