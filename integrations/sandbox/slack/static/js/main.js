// The page begins here: who sits here, the frame, the route, and the line to the server.

import { isNarrow } from "./a11y.js";
import { actAs, get, spoken } from "./api.js";
import { assistantView } from "./assistant.js";
import { forgetAssistant } from "./assistantstate.js";
import { banners } from "./banners.js";
import { channelView, markRead } from "./channelview.js";
import { forgetAll, inView, openChannel, openThread, threadKey } from "./conversations.js";
import { closeAllDialogs } from "./dialog.js";
import { fill, h } from "./dom.js";
import { changed, on } from "./events.js";
import { takeFrame } from "./frames.js";
import { guide, toggleGuide } from "./guide.js";
import { homeView } from "./home.js";
import { icon } from "./icons.js";
import { inspectorView } from "./inspector.js";
import { listenToKeys, openKeys } from "./keys.js";
import { openLine } from "./live.js";
import "./modal.js";
import { closeAllPopovers } from "./popover.js";
import { channelHash, go, hashOfPermalink, readHash } from "./routes.js";
import { sidebar } from "./sidebar.js";
import { channelTitle, personName, sidebarChannels, store, takeState } from "./store.js";
import { openSwitcher } from "./switcher.js";
import { applyTheme, themeButton } from "./theme.js";
import { threadView } from "./threadview.js";
import { toast } from "./toast.js";

const PERSON = "person";
const FIRST_PERSON = "U0SRE";
const PATIENCE = 1500;

let route = readHash(location.hash);
let main = null;
let side = null;
let line = null;
let lastChannel;

const stage = h("main", { class: "stage", id: "main" });
const app = h("div", { class: "app" });

/** What the views may ask of the page. */
const page = {
  route: () => route,
  lastChannel: () => lastChannel,
  current: () => route.channel,
  menu: () =>
    h(
      "button",
      {
        type: "button",
        class: "icon-button only-narrow menu-button",
        "aria-label": "Open the sidebar",
        onclick: () => openDrawer(true),
      },
      icon("menu"),
      unreadElsewhere() && h("span", { class: "menu-dot" }),
    ),
  closeDrawer: () => openDrawer(false),
  openSwitcher: () => openSwitcher(page),
  switchPerson,
  doStep,
};

const unreadElsewhere = () =>
  [...store.channels.values()].some((one) => one.id !== route.channel && (one.mention > 0 || one.unread > 0));

function openDrawer(open) {
  app.classList.toggle("drawer-open", open);
  if (open) app.querySelector(".sidebar .current, .sidebar .who")?.focus();
}

// ---------------------------------------------------------------- who

function rememberedPerson() {
  const asked = new URLSearchParams(location.search).get("as");
  try {
    return asked || localStorage.getItem(PERSON) || FIRST_PERSON;
  } catch {
    return asked || FIRST_PERSON;
  }
}

async function sitDown(id) {
  actAs(id);
  const state = await get("state");
  takeState(state);
  try {
    localStorage.setItem(PERSON, store.me.id);
  } catch {
    // Next time somebody sits down anew.
  }
}

async function switchPerson(id) {
  if (id === store.me?.id) return;
  line?.close();
  closeAllPopovers();
  closeViews();
  try {
    forgetAll();
    store.views = [];
    store.homeView = undefined;
    await sitDown(id);
    forgetAssistant();
    if (route.view === "assistant") go("#/assistant");
    openDrawer(false);
    await listen();
    show();
    toast(`You are now ${personName(store.me.id)}.`);
  } catch (error) {
    toast(spoken(error), "error");
  }
}

// ---------------------------------------------------------------- the line

/** Opens the line; resolves when it is open, or when it has taken too long to be waited for. */
function connect() {
  return new Promise((resolve) => {
    let late = false;
    setTimeout(() => {
      late = true;
      resolve();
    }, PATIENCE);
    line = openLine({
      frame: takeFrame,
      up: (again) => {
        store.online = true;
        changed("connection");
        if (again || late) catchUp();
        resolve();
      },
      down: () => {
        store.online = false;
        changed("connection");
      },
    });
  });
}

/** Listens first and asks then, so that nothing falls in between. */
async function listen() {
  await connect();
  takeState(await get("state"));
}

/** After a break: everything that may have been missed. */
async function catchUp() {
  try {
    takeState(await get("state"));
    for (const one of [...store.channels.keys()])
      if (one === route.channel || one === lastChannel) openChannel(one, { again: true });
    if (route.thread) openThread(route.channel, route.thread, { again: true });
    main?.reload?.();
  } catch (error) {
    toast(spoken(error), "error");
  }
}

// ---------------------------------------------------------------- where

function closeViews() {
  main?.close();
  side?.close();
  main = null;
  side = null;
}

function fallback() {
  const { channels } = sidebarChannels();
  return (channels.find((one) => one.name === "ops") ?? channels.find((one) => one.name === "general") ?? channels[0])
    ?.id;
}

function show() {
  if (!store.me) return;
  route = readHash(location.hash);
  if (route.view === "channel" && !route.channel) {
    const id = lastChannel ?? fallback();
    if (id) {
      history.replaceState(null, "", channelHash(id));
      route = readHash(location.hash);
    }
  }
  closeAllPopovers();
  closeAllDialogs();
  const sameMain = main?.for === mainKey();
  if (!sameMain) {
    main?.close();
    main = Object.assign(build(), { for: mainKey() });
  }
  const wantsThread = route.view === "channel" && route.thread ? threadKey(route.channel, route.thread) : null;
  if (side?.for !== wantsThread) {
    side?.close();
    side = wantsThread ? Object.assign(threadView(route.channel, route.thread), { for: wantsThread }) : null;
  }
  if (route.view === "channel") lastChannel = route.channel;
  inView.channel = route.view === "channel" && !(side && isNarrow()) ? route.channel : null;
  inView.thread = route.thread ? threadKey(route.channel, route.thread) : null;
  if (stage.firstElementChild !== main.node) fill(stage, main.node, side?.node);
  else if (stage.children[1] !== side?.node) {
    stage.children[1]?.remove(); // the channel itself stays: what is taken out and put back forgets where it was
    if (side) stage.append(side.node);
  }
  stage.classList.toggle("with-thread", Boolean(side));
  changed("route");
  title();
  if (route.view === "channel") markRead(route.channel);
  if (route.at) find(route.at, route.thread ? side : main);
  else if (!isNarrow()) (side ?? main).focus?.();
}

const mainKey = () =>
  route.view === "channel" ? `${store.me.id}/${route.channel}` : `${store.me.id}/${route.view}/${route.thread ?? ""}`;

function build() {
  if (route.view === "home") return homeView(page);
  if (route.view === "assistant") return assistantView(route, page);
  if (route.view === "inspector") return inspectorView(page);
  return channelView(route.channel, page);
}

/** Waits for the message of a permalink to be there, and shows it. */
function find(ts, view, tries = 40) {
  if (view?.list?.show(ts) || tries === 0) return;
  setTimeout(() => find(ts, view, tries - 1), 50);
}

function title() {
  const count = [...store.channels.values()].reduce((sum, one) => sum + (one.mention ?? 0), 0);
  const names = { home: `${store.bot.name} Home`, assistant: "Assistant", inspector: "Inspector" };
  const where = names[route.view] ?? channelTitle(route.channel);
  document.title = `${count ? `(${count}) ` : ""}${where} · ${store.team.name}`;
}

// ---------------------------------------------------------------- the guide's steps

/** Sits down as somebody, opens a channel, puts a text into the composer. */
async function doStep(step) {
  const person =
    step.person && [...store.people.values()].find((one) => [one.id, one.name].includes(step.person.replace(/^@/, "")));
  if (person) await switchPerson(person.id);
  const name = step.channel?.replace(/^#/, "");
  const channel = name && [...store.channels.values()].find((one) => one.id === name || one.name === name);
  if (channel) go(channelHash(channel.id));
  if (!channel && !step.say) return;
  setTimeout(() => {
    if (step.say) main?.setText?.(step.say);
    main?.focus?.();
  }, 60);
}

// ---------------------------------------------------------------- the frame

function frame() {
  const search = h(
    "button",
    { type: "button", class: "search-button", onclick: page.openSwitcher },
    icon("search", 16),
    h("span", {}, "Go to a channel, a person, a place"),
    h("kbd", {}, "Ctrl K"),
  );
  const top = h(
    "header",
    { class: "top" },
    h(
      "a",
      {
        class: "skip",
        href: "#main",
        onclick: (event) => {
          event.preventDefault();
          document.querySelector(".composer-text, .messages, .home-scroll")?.focus();
        },
      },
      "Skip to the conversation",
    ),
    h("span", { class: "top-start" }),
    search,
    h(
      "span",
      { class: "top-end" },
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "What to try",
          title: "What to try",
          onclick: toggleGuide,
        },
        icon("compass", 19),
      ),
      h(
        "button",
        { type: "button", class: "icon-button only-wide", "aria-label": "Keys", title: "Keys (?)", onclick: openKeys },
        icon("keyboard", 19),
      ),
      themeButton(),
    ),
  );
  const bar = sidebar(page);
  const tour = guide(page);
  fill(
    app,
    top,
    h(
      "div",
      { class: "layout" },
      h("div", { class: "sidebar-frame" }, bar.node, tour.node),
      h("div", { class: "scrim", onclick: page.closeDrawer }),
      h("div", { class: "content" }, banners().node, tour.slim, stage),
    ),
  );
  bar.draw();
  app.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && app.classList.contains("drawer-open")) openDrawer(false);
  });
}

async function start() {
  applyTheme();
  document.body.prepend(app);
  const linked = hashOfPermalink(location.href);
  if (linked) history.replaceState(null, "", `/${linked}`);
  route = readHash(location.hash);
  try {
    await sitDown(rememberedPerson()).catch(async (error) => {
      if (error.code === "offline") throw error;
      await sitDown(FIRST_PERSON);
    });
  } catch (error) {
    fill(
      app,
      h(
        "div",
        { class: "empty whole" },
        icon("alert", 36),
        h("h1", {}, "The workspace is not there"),
        h("p", {}, spoken(error)),
        h("button", { type: "button", class: "button primary", onclick: () => location.reload() }, "Try again"),
      ),
    );
    return;
  }
  forgetAssistant();
  frame();
  await listen().catch((error) => toast(spoken(error), "error"));
  show();
  on("workspace", title);
  window.addEventListener("hashchange", show);
  window.addEventListener("focus", () => inView.channel && markRead(inView.channel));
  document.addEventListener("switch-person", (event) => switchPerson(event.detail));
  listenToKeys(page);
  document.documentElement.dataset.ready = "true";
}

start();
