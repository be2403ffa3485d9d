// What is offered while somebody types: people after @, channels after #, commands after /, emoji after a colon.

import { avatar } from "./avatar.js";
import { fill, h, uniqueId } from "./dom.js";
import { emojiSign, findEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { openPopover } from "./popover.js";
import { standing } from "./profile.js";
import { channelTitle, isBot, isDm, store } from "./store.js";

const MOST = 8;

/**
 * @typedef {{insert: string, symbol: any, label: string, hint?: string}} Offer
 * @typedef {{kind: string, from: number, typed: string}} Token
 */

/** What is being typed before the caret, if it can be completed. @returns {Token|null} */
function tokenAt(text, caret, { commands = true } = {}) {
  const before = text.slice(0, caret);
  const command = commands && /^\/([\w-]*)$/.exec(before);
  if (command) return { kind: "/", from: 0, typed: command[1] };
  const found = /(?:^|[\s([{"'])([@#:])([\p{L}\p{N}_.+'-]*)$/u.exec(before);
  if (!found || (found[1] === ":" && found[2].length < 2)) return null;
  return { kind: found[1], from: caret - found[2].length - 1, typed: found[2] };
}

const OFFERS = { "@": people, "#": channels, "/": commands, ":": emoji };

/** @param {Token} token @param {string} [channel] where it is typed @returns {Offer[]} */
function offersFor(token, channel) {
  return OFFERS[token.kind](token.typed.toLowerCase(), channel).slice(0, MOST);
}

const begins = (typed, ...names) =>
  names.some(
    (name) =>
      String(name ?? "")
        .toLowerCase()
        .split(/[\s._-]+/)
        .some((part) => part.startsWith(typed)) ||
      String(name ?? "")
        .toLowerCase()
        .startsWith(typed),
  );

export const botHandle = () => store.people.get(store.bot.user_id)?.name ?? store.bot.name.toLowerCase();

function people(typed, channel) {
  const members = store.channels.get(channel)?.members ?? [];
  const bot = { insert: `@${botHandle()} `, symbol: avatar(store.bot.user_id, 24), label: store.bot.name, hint: "APP" };
  const persons = [...store.people.values()]
    .filter((one) => !isBot(one.id) && !one.deleted && begins(typed, one.name, one.real_name))
    .map((one) => ({
      insert: `@${one.name} `,
      symbol: avatar(one.id, 24),
      label: one.real_name || one.name,
      in: members.includes(one.id),
      hint: [
        `@${one.name}`,
        one.id === store.me?.id && "you",
        standing(one),
        !members.includes(one.id) && members.length > 0 && "not in channel",
      ]
        .filter(Boolean)
        .join(" · "),
    }))
    .sort((a, b) => Number(b.in) - Number(a.in));
  const groups = [...store.groups.values()]
    .filter((one) => begins(typed, one.handle, one.name))
    .map((one) => ({
      insert: `@${one.handle} `,
      symbol: icon("people", 18),
      label: `@${one.handle}`,
      hint: `${one.name} · ${one.users?.length ?? 0} ${one.users?.length === 1 ? "member" : "members"}`,
    }));
  const wide = ["here", "channel"]
    .filter((name) => typed && name.startsWith(typed))
    .map((name) => ({ insert: `@${name} `, symbol: icon("at", 18), label: `@${name}`, hint: "Notifies this channel" }));
  const wantsBot = begins(typed, botHandle(), store.bot.name);
  return [...(wantsBot ? [bot] : []), ...persons, ...groups, ...wide];
}

function channels(typed) {
  return [...store.channels.values()]
    .filter((one) => !isDm(one) && !one.archived && begins(typed, one.name))
    .map((one) => ({
      insert: `#${one.name} `,
      symbol: icon(one.kind === "private" ? "lock" : "hash", 17),
      label: channelTitle(one.id),
      hint: one.topic || one.purpose,
    }));
}

function commands(typed) {
  return store.commands
    .filter((one) => one.command.slice(1).startsWith(typed))
    .map((one) => ({
      insert: `${one.command} `,
      symbol: icon("slash", 17),
      label: `${one.command} ${one.usage_hint ?? ""}`.trim(),
      hint: one.description,
    }));
}

function emoji(typed) {
  return findEmoji(typed, MOST).map(({ name }) => ({
    insert: `:${name}: `,
    symbol: emojiSign(name),
    label: `:${name}:`,
  }));
}

/**
 * Offers completions over a textarea; the focus stays in the text.
 * @param {HTMLTextAreaElement} area
 * @param {{channel: () => string|undefined, commands: boolean, anchor: HTMLElement}} options
 */
export function completes(area, options) {
  const listId = uniqueId("offers");
  let popover = null;
  let offers = [];
  let active = 0;
  let token = null;
  let dismissed = "";

  const close = () => {
    popover?.close();
    popover = null;
    area.removeAttribute("aria-activedescendant");
    area.setAttribute("aria-expanded", "false");
  };
  const take = (offer) => {
    const end = area.selectionStart;
    area.setRangeText(offer.insert, token.from, end, "end");
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  };
  const draw = () => {
    const rows = offers.map((offer, at) =>
      h(
        "div",
        {
          class: ["option", at === active && "active"],
          role: "option",
          id: `${listId}-${at}`,
          "aria-selected": String(at === active),
          onpointerdown: (event) => event.preventDefault(),
          onclick: () => take(offer),
        },
        h("span", { class: "offer-symbol" }, offer.symbol),
        h("span", { class: "option-label" }, offer.label, offer.hint && h("small", {}, offer.hint)),
      ),
    );
    const list = h("div", { class: "options", role: "listbox", id: listId, "aria-label": "Suggestions" }, rows);
    if (!popover) {
      popover = openPopover(options.anchor, h("div", { class: "offers" }), {
        side: "above",
        matchWidth: true,
        focusBack: false,
        onClose: () => {
          popover = null;
        },
      });
    }
    fill(popover.panel.firstChild, list);
    popover.replace();
    rows[active]?.scrollIntoView({ block: "nearest" });
    area.setAttribute("aria-expanded", "true");
    area.setAttribute("aria-controls", listId);
    area.setAttribute("aria-activedescendant", `${listId}-${active}`);
  };
  const look = () => {
    token = document.activeElement === area ? tokenAt(area.value, area.selectionStart, options) : null;
    const key = token && `${token.kind}${token.from}`;
    if (key !== dismissed) dismissed = "";
    offers = token && !dismissed ? offersFor(token, options.channel()) : [];
    active = 0;
    if (offers.length) draw();
    else close();
  };

  area.setAttribute("aria-autocomplete", "list");
  area.addEventListener("input", look);
  area.addEventListener("click", look);
  area.addEventListener("blur", () => setTimeout(() => document.activeElement !== area && close(), 150));
  area.addEventListener(
    "keydown",
    (event) => {
      if (!popover || !offers.length) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        active = (active + (event.key === "ArrowDown" ? 1 : -1) + offers.length) % offers.length;
        draw();
      } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") take(offers[active]);
      else if (event.key === "Escape") {
        dismissed = `${token.kind}${token.from}`;
        close();
      } else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  return { close, look };
}
