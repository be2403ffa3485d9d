// Moments as people read them: clock times, day dividers, "3 minutes ago", and Slack's <!date> formats.

const DAY = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockSeconds = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** @param {string|number} ts a message's ts, or seconds */
export const moment = (ts) => new Date(parseFloat(ts) * 1000);
export const clockTime = (ts) => clock.format(moment(ts));
export const fullTime = (ts) => full.format(moment(ts));
export const dayKey = (ts) => moment(ts).toDateString();

function daysAgo(date, now = new Date()) {
  return Math.round((new Date(now.toDateString()) - new Date(date.toDateString())) / DAY);
}

const format = (date, options) => new Intl.DateTimeFormat(undefined, options).format(date);

/** "Today", "Yesterday", "Tuesday, March 3". */
export function dayName(ts) {
  const date = moment(ts);
  const ago = daysAgo(date);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  const options = { weekday: "long", month: "long", day: "numeric" };
  return format(date, date.getFullYear() === new Date().getFullYear() ? options : { ...options, year: "numeric" });
}

/** "just now", "4 minutes ago", "in 2 hours". */
export function ago(ts) {
  const seconds = Math.round((moment(ts) - Date.now()) / 1000);
  const spoken = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const steps = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return spoken.format(Math.round(seconds / size), unit);
  }
  return seconds <= 0 ? "just now" : "in a moment";
}

const relativeDay = (date) => ({ 0: "today", 1: "yesterday", "-1": "tomorrow" })[daysAgo(date)];
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const LONG = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
const MEDIUM = { year: "numeric", month: "long", day: "numeric" };
const SHORT = { year: "numeric", month: "short", day: "numeric" };
const pretty = (options) => (date) => capital(relativeDay(date) ?? format(date, options));

const TOKENS = {
  date_num: (date) =>
    [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0")).join("-"),
  date: (date) => format(date, MEDIUM),
  date_short: (date) => format(date, SHORT),
  date_long: (date) => format(date, LONG),
  date_pretty: pretty(MEDIUM),
  date_short_pretty: pretty(SHORT),
  date_long_pretty: pretty(LONG),
  time: (date) => clock.format(date),
  time_secs: (date) => clockSeconds.format(date),
  ago: (date) => ago(date / 1000),
  day_divider_pretty: (date) => dayName(date / 1000),
};

/** Slack's `{date_short_pretty} at {time}` in the time zone of this browser; null if the moment is none. */
export function slackDate(seconds, pattern) {
  const date = moment(seconds);
  if (Number.isNaN(date.getTime())) return null;
  return pattern.replace(/\{([a-z_]+)\}/g, (whole, name, at) => {
    if (!TOKENS[name]) return whole;
    const said = TOKENS[name](date);
    const inside = at > 0 && name.endsWith("pretty") && relativeDay(date);
    return inside ? said.toLowerCase() : said;
  });
}

/** "340 B", "1.2 MB". */
export function bytes(size) {
  if (!Number.isFinite(size)) return "";
  if (size < 1000) return `${size} B`;
  const units = ["kB", "MB", "GB"];
  let value = size / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
