// The bot's Home tab.

import { Answers } from "./answers.js";
import { post, spoken } from "./api.js";
import { avatar } from "./avatar.js";
import { blockNodes } from "./blocks.js";
import { fill, h } from "./dom.js";
import { changed, on } from "./events.js";
import { openDm } from "./profile.js";
import { showEmpty } from "./messagelist.js";
import { store } from "./store.js";
import { keepingFocus, viewSurface } from "./surfaces.js";

/** @param {{menu: () => HTMLElement}} page */
export function homeView(page) {
  const body = h("div", { class: "home-blocks" });
  const node = h(
    "section",
    { class: "pane home-pane", "aria-label": `${store.bot.name} Home` },
    h(
      "header",
      { class: "pane-head" },
      page.menu(),
      h(
        "div",
        { class: "pane-title" },
        h("h1", {}, avatar(store.bot.user_id, 26), `${store.bot.name}`, h("span", { class: "badge" }, "APP")),
      ),
      h("span", { class: "grow" }),
      h(
        "button",
        { type: "button", class: "button button-small", onclick: () => openDm([store.bot.user_id]) },
        "Messages",
      ),
    ),
    h("div", { class: "pane-body home-scroll", tabindex: "0", role: "region", "aria-label": "Home" }, body),
  );
  let answers = new Answers();
  let viewId = null;
  let trouble = "";

  const draw = () => {
    const view = store.homeView;
    if (view === undefined && !trouble) {
      fill(
        body,
        h(
          "div",
          { class: "skeleton", "aria-hidden": "true" },
          Array.from({ length: 4 }, () => h("div", { class: "skeleton-row" }, h("div", {}, h("b"), h("b")))),
        ),
      );
      return;
    }
    if (!view) {
      showEmpty(
        body,
        "home",
        trouble ? "The Home tab could not be opened" : "Nothing here yet",
        trouble || `${store.bot.name} has not published a Home tab for you. It does when it runs and sees you here.`,
      );
      return;
    }
    if (view.id !== viewId) answers = new Answers(view.state?.values);
    viewId = view.id;
    keepingFocus(body, () => fill(body, blockNodes(view.blocks, viewSurface(view, answers))));
  };
  const off = on("home", draw);
  const load = async () => {
    try {
      const { view } = await post("home");
      if (view) store.homeView = view;
      else store.homeView ??= null;
      trouble = "";
    } catch (error) {
      trouble = spoken(error);
    }
    changed("home");
  };
  draw();
  load();
  return { node, close: off, focus: () => body.querySelector("button, a, input")?.focus(), reload: load };
}
