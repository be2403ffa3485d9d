// What the page knows of the workspace, as the person who sits here sees it.

import { changed } from "./events.js";

/**
 * @typedef {{id: string, name: string, real_name: string, title?: string, color?: string, is_bot?: boolean,
 *   is_restricted?: boolean, is_stranger?: boolean, is_admin?: boolean}} Person
 * @typedef {{id: string, name: string, kind: string, members: string[], topic?: string, purpose?: string,
 *   archived?: boolean, pins?: string[], unread?: number, mention?: number, last_read?: string}} Channel
 * @typedef {{channel: string, ts: string, user: string, text: string, blocks: Object[], thread_ts: string|null,
 *   files?: any[], reactions?: any, edited?: any, streaming?: boolean, chunks?: any[], ephemeral_to?: string|null,
 *   thread?: {reply_count: number, reply_users: string[], latest_reply: string}}} Message
 */
export const store = {
  team: { id: "", name: "Local workspace" },
  /** @type {Person} */ me: null,
  /** @type {Map<string, Person>} */ people: new Map(),
  /** @type {Map<string, {id: string, handle: string, name: string, users: string[]}>} */ groups: new Map(),
  bot: { user_id: "", name: "CoPilot", app_id: "" },
  /** @type {Map<string, Channel>} channels, DMs and joinable ones alike */ channels: new Map(),
  commands: [],
  shortcuts: [],
  assistant: { enabled: false, description: "" },
  home: { enabled: false },
  /** is a bot connected to this workspace */ connected: true,
  /** is this page connected to the server */ online: true,
  welcome: null,
  /** modals of this person, the one on top last */ views: [],
  /** the published Home tab */ homeView: undefined,
};

const idOf = (thing) => thing.id;
const keyed = (list) => new Map((list ?? []).map((thing) => [idOf(thing), thing]));

/** Takes over an answer of /page/state. */
export function takeState(state) {
  Object.assign(store, {
    team: state.team ?? store.team,
    me: state.me,
    people: keyed(state.people),
    groups: keyed(state.groups),
    bot: state.bot ?? store.bot,
    commands: state.commands ?? [],
    shortcuts: state.shortcuts ?? [],
    assistant: state.assistant ?? store.assistant,
    home: state.home ?? store.home,
    connected: state.connected ?? false,
    welcome: state.welcome ?? null,
  });
  store.channels = new Map();
  for (const channel of state.joinable ?? []) store.channels.set(channel.id, { ...channel, joined: false });
  for (const channel of [...(state.channels ?? []), ...(state.dms ?? [])]) {
    store.channels.set(channel.id, { ...channel, joined: true });
  }
  if (Array.isArray(state.views)) store.views = state.views;
  changed("workspace", "connection", "views");
}

/** Puts a channel in place, or brings it up to date. @param {Partial<Channel> & {id: string}} channel */
export function putChannel(channel) {
  const known = store.channels.get(channel.id);
  const members = channel.members ?? known?.members;
  const joined = members ? members.includes(store.me?.id) : (known?.joined ?? true);
  store.channels.set(channel.id, { unread: 0, mention: 0, ...known, ...channel, joined });
  changed("workspace", `channel:${channel.id}`);
}

/** Changes a channel that is known; of an unknown one there is nothing to change. @param {string} id @param {Partial<Channel>} change */
export function changeChannel(id, change) {
  if (store.channels.has(id)) putChannel({ id, ...change });
}

export const isDm = (channel) => channel?.kind === "im" || channel?.kind === "mpim";
export const person = (id) => store.people.get(id);
export const isBot = (id) => id === store.bot.user_id;
export const channel = (id) => store.channels.get(id);

/** The name that people see. */
export function personName(id) {
  if (isBot(id)) return store.bot.name;
  const found = store.people.get(id);
  return found ? found.real_name || found.name : id || "Somebody";
}

/** "#ops", or who else is in a DM. */
export function channelTitle(id) {
  const found = store.channels.get(id);
  if (!found) return id;
  if (!isDm(found)) return found.name;
  const others = (found.members ?? []).filter((member) => member !== store.me?.id);
  return others.map(personName).join(", ") || `${personName(store.me?.id)} (you)`;
}

/** The direct conversation with the bot, if there is one. */
export function botDm() {
  return [...store.channels.values()].find((one) => one.kind === "im" && one.members?.includes(store.bot.user_id));
}

/** Joined channels in the order of the sidebar. */
export function sidebarChannels() {
  const all = [...store.channels.values()].filter((one) => one.joined && !one.archived);
  const byName = (a, b) => String(channelTitle(a.id)).localeCompare(String(channelTitle(b.id)));
  return { channels: all.filter((one) => !isDm(one)).sort(byName), dms: all.filter(isDm).sort(byName) };
}

/** Does this text call the person who sits here? */
export function callsMe(text) {
  if (!text || !store.me) return false;
  if (text.includes(`<@${store.me.id}`) || /<!(here|channel|everyone)/.test(text)) return true;
  return [...store.groups.values()].some(
    (group) => group.users?.includes(store.me.id) && text.includes(`<!subteam^${group.id}`),
  );
}
