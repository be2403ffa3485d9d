// Images with their words: in blocks and files, small ones beside texts, and the large view.

import { fileUrl } from "./api.js";
import { openDialog } from "./dialog.js";
import { h, link, safeUrl } from "./dom.js";
import { icon } from "./icons.js";
import { textNode, words } from "./textobject.js";

const addressOf = (image) =>
  image.image_url ??
  image.slack_file?.url ??
  (image.slack_file?.id && fileUrl({ id: image.slack_file.id, name: "image" }));

/** An image block: title, picture, words for those who cannot see it. */
export function imageFigure(block) {
  const address = addressOf(block);
  const title = words(block.title);
  return h(
    "figure",
    { class: "image" },
    title && h("figcaption", {}, textNode(block.title)),
    picture(address, block.alt_text ?? title, title),
  );
}

/** A picture that opens large; if it cannot be loaded, its words and a link stand there. */
export function picture(address, alt, title, size) {
  if (!safeUrl(address) || !address) return h("span", { class: "image-missing" }, icon("image", 18), alt || "an image");
  const image = h("img", { src: address, alt: alt ?? "", loading: "lazy", width: size?.width, height: size?.height });
  const button = h(
    "button",
    {
      type: "button",
      class: "image-button",
      "aria-label": `Open image: ${alt || title || "image"}`,
      onclick: () => openImage(address, alt, title),
    },
    image,
  );
  image.addEventListener("error", () =>
    button.replaceWith(
      h(
        "span",
        { class: "image-missing" },
        icon("image", 18),
        link(address, alt || title || "an image that could not be loaded"),
      ),
    ),
  );
  return button;
}

export function smallImage(image, className = "thumbnail") {
  const address = addressOf(image);
  if (!safeUrl(address) || !address)
    return h("span", { class: "image-missing" }, icon("image", 16), image.alt_text ?? "");
  return h("img", { class: className, src: address, alt: image.alt_text ?? "", title: image.alt_text });
}

function openImage(address, alt, title) {
  openDialog({
    title: title || "Image",
    className: "lightbox",
    body: h("figure", {}, h("img", { src: address, alt: alt ?? "" }), alt && h("figcaption", {}, alt)),
    footer: [h("a", { class: "button", href: address, download: "" }, icon("download", 17), "Download")],
  });
}
