// The sidebar: the workspace, who sits here, the bot's places, channels and direct messages with what is unread.

import { isNarrow } from "./a11y.js";
import { avatar } from "./avatar.js";
import { createChannel, joinChannel } from "./channelview.js";
import { openDialog } from "./dialog.js";
import { fill, h } from "./dom.js";
import { draftOf } from "./drafts.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { openMenu } from "./popover.js";
import { openDm, standing } from "./profile.js";
import { channelHash } from "./routes.js";
import { selectField, matching } from "./select.js";
import { channelTitle, isBot, isDm, personName, sidebarChannels, store } from "./store.js";

/** @param {{route: () => import("./routes.js").Route, switchPerson: (id: string) => void, closeDrawer: () => void}} page */
export function sidebar(page) {
  const node = h("nav", { class: "sidebar", "aria-label": "Workspace" });
  const draw = () => {
    const focused = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const scroller = node.querySelector(".sidebar-scroll");
    const top = scroller?.scrollTop ?? 0;
    fill(
      node,
      head(page),
      h("div", { class: "sidebar-scroll" }, places(page), channelsSection(page), dmsSection(page)),
    );
    node.querySelector(".sidebar-scroll").scrollTop = top;
    if (focused) node.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  };
  node.addEventListener("keydown", (event) => walk(event, node));
  node.addEventListener("click", (event) => event.target.closest("a.side-item") && page.closeDrawer());
  on("workspace", draw);
  on("route", draw);
  on("connection", draw);
  return { node, draw };
}

function walk(event, node) {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.altKey) return;
  const items = [...node.querySelectorAll(".side-item, .who")];
  const at = items.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  items[Math.max(0, Math.min(at + (event.key === "ArrowDown" ? 1 : -1), items.length - 1))].focus();
}

function head(page) {
  const detail = detailOf(store.me);
  return h(
    "div",
    { class: "sidebar-head" },
    h(
      "div",
      { class: "team" },
      h("span", { class: "team-mark", "aria-hidden": "true" }, store.team.name.slice(0, 1).toUpperCase()),
      h("strong", {}, store.team.name),
      h(
        "button",
        {
          type: "button",
          class: "icon-button only-narrow",
          "aria-label": "Close the sidebar",
          onclick: page.closeDrawer,
        },
        icon("close"),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        class: "who",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        dataset: { key: "who" },
        onclick: (event) => openPersons(event.currentTarget, page),
      },
      avatar(store.me?.id, 34),
      h(
        "span",
        { class: "who-words" },
        h("small", {}, "You are"),
        h("strong", {}, personName(store.me?.id)),
        detail && h("small", {}, detail),
      ),
      icon("down", 17),
    ),
  );
}

/** What is known of somebody besides the name: what they may do, or what kind of account it is. */
function detailOf(person) {
  const told = store.welcome?.roles?.[person?.id] ?? (person?.title === person?.real_name ? "" : person?.title);
  return [told, standing(person)].filter(Boolean).join(" · ");
}

/** Everybody whose chair can be taken; what they may do, as far as it is known. */
function openPersons(anchor, page) {
  const entry = (person) => ({
    label: person.real_name || person.name,
    hint: detailOf(person) || `@${person.name}`,
    node: avatar(person.id, 28),
    checked: person.id === store.me?.id,
    run: () => page.switchPerson(person.id),
  });
  const all = [...store.people.values()].filter((person) => !isBot(person.id) && !person.is_bot && !person.deleted);
  const inside = all.filter((person) => !person.is_restricted && !person.is_stranger);
  const outside = all.filter((person) => person.is_restricted || person.is_stranger);
  openMenu(
    anchor,
    [
      { heading: "Sit down as somebody else" },
      ...inside.map(entry),
      outside.length > 0 && { heading: "From outside" },
      ...outside.map(entry),
    ],
    { label: "Switch person" },
  );
}

function places(page) {
  const { view } = page.route();
  const one = (name, symbol, label, hash) =>
    h(
      "a",
      {
        class: ["side-item", view === name && "current"],
        href: hash,
        "aria-current": view === name ? "page" : null,
        dataset: { key: name },
      },
      icon(symbol, 18),
      h("span", { class: "side-label" }, label),
    );
  return h(
    "div",
    { class: "side-section" },
    store.home.enabled && one("home", "home", `${store.bot.name} Home`, "#/home"),
    store.assistant.enabled && one("assistant", "sparkles", "Assistant", "#/assistant"),
    one("inspector", "pulse", "Inspector", "#/inspector"),
  );
}

function item(page, channel) {
  const { view, channel: open } = page.route();
  const current = view === "channel" && open === channel.id;
  const unread = channel.unread > 0;
  const other = isDm(channel) && (channel.members?.find((member) => member !== store.me?.id) ?? store.me?.id);
  const symbol = other ? avatar(other, 22) : icon(channel.kind === "private" ? "lock" : "hash", 17);
  const spoken = [
    channelTitle(channel.id),
    channel.mention ? `${channel.mention} mentions` : unread ? `${channel.unread} unread` : "",
  ]
    .filter(Boolean)
    .join(", ");
  return h(
    "li",
    {},
    h(
      "a",
      {
        class: ["side-item", current && "current", unread && "unread"],
        href: channelHash(channel.id),
        "aria-current": current ? "page" : null,
        "aria-label": spoken,
        dataset: { key: channel.id },
      },
      symbol,
      h("span", { class: "side-label" }, channelTitle(channel.id)),
      !current && draftOf(channel.id) && h("span", { class: "side-draft", title: "Draft" }, icon("edit", 14)),
      channel.mention > 0
        ? h("span", { class: "mentions" }, channel.mention)
        : unread && h("span", { class: "unread-dot", "aria-hidden": "true" }),
    ),
  );
}

function section(title, id, add, list) {
  return h(
    "div",
    { class: "side-section" },
    h("div", { class: "side-title" }, h("h2", { id }, title), add),
    h("ul", { "aria-labelledby": id }, list),
  );
}

function channelsSection(page) {
  const { channels } = sidebarChannels();
  const joinable = [...store.channels.values()].filter((one) => !one.joined && one.kind === "channel" && !one.archived);
  const add = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Add channels",
      title: "Add channels",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      dataset: { key: "add-channel" },
      onclick: (event) =>
        openMenu(
          event.currentTarget,
          [
            { label: "Create a channel", icon: "plus", run: createChannel },
            joinable.length > 0 && { heading: "Join" },
            ...joinable.map((one) => ({
              label: one.name,
              icon: "hash",
              hint: one.purpose,
              run: () => joinChannel(one.id),
            })),
          ],
          { label: "Add channels" },
        ),
    },
    icon("plus", 17),
  );
  return section(
    "Channels",
    "side-channels",
    add,
    channels.map((one) => item(page, one)),
  );
}

function dmsSection(page) {
  const { dms } = sidebarChannels();
  const bot = store.bot.user_id;
  const known = dms.some((one) => one.kind === "im" && one.members?.includes(bot));
  const add = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "New direct message",
      title: "New direct message",
      dataset: { key: "add-dm" },
      onclick: newDm,
    },
    icon("plus", 17),
  );
  const toBot =
    !known &&
    h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "side-item",
          dataset: { key: "bot-dm" },
          onclick: () => {
            page.closeDrawer();
            openDm([bot]);
          },
        },
        avatar(bot, 22),
        h("span", { class: "side-label" }, store.bot.name),
      ),
    );
  return section("Direct messages", "side-dms", add, [toBot, dms.map((one) => item(page, one))]);
}

function newDm() {
  let users = [];
  const choices = [
    store.bot.user_id,
    ...[...store.people.keys()].filter((id) => id !== store.bot.user_id && id !== store.me.id),
  ].map((id) => ({
    key: id,
    label: [avatar(id, 20), personName(id)],
    text: `${personName(id)} ${store.people.get(id)?.name ?? ""}`,
    raw: id,
  }));
  const field = selectField({
    multiple: true,
    most: 8,
    chosen: [],
    label: "People",
    placeholder: "Choose people",
    groups: (query) => matching([{ choices }], query),
    onChange: (chosen) => {
      users = chosen.map((one) => one.raw);
    },
  });
  const { close } = openDialog({
    title: "New direct message",
    className: "dialog-small",
    body: h("div", { class: "form" }, h("span", { class: "input-label" }, "To"), field),
    footer: [
      h("button", { type: "button", class: "button", onclick: () => close() }, "Cancel"),
      h(
        "button",
        {
          type: "button",
          class: "button primary",
          onclick: () => {
            if (!users.length) return;
            close();
            openDm(users);
          },
        },
        "Open",
      ),
    ],
  });
  if (!isNarrow()) field.querySelector("button")?.focus();
}
