// What becomes of a text when it is sent: a message, a slash command, or an explanation why not.

import { post } from "./api.js";
import { findMessage, putMessage } from "./conversations.js";
import { botHandle } from "./completion.js";
import { store } from "./store.js";

/** Something that keeps a text from being sent; `instead` is a text that would do. */
export class NotSent extends Error {
  constructor(message, instead) {
    super(message);
    this.instead = instead;
  }
}

/**
 * @param {{channel: string, thread?: string}} place
 * @param {string} text as typed
 * @param {any[]} files uploaded ones
 */
export async function send(place, text, files) {
  const typed = text.replace(/\s+$/, "");
  const command = !files.length && /^\/(\S+)\s*([\s\S]*)$/.exec(typed);
  if (command) {
    await runCommand(place, `/${command[1]}`, command[2]);
    return;
  }
  const body = { channel: place.channel, text: typed.trimStart() };
  if (place.thread) body.thread_ts = place.thread;
  if (files.length) body.files = files.map((file) => file.id);
  const { message } = await post("say", body);
  // The live line was quicker, as a rule, and may know more of it by now.
  if (message && !findMessage(message.channel, message.ts, message.thread_ts)) putMessage(message, { news: true });
}

async function runCommand(place, command, rest) {
  const known = store.commands.some((one) => one.command === command);
  if (!known) {
    throw new NotSent(
      `${command} is not a valid command. Everything that begins with “/” is taken for one; put a space before it to send it as a message.`,
      ` ${command}${rest ? ` ${rest}` : ""}`,
    );
  }
  if (place.thread) {
    throw new NotSent(
      `${command} is not supported in threads. Sorry! Slash commands do not work there; a mention with the same words does.`,
      mentionFor(command, rest),
    );
  }
  await post("command", { command, text: rest.trim(), channel: place.channel });
}

/** `/incident declare x` → `@copilot incident declare x`; the bot's own command gives way to its name. */
function mentionFor(command, rest) {
  const verb = command.slice(1) === botHandle() ? "" : `${command.slice(1)} `;
  return `@${botHandle()} ${verb}${rest}`.trim();
}
