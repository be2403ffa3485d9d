// Task cards and plans: what the bot is doing, step by step.

import { fragment, h, link } from "./dom.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { richText } from "./richtext.js";
import { words } from "./textobject.js";

const STATES = { pending: "to do", in_progress: "in progress", complete: "done", error: "failed" };
// Whether somebody has opened a card outlives its next update.
const opened = new Map();

/** A task of a block or of a stream. @param {{task_id?: string, id?: string, title: string, status?: string, details?: any, output?: any, sources?: any[]}} task */
export function taskNode(task, scope = "") {
  const status = STATES[task.status] ? task.status : "pending";
  const head = [
    mark(status),
    h("span", { class: "task-title" }, words(task.title)),
    h("span", { class: "sr-only" }, ` (${STATES[status]})`),
  ];
  const inside = [content(task.details), content(task.output), sources(task.sources)].filter(Boolean);
  if (!inside.length) return h("div", { class: ["task", `task-${status}`] }, h("div", { class: "task-head" }, head));
  const key = `${scope}/${task.task_id ?? task.id}`;
  const known = opened.get(key);
  return h(
    "details",
    {
      class: ["task", `task-${status}`],
      open: known ?? (status === "in_progress" || status === "error"),
      ontoggle: (event) => {
        if (event.target.dataset.ready) opened.set(key, event.target.open);
        event.target.dataset.ready = "1";
      },
      dataset: (known ?? (status === "in_progress" || status === "error")) ? {} : { ready: "1" },
    },
    h("summary", { class: "task-head" }, head, icon("down", 15)),
    h("div", { class: "task-body prose" }, inside),
  );
}

function mark(status) {
  if (status === "in_progress") return h("span", { class: "task-mark spinner" });
  if (status === "complete") return h("span", { class: "task-mark" }, icon("check", 14));
  if (status === "error") return h("span", { class: "task-mark" }, icon("close", 14));
  return h("span", { class: "task-mark" });
}

function content(value) {
  if (!value) return null;
  if (typeof value === "string") return h("div", {}, markdown(value));
  return value.type === "rich_text" ? richText(value) : h("div", {}, words(value));
}

function sources(list) {
  if (!list?.length) return null;
  return h(
    "div",
    { class: "task-sources" },
    list.map((source) => link(source.url, icon("external", 13), words(source.text) || source.url)),
  );
}

/** A plan and its tasks, with how far it got. @param {{title: any, tasks?: any[]}} plan */
export function planNode(plan, scope = "") {
  const tasks = plan.tasks ?? [];
  const done = tasks.filter((task) => task.status === "complete").length;
  return h(
    "section",
    { class: "plan", "aria-label": `Plan: ${words(plan.title)}` },
    h(
      "div",
      { class: "plan-head" },
      icon("sparkles", 16),
      h("strong", {}, words(plan.title)),
      tasks.length > 0 && h("span", { class: "plan-count" }, `${done} of ${tasks.length}`),
    ),
    h(
      "div",
      { class: "plan-tasks" },
      tasks.map((task) => taskNode(task, scope)),
    ),
  );
}

/**
 * What was streamed, in its order: texts, tasks where they began; with a plan, all tasks stand in it.
 * @param {any[]} chunks @param {string} scope the message's own name
 * @param {boolean} asPlan
 */
export function streamedNodes(chunks, scope, asPlan) {
  const title = chunks.findLast((chunk) => chunk.type === "plan_update")?.title;
  const tasks = chunks.filter((chunk) => chunk.type === "task_update");
  const inPlan = tasks.length > 0 && (asPlan || title !== undefined);
  const nodes = [];
  let planned = false;
  for (const chunk of chunks) {
    if (chunk.type === "markdown_text" && chunk.text) nodes.push(h("div", { class: "prose" }, markdown(chunk.text)));
    else if (inPlan && (chunk.type === "task_update" || chunk.type === "plan_update") && !planned) {
      planned = true;
      nodes.push(planNode({ title: title ?? "Plan", tasks }, scope));
    } else if (chunk.type === "task_update" && !inPlan) nodes.push(taskNode(chunk, scope));
  }
  return fragment(nodes);
}
