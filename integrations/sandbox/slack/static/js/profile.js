// A small card about a person: who they are, a message to them, and sitting down as them.

import { post, spoken } from "./api.js";
import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openPopover } from "./popover.js";
import { channelHash, go } from "./routes.js";
import { isBot, personName, putChannel, store } from "./store.js";
import { toast } from "./toast.js";

/** What kind of account it is, if not an ordinary one. */
export function standing(person) {
  if (!person) return "";
  if (person.is_stranger) return "another company";
  if (person.is_restricted) return "guest";
  return person.is_admin ? "administrator" : "";
}

/** Opens the direct conversation with these people. */
export async function openDm(users) {
  try {
    const { channel } = await post("dm", { users });
    putChannel(channel);
    go(channelHash(channel.id));
  } catch (error) {
    toast(spoken(error), "error");
  }
}

/** @param {HTMLElement} anchor @param {string} id */
export function openProfile(anchor, id) {
  const person = store.people.get(id);
  const groups = [...store.groups.values()]
    .filter((group) => group.users?.includes(id))
    .map((group) => `@${group.handle}`);
  const detail = [person?.title !== person?.real_name && person?.title, standing(person), groups.join(" ")].filter(
    Boolean,
  );
  const me = id === store.me?.id;
  const close = (work) => () => {
    popover.close();
    work();
  };
  const card = h(
    "div",
    { class: "profile" },
    avatar(id, 56),
    h(
      "div",
      { class: "profile-words" },
      h("strong", {}, personName(id), isBot(id) && h("span", { class: "badge" }, "APP")),
      person && h("span", { class: "profile-handle" }, `@${person.name}`),
      detail.map((line) => h("span", { class: "profile-line" }, line)),
    ),
    h(
      "div",
      { class: "profile-actions" },
      !me &&
        h(
          "button",
          { type: "button", class: "button", onclick: close(() => openDm([id])) },
          icon("message", 16),
          "Message",
        ),
      !me &&
        person &&
        !person.is_bot &&
        !isBot(id) &&
        h(
          "button",
          {
            type: "button",
            class: "button",
            onclick: close(() => document.dispatchEvent(new CustomEvent("switch-person", { detail: id }))),
          },
          icon("person", 16),
          "Sit down as",
        ),
    ),
  );
  const popover = openPopover(anchor, card, { label: personName(id), role: "dialog" });
  card.querySelector("button")?.focus();
}
