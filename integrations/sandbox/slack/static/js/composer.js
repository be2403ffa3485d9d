// Where people write: a text that grows, completion, formatting, files by button, paste and drop, drafts.

import { spoken, upload } from "./api.js";
import { completes } from "./completion.js";
import { draftOf, keepDraft } from "./drafts.js";
import { append, fill, h } from "./dom.js";
import { openEmojiPicker } from "./emoji.js";
import { on } from "./events.js";
import { icon } from "./icons.js";
import { openMenu } from "./popover.js";
import { NotSent, send } from "./sending.js";
import { runGlobalShortcut } from "./shortcuts.js";
import { store } from "./store.js";
import { bytes } from "./times.js";
import { sayTyping, typingLine } from "./typing.js";

/**
 * @param {{place: {channel: string, thread?: string}, key: string, placeholder: string, refused?: string,
 *   editLast?: (event: KeyboardEvent) => void, sent?: () => void}} options `key` names the draft
 */
export function composer(options) {
  const { place, key } = options;
  if (options.refused)
    return { node: h("div", { class: "composer-refused" }, options.refused), close() {}, focus() {}, setText() {} };
  let files = [];
  let uploading = 0;
  let sending = false;

  const area = h("textarea", {
    class: "composer-text",
    rows: "1",
    placeholder: options.placeholder,
    "aria-label": options.placeholder,
    role: "combobox",
    "aria-expanded": "false",
    value: draftOf(key),
    dataset: { key: `composer/${key}` },
    enterkeyhint: "send",
  });
  const shelf = h("ul", { class: "composer-files", "aria-label": "Attached files" });
  const hint = h("div", { class: "composer-hint", "aria-live": "polite" });
  const notice = h("div", { class: "composer-notice", role: "alert" });
  const sendButton = h(
    "button",
    { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", onclick: () => submit() },
    icon("send", 18),
  );
  const picker = h("input", { type: "file", multiple: true, class: "sr-only", tabindex: "-1", "aria-hidden": "true" });
  const box = h(
    "div",
    { class: "composer-box" },
    formatting(area),
    area,
    shelf,
    h("div", { class: "composer-tools" }, tools(), h("span", { class: "grow" }), sendButton),
  );
  const typing = typingLine(place);
  const node = h("div", { class: "composer" }, notice, hint, box, picker, typing.node);
  const completion = completes(area, { channel: () => place.channel, commands: true, anchor: box });

  const drawFiles = () => {
    fill(
      shelf,
      files.map((file) =>
        h(
          "li",
          {},
          icon(file.mimetype?.startsWith("image/") ? "image" : "file", 16),
          h("span", {}, file.name),
          h("small", {}, bytes(file.size)),
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${file.name}`,
              onclick: () => {
                files = files.filter((one) => one !== file);
                drawFiles();
                area.focus();
              },
            },
            icon("close", 14),
          ),
        ),
      ),
      uploading > 0 && h("li", { "aria-busy": "true" }, h("span", { class: "spinner" }), "Uploading"),
    );
    ready();
  };
  const attach = async (list) => {
    for (const file of list) {
      uploading += 1;
      drawFiles();
      try {
        files = [...files, await upload(file)];
      } catch (error) {
        say(`${file.name}: ${spoken(error)}`);
      }
      uploading -= 1;
      drawFiles();
    }
    area.focus();
  };
  const say = (text, instead) => {
    fill(notice);
    if (!text) return;
    append(notice, icon("alert", 17), h("span", {}, text));
    if (instead) {
      append(
        notice,
        h(
          "button",
          {
            type: "button",
            class: "button button-small",
            onclick: () => {
              setText(instead);
              area.focus();
            },
          },
          instead.startsWith(" ") ? "Make it a message" : "Write it as a mention",
        ),
      );
    }
    append(
      notice,
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => say("") },
        icon("close", 15),
      ),
    );
  };
  const ready = () => {
    const able = (area.value.trim() || files.length) && !uploading && !sending;
    sendButton.classList.toggle("ready", Boolean(able));
    sendButton.setAttribute("aria-disabled", String(!able));
  };
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, Math.max(120, innerHeight * 0.4))}px`;
  };
  const drawHint = () => {
    const command = store.commands.find((one) => area.value.startsWith(`${one.command} `));
    fill(
      hint,
      command && [
        h("code", {}, `${command.command} ${command.usage_hint ?? ""}`.trim()),
        h("span", {}, command.description ?? ""),
      ],
    );
    if (command && place.thread)
      fill(hint, icon("info", 15), h("span", {}, "Slash commands do not work in threads. Mention the bot instead."));
  };
  const setText = (text) => {
    area.value = text;
    area.setSelectionRange(text.length, text.length);
    typed();
    say("");
  };
  const typed = () => {
    keepDraft(key, area.value);
    grow();
    ready();
    drawHint();
  };

  async function submit() {
    const text = area.value;
    if (sending || uploading || (!text.trim() && !files.length)) return;
    const sent = files;
    sending = true;
    files = [];
    setText("");
    drawFiles();
    completion.close();
    options.sent?.();
    try {
      await send(place, text, sent);
    } catch (error) {
      if (!area.value) setText(text);
      files = [...sent, ...files];
      drawFiles();
      say(error instanceof NotSent ? error.message : spoken(error), error.instead);
    } finally {
      sending = false;
      ready();
    }
  }

  function tools() {
    const tool = (label, symbol, run, extra = {}) =>
      h(
        "button",
        { type: "button", class: "icon-button", "aria-label": label, title: label, onclick: run, ...extra },
        icon(symbol, 19),
      );
    const type = (text) => {
      const spaced = area.selectionStart > 0 && !/\s/.test(area.value[area.selectionStart - 1]) ? ` ${text}` : text;
      area.focus();
      area.setRangeText(spaced, area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    return [
      tool("Attach files", "plus", () => picker.click()),
      tool("Emoji", "smile", (event) => openEmojiPicker(event.currentTarget, (name) => type(`:${name}: `))),
      tool("Mention somebody", "at", () => type("@")),
      tool(
        "Shortcuts and commands",
        "bolt",
        (event) =>
          openMenu(
            event.currentTarget,
            [
              store.shortcuts.some((one) => one.type === "global") && { heading: "Shortcuts" },
              ...store.shortcuts
                .filter((one) => one.type === "global")
                .map((one) => ({
                  label: one.name,
                  hint: one.description,
                  icon: "bolt",
                  run: () => runGlobalShortcut(one),
                })),
              !place.thread && { heading: "Commands" },
              ...(place.thread
                ? []
                : store.commands.map((one) => ({
                    label: one.command,
                    hint: one.description,
                    icon: "slash",
                    run: () => {
                      setText(`${one.command} `);
                      area.focus();
                    },
                  }))),
            ],
            { label: "Shortcuts and commands" },
          ),
        { "aria-haspopup": "menu", "aria-expanded": "false" },
      ),
    ];
  }

  area.addEventListener("input", () => {
    typed();
    if (notice.childElementCount) say("");
    if (area.value) sayTyping(place);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !inFence(area)) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && !area.value) options.editLast?.(event);
    else if ((event.metaKey || event.ctrlKey) && MARKS[event.key]) {
      event.preventDefault();
      wrap(area, ...MARKS[event.key]);
    }
  });
  area.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    attach(pasted);
  });
  picker.addEventListener("change", () => {
    attach([...picker.files]);
    picker.value = "";
  });
  const offStore = on("workspace", drawHint);
  requestAnimationFrame(grow);
  typed();
  return {
    node,
    attach,
    setText,
    focus: () => area.focus({ preventScroll: true }),
    close() {
      completion.close();
      typing.close();
      offStore();
    },
  };
}

const MARKS = { b: ["*", "*"], i: ["_", "_"], e: ["`", "`"] };

/** Between ``` and ``` Enter is a line break. */
const inFence = (area) => area.value.slice(0, area.selectionStart).split("```").length % 2 === 0;

function wrap(area, before, after) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  area.focus();
  area.setRangeText(`${before}${value.slice(from, to)}${after}`, from, to, "preserve");
  area.setSelectionRange(from + before.length, to + before.length);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Puts a mark before each chosen line. */
function prefix(area, mark) {
  const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const end = area.selectionEnd;
  const lines = area.value.slice(start, end).split("\n");
  area.focus();
  area.setRangeText(lines.map((line, at) => mark(at) + line).join("\n"), start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function formatting(area) {
  const one = (label, sign, run, className) =>
    h(
      "button",
      {
        type: "button",
        class: ["icon-button", "format", className],
        "aria-label": label,
        title: label,
        tabindex: "-1",
        onclick: run,
      },
      sign,
    );
  return h(
    "div",
    { class: "composer-format", role: "toolbar", "aria-label": "Formatting" },
    one("Bold (Ctrl+B)", "B", () => wrap(area, "*", "*"), "is-bold"),
    one("Italic (Ctrl+I)", "I", () => wrap(area, "_", "_"), "is-italic"),
    one("Strikethrough", "S", () => wrap(area, "~", "~"), "is-strike"),
    h("span", { class: "rule" }),
    one("Bulleted list", "•", () => prefix(area, () => "• ")),
    one("Numbered list", "1.", () => prefix(area, (at) => `${at + 1}. `)),
    one("Quote", "❝", () => prefix(area, () => "> ")),
    h("span", { class: "rule" }),
    one("Code (Ctrl+E)", "<>", () => wrap(area, "`", "`"), "is-code"),
    one("Code block", "{ }", () => wrap(area, "```\n", "\n```"), "is-code"),
  );
}

/** Files dropped anywhere on `node` go to the composer. */
export function dropsInto(node, composerOf) {
  const veil = h("div", { class: "drop-veil", hidden: true }, icon("download", 30), h("strong", {}, "Drop to attach"));
  let depth = 0;
  const carries = (event) => event.dataTransfer?.types?.includes("Files");
  const step = (by) => {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  };
  node.append(veil);
  node.addEventListener("dragenter", (event) => carries(event) && step(1));
  node.addEventListener("dragleave", (event) => carries(event) && step(-1));
  node.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  node.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    step(-depth);
    composerOf()?.attach?.([...event.dataTransfer.files]);
  });
}
