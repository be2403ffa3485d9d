// Markdown within a line: emphasis, code, links, addresses, emoji, and Slack's mentions that may stand in it.

import { h } from "./dom.js";
import { character, emojiNode, withEmoji } from "./emoji.js";
import { broadcast, channelMention, groupMention, personMention, textLink } from "./mentions.js";

const RULES = [
  [/^\\([\\`*_{}[\]()#+\-.!|~>:<&])/, ([, char]) => char],
  [
    /^(`+)(?!`)([\s\S]*?[^`])\1(?!`)/,
    ([, , code]) => h("code", {}, code.replace(/^ (.*) $/s, "$1").replaceAll("\n", " ")),
  ],
  [/^!\[([^\]\n]*)\]\((\S+?)(?:\s+"[^"]*")?\)/, ([, label, address]) => textLink(address, label || address)],
  [
    /^\[((?:[^[\]\n]|\[[^\]\n]*\])+)\]\(\s*<?([^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)/,
    ([, label, address]) => textLink(address, markdownInline(label)),
  ],
  [/^<@([UWB][A-Z0-9]+)(?:\|([^>]*))?>/, ([, id, label]) => personMention(id, label)],
  [/^<#([CGD][A-Z0-9]+)(?:\|([^>]*))?>/, ([, id, label]) => channelMention(id, label)],
  [/^<!subteam\^([A-Z0-9]+)(?:\|([^>]*))?>/, ([, id, label]) => groupMention(id, label)],
  [/^<!(here|channel|everyone)>/, ([, range]) => broadcast(range)],
  [
    /^<((?:https?:\/\/|mailto:)[^\s<>|]+)(?:\|([^>\n]*))?>/,
    ([, address, label]) => textLink(address, label || address.replace(/^mailto:/, "")),
  ],
  [/^<br\s*\/?>/i, () => h("br")],
  [/^\*\*\*(?=\S)([\s\S]*?\S)\*\*\*/, ([, text]) => h("strong", {}, h("em", {}, markdownInline(text)))],
  [/^\*\*(?=\S)([\s\S]*?\S)\*\*(?!\*)/, ([, text]) => h("strong", {}, markdownInline(text))],
  [/^~~(?=\S)([\s\S]*?\S)~~/, ([, text]) => h("s", {}, markdownInline(text))],
  [/^\*(?=[^\s*])([^\n]*?[^\s*])\*(?!\*)/, ([, text]) => h("em", {}, markdownInline(text))],
  [/^&(amp|lt|gt|quot|nbsp);/, ([, name]) => ({ amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" })[name]],
];
// These must not begin within a word: snake_case names and a:b:c stay what they are.
const AT_WORD_START = [
  [/^__(?=\S)([\s\S]*?\S)__(?![\p{L}\p{N}_])/u, ([, text]) => h("strong", {}, markdownInline(text))],
  [/^_(?=[^\s_])([^\n]*?[^\s_])_(?![\p{L}\p{N}_])/u, ([, text]) => h("em", {}, markdownInline(text))],
  [/^https?:\/\/[^\s<>|]+/, bareAddress],
];
const SPECIAL = /[\\`*_~[!<:h&\n]/;
const WORD = /[\p{L}\p{N}]/u;

/** @param {string} text @returns {(Node|string)[]} */
export function markdownInline(text) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(...withEmoji(plain));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const here = text[at];
    const found = SPECIAL.test(here) && read(text, at);
    if (!found) {
      plain += here;
      at += 1;
    } else {
      flush();
      nodes.push(found.node);
      at += found.length;
    }
  }
  flush();
  return nodes;
}

function read(text, at) {
  if (text[at] === "\n") return { node: h("br"), length: 1 };
  const rest = text.slice(at);
  const rules = WORD.test(text[at - 1] ?? " ") ? RULES : [...RULES, ...AT_WORD_START];
  for (const [pattern, build] of rules) {
    const match = pattern.exec(rest);
    if (match) {
      const node = build(match);
      return Array.isArray(node) ? { node: node[0], length: node[1] } : { node, length: match[0].length };
    }
  }
  const emoji = /^:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/.exec(rest);
  return emoji && character(emoji[1]) ? { node: emojiNode(emoji[1]), length: emoji[0].length } : null;
}

/** The full stop after an address is not part of it: answers what it took, too. */
function bareAddress([whole]) {
  const address = whole.replace(/[.,;:!?)\]}'"*_~`]+$/, "");
  return [textLink(address, address), address.length];
}
