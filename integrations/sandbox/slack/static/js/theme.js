// Light and dark: as the system says, until somebody chooses.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const KEY = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const isDark = () => (chosen() ? chosen() === "dark" : system.matches);

export function applyTheme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

export function themeButton() {
  const button = h("button", {
    type: "button",
    class: "icon-button",
    onclick: () => {
      try {
        localStorage.setItem(KEY, isDark() ? "light" : "dark");
      } catch {
        document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        return;
      }
      applyTheme();
      draw();
    },
  });
  const draw = () => {
    const label = isDark() ? "Light colours" : "Dark colours";
    button.setAttribute("aria-label", label);
    button.title = label;
    button.replaceChildren(icon(isDark() ? "sun" : "moon", 19));
  };
  system.addEventListener("change", () => {
    applyTheme();
    draw();
  });
  draw();
  return button;
}
