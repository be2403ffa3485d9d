// rich_text blocks → nodes: sections, lists, preformatted, quotes, and every element within a line.

import { h, safeUrl } from "./dom.js";
import { codeBlock } from "./code.js";
import { character, emojiNode, withEmoji } from "./emoji.js";
import { broadcast, channelMention, groupMention, personMention, textLink } from "./mentions.js";
import { fullTime, slackDate } from "./times.js";

/** @param {{elements?: Object[]}} block */
export function richText(block) {
  return h("div", { class: "rich-text" }, groupLists(block?.elements ?? []));
}

const PARTS = {
  rich_text_section: (part) => h("p", { class: "rich-line" }, inlineElements(part.elements)),
  rich_text_preformatted: (part) => codeBlock(inlineElements(part.elements, true), part.language),
  rich_text_quote: (part) => h("blockquote", {}, inlineElements(part.elements)),
  rich_text_list: (part) => richList(part),
};

function groupLists(parts) {
  return parts.map((part) => {
    const build = PARTS[part?.type];
    return build ? build(part) : h("span", { class: "unsupported" }, `unsupported text (${part?.type})`);
  });
}

function richList(part) {
  const ordered = part.style === "ordered";
  const list = h(ordered ? "ol" : "ul", {
    class: [
      "rich-list",
      part.border && "bordered",
      ordered ? `ordered-${(part.indent ?? 0) % 3}` : `bullet-${(part.indent ?? 0) % 3}`,
    ],
    style: { "--indent": part.indent ?? 0 },
    start: part.offset ? part.offset + 1 : null,
  });
  for (const item of part.elements ?? []) list.append(h("li", {}, inlineElements(item.elements)));
  return list;
}

const ELEMENTS = {
  text: (one) => breaks(one.text),
  link: (one) => textLink(one.url, one.text || one.url),
  user: (one) => personMention(one.user_id),
  usergroup: (one) => groupMention(one.usergroup_id),
  channel: (one) => channelMention(one.channel_id),
  broadcast: (one) => broadcast(one.range),
  emoji: (one) => (one.unicode && !character(one.name) ? unicode(one.unicode) : emojiNode(one.name)),
  color: (one) =>
    h(
      "span",
      { class: "color" },
      h("i", { style: { background: /^#[0-9a-f]{3,8}$/i.test(one.value) ? one.value : "none" } }),
      one.value,
    ),
  date: (one) => {
    const said = slackDate(one.timestamp, one.format ?? "{date_long}") ?? one.fallback ?? "";
    const time = h("time", { class: "date", title: one.timestamp ? fullTime(one.timestamp) : null }, said);
    return safeUrl(one.url ?? "") && one.url ? textLink(one.url, time) : time;
  },
  team: (one) => h("span", { class: "mention" }, one.team_id),
};

function unicode(codes) {
  const points = codes.split("-").map((code) => parseInt(code, 16));
  return points.every((point) => point > 0 && point <= 0x10ffff) ? String.fromCodePoint(...points) : "";
}

/** @param {Object[]} [elements] @param {boolean} [bare] without styles, as within code */
function inlineElements(elements, bare = false) {
  return (elements ?? []).map((one) => {
    const build = ELEMENTS[one?.type];
    if (!build) return h("span", { class: "unsupported" }, one?.text ?? `[${one?.type}]`);
    if (bare && one.type === "text") return one.text;
    return styled(build(one), one.style);
  });
}

const STYLES = { code: "code", bold: "strong", italic: "em", strike: "s", underline: "u" };

function styled(node, style) {
  let found = node;
  for (const [name, tag] of Object.entries(STYLES)) if (style?.[name]) found = h(tag, {}, found);
  return style?.highlight || style?.client_highlight ? h("mark", {}, found) : found;
}

const breaks = (text) =>
  String(text ?? "")
    .split("\n")
    .flatMap((line, at) => (at ? [h("br"), ...withEmoji(line)] : withEmoji(line)));
