// What a person has entered in the elements of a message, a modal or the Home tab, in Slack's `state.values` form.

const EMPTY = {
  plain_text_input: { value: null },
  email_text_input: { value: null },
  url_text_input: { value: null },
  number_input: { value: null },
  static_select: { selected_option: null },
  external_select: { selected_option: null },
  radio_buttons: { selected_option: null },
  users_select: { selected_user: null },
  conversations_select: { selected_conversation: null },
  channels_select: { selected_channel: null },
  multi_static_select: { selected_options: [] },
  multi_external_select: { selected_options: [] },
  checkboxes: { selected_options: [] },
  multi_users_select: { selected_users: [] },
  multi_conversations_select: { selected_conversations: [] },
  multi_channels_select: { selected_channels: [] },
  datepicker: { selected_date: null },
  timepicker: { selected_time: null },
  datetimepicker: { selected_date_time: null },
  rich_text_input: { rich_text_value: null },
  file_input: { files: [] },
};

/** The elements of blocks that hold a value, with the block they stand in. @returns {[Object, Object][]} */
function heldElements(blocks) {
  const found = [];
  for (const block of blocks ?? []) {
    const elements =
      block.type === "input"
        ? [block.element]
        : [block.accessory, ...(block.type === "actions" ? (block.elements ?? []) : [])];
    for (const element of elements) if (element && EMPTY[element.type]) found.push([block, element]);
    if (block.child_blocks) found.push(...heldElements(block.child_blocks));
  }
  return found;
}

export class Answers {
  /** @param {Object} [values] as the server knows them */
  constructor(values = {}) {
    this.values = new Map();
    for (const [block, actions] of Object.entries(values ?? {})) {
      for (const [action, value] of Object.entries(actions ?? {})) this.values.set(`${block}\n${action}`, value);
    }
  }

  /** What was entered here, or what the app put there at first. */
  get(block, element) {
    return this.values.get(this.#key(block, element)) ?? initialOf(element);
  }

  set(block, element, value) {
    this.values.set(this.#key(block, element), value);
  }

  /** `{block_id: {action_id: {type, …}}}` of everything that these blocks hold. */
  state(blocks) {
    const values = {};
    for (const [block, element] of heldElements(blocks)) {
      values[block.block_id] ??= {};
      values[block.block_id][element.action_id] = {
        type: element.type,
        ...EMPTY[element.type],
        ...pick(element.type, this.get(block, element)),
      };
    }
    return { values };
  }

  #key(block, element) {
    return `${block.block_id}\n${element.action_id}`;
  }
}

const pick = (type, value) => {
  const [name] = Object.keys(EMPTY[type]);
  return value?.[name] === undefined ? {} : { [name]: value[name] };
};

/** The value that an element begins with. */
function initialOf(element) {
  switch (element.type) {
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return {
        value:
          element.initial_value === undefined || element.initial_value === null ? null : String(element.initial_value),
      };
    case "static_select":
    case "external_select":
    case "radio_buttons":
      return { selected_option: element.initial_option ?? null };
    case "multi_static_select":
    case "multi_external_select":
    case "checkboxes":
      return { selected_options: element.initial_options ?? [] };
    case "users_select":
      return { selected_user: element.initial_user ?? null };
    case "channels_select":
      return { selected_channel: element.initial_channel ?? null };
    case "conversations_select":
      return { selected_conversation: element.initial_conversation ?? null };
    case "multi_users_select":
      return { selected_users: element.initial_users ?? [] };
    case "multi_channels_select":
      return { selected_channels: element.initial_channels ?? [] };
    case "multi_conversations_select":
      return { selected_conversations: element.initial_conversations ?? [] };
    case "datepicker":
      return { selected_date: element.initial_date ?? null };
    case "timepicker":
      return { selected_time: element.initial_time ?? null };
    case "datetimepicker":
      return { selected_date_time: element.initial_date_time ?? null };
    case "rich_text_input":
      return { rich_text_value: element.initial_value ?? null };
    default:
      return {};
  }
}

/** Is there nothing in it? */
function isEmpty(value) {
  const found = Object.entries(value ?? {})
    .filter(([name]) => name !== "type")
    .map(([, one]) => one);
  return !found.length || found.every((one) => one === null || one === "" || (Array.isArray(one) && !one.length));
}

/** Field errors that Slack's own client finds before it asks the app. @returns {Object<string, string>} block_id → error */
export function problemsIn(blocks, answers) {
  const errors = {};
  for (const block of blocks ?? []) {
    if (block.type !== "input" || !block.element) continue;
    const problem = problemOf(block, answers.get(block, block.element));
    if (problem) errors[block.block_id] = problem;
  }
  return errors;
}

function problemOf(block, value) {
  const { element } = block;
  if (isEmpty(value)) return block.optional ? null : "Please complete this required field.";
  const text = value.value ?? "";
  if (element.type === "plain_text_input") {
    if (element.min_length && text.length < element.min_length) return `Use at least ${element.min_length} characters.`;
    if (element.max_length && text.length > element.max_length) return `Use at most ${element.max_length} characters.`;
  }
  if (element.type === "number_input") return numberProblem(element, text);
  if (element.type === "email_text_input" && !/^\S+@\S+\.\S+$/.test(text)) return "This is no email address.";
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/i.test(text))
    return "This is no address: it begins with https:// or http://.";
  return null;
}

function numberProblem(element, text) {
  const number = Number(text);
  if (!/^[+-]?\d*\.?\d+$/.test(text.trim()) || Number.isNaN(number)) return "This is no number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Only whole numbers go here.";
  if (element.min_value !== undefined && number < Number(element.min_value))
    return `Must be ${element.min_value} or more.`;
  if (element.max_value !== undefined && number > Number(element.max_value))
    return `Must be ${element.max_value} or less.`;
  return null;
}
