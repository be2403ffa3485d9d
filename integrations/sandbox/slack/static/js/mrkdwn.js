// Slack's own markup (mrkdwn) → nodes: *bold* _italic_ ~strike~ `code`, fences, quotes, <links>, mentions, dates, :emoji:.

import { append, fragment, h } from "./dom.js";
import { character, emojiNode, withEmoji } from "./emoji.js";
import { codeBlock } from "./code.js";
import { broadcast, channelMention, groupMention, personMention, textLink } from "./mentions.js";
import { slackDate, fullTime } from "./times.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Slack escapes three characters, and only those. */
const unescapeText = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity]);

/**
 * @param {string} text
 * @param {{verbatim?: boolean, emoji?: boolean}} [options] `verbatim`: bare addresses stay text
 * @returns {DocumentFragment}
 */
export function mrkdwn(text, options = {}) {
  const root = fragment();
  const parts = String(text ?? "").split(/```/);
  const closed = parts.length % 2 === 1;
  parts.forEach((part, at) => {
    const fenced = at % 2 === 1 && (closed || at < parts.length - 1);
    if (fenced) root.append(codeBlock(plainText(part.replace(/^\n/, "").replace(/\n$/, ""))));
    else append(root, lines(at % 2 === 1 ? `\`\`\`${part}` : trimAround(part, at > 0, at < parts.length - 1), options));
  });
  return root;
}

/** The line breaks beside a fence belong to the fence. */
const trimAround = (part, before, after) => {
  let found = part;
  if (before) found = found.replace(/^\n/, "");
  if (after) found = found.replace(/\n$/, "");
  return found;
};

const QUOTE = /^(?:&gt;|>) ?(?!>)/;
const QUOTE_REST = /^(?:&gt;|>){3} ?/;
const BULLET = /^(\s*)([•◦▪‣]|[-–] (?=\S)|\d{1,3}\. )\s*/;

function lines(text, options) {
  if (!text) return [];
  const nodes = [];
  let run = [];
  let quoted = [];
  const endRun = () => {
    if (run.length) nodes.push(...withBreaks(run, options));
    run = [];
  };
  const endQuote = () => {
    if (quoted.length) nodes.push(h("blockquote", {}, withBreaks(quoted, options)));
    quoted = [];
  };
  const all = text.split("\n");
  for (let at = 0; at < all.length; at += 1) {
    if (QUOTE_REST.test(all[at])) {
      endRun();
      quoted.push(all[at].replace(QUOTE_REST, ""), ...all.slice(at + 1));
      break;
    }
    if (QUOTE.test(all[at])) {
      endRun();
      quoted.push(all[at].replace(QUOTE, ""));
    } else {
      endQuote();
      run.push(all[at]);
    }
  }
  endRun();
  endQuote();
  return nodes;
}

/** Lines of one run: formatting may span them; a line that begins with a bullet hangs beneath it. */
function withBreaks(run, options) {
  const nodes = [];
  let plain = [];
  const endPlain = () => {
    if (plain.length) nodes.push(...inline(plain.join("\n"), options));
    plain = [];
  };
  for (const line of run) {
    const bullet = BULLET.exec(line);
    if (bullet) {
      endPlain();
      const rest = line.slice(bullet[0].length);
      nodes.push(
        h(
          "span",
          { class: "hanging", style: { "--depth": Math.floor(bullet[1].length / 2) } },
          h("span", { class: "hanging-mark" }, `${bullet[2].trim()} `),
          inline(rest, options),
        ),
      );
    } else plain.push(line);
  }
  endPlain();
  return nodes;
}

const MARKS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const EMOJI = /^:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/;
const ADDRESS = /^https?:\/\/[^\s<>|]+/;

/** @param {string} text one run without fences and quotes */
function inline(text, options) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(...withEmoji(plain.includes("&") ? unescapeText(plain) : plain));
    plain = "";
  };
  const push = (node, length) => {
    flush();
    nodes.push(node);
    return length;
  };
  for (let at = 0; at < text.length;) {
    const here = text[at];
    const taken = special(here, text, at, options, push);
    if (taken) at += taken;
    else {
      plain += here;
      at += 1;
    }
  }
  flush();
  return nodes;
}

/** Reads what begins at `at`, if it is more than a character; answers its length. */
function special(here, text, at, options, push) {
  if (here === "\n") return push(h("br"), 1);
  if (here === "`") {
    const end = text.indexOf("`", at + 1);
    const inside = end > 0 ? text.slice(at + 1, end) : "";
    if (inside.trim() && !inside.includes("\n")) return push(h("code", {}, plainText(inside)), end + 1 - at);
  } else if (here === "<") {
    const end = text.indexOf(">", at);
    const node = end > 0 && token(text.slice(at + 1, end), options);
    if (node) return push(node, end + 1 - at);
  } else if (MARKS[here]) {
    const end = closing(text, at);
    if (end) return push(h(MARKS[here], {}, inline(text.slice(at + 1, end), options)), end + 1 - at);
  } else if (here === ":" && options.emoji !== false) {
    const found = EMOJI.exec(text.slice(at, at + 80));
    if (found && character(found[1])) return push(emojiNode(found[1]), found[0].length);
  } else if (here === "h" && !options.verbatim && !WORD.test(text[at - 1] ?? " ")) {
    const found = ADDRESS.exec(text.slice(at));
    if (found) {
      const address = found[0].replace(/[.,;:!?)\]}'"*_~`]+$/, "");
      return push(textLink(unescapeText(address), unescapeText(address)), address.length);
    }
  }
  return 0;
}

/** Where the mark that opens at `at` closes: beside words, not within them, and not in code or <tokens>. */
function closing(text, at) {
  const mark = text[at];
  const before = text[at - 1] ?? " ";
  const after = text[at + 1] ?? " ";
  if (WORD.test(before) || before === mark || /\s/.test(after) || after === mark) return 0;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\n") return 0;
    if (text[end] === "`" || text[end] === "<") {
      const other = text.indexOf(text[end] === "<" ? ">" : "`", end + 1);
      if (other > 0) end = other;
    } else if (text[end] === mark && !/\s/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? " ")) return end;
  }
  return 0;
}

/** What stands between < and >. @returns {Node|null} */
function token(inside, options) {
  const cut = inside.indexOf("|");
  const head = cut < 0 ? inside : inside.slice(0, cut);
  const label = cut < 0 ? "" : inside.slice(cut + 1);
  if (/^@[UWB][A-Z0-9]*/.test(head)) return personMention(head.slice(1), unescapeText(label));
  if (/^#[CGD][A-Z0-9]*/.test(head)) return channelMention(head.slice(1), unescapeText(label));
  if (head.startsWith("!subteam^")) return groupMention(head.slice(9), unescapeText(label));
  if (/^!(here|channel|everyone)$/.test(head)) return broadcast(head.slice(1));
  if (head.startsWith("!date^")) return dateNode(head, label);
  if (head.startsWith("!")) return h("span", {}, `<${unescapeText(label || head)}>`);
  if (/^(https?:\/\/|mailto:|tel:)/i.test(head)) {
    const shown = label ? inline(label, { ...options, verbatim: true }) : unescapeText(head.replace(/^mailto:/, ""));
    return textLink(unescapeText(head), shown);
  }
  return null;
}

function dateNode(head, fallback) {
  const [, seconds, pattern, address] = head.split("^");
  const said = slackDate(seconds, unescapeText(pattern ?? "{date}"));
  if (said === null) return h("span", {}, unescapeText(fallback || "(no date)"));
  const time = h(
    "time",
    { datetime: new Date(seconds * 1000).toISOString(), title: fullTime(seconds), class: "date" },
    said,
  );
  return address ? textLink(unescapeText(address), time) : time;
}

/** The text without its markup: for code, previews and spoken labels. */
export function plainText(text, names) {
  const spelled = String(text ?? "").replace(/<([^<>\n]*)>/g, (whole, inside) => {
    const [head, label] = inside.split(/\|(.*)/s);
    if (label) return label;
    if (names && head.startsWith("@")) return `@${names(head.slice(1))}`;
    if (/^!(here|channel|everyone)$/.test(head)) return `@${head.slice(1)}`;
    return /^(https?:|mailto:|tel:|[@#!])/.test(head) ? head.replace(/^mailto:/, "") : whole;
  });
  return unescapeText(spelled);
}
