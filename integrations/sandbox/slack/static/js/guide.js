// The first-visit guide: three short steps, each with a button that does it.

import { h, fill } from "./dom.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

const CLOSED = "guide-closed";
const DONE = "guide-done";

const ownSteps = () => [
  {
    text: "Ask the bot something in #ops, as you would ask a colleague.",
    say: `@${store.people.get(store.bot.user_id)?.name ?? "copilot"} help`,
    channel: "#ops",
  },
  { text: "Type / to see the slash commands, or press Ctrl+K to go anywhere." },
  {
    text: "Some things need another person's approval: sit down as somebody else, at the top of the sidebar, and press Approve.",
  },
];

/** What the guide says: the server's words, else the page's own. */
const welcome = () => ({
  title: store.welcome?.title || `Welcome to ${store.team.name}`,
  steps: store.welcome?.steps?.length ? store.welcome.steps : ownSteps(),
});

let done = new Set(read(DONE, []));
const shown = new Set();
/** Whether the page can lead to the step by itself. */
const led = (step) => Boolean(step.say || step.channel || step.person || linked(step));

const HERE = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where a step leads outside of this page: to something else on this machine, and nowhere else. */
function linked(step) {
  try {
    const url = new URL(step.link);
    return ["http:", "https:"].includes(url.protocol) && HERE.has(url.hostname) ? url.href : null;
  } catch {
    return null;
  }
}
let closed = read(CLOSED, false);
let redraw = () => {};

function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It opens again on the next visit.
  }
}

export function toggleGuide() {
  closed = !closed;
  if (!closed) {
    done = new Set();
    shown.clear();
  }
  keep(CLOSED, closed);
  keep(DONE, [...done]);
  redraw();
}

/** @param {{doStep: (step: {say?: string, channel?: string, person?: string, link?: string}) => void}} page */
export function guide(page) {
  // Beside the sidebar where there is room; above the conversation on a phone, one step at a time.
  const node = h("aside", { class: "guide only-wide", "aria-label": "What to try", hidden: true });
  const slim = h("aside", { class: "guide guide-slim", "aria-label": "What to try", hidden: true });
  let opened = null;

  const showing = (step, at) => {
    const show = () => {
      shown.add(at); // what is left to do stays readable until its reader says so
      setTimeout(redraw); // not before a link was followed
      page.doStep(step);
    };
    const href = linked(step);
    const how = { class: "button button-small primary", onclick: show };
    return href
      ? h("a", { ...how, href, target: "_blank", rel: "noopener noreferrer" }, "Open")
      : h("button", { ...how, type: "button" }, "Show me");
  };

  const doneButton = (at) =>
    h(
      "button",
      {
        type: "button",
        class: "button button-small primary",
        onclick: () => {
          done.add(at);
          opened = null;
          keep(DONE, [...done]);
          redraw();
        },
      },
      "Done",
    );

  const stepNode = (step, at, steps) => {
    const current = at === (opened ?? firstOpen(steps));
    const number = h(
      "span",
      { class: "guide-number", "aria-hidden": "true" },
      done.has(at) ? icon("check", 14) : at + 1,
    );
    if (!current) {
      return h(
        "li",
        { class: done.has(at) && "done" },
        number,
        h(
          "button",
          {
            type: "button",
            class: "guide-line",
            title: step.text,
            onclick: () => {
              opened = at;
              redraw();
            },
          },
          step.text,
        ),
      );
    }
    return h(
      "li",
      { class: ["current", done.has(at) && "done"] },
      number,
      h("p", {}, step.text),
      led(step) && !shown.has(at) ? showing(step, at) : doneButton(at),
    );
  };
  redraw = () => {
    node.hidden = closed || !store.me;
    slim.hidden = node.hidden;
    if (node.hidden) return;
    const { title, steps } = welcome();
    const leave = () =>
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close the guide",
          title: "Close; the compass at the top opens it again",
          onclick: toggleGuide,
        },
        icon("close", 16),
      );
    const count = h("span", { class: "guide-count" }, `${Math.min(done.size, steps.length)} of ${steps.length}`);
    fill(
      node,
      h("div", { class: "guide-head" }, h("strong", {}, title), count, h("span", { class: "grow" }), leave()),
      h("ol", {}, steps.map(stepNode)),
    );
    const at = opened ?? firstOpen(steps);
    fill(
      slim,
      h(
        "ol",
        {},
        steps[at]
          ? stepNode(steps[at], at, steps)
          : h("li", {}, icon("check", 18), h("p", {}, "That was all. Ask it something of your own.")),
      ),
      leave(),
    );
  };
  on("workspace", redraw);
  redraw();
  return { node, slim };
}

const firstOpen = (steps) => steps.findIndex((_, at) => !done.has(at));
