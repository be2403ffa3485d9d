// Slack's text objects → nodes.

import { h } from "./dom.js";
import { character, emojiNode, withEmoji } from "./emoji.js";
import { mrkdwn, plainText } from "./mrkdwn.js";

/** @param {{type?: string, text?: string, emoji?: boolean, verbatim?: boolean}|string|null} object */
export function textNode(object) {
  if (!object) return null;
  if (typeof object === "string") return plain(object);
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim });
  return plain(object.text ?? "", object.emoji !== false);
}

/** The words alone. */
export function words(object) {
  if (!object) return "";
  if (typeof object === "string") return object;
  return object.type === "mrkdwn" ? plainText(object.text) : (object.text ?? "");
}

function plain(text, emoji = true) {
  const nodes = text.split(/(:[a-z0-9_+'-]+(?:::skin-tone-[2-6])?:|\n)/).map((part) => {
    if (part === "\n") return h("br");
    const name = part.length > 2 && part.startsWith(":") && part.slice(1, -1);
    return emoji && name && character(name) ? emojiNode(name) : withEmoji(part);
  });
  return h("span", {}, nodes);
}
