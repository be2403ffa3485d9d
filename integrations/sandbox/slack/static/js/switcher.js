// Ctrl/Cmd+K: type where to go, or who to be.

import { avatar } from "./avatar.js";
import { fill, h, uniqueId } from "./dom.js";
import { openDialog } from "./dialog.js";
import { icon } from "./icons.js";
import { openDm, standing } from "./profile.js";
import { channelHash, go } from "./routes.js";
import { channelTitle, isBot, isDm, store } from "./store.js";

/** Opens the quick switcher. @param {{switchPerson: (id: string) => void}} page */
export function openSwitcher(page) {
  if (document.querySelector("dialog.switcher")) return;
  const listId = uniqueId("switcher");
  const input = h("input", {
    type: "search",
    class: "field switcher-input",
    placeholder: "Go to a channel, a person or a place",
    "aria-label": "Go to",
    role: "combobox",
    "aria-controls": listId,
    "aria-expanded": "true",
    autocomplete: "off",
  });
  const list = h("div", { class: "options", role: "listbox", id: listId, "aria-label": "Places" });
  const all = targets(page);
  let found = [];
  let active = 0;
  const { dialog, close } = openDialog({
    title: "Go to",
    body: [
      input,
      list,
      h(
        "p",
        { class: "hint switcher-keys" },
        h("kbd", {}, "↑"),
        h("kbd", {}, "↓"),
        " choose ",
        h("kbd", {}, "Enter"),
        " open ",
        h("kbd", {}, "Esc"),
        " close",
      ),
    ],
    className: "switcher",
  });

  const take = (target) => {
    close();
    target.run();
  };
  const draw = () => {
    const wordsTyped = input.value.toLowerCase().replace(/^[#@]/, "").split(/\s+/).filter(Boolean);
    found = all
      .filter((one) => wordsTyped.every((word) => one.text.toLowerCase().includes(word)))
      .sort((a, b) => rank(b, wordsTyped) - rank(a, wordsTyped))
      .slice(0, 12);
    active = Math.min(active, Math.max(0, found.length - 1));
    const rows = found.map((one, at) =>
      h(
        "div",
        {
          class: ["option", at === active && "active"],
          role: "option",
          id: `${listId}-${at}`,
          "aria-selected": String(at === active),
          onclick: () => take(one),
        },
        h("span", { class: "offer-symbol" }, one.symbol()),
        h("span", { class: "option-label" }, one.label, one.hint && h("small", {}, one.hint)),
        one.count > 0 && h("span", { class: "mentions" }, one.count),
      ),
    );
    fill(list, rows.length ? rows : h("p", { class: "empty-line" }, "Nothing of that name."));
    rows[active]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[active]?.id ?? "");
  };
  input.addEventListener("input", () => {
    active = 0;
    draw();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp")
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % Math.max(1, found.length);
    else if (event.key === "Enter" && found[active]) take(found[active]);
    else return;
    event.preventDefault();
    draw();
  });
  draw();
  input.focus();
}

const rank = (one, typed) =>
  (one.count > 0 ? 2 : 0) +
  (one.unread ? 1 : 0) +
  (typed.length && one.label.toLowerCase().startsWith(typed[0]) ? 4 : 0);

function targets(page) {
  const channels = [...store.channels.values()]
    .filter((one) => !one.archived)
    .map((one) => ({
      label: channelTitle(one.id),
      text: `${channelTitle(one.id)} ${one.purpose ?? ""}`,
      hint: isDm(one) ? "Direct message" : one.joined ? one.purpose : "Not joined",
      count: one.mention ?? 0,
      unread: one.unread > 0,
      symbol: () =>
        isDm(one)
          ? avatar(one.members?.find((member) => member !== store.me.id) ?? store.me.id, 24)
          : icon(one.kind === "private" ? "lock" : "hash", 18),
      run: () => go(channelHash(one.id)),
    }));
  const places = [
    store.home.enabled && [`${store.bot.name} Home`, "home", "#/home"],
    store.assistant.enabled && ["Assistant", "sparkles", "#/assistant"],
    ["Inspector", "pulse", "#/inspector"],
  ]
    .filter(Boolean)
    .map(([label, symbol, hash]) => ({
      label,
      text: label,
      symbol: () => icon(symbol, 18),
      run: () => go(hash),
      count: 0,
    }));
  const inDm = new Set(
    [...store.channels.values()].filter((one) => one.kind === "im").flatMap((one) => one.members ?? []),
  );
  const people = [...store.people.values()].filter((one) => !one.deleted && one.id !== store.me.id);
  const write = people
    .filter((one) => !inDm.has(one.id))
    .map((one) => ({
      label: one.real_name || one.name,
      text: `${one.real_name} ${one.name}`,
      hint: "Write a message",
      symbol: () => avatar(one.id, 24),
      run: () => openDm([one.id]),
      count: 0,
    }));
  const sit = people
    .filter((one) => !one.is_bot && !isBot(one.id))
    .map((one) => ({
      label: `Sit down as ${one.real_name || one.name}`,
      text: `sit down as switch person be ${one.real_name} ${one.name}`,
      hint: standing(one),
      symbol: () => icon("person", 18),
      run: () => page.switchPerson(one.id),
      count: 0,
    }));
  return [...channels, ...places, ...write, ...sit];
}
