// A block of code with a button that copies it.

import { announce } from "./a11y.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @param {string|Node[]} code @param {string} [language] */
export function codeBlock(code, language) {
  const pre = h("pre", { tabindex: "0" }, h("code", {}, code));
  const button = h(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": "Copy code",
      title: "Copy",
      onclick: async () => {
        if (!(await copyText(pre.textContent))) return;
        button.replaceChildren(icon("check", 15));
        setTimeout(() => button.replaceChildren(icon("copy", 15)), 1500);
      },
    },
    icon("copy", 15),
  );
  const badge = language && h("span", { class: "language" }, language);
  return h("div", { class: "code-block" }, pre, h("div", { class: "code-tools" }, badge, button));
}

/** Puts text on the clipboard, and says so. @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { value: text, class: "sr-only" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce("Copied.");
  return true;
}
