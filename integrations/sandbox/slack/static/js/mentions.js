// Chips for people, groups, channels and broadcasts within a text, and links that lead back into this page.

import { h, link } from "./dom.js";
import { openProfile } from "./profile.js";
import { channelHash, hashOfPermalink } from "./routes.js";
import { channel, channelTitle, personName, store } from "./store.js";

/** @param {string} id @param {string} [label] */
export function personMention(id, label) {
  const known = store.people.has(id) || id === store.bot.user_id;
  const name = known ? personName(id) : label || id;
  return h(
    "button",
    {
      type: "button",
      class: ["mention", id === store.me?.id && "mention-me"],
      onclick: (event) => openProfile(event.currentTarget, id),
    },
    `@${name.replace(/^@/, "")}`,
  );
}

export function channelMention(id, label) {
  if (!channel(id)) return h("span", { class: "mention" }, label ? `#${label}` : "a private channel");
  return h("a", { class: "mention", href: channelHash(id) }, `#${channelTitle(id)}`);
}

export function groupMention(id, label) {
  const group = store.groups.get(id);
  const mine = group?.users?.includes(store.me?.id);
  const title = group ? `${group.name}: ${(group.users ?? []).map(personName).join(", ")}` : null;
  return h("span", { class: ["mention", mine && "mention-me"], title }, label || `@${group?.handle ?? id}`);
}

/** @param {"here"|"channel"|"everyone"} range */
export const broadcast = (range) => h("span", { class: "mention mention-me" }, `@${range}`);

/** A link from a message: permalinks of this workspace stay in the page. */
export function textLink(address, ...label) {
  const inside = hashOfPermalink(address);
  if (inside) return h("a", { href: inside, title: address }, label);
  return link(address, label);
}
