// Inputs that are written or dropped into: one line, many lines, numbers, addresses, simple rich text, files.

import { spoken, upload } from "./api.js";
import { fill, h } from "./dom.js";
import { entered, keyOf } from "./elements.js";
import { fileInfo } from "./files.js";
import { icon } from "./icons.js";
import { toRichText, toTyped } from "./richtyping.js";
import { words } from "./textobject.js";
import { bytes } from "./times.js";

const TYPES = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text" };

/** plain_text_input, email_text_input, url_text_input, number_input. */
export function textInput(element, block, surface, field) {
  const value = surface.answers.get(block, element)?.value ?? "";
  const tag = element.multiline ? "textarea" : "input";
  const input = h(tag, {
    class: ["field", element.type === "number_input" && "field-short"],
    id: field.id,
    type: tag === "input" ? TYPES[element.type] : null,
    inputmode: element.type === "number_input" ? (element.is_decimal_allowed ? "decimal" : "numeric") : null,
    rows: tag === "textarea" ? "4" : null,
    value,
    placeholder: words(element.placeholder),
    autocomplete: "off",
    spellcheck: element.type === "plain_text_input" ? null : "false",
    "aria-label": field.label ? null : words(element.placeholder) || "Text",
    "aria-describedby": field.described,
    "aria-invalid": field.invalid ? "true" : null,
    dataset: { key: keyOf(block, element), autofocus: element.focus_on_load ? "1" : "" },
  });
  const counter =
    element.max_length && element.max_length <= 3000 ? h("span", { class: "counter", "aria-hidden": "true" }) : null;
  const count = () => {
    if (!counter) return;
    const left = element.max_length - input.value.length;
    counter.textContent = left <= Math.max(20, element.max_length / 5) ? String(left) : "";
    counter.classList.toggle("over", left < 0);
  };
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const told = () => surface.act(block, element, { value: input.value || null });
  const dispatches = block.type !== "input" || block.dispatch_action;
  let timer;
  input.addEventListener("input", () => {
    surface.answers.set(block, element, { value: input.value || null });
    surface.touched?.(block);
    count();
    if (!dispatches || !triggers.includes("on_character_entered")) return;
    clearTimeout(timer);
    timer = setTimeout(told, 500);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || tag === "textarea") return;
    if (dispatches && triggers.includes("on_enter_pressed")) {
      event.preventDefault();
      told();
    }
  });
  count();
  return counter ? h("div", { class: "counted" }, input, counter) : input;
}

/** Text with Slack's marks (*bold*, lists, quotes), which becomes a rich_text block. */
export function richTextInput(element, block, surface, field) {
  const value = surface.answers.get(block, element)?.rich_text_value;
  const input = h("textarea", {
    class: "field",
    rows: "4",
    value: toTyped(value),
    placeholder: words(element.placeholder) || "*bold*  _italic_  ~strike~  `code`  - list  > quote",
    "aria-labelledby": field.id ? `${field.id}-label` : null,
    "aria-label": field.id ? null : "Rich text",
    "aria-describedby": field.described,
    "aria-invalid": field.invalid ? "true" : null,
    dataset: { key: keyOf(block, element) },
    oninput: () => {
      surface.answers.set(block, element, { rich_text_value: input.value.trim() ? toRichText(input.value) : null });
      surface.touched?.(block);
    },
  });
  return input;
}

/** Files by button, drop or paste; uploaded at once, handed in by their ids. */
export function fileInput(element, block, surface, field) {
  const most = element.max_files ?? 10;
  const list = h("ul", { class: "file-list" });
  const problem = h("p", { class: "field-error", role: "alert" });
  const picker = h("input", {
    type: "file",
    class: "sr-only",
    multiple: most > 1,
    tabindex: "-1",
    "aria-hidden": "true",
    accept: element.filetypes?.map((type) => `.${type}`).join(",") || null,
  });
  const button = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-describedby": field.described,
      dataset: { key: keyOf(block, element) },
      onclick: () => picker.click(),
    },
    icon("clip", 17),
    most > 1 ? "Add files" : "Add a file",
  );
  const zone = h(
    "div",
    { class: "drop-zone", role: "group", "aria-labelledby": field.id ? `${field.id}-label` : null },
    button,
    h("span", { class: "hint" }, "or drop here"),
    picker,
  );
  const held = () => surface.answers.get(block, element)?.files ?? [];

  const draw = async () => {
    const rows = await Promise.all(
      held().map(async (one) => {
        const file = one.name ? one : await fileInfo(one.id ?? one).catch(() => ({ id: one.id ?? one, name: "file" }));
        return h(
          "li",
          {},
          icon("file", 16),
          h("span", {}, file.name),
          h("small", {}, bytes(file.size)),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${file.name}`,
              onclick: () => keep(held().filter((other) => (other.id ?? other) !== file.id)),
            },
            icon("close", 15),
          ),
        );
      }),
    );
    fill(list, rows);
  };
  const keep = (files) => {
    entered(surface, block, element, { files });
    draw();
  };
  const take = async (files) => {
    fill(problem);
    for (const file of files) {
      const ending = file.name.split(".").at(-1).toLowerCase();
      if (held().length >= most) fill(problem, icon("alert", 15), `At most ${most} file${most === 1 ? "" : "s"} here.`);
      else if (element.filetypes?.length && !element.filetypes.includes(ending))
        fill(problem, icon("alert", 15), `Only ${element.filetypes.join(", ")} here, not ${ending}.`);
      else {
        try {
          keep([...held(), await upload(file)]);
        } catch (error) {
          fill(problem, icon("alert", 15), spoken(error));
        }
      }
    }
  };
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = "";
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  draw();
  return h("div", {}, zone, list, problem);
}
