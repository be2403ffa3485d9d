// The list of a channel's or a thread's messages: groups, days, the line of the unread, older ones on demand, no jumps.

import { isNarrow, rove } from "./a11y.js";
import { spoken } from "./api.js";
import { loadOlder, messagesOf, stateOf } from "./conversations.js";
import { on } from "./events.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { messageNode, messageSignature } from "./message.js";
import { keepingFocus } from "./surfaces.js";
import { dayKey, dayName, moment } from "./times.js";

const GROUP_SECONDS = 300;
const NEAR = 80;

export class MessageList {
  /**
   * @param {{key: string, label: string, thread?: string, intro?: () => Node|null, lastRead?: string, retry?: () => void,
   *   shows?: (message: any) => boolean}} options `thread`: the ts of its parent
   */
  constructor(options) {
    this.options = options;
    this.rows = new Map();
    this.stuck = true;
    this.pressing = null;
    this.missed = false;
    this.inner = h("div", { class: "messages-inner" });
    this.log = h(
      "div",
      { class: "messages", role: "log", "aria-live": "polite", "aria-label": options.label, tabindex: "0" },
      this.inner,
    );
    this.jump = h(
      "button",
      { type: "button", class: "jump", hidden: true, onclick: () => this.toEnd() },
      icon("arrowdown", 15),
      "New messages",
    );
    this.node = h("div", { class: "messages-frame" }, this.log, this.jump);
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    rove(this.log, () => [...this.inner.querySelectorAll(":scope > .message")]);
    this.log.addEventListener("keydown", (event) => this.#enter(event));
    this.size = new ResizeObserver(() => this.stuck && this.toEnd());
    this.size.observe(this.inner);
    this.size.observe(this.log);
    this.off = on(`messages:${options.key}`, () => this.#drawUnlessPressed());
    this.log.addEventListener("pointerdown", (event) => event.isPrimary && event.button === 0 && this.#pressed());
    this.draw();
  }

  close() {
    this.off();
    this.pressing?.abort();
    this.size.disconnect();
  }

  toEnd() {
    this.stuck = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.jump.hidden = true;
  }

  /** Brings a message into view and marks it for a moment. */
  show(ts) {
    const row = this.inner.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!row) return false;
    this.stuck = false;
    row.scrollIntoView({ block: "center" });
    row.classList.remove("found");
    row.getBoundingClientRect();
    row.classList.add("found");
    row.focus({ preventScroll: true });
    return true;
  }

  draw() {
    const { key, thread, intro, shows } = this.options;
    const state = stateOf(key);
    const messages = messagesOf(key).filter((message) => !shows || shows(message));
    this.log.setAttribute("aria-busy", String(!state.loaded));
    const wanted = [];
    if (!state.loaded) wanted.push(state.error ? this.#failed(state.error) : waiting());
    else if (state.hasMore)
      wanted.push({
        id: "older",
        signature: "",
        make: () => h("p", { class: "older" }, h("span", { class: "spinner" }), "Loading older messages"),
      });
    else if (intro) wanted.push({ id: "intro", signature: String(this.options.introKey?.() ?? ""), make: intro });
    if (state.loaded || messages.length) wanted.push(...this.#wanted(messages, thread));

    const before = messages.length ? this.#anchor() : null;
    keepingFocus(this.inner, () => this.#reconcile(wanted));
    const newest = messages.at(-1);
    const news = newest && this.newest && newest.ts > this.newest;
    this.newest = newest?.ts ?? this.newest;
    if (this.stuck) this.toEnd();
    else {
      this.#hold(before);
      if (news) this.jump.hidden = false;
    }
  }

  /** What is drawn anew between a finger's going down and up would never be pressed. */
  #drawUnlessPressed() {
    if (this.pressing) this.missed = true;
    else this.draw();
  }

  #pressed() {
    if (this.pressing) return;
    this.pressing = new AbortController();
    const { signal } = this.pressing;
    const lifted = () => {
      this.pressing.abort();
      setTimeout(() => {
        this.pressing = null;
        if (this.missed) this.draw();
        this.missed = false;
      }); // the click comes after the finger is up
    };
    for (const end of ["pointerup", "pointercancel", "blur"]) window.addEventListener(end, lifted, { signal });
  }

  #wanted(messages, thread) {
    const wanted = [];
    let previous = null;
    let lined = !this.options.lastRead;
    for (const message of messages) {
      const newDay = !previous || dayKey(previous.ts) !== dayKey(message.ts);
      const isNew = !lined && message.ts > this.options.lastRead && !this.options.isMine?.(message);
      if (isNew) lined = true;
      if (newDay && !thread)
        wanted.push({ id: `day-${dayKey(message.ts)}`, signature: dayName(message.ts), make: () => day(message.ts) });
      if (isNew && previous)
        wanted.push({
          id: "new",
          signature: "",
          make: () => h("div", { class: "new-line", role: "separator" }, h("span", {}, "New")),
        });
      const isRoot = thread === message.ts;
      const compact = Boolean(
        previous && !newDay && !isNew && continues(previous, message) && !(thread && previous.ts === thread),
      );
      const options = { compact, inThread: Boolean(thread), isRoot, redraw: () => this.draw() };
      wanted.push({
        id: `m-${message.ts}`,
        signature: messageSignature(message, options),
        make: () => messageNode(message, options),
      });
      if (isRoot && messages.length > 1) {
        const count = messages.filter((one) => !one.ephemeral_to).length - 1;
        if (count > 0)
          wanted.push({
            id: "replies",
            signature: String(count),
            make: () =>
              h(
                "div",
                { class: "replies-line", role: "separator" },
                h("span", {}, count === 1 ? "1 reply" : `${count} replies`),
              ),
          });
      }
      previous = message;
    }
    return wanted;
  }

  #failed(error) {
    return {
      id: "failed",
      signature: String(error.code),
      make: () =>
        h(
          "div",
          { class: "empty" },
          icon("alert", 26),
          h("p", {}, spoken(error)),
          this.options.retry &&
            h("button", { type: "button", class: "button", onclick: this.options.retry }, "Try again"),
        ),
    };
  }

  /** Makes the rows what is wanted, and touches only those that differ. */
  #reconcile(wanted) {
    const kept = new Map();
    let cursor = this.inner.firstChild;
    for (const { id, signature, make } of wanted) {
      let row = this.rows.get(id);
      if (!row || row.signature !== signature) {
        const node = make();
        if (!node) continue;
        if (row?.node.isConnected) {
          const focused = row.node === document.activeElement;
          if (cursor === row.node) cursor = node;
          node.tabIndex = row.node.tabIndex;
          row.node.replaceWith(node);
          if (focused) node.focus({ preventScroll: true });
        }
        row = { signature, node };
      }
      if (row.node === cursor) cursor = cursor.nextSibling;
      else this.inner.insertBefore(row.node, cursor);
      kept.set(id, row);
    }
    while (cursor) {
      const next = cursor.nextSibling;
      cursor.remove();
      cursor = next;
    }
    this.rows = kept;
    const rows = this.inner.querySelectorAll(":scope > .message");
    if (rows.length && !this.inner.querySelector(":scope > .message[tabindex='0']")) rows[rows.length - 1].tabIndex = 0;
  }

  /** The first message in sight and where it stands, so that it stays there. */
  #anchor() {
    const top = this.log.getBoundingClientRect().top;
    for (const row of this.inner.querySelectorAll(":scope > .message")) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top) return { ts: row.dataset.ts, offset: box.top };
    }
    return null;
  }

  #hold(anchor) {
    const row = anchor && this.inner.querySelector(`[data-ts="${CSS.escape(anchor.ts)}"]`);
    if (row) this.log.scrollTop += row.getBoundingClientRect().top - anchor.offset;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.stuck) this.jump.hidden = true;
    if (scrollTop < 400 && !this.options.thread && stateOf(this.options.key).hasMore) loadOlder(this.options.key);
  }

  /** From the list into its last message. */
  #enter(event) {
    if (event.target !== this.log || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const rows = this.inner.querySelectorAll(":scope > .message");
    if (!rows.length) return;
    event.preventDefault();
    rows[rows.length - 1].focus();
  }
}

const waiting = () => ({
  id: "waiting",
  signature: "",
  make: () =>
    h(
      "div",
      { class: "skeleton", "aria-hidden": "true" },
      Array.from({ length: isNarrow() ? 4 : 6 }, () =>
        h("div", { class: "skeleton-row" }, h("i"), h("div", {}, h("b"), h("b"))),
      ),
    ),
});

const day = (ts) =>
  h("div", { class: "day-line", role: "separator", "aria-label": dayName(ts) }, h("span", {}, dayName(ts)));

/** Does a message follow the one before without a head of its own? */
function continues(previous, message) {
  return (
    previous.user === message.user &&
    (previous.username ?? "") === (message.username ?? "") &&
    moment(message.ts) - moment(previous.ts) < GROUP_SECONDS * 1000 &&
    !message.ephemeral_to &&
    !previous.ephemeral_to &&
    !message.subtype &&
    !previous.subtype &&
    !previous.deleted &&
    !message.reply_broadcast
  );
}

/** What stands where there is nothing. @param {HTMLElement} place */
export function showEmpty(place, symbol, title, text, ...more) {
  fill(place, h("div", { class: "empty" }, icon(symbol, 34), h("h2", {}, title), h("p", {}, text), more));
}
