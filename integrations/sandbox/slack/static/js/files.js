// Files in messages: pictures as pictures, texts with a look inside, everything else as a card to download.

import { fileUrl, get } from "./api.js";
import { codeBlock } from "./code.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { picture } from "./images.js";
import { markdown } from "./markdown.js";
import { bytes } from "./times.js";

/** @type {Map<string, Promise<any>>} */
const asked = new Map();

/** A file by its id, asked for once. */
export function fileInfo(id) {
  if (!asked.has(id))
    asked.set(
      id,
      get(`file/${encodeURIComponent(id)}`).then((answer) => answer.file),
    );
  return asked.get(id);
}

/** @param {any|string} file the file, or its id */
export function fileCard(file) {
  if (typeof file === "object" && file) return shown(file);
  const place = h("div", { class: "file-place" }, card({ name: "File", size: NaN }));
  fileInfo(file).then(
    (found) => fill(place, shown(found)),
    () => fill(place, card({ name: "This file is gone", size: NaN })),
  );
  return place;
}

const isText = (file) =>
  /^text\/|json|yaml|xml/.test(file.mimetype ?? "") ||
  ["txt", "log", "csv", "md", "diff", "py"].includes(file.filetype);

function shown(file) {
  if (file.deleted) return card({ name: "This file was deleted", size: NaN });
  if ((file.mimetype ?? "").startsWith("image/")) {
    return h(
      "figure",
      { class: "file-image" },
      h(
        "figcaption",
        {},
        file.title || file.name,
        h(
          "a",
          {
            class: "icon-button",
            href: fileUrl(file),
            download: file.name,
            "aria-label": `Download ${file.name}`,
            title: "Download",
          },
          icon("download", 16),
        ),
      ),
      picture(fileUrl(file), file.alt_text || file.title || file.name, file.title || file.name, {
        width: file.width,
        height: file.height,
      }),
    );
  }
  if (file.filetype === "canvas" || isText(file)) return h("div", { class: "file-text" }, card(file), peek(file));
  return card(file);
}

function card(file) {
  const detail = [file.filetype?.toUpperCase(), bytes(file.size)].filter(Boolean).join(" · ");
  return h(
    "div",
    { class: "file-card" },
    h("span", { class: "file-mark" }, icon("file", 22)),
    h("div", { class: "file-words" }, h("strong", {}, file.title || file.name), h("small", {}, detail)),
    file.id &&
      h(
        "a",
        {
          class: "icon-button",
          href: fileUrl(file),
          download: file.name,
          "aria-label": `Download ${file.name}`,
          title: "Download",
        },
        icon("download", 17),
      ),
  );
}

const PEEK = 20_000;

function peek(file) {
  const inside = h("div", { class: "file-inside" });
  return h(
    "details",
    {
      ontoggle: async (event) => {
        if (!event.target.open || inside.childElementCount) return;
        try {
          const text = await (await fetch(fileUrl(file))).text();
          const cut = text.length > PEEK;
          const start = text.slice(0, PEEK);
          fill(
            inside,
            file.filetype === "canvas" ? h("div", { class: "prose" }, markdown(start)) : codeBlock(start),
            cut &&
              h(
                "p",
                { class: "hint" },
                `The first ${bytes(PEEK)} of ${bytes(file.size)}. Download it to see the rest.`,
              ),
          );
        } catch {
          fill(inside, h("p", { class: "hint" }, "The file could not be loaded."));
        }
      },
    },
    h("summary", {}, icon("right", 15), "Preview"),
    inside,
  );
}
