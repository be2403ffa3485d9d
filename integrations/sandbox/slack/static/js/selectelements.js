// Slack's ten kinds of select → one select field: options of the app, of a lookup, people, channels, conversations.

import { avatar } from "./avatar.js";
import { entered, keyOf } from "./elements.js";
import { icon } from "./icons.js";
import { matching, selectField } from "./select.js";
import { channelTitle, isDm, personName, store } from "./store.js";
import { textNode, words } from "./textobject.js";

const optionChoice = (option) => ({
  key: option.value,
  label: textNode(option.text),
  text: words(option.text),
  hint: option.description && words(option.description),
  raw: option,
});

const personChoice = (id) => {
  const person = store.people.get(id);
  return {
    key: id,
    label: [avatar(id, 20), personName(id)],
    text: `${personName(id)} ${person?.name ?? ""}`,
    hint: person?.title === person?.real_name ? `@${person?.name}` : person?.title,
    raw: id,
  };
};

const conversationChoice = (id) => {
  const channel = store.channels.get(id);
  if (channel && isDm(channel))
    return { key: id, label: [avatar(otherOf(channel), 20), channelTitle(id)], text: channelTitle(id), raw: id };
  return {
    key: id,
    label: [icon(channel?.kind === "private" ? "lock" : "hash", 15), channelTitle(id)],
    text: channelTitle(id),
    raw: id,
  };
};

const otherOf = (channel) => channel.members?.find((member) => member !== store.me?.id) ?? store.me?.id;

const KINDS = {
  static: { one: "selected_option", many: "selected_options", choice: optionChoice, groups: optionGroups },
  external: { one: "selected_option", many: "selected_options", choice: optionChoice },
  users: {
    one: "selected_user",
    many: "selected_users",
    choice: personChoice,
    groups: () => [{ choices: everybody() }],
  },
  channels: {
    one: "selected_channel",
    many: "selected_channels",
    choice: conversationChoice,
    groups: () => [{ choices: channelsOf((channel) => channel.kind === "channel") }],
  },
  conversations: {
    one: "selected_conversation",
    many: "selected_conversations",
    choice: conversationChoice,
    groups: (element) => [{ choices: channelsOf(allowedBy(element.filter)) }],
  },
};

const everybody = () =>
  [...store.people.values()]
    .filter((person) => !person.is_bot && !person.deleted)
    .map((person) => personChoice(person.id));
const channelsOf = (wanted) =>
  [...store.channels.values()]
    .filter((channel) => !channel.archived && wanted(channel))
    .map((channel) => conversationChoice(channel.id))
    .sort((a, b) => a.text.localeCompare(b.text));

const NAMES = { channel: "public", private: "private", im: "im", mpim: "mpim" };

function allowedBy(filter) {
  return (channel) => {
    if (!channel.joined && channel.kind !== "channel") return false;
    if (filter?.include && !filter.include.includes(NAMES[channel.kind])) return false;
    return !(filter?.exclude_bot_users && channel.kind === "im" && channel.members?.includes(store.bot.user_id));
  };
}

function optionGroups(element) {
  if (element.option_groups)
    return element.option_groups.map((group) => ({
      heading: words(group.label),
      choices: (group.options ?? []).map(optionChoice),
    }));
  return [{ choices: (element.options ?? []).map(optionChoice) }];
}

/** Any select of any kind. */
export function selectElement(element, block, surface, field) {
  const multiple = element.type.startsWith("multi_");
  const kind = KINDS[element.type.replace(/^multi_/, "").replace(/_select$/, "")];
  if (!kind) return document.createTextNode(`unsupported element (${element.type})`);
  const name = multiple ? kind.many : kind.one;
  let value = surface.answers.get(block, element)?.[name];
  if (element.type === "conversations_select" && !value && element.default_to_current_conversation && surface.channel) {
    value = surface.channel;
    surface.answers.set(block, element, { [name]: value });
  }
  const held = [].concat(value ?? []);
  const external = kind === KINDS.external;
  const control = selectField({
    multiple,
    label: field.label || words(element.placeholder) || "Choose",
    placeholder: words(element.placeholder),
    most: element.max_selected_items,
    clearable: Boolean(field.optional),
    chosen: held.map(kind.choice),
    key: keyOf(block, element),
    fetched: external,
    minQuery: external ? (element.min_query_length ?? 3) : 0,
    groups: external
      ? (query) => fetched(surface, block, element, query)
      : (query) => matching(kind.groups(element), query),
    onChange: (chosen) => {
      const raw = chosen.map((choice) => choice.raw);
      entered(surface, block, element, { [name]: multiple ? raw : (raw[0] ?? null) });
    },
  });
  const trigger = control.querySelector(".select-trigger");
  if (field.id) trigger.id = field.id;
  if (field.described) trigger.setAttribute("aria-describedby", field.described);
  if (field.invalid) trigger.setAttribute("aria-invalid", "true");
  control.dataset.action = element.action_id ?? "";
  return control;
}

async function fetched(surface, block, element, query) {
  const answer = await surface.options(block, element, query);
  return optionGroups(answer ?? {});
}
