// A select with search, for one or for many: arrow keys, Enter, Esc; options that are there or fetched while typing.

import { debounce, fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { openPopover } from "./popover.js";

/**
 * @typedef {{key: string, label: any, text: string, hint?: any, raw: any}} Choice
 * @typedef {{heading?: string, choices: Choice[]}} Group
 */

/**
 * @param {{groups: (query: string) => Group[]|Promise<Group[]>, chosen: Choice[], multiple?: boolean, most?: number,
 *   placeholder?: string, label?: string, clearable?: boolean, minQuery?: number, fetched?: boolean, key?: string,
 *   onChange: (chosen: Choice[]) => void}} options
 */
export function selectField(options) {
  let { chosen } = options;
  const control = h("div", { class: ["select", options.multiple && "select-many"] });
  const trigger = h("button", {
    type: "button",
    class: "select-trigger",
    role: "combobox",
    "aria-haspopup": "listbox",
    "aria-expanded": "false",
    "aria-label": options.label,
    dataset: options.key ? { key: options.key } : {},
    onclick: () => open(),
    onkeydown: (event) => {
      const opens = ["ArrowDown", "ArrowUp"].includes(event.key);
      const types = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (opens || types) {
        event.preventDefault();
        open(types ? event.key : "");
      } else if (event.key === "Backspace" && options.multiple && chosen.length) choose(chosen.slice(0, -1));
    },
  });

  const choose = (next) => {
    chosen = next;
    draw();
    options.onChange(chosen);
  };
  const draw = () => {
    const chip = (choice) =>
      h(
        "span",
        { class: "chip" },
        choice.label,
        h(
          "button",
          {
            type: "button",
            "aria-label": `Remove ${choice.text}`,
            onclick: () => {
              choose(chosen.filter((one) => one.key !== choice.key));
              trigger.focus();
            },
          },
          icon("close", 13),
        ),
      );
    const shown =
      !options.multiple && chosen.length
        ? h("span", { class: "select-value" }, chosen[0].label)
        : h("span", { class: "placeholder" }, placeholder());
    fill(trigger, shown, icon("down", 16));
    const clear =
      options.clearable &&
      !options.multiple &&
      chosen.length > 0 &&
      h(
        "button",
        {
          type: "button",
          class: "icon-button select-clear",
          "aria-label": "Clear",
          onclick: () => {
            choose([]);
            trigger.focus();
          },
        },
        icon("close", 15),
      );
    const focused = document.activeElement === trigger;
    fill(control, options.multiple && chosen.map(chip), trigger, clear);
    if (focused) trigger.focus();
  };
  const placeholder = () =>
    options.multiple && chosen.length ? "Add another" : options.placeholder || "Choose an option";
  const open = (typed = "") => openChoices(trigger, options, () => chosen, choose, typed);
  draw();
  return control;
}

function openChoices(trigger, options, chosen, choose, typed) {
  const listId = uniqueId("list");
  const search = h("input", {
    type: "search",
    class: "field picker-search",
    placeholder: "Search",
    value: typed,
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": listId,
    "aria-label": `Search ${options.label ?? "options"}`,
    "aria-autocomplete": "list",
    autocomplete: "off",
  });
  const list = h("div", {
    class: "options",
    role: "listbox",
    id: listId,
    "aria-label": options.label ?? "Options",
    "aria-multiselectable": options.multiple ? "true" : null,
  });
  const popover = openPopover(trigger, h("div", { class: "choices" }, search, list), {
    matchWidth: true,
    onClose: () => trigger.setAttribute("aria-expanded", "false"),
  });
  trigger.setAttribute("aria-expanded", "true");
  let items = [];
  let active = -1;
  let asked = 0;

  const activate = (at) => {
    items[active]?.node.classList.remove("active");
    active = items.length ? (at + items.length) % items.length : -1;
    const node = items[active]?.node;
    node?.classList.add("active");
    node?.scrollIntoView({ block: "nearest" });
    search.setAttribute("aria-activedescendant", node?.id ?? "");
  };
  const isChosen = (choice) => chosen().some((one) => one.key === choice.key);
  const take = (choice) => {
    if (!options.multiple) {
      popover.close();
      choose([choice]);
      return;
    }
    if (isChosen(choice)) choose(chosen().filter((one) => one.key !== choice.key));
    else if (!options.most || chosen().length < options.most) choose([...chosen(), choice]);
    for (const { node, choice: one } of items) node.setAttribute("aria-selected", String(isChosen(one)));
    popover.replace();
  };
  const show = (groups) => {
    items = [];
    fill(
      list,
      groups.map((group) => [
        group.heading && h("div", { class: "menu-heading", role: "presentation" }, group.heading),
        group.choices.map((choice) => {
          const node = h(
            "div",
            {
              class: "option",
              role: "option",
              id: uniqueId("option"),
              "aria-selected": String(isChosen(choice)),
              onpointerdown: (event) => event.preventDefault(),
              onclick: () => take(choice),
            },
            h("span", { class: "option-label" }, choice.label, choice.hint && h("small", {}, choice.hint)),
            icon("check", 16),
          );
          items.push({ node, choice });
          return node;
        }),
      ]),
    );
    if (!items.length) fill(list, h("p", { class: "empty-line" }, search.value ? "No matches" : "No options"));
    activate(
      Math.max(
        0,
        items.findIndex(({ choice }) => isChosen(choice)),
      ),
    );
    popover.replace();
  };
  const ask = async () => {
    const turn = ++asked;
    const query = search.value.trim();
    if (options.minQuery && query.length < options.minQuery) {
      fill(list, h("p", { class: "empty-line" }, `Type ${options.minQuery} or more characters to search`));
      items = [];
      return;
    }
    if (options.fetched)
      fill(
        list,
        h("p", { class: "empty-line", "aria-busy": "true" }, h("span", { class: "spinner" }), "Loading options"),
      );
    try {
      const groups = await options.groups(query);
      if (turn === asked) show(groups);
    } catch (error) {
      if (turn === asked)
        fill(
          list,
          h("p", { class: "empty-line error-line", role: "alert" }, error.spoken ?? "The options could not be loaded."),
        );
    }
  };

  search.addEventListener("input", options.fetched ? debounce(ask, 250) : ask);
  search.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: active + 1, ArrowUp: active - 1 };
    if (event.key in steps) activate(steps[event.key]);
    else if (event.key === "Enter" && items[active]) take(items[active].choice);
    else if (event.key === "Tab") {
      popover.close();
      trigger.focus();
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  search.focus();
  ask();
}

/** Keeps the choices whose text has all words of the query. */
export function matching(groups, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      ...group,
      choices: group.choices.filter((choice) => words.every((word) => choice.text.toLowerCase().includes(word))),
    }))
    .filter((group) => group.choices.length);
}
