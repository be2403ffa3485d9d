// The page's questions to the server of the workspace, asked as the person who sits here.

let person = "";

/** From now on the page acts as this person. @param {string} id */
export function actAs(id) {
  person = id;
}

export const actingPerson = () => person;

/** What the server refused, or `offline` when it could not be reached. */
class ApiError extends Error {
  constructor(code, detail) {
    super(detail || code);
    this.code = code;
  }
}

async function call(path, options) {
  const headers = { ...(options.headers ?? {}) };
  if (person) headers["X-Person"] = person;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch {
    throw new ApiError("offline", "The workspace's server cannot be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok || (body.ok === false && body.error && options.strict !== false)) {
    throw new ApiError(body.error ?? `http_${response.status}`, body.messages?.[0] ?? body.why);
  }
  return body;
}

/** @param {string} path below /page/ @param {Object<string, any>} [params] */
export function get(path, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value !== undefined && value !== null) query.set(key, value);
  const tail = query.size ? `?${query}` : "";
  return call(`/page/${path}${tail}`, { method: "GET" });
}

/** @param {string} path below /page/ @param {Object} [body] @param {{strict?: boolean}} [options] */
export function post(path, body = {}, options = {}) {
  return call(`/page/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
    ...options,
  });
}

/** Sends one file; not shared anywhere until a message names it. @param {File} file @returns {Promise<Object>} */
export async function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name || "pasted");
  return (await call("/page/upload", { method: "POST", body: form })).file;
}

/** @param {{id: string, name?: string}} file */
export const fileUrl = (file) => `/files/${encodeURIComponent(file.id)}/${encodeURIComponent(file.name || file.id)}`;

const SPOKEN = {
  offline: "The workspace's server cannot be reached. Your text is kept; try again in a moment.",
  app_not_connected: "The bot is not running, so nothing answers here yet.",
  dispatch_failed: "The bot did not answer. Is it running?",
  dispatch_unknown_error: "The bot did not answer. Is it running?",
  operation_timeout: "The bot did not answer in time (3 seconds). Try again.",
  timeout: "The bot did not answer in time (3 seconds). Try again.",
  not_in_channel: "You are not in this channel. Join it first.",
  restricted_action: "Your account may not do this.",
  channel_not_found: "This channel does not exist, or you cannot see it.",
  is_archived: "This channel is archived.",
  name_taken: "There is a channel of that name already.",
  invalid_name: "A name is made of small letters, digits, - and _ (at most 80).",
  no_text: "There is nothing to send.",
  msg_too_long: "This message is too long.",
  cant_update_message: "Only your own messages can be edited.",
  cant_delete_message: "Only your own messages can be deleted.",
};

/** A sentence for a person. @param {unknown} error */
export function spoken(error) {
  const code = error?.code ?? String(error);
  if (SPOKEN[code]) return SPOKEN[code];
  if (error?.message && error.message !== code) return error.message;
  return `That did not work (${code}).`;
}
