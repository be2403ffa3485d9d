// Where in the page one is: `#/c/C0OPS`, `#/c/C0OPS/t/123.45`, `#/home`, `#/assistant`, `#/inspector`; and permalinks.

/**
 * @typedef {{view: "channel"|"home"|"assistant"|"inspector", channel?: string, thread?: string, at?: string}} Route
 */

export const channelHash = (channel) => `#/c/${channel}`;
export const threadHash = (channel, ts) => `#/c/${channel}/t/${ts}`;
export const messageHash = (channel, ts, thread) =>
  thread && thread !== ts ? `#/c/${channel}/t/${thread}/m/${ts}` : `#/c/${channel}/m/${ts}`;

/** @param {string} hash @returns {Route} */
export function readHash(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (parts[0] === "c" && parts[1]) {
    const route = { view: "channel", channel: parts[1] };
    for (let at = 2; at < parts.length - 1; at += 2) {
      if (parts[at] === "t") route.thread = parts[at + 1];
      if (parts[at] === "m") route.at = parts[at + 1];
    }
    return route;
  }
  if (parts[0] === "assistant") return { view: "assistant", channel: parts[1], thread: parts[2] };
  if (["home", "inspector"].includes(parts[0])) return { view: parts[0] };
  return { view: "channel" };
}

const PERMALINK = /\/archives\/([A-Z0-9]+)(?:\/p(\d{10,})(\d{6}))?/;

/** The place in this page that a permalink of the workspace means, or null. */
export function hashOfPermalink(address) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return null;
  }
  const found = PERMALINK.exec(url.pathname);
  if (!found || !(url.host === location.host || url.hostname.endsWith(".slack.com"))) return null;
  const [, channel, seconds, micros] = found;
  if (!seconds) return channelHash(channel);
  return messageHash(channel, `${seconds}.${micros}`, url.searchParams.get("thread_ts"));
}

/** The permalink of a message, as Slack writes it. */
export function permalink(channel, ts, thread) {
  const tail = thread && thread !== ts ? `?thread_ts=${thread}&cid=${channel}` : "";
  return `${location.origin}/archives/${channel}/p${ts.replace(".", "")}${tail}`;
}

export function go(hash) {
  if (location.hash === hash) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}
