// Block Kit → nodes: one function for each block type; a type that nobody knows gets a neutral box.

import { h, link, uniqueId } from "./dom.js";
import { elementNode } from "./elements.js";
import { fileCard } from "./files.js";
import { icon } from "./icons.js";
import { imageFigure, smallImage } from "./images.js";
import { markdown, scrollable } from "./markdown.js";
import { richText } from "./richtext.js";
import { planNode, taskNode } from "./tasks.js";
import { textNode, words } from "./textobject.js";

/**
 * Where blocks stand, and what their elements may do.
 * @typedef {{kind: "message"|"modal"|"home", answers: import("./answers.js").Answers, errors?: Object<string, string>,
 *   channel?: string, act: (block: Object, element: Object, value: Object) => Promise<void>,
 *   options: (block: Object, element: Object, query: string) => Promise<Object>}} Surface
 */

/** @type {Object<string, (block: any, surface: Surface) => Node|null>} */
const BLOCKS = {
  section,
  header: (block) => h("p", { class: "block-header", role: "heading", "aria-level": "3" }, textNode(block.text)),
  divider: () => h("hr", { class: "block-divider" }),
  context,
  actions,
  image: (block) => imageFigure(block),
  input,
  markdown: (block) => h("div", { class: "prose" }, markdown(block.text)),
  rich_text: (block) => richText(block),
  table,
  file: (block) => fileCard(block.file_id ?? block.external_id),
  video,
  context_actions: (block, surface) => h("div", { class: "block-context-actions" }, elements(block, surface)),
  task_card: (block) => taskNode(block),
  plan: (block) => planNode(block),
  alert,
  card,
  carousel: (block, surface) =>
    h(
      "div",
      { class: "block-carousel", tabindex: "0", role: "region", "aria-label": "Cards" },
      (block.elements ?? []).map((one) => blockNode(one, surface)),
    ),
  container,
};

/** @param {any[]} blocks @param {Surface} surface */
export function blockNodes(blocks, surface) {
  return (blocks ?? []).map((block) => blockNode(block, surface));
}

/** One block; what cannot be drawn is said, and never takes the page with it. */
function blockNode(block, surface) {
  const build = BLOCKS[block?.type];
  if (!build) return unsupported(block?.type);
  try {
    const node = build(block, surface);
    if (!node) return null;
    return h("div", { class: ["block", `block-type-${block.type}`], dataset: { block: block.block_id ?? "" } }, node);
  } catch (error) {
    console.error("block", block, error);
    return unsupported(`${block.type}, malformed`);
  }
}

const unsupported = (type) =>
  h(
    "div",
    { class: "unsupported-block" },
    icon("info", 16),
    `This page does not show blocks of this type (${type ?? "none"}).`,
  );

const elements = (block, surface) => (block.elements ?? []).map((element) => elementNode(element, block, surface));

function section(block, surface) {
  const fields =
    block.fields?.length &&
    h(
      "div",
      { class: "section-fields" },
      block.fields.map((field) => h("div", { class: "prose" }, textNode(field))),
    );
  const body = h(
    "div",
    { class: "section-body" },
    block.text && h("div", { class: "prose section-text" }, textNode(block.text)),
    fields,
  );
  if (!block.accessory) return h("div", { class: "block-section" }, body);
  const accessory =
    block.accessory.type === "image" ? smallImage(block.accessory) : elementNode(block.accessory, block, surface);
  return h(
    "div",
    { class: ["block-section", "with-accessory", `accessory-${block.accessory.type}`] },
    body,
    h("div", { class: "accessory" }, accessory),
  );
}

function context(block) {
  return h(
    "div",
    { class: "block-context" },
    (block.elements ?? []).map((element) =>
      element.type === "image"
        ? smallImage(element, "context-image")
        : h("span", { class: "context-text" }, textNode(element)),
    ),
  );
}

const MANY = 5;

/** Up to five elements stand side by side; Slack hides the rest of many behind "Show more". */
function actions(block, surface) {
  const row = h("div", { class: "block-actions" }, elements(block, surface));
  if (surface.kind !== "message" || (block.elements ?? []).length <= MANY) return row;
  const rest = [...row.children].slice(MANY);
  for (const node of rest) node.hidden = true;
  const more = h(
    "button",
    {
      type: "button",
      class: "button button-quiet",
      onclick: () => {
        for (const node of rest) node.hidden = false;
        more.remove();
        rest[0].querySelector("button, input")?.focus();
      },
    },
    `Show ${rest.length} more`,
  );
  row.append(more);
  return row;
}

function input(block, surface) {
  const id = uniqueId("input");
  const error = surface.errors?.[block.block_id];
  const label = words(block.label);
  const described = [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  const control = elementNode(block.element, block, surface, {
    id,
    label,
    described,
    invalid: Boolean(error),
    optional: Boolean(block.optional),
  });
  const grouped = ["checkboxes", "radio_buttons", "file_input", "rich_text_input", "datetimepicker"].includes(
    block.element?.type,
  );
  const mark = block.optional && h("span", { class: "optional" }, "(optional)");
  return h(
    "div",
    { class: ["block-input", error && "has-error"], dataset: { input: block.block_id ?? "" } },
    grouped
      ? h("span", { class: "input-label", id: `${id}-label` }, textNode(block.label), " ", mark)
      : h("label", { class: "input-label", for: id }, textNode(block.label), " ", mark),
    control,
    block.hint && h("p", { class: "hint", id: `${id}-hint` }, textNode(block.hint)),
    error &&
      h("p", { class: "field-error", id: `${id}-error`, role: "alert" }, icon("alert", 15), h("span", {}, error)),
  );
}

function table(block) {
  const [head, ...rows] = block.rows ?? [];
  const cell = (tag) => (one, column) => {
    const settings = block.column_settings?.[column] ?? {};
    const align = settings.align ?? (one?.type === "raw_number" ? "right" : "left");
    return h(
      tag,
      {
        class: [align !== "left" && `align-${align}`, settings.is_wrapped && "wrapped"].filter(Boolean),
        scope: tag === "th" ? "col" : null,
      },
      cellContent(one),
    );
  };
  return scrollable(
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, (head ?? []).map(cell("th")))),
      h(
        "tbody",
        {},
        rows.map((row) => h("tr", {}, (row ?? []).map(cell("td")))),
      ),
    ),
  );
}

function cellContent(one) {
  if (one?.type === "rich_text") return richText(one);
  if (one?.type === "raw_number") return String(one.text ?? one.value ?? one.number ?? "");
  return one?.text ?? "";
}

function video(block) {
  const title = words(block.title) || "Video";
  const from = [block.author_name, block.provider_name].filter(Boolean).join(" · ");
  return h(
    "div",
    { class: "block-video" },
    h("span", { class: "video-mark" }, icon("play", 22)),
    h(
      "div",
      {},
      h("strong", {}, link(block.title_url || block.video_url, title)),
      from && h("small", {}, from),
      block.description && h("p", {}, textNode(block.description)),
    ),
  );
}

const LEVELS = { info: "info", warning: "alert", error: "error", success: "check", default: "info" };

function alert(block) {
  const level = LEVELS[block.level] ? block.level : "default";
  return h(
    "div",
    { class: ["block-alert", `alert-${level}`], role: "note" },
    icon(LEVELS[level], 18),
    h("div", { class: "prose" }, textNode(block.text)),
  );
}

function card(block, surface) {
  return h(
    "div",
    { class: "block-card" },
    block.hero_image && imageFigure(block.hero_image),
    h(
      "div",
      { class: "card-head" },
      block.icon && smallImage(block.icon, "card-icon"),
      h(
        "div",
        {},
        block.title && h("strong", {}, textNode(block.title)),
        block.subtitle && h("div", { class: "card-subtitle" }, textNode(block.subtitle)),
      ),
    ),
    block.body && h("div", { class: "prose" }, textNode(block.body)),
    block.actions?.length > 0 &&
      h(
        "div",
        { class: "block-actions" },
        block.actions.map((element) => elementNode(element, block, surface)),
      ),
  );
}

function container(block, surface) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : h("strong", {}, textNode(block.title));
  const head = [
    block.icon && smallImage(block.icon, "card-icon"),
    h("div", {}, title, block.subtitle && h("div", { class: "card-subtitle" }, textNode(block.subtitle))),
  ];
  const body = h("div", { class: "container-body" }, blockNodes(block.child_blocks, surface));
  const className = ["block-container", block.has_header_divider && "ruled"];
  if (!block.is_collapsible) return h("div", { class: className }, h("div", { class: "card-head" }, head), body);
  return h(
    "details",
    { class: className, open: !block.default_collapsed },
    h("summary", { class: "card-head" }, icon("right", 16), head),
    body,
  );
}
