// Standard Markdown → nodes: headings, lists, tables, fences, quotes, rules; half-written text while it streams, too.

import { append, fragment, h } from "./dom.js";
import { codeBlock } from "./code.js";
import { markdownInline } from "./markdowninline.js";

/** @param {string} text @returns {DocumentFragment} */
export function markdown(text) {
  return fragment(
    blocks(
      String(text ?? "")
        .replace(/\r\n?/g, "\n")
        .split("\n"),
    ),
  );
}

const FENCE = /^( {0,3})(`{3,}|~{3,})\s*([^\s`]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_LINE = /^\s*\|?\s*:?-{1,}:?\s*(\|\s*:?-{1,}:?\s*)*\|?\s*$/;

/** @param {string[]} lines @returns {Node[]} */
function blocks(lines) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const reader = readerOf(line, lines[at + 1]);
    if (!line.trim()) at += 1;
    else {
      const [node, next] = reader(lines, at);
      nodes.push(node);
      at = next;
    }
  }
  return nodes;
}

function readerOf(line, next) {
  if (FENCE.test(line)) return fence;
  if (HEADING.test(line)) return heading;
  if (RULE.test(line)) return rule;
  if (QUOTE.test(line)) return quote;
  if (ITEM.test(line)) return list;
  if (line.includes("|") && next !== undefined && next.includes("-") && TABLE_LINE.test(next)) return table;
  return paragraph;
}

function fence(lines, start) {
  const [, indent, mark, language] = FENCE.exec(lines[start]);
  let end = start + 1;
  while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
  const inside = lines
    .slice(start + 1, end)
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
  return [codeBlock(inside.join("\n"), language), end + 1];
}

function heading(lines, at) {
  const [, marks, text] = HEADING.exec(lines[at]);
  return [
    h(
      "p",
      { class: `md-h md-h${marks.length}`, role: "heading", "aria-level": String(Math.min(6, marks.length + 2)) },
      markdownInline(text),
    ),
    at + 1,
  ];
}

const rule = (lines, at) => [h("hr"), at + 1];

function quote(lines, start) {
  let end = start;
  while (
    end < lines.length &&
    (QUOTE.test(lines[end]) || (lines[end].trim() && end > start && readerOf(lines[end]) === paragraph))
  )
    end += 1;
  return [h("blockquote", {}, blocks(lines.slice(start, end).map((line) => line.replace(QUOTE, "")))), end];
}

function paragraph(lines, start) {
  let end = start + 1;
  while (end < lines.length && lines[end].trim() && readerOf(lines[end], lines[end + 1]) === paragraph) end += 1;
  return [
    h(
      "p",
      {},
      markdownInline(
        lines
          .slice(start, end)
          .map((line) => line.trim())
          .join("\n"),
      ),
    ),
    end,
  ];
}

/** A list and what is indented beneath its items. */
function list(lines, start) {
  const [, lead, mark] = ITEM.exec(lines[start]);
  const indent = width(lead);
  const ordered = /\d/.test(mark);
  const root = ordered ? h("ol", { start: parseInt(mark, 10) === 1 ? null : parseInt(mark, 10) }) : h("ul");
  let at = start;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at]);
    if (!item || width(item[1]) < indent || /\d/.test(item[2]) !== ordered || width(item[1]) > indent + 1) break;
    const inside = [item[3]];
    const content = indent + 2;
    at += 1;
    while (at < lines.length && belongs(lines, at, indent)) {
      inside.push(cutIndent(lines[at], content));
      at += 1;
    }
    while (inside.length && !inside.at(-1).trim()) inside.pop();
    root.append(listItem(inside));
  }
  return [root, at];
}

const width = (lead) => lead.replaceAll("\t", "    ").length;
const leadOf = (line) => width(/^\s*/.exec(line)[0]);

function belongs(lines, at, indent) {
  const line = lines[at];
  if (!line.trim())
    return lines[at + 1] !== undefined && leadOf(lines[at + 1]) > indent && Boolean(lines[at + 1].trim());
  if (leadOf(line) > indent) return true;
  return !ITEM.test(line) && Boolean(lines[at - 1].trim()) && readerOf(line, lines[at + 1]) === paragraph;
}

function cutIndent(line, most) {
  const spaces = Math.min(leadOf(line), most);
  return line.replaceAll("\t", "    ").slice(spaces);
}

function listItem(inside) {
  const task = /^\[([ xX])\]\s+/.exec(inside[0]);
  if (task) inside[0] = inside[0].slice(task[0].length);
  const [first, ...rest] = blocks(inside);
  const item = h("li", { class: task && "task" });
  if (task)
    item.append(
      h("input", {
        type: "checkbox",
        disabled: true,
        checked: task[1] !== " ",
        "aria-label": task[1] === " " ? "to do" : "done",
      }),
    );
  // A lone paragraph stands in its item without margins.
  append(item, first?.nodeName === "P" && first.className === "" ? [...first.childNodes] : first, rest);
  return item;
}

function table(lines, start) {
  const aligns = cells(lines[start + 1]).map((cell) =>
    /^:.*:$/.test(cell) ? "center" : cell.endsWith(":") ? "right" : "left",
  );
  let end = start + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim()) end += 1;
  const row = (line, tag) =>
    h(
      "tr",
      {},
      aligns.map((align, column) =>
        h(
          tag,
          { class: align === "left" ? null : `align-${align}`, scope: tag === "th" ? "col" : null },
          markdownInline(cells(line)[column] ?? ""),
        ),
      ),
    );
  const body = lines.slice(start + 2, end).map((line) => row(line, "td"));
  return [scrollable(h("table", {}, h("thead", {}, row(lines[start], "th")), h("tbody", {}, body))), end];
}

/** A wide table scrolls by itself, by keyboard too. */
export const scrollable = (node, label = "Table") =>
  h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": label }, node);

const cells = (line) =>
  line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
