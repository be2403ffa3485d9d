// Elements of blocks → nodes: buttons, menus, choices, dates; one function for each type.

import { confirmed } from "./dialog.js";
import { h, link, safeUrl, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { smallImage } from "./images.js";
import { openMenu } from "./popover.js";
import { selectElement } from "./selectelements.js";
import { store } from "./store.js";
import { fileInput, richTextInput, textInput } from "./textinputs.js";
import { textNode, words } from "./textobject.js";

/**
 * @typedef {{id?: string, label?: string, described?: string|null, invalid?: boolean, optional?: boolean}} Field how an
 *   input block names its element
 */

const ELEMENTS = {
  button,
  workflow_button: button,
  overflow,
  feedback_buttons: feedback,
  icon_button: iconButton,
  image: (element) => smallImage(element),
  checkboxes: (...given) => choices("checkbox", ...given),
  radio_buttons: (...given) => choices("radio", ...given),
  datepicker: (...given) => native("date", "selected_date", ...given),
  timepicker: (...given) => native("time", "selected_time", ...given),
  datetimepicker: dateTime,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  rich_text_input: richTextInput,
  file_input: fileInput,
};

/** @param {any} element @param {any} block @param {import("./blocks.js").Surface} surface @param {Field} [field] */
export function elementNode(element, block, surface, field = {}) {
  const build = ELEMENTS[element?.type] ?? (/_select$/.test(element?.type ?? "") ? selectElement : null);
  if (!build) return h("span", { class: "unsupported" }, `unsupported element (${element?.type ?? "none"})`);
  return build(element, block, surface, field);
}

export const keyOf = (block, element) => `${block.block_id ?? ""}/${element.action_id ?? ""}`;

/** Takes what was entered; outside of inputs (or where an input says so) the app is told at once. */
export async function entered(surface, block, element, value) {
  if (element.confirm && !(await agreed(element.confirm))) return false;
  surface.answers.set(block, element, value);
  surface.touched?.(block);
  if (block.type !== "input" || block.dispatch_action) await surface.act(block, element, value);
  return true;
}

const agreed = (confirm, danger = confirm.style === "danger") =>
  confirmed({
    title: words(confirm.title) || "Are you sure?",
    text: textNode(confirm.text),
    confirm: words(confirm.confirm) || "Yes",
    deny: words(confirm.deny) || "Cancel",
    danger,
  });

/** Runs `work` while the button shows that it is on its way; a second click meanwhile does nothing. */
async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

async function press(button, element, block, surface, value) {
  if (element.confirm && !(await agreed(element.confirm))) return;
  await busy(button, () => surface.act(block, element, value));
}

function button(element, block, surface) {
  const className = ["button", element.style === "primary" && "primary", element.style === "danger" && "danger"];
  const shared = {
    class: className,
    "aria-label": element.accessibility_label,
    dataset: { key: keyOf(block, element), action: element.action_id ?? "" },
  };
  const value = element.value === undefined ? {} : { value: element.value };
  const run = (event) => press(event.currentTarget, element, block, surface, value);
  if (element.url && safeUrl(element.url)) {
    const node = link(element.url, textNode(element.text), icon("external", 14));
    node.className = className.filter(Boolean).join(" ");
    node.addEventListener("click", () => surface.act(block, element, value, { quiet: true }));
    return node;
  }
  return h("button", { type: "button", ...shared, onclick: run }, textNode(element.text));
}

function overflow(element, block, surface) {
  const open = (event) =>
    openMenu(
      event.currentTarget,
      (element.options ?? []).map((option) => ({
        label: words(option.text),
        hint: words(option.description),
        href: option.url && safeUrl(option.url) ? option.url : undefined,
        run: () => press(trigger, element, block, surface, { selected_option: option }),
      })),
      { label: "More actions", align: "end" },
    );
  const trigger = h(
    "button",
    {
      type: "button",
      class: "button overflow-button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      dataset: { key: keyOf(block, element), action: element.action_id ?? "" },
      onclick: open,
    },
    icon("more"),
  );
  return trigger;
}

/** 👍 and 👎; what was chosen stays marked for this visit. */
function feedback(element, block, surface) {
  const chosen = surface.answers.get(block, element)?.value;
  const one = (which, symbol) => {
    const spec = element[which];
    if (!spec) return null;
    return h(
      "button",
      {
        type: "button",
        class: "icon-button feedback",
        "aria-label": spec.accessibility_label || words(spec.text),
        title: words(spec.text),
        dataset: { key: `${keyOf(block, element)}/${which}` },
        "aria-pressed": String(chosen === spec.value),
        onclick: async (event) => {
          const pressed = event.currentTarget;
          surface.answers.set(block, element, { value: spec.value });
          for (const other of pressed.parentElement.children)
            other.setAttribute("aria-pressed", String(other === pressed));
          await press(pressed, element, block, surface, { value: spec.value });
        },
      },
      icon(symbol, 17),
    );
  };
  return h(
    "span",
    { class: "feedback-buttons", role: "group", "aria-label": "Feedback" },
    one("positive_button", "up"),
    one("negative_button", "thumbdown"),
  );
}

function iconButton(element, block, surface) {
  if (element.visible_to_user_ids?.length && !element.visible_to_user_ids.includes(store.me?.id)) return null;
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": element.accessibility_label || words(element.text),
      title: words(element.text),
      dataset: { key: keyOf(block, element) },
      onclick: (event) =>
        press(
          event.currentTarget,
          element,
          block,
          surface,
          element.value === undefined ? {} : { value: element.value },
        ),
    },
    icon(element.icon, 17),
  );
}

/** Checkboxes and radio buttons. */
function choices(type, element, block, surface, field) {
  const value = surface.answers.get(block, element);
  const name = uniqueId("choice");
  const chosen = new Set(
    type === "radio" ? [value?.selected_option?.value] : (value?.selected_options ?? []).map((one) => one.value),
  );
  const change = async (option, checked, input) => {
    const before = new Set(chosen);
    if (type === "radio") chosen.clear();
    if (checked) chosen.add(option.value);
    else chosen.delete(option.value);
    const picked = element.options.filter((one) => chosen.has(one.value));
    const taken = await entered(
      surface,
      block,
      element,
      type === "radio" ? { selected_option: picked[0] ?? null } : { selected_options: picked },
    );
    if (taken) return;
    chosen.clear();
    for (const one of before) chosen.add(one);
    input.checked = chosen.has(option.value);
  };
  return h(
    "div",
    {
      class: "choice-list",
      role: type === "radio" ? "radiogroup" : "group",
      "aria-labelledby": field.id ? `${field.id}-label` : null,
      "aria-label": field.id ? null : "Options",
      "aria-describedby": field.described,
    },
    (element.options ?? []).map((option, at) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type,
          name,
          value: option.value,
          checked: chosen.has(option.value),
          dataset: { key: `${keyOf(block, element)}/${at}` },
          "aria-invalid": field.invalid ? "true" : null,
          onchange: (event) => change(option, event.target.checked, event.target),
        }),
        h("span", {}, textNode(option.text), option.description && h("small", {}, textNode(option.description))),
      ),
    ),
  );
}

/** Dates and times by the browser's own picker: it knows the keyboard, the phone and the locale. */
function native(type, name, element, block, surface, field) {
  const value = surface.answers.get(block, element)?.[name] ?? "";
  return h("input", {
    type,
    class: "field field-short",
    id: field.id,
    value,
    "aria-label": field.label ? null : words(element.placeholder) || (type === "date" ? "Date" : "Time"),
    "aria-describedby": field.described,
    "aria-invalid": field.invalid ? "true" : null,
    title: words(element.placeholder) || null,
    dataset: { key: keyOf(block, element) },
    onchange: (event) => entered(surface, block, element, { [name]: event.target.value || null }),
  });
}

const pad = (number) => String(number).padStart(2, "0");

function dateTime(element, block, surface, field) {
  const seconds = surface.answers.get(block, element)?.selected_date_time;
  const at = seconds ? new Date(seconds * 1000) : null;
  const date = h("input", {
    type: "date",
    class: "field field-short",
    "aria-label": `${field.label ?? "Moment"}: date`,
    dataset: { key: `${keyOf(block, element)}/date` },
    value: at ? `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}` : "",
  });
  const time = h("input", {
    type: "time",
    class: "field field-short",
    "aria-label": `${field.label ?? "Moment"}: time`,
    dataset: { key: `${keyOf(block, element)}/time` },
    value: at ? `${pad(at.getHours())}:${pad(at.getMinutes())}` : "",
  });
  const change = () => {
    const moment =
      date.value && time.value ? Math.floor(new Date(`${date.value}T${time.value}`).getTime() / 1000) : null;
    entered(surface, block, element, { selected_date_time: moment });
  };
  date.addEventListener("change", change);
  time.addEventListener("change", change);
  return h(
    "div",
    {
      class: "field-pair",
      role: "group",
      "aria-labelledby": field.id ? `${field.id}-label` : null,
      "aria-describedby": field.described,
    },
    date,
    time,
  );
}
