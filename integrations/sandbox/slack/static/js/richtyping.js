// Typed text with simple marks ⇄ a rich_text block, for rich_text_input.

const MARKS = [
  [/^`([^`\n]+)`/, "code"],
  [/^\*(?=\S)([^*\n]*\S)\*(?!\w)/, "bold"],
  [/^_(?=\S)([^_\n]*\S)_(?!\w)/, "italic"],
  [/^~(?=\S)([^~\n]*\S)~(?!\w)/, "strike"],
];

/** One line of typed text as elements of a rich_text_section. */
function elements(line) {
  const found = [];
  let plain = "";
  const flush = () => {
    if (plain) found.push({ type: "text", text: plain });
    plain = "";
  };
  for (let at = 0; at < line.length;) {
    const rest = line.slice(at);
    const address = /^https?:\/\/[^\s<>]+/.exec(rest);
    const emoji = /^:([a-z0-9_+-]+):/.exec(rest);
    const mark =
      !/\w/.test(line[at - 1] ?? " ") &&
      MARKS.map(([pattern, style]) => [pattern.exec(rest), style]).find(([match]) => match);
    if (address) {
      flush();
      found.push({ type: "link", url: address[0] });
      at += address[0].length;
    } else if (emoji) {
      flush();
      found.push({ type: "emoji", name: emoji[1] });
      at += emoji[0].length;
    } else if (mark) {
      flush();
      found.push({ type: "text", text: mark[0][1], style: { [mark[1]]: true } });
      at += mark[0][0].length;
    } else {
      plain += line[at];
      at += 1;
    }
  }
  flush();
  return found;
}

const KINDS = [
  [/^[-*•] +/, (lines) => ({ type: "rich_text_list", style: "bullet", indent: 0, elements: lines.map(section) })],
  [/^\d+[.)] +/, (lines) => ({ type: "rich_text_list", style: "ordered", indent: 0, elements: lines.map(section) })],
  [/^> ?/, (lines) => ({ type: "rich_text_quote", elements: joined(lines) })],
];
const section = (line) => ({ type: "rich_text_section", elements: elements(line) });

/** Lines as one run of elements; a line break is text. */
function joined(lines) {
  return lines.flatMap((line, at) => (at ? [{ type: "text", text: "\n" }, ...elements(line)] : elements(line)));
}

/** @param {string} typed @returns {{type: "rich_text", elements: Object[]}} */
export function toRichText(typed) {
  const parts = [];
  typed.split("```").forEach((part, at, all) => {
    if (at % 2 && at < all.length - 1)
      parts.push({
        type: "rich_text_preformatted",
        border: 0,
        elements: [{ type: "text", text: part.replace(/^\n|\n$/g, "") }],
      });
    else parts.push(...runs(part.replace(at ? /^\n/ : /^$/, "").split("\n")));
  });
  return { type: "rich_text", elements: parts };
}

function runs(lines) {
  const parts = [];
  let at = 0;
  while (at < lines.length) {
    const kind = KINDS.find(([pattern]) => pattern.test(lines[at]));
    let end = at + 1;
    while (end < lines.length && KINDS.find(([pattern]) => pattern.test(lines[end])) === kind) end += 1;
    const run = lines.slice(at, end);
    if (kind) parts.push(kind[1](run.map((line) => line.replace(kind[0], ""))));
    else if (run.some((line) => line.trim())) parts.push({ type: "rich_text_section", elements: joined(run) });
    at = end;
  }
  return parts;
}

const WRITTEN = { code: "`", bold: "*", italic: "_", strike: "~" };

/** @param {{elements?: Object[]}|null} block @returns {string} */
export function toTyped(block) {
  return (block?.elements ?? [])
    .map((part) => {
      if (part.type === "rich_text_list")
        return part.elements
          .map((item, at) => `${part.style === "ordered" ? `${at + 1}.` : "-"} ${line(item.elements)}`)
          .join("\n");
      if (part.type === "rich_text_quote")
        return line(part.elements)
          .split("\n")
          .map((one) => `> ${one}`)
          .join("\n");
      if (part.type === "rich_text_preformatted") return `\`\`\`\n${line(part.elements)}\n\`\`\``;
      return line(part.elements);
    })
    .join("\n");
}

const line = (parts) =>
  (parts ?? [])
    .map((part) => {
      if (part.type === "link") return part.url;
      if (part.type === "emoji") return `:${part.name}:`;
      const marks = Object.keys(WRITTEN)
        .filter((name) => part.style?.[name])
        .map((name) => WRITTEN[name])
        .join("");
      return `${marks}${part.text ?? ""}${[...marks].reverse().join("")}`;
    })
    .join("");
