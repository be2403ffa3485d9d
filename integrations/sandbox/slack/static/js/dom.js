// Builds DOM nodes: the one way in which this page makes elements, so that text from outside stays text.

/**
 * `h("a", {class: "link", href, onclick}, "text", node, [more])`.
 * Properties: `class`, `dataset`, `style` (object), `on…` (listeners), booleans, everything else an attribute.
 * @param {string} tag
 * @param {Object<string, any>} [props]
 * @param {...any} children strings, numbers, nodes, arrays; null, undefined and false are left out
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProperty(element, name, value);
  append(element, children);
  return element;
}

function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "class") element.className = [].concat(value).filter(Boolean).join(" ");
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
  else if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value);
  else if (name === "value" || name === "checked" || name === "indeterminate") element[name] = value;
  else if (name === "href" || name === "src") {
    const safe = safeUrl(value);
    if (safe) element.setAttribute(name, safe);
  } else element.setAttribute(name, value === true ? "" : String(value));
}

/** Adds strings (as text), nodes and nested arrays of them. */
export function append(parent, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === true) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

/** Replaces what is inside. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  return append(parent, children);
}

export function fragment(...children) {
  return append(document.createDocumentFragment(), children);
}

const SAFE = new Set(["http:", "https:", "mailto:", "tel:", "blob:"]);

/** The address if a click on it cannot run code, else null. @param {unknown} address */
export function safeUrl(address) {
  try {
    const url = new URL(String(address), location.href);
    return SAFE.has(url.protocol) ? String(address) : null;
  } catch {
    return null;
  }
}

/** A link that opens outside of this page. */
export function link(address, ...children) {
  if (!safeUrl(address)) return h("span", {}, children);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, children);
}

/** Runs `work` at most once per `wait` ms, after the last call. */
export function debounce(work, wait) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), wait);
  };
}

let serial = 0;
export const uniqueId = (prefix) => `${prefix}-${++serial}`;
