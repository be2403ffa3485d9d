// The page's icons: strokes on a 24 × 24 grid, coloured by the text around them.

const PATHS = {
  hash: "M10 4 8 20M16 4l-2 16M4.5 9h16M3.5 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  home: "M4 11.5 12 4l8 7.5V20h-5.5v-5.5h-5V20H4z",
  sparkles:
    "M11 4l1.8 5.2L18 11l-5.2 1.8L11 18l-1.8-5.2L4 11l5.2-1.8zM18.5 15.5l.8 2.2 2.2.8-2.2.8-.8 2.2-.8-2.2-2.2-.8 2.2-.8z",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM20 20l-4.8-4.8",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M5.3 18.7 7 17M17 7l1.7-1.7",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.5 14a4.2 4.2 0 0 0 7 0M9 9.5v.6M15 9.5v.6",
  thread: "M5 5h14v10.5H11L7 19v-3.5H5zM8.5 8.8h7M8.5 11.7h4.5",
  message: "M5 5h14v10.5H11L7 19v-3.5H5z",
  pin: "M9 4h6l-.8 6 3.3 3H6.5l3.3-3zM12 13v7",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  send: "M4.5 5 20 12 4.5 19l2-7zM6.5 12H13",
  clip: "M8 12.5l5.7-5.7a2.7 2.7 0 0 1 3.8 3.8l-7.4 7.4a4.4 4.4 0 0 1-6.2-6.2L11.3 4.5",
  close: "M6 6l12 12M18 6 6 18",
  down: "M6.5 9.5 12 15l5.5-5.5",
  right: "M9.5 6.5 15 12l-5.5 5.5",
  back: "M19 12H5.5M11 6l-6 6 6 6",
  menu: "M4 7h16M4 12h16M4 17h16",
  edit: "M5 19l.8-3.8L16 5l3 3L8.8 18.2zM14 7l3 3",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  link: "M10 14a3.5 3.5 0 0 0 5 0l3.5-3.5a3.54 3.54 0 0 0-5-5L12 7M14 10a3.5 3.5 0 0 0-5 0l-3.5 3.5a3.54 3.54 0 0 0 5 5L12 17",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14",
  file: "M7 3.5h7l4 4V20.5H7zM14 3.5v4h4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.5L20 17M15 9.2h.01",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 11v5M12 8h.01",
  error: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM9 9l6 6M15 9l-6 6",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7.5V12l3 2",
  calendar: "M4.5 6h15v14h-15zM4.5 10h15M8.5 3.5V7.5M15.5 3.5V7.5",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  person: "M12 12a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6zM4.5 20c.6-4 3.6-5.5 7.5-5.5s6.9 1.5 7.5 5.5",
  people:
    "M9 12a3.4 3.4 0 1 0 0-6.8A3.4 3.4 0 0 0 9 12zM2.5 19.5c.5-3.6 3-5 6.5-5s6 1.4 6.5 5M15.5 5.5a3.3 3.3 0 0 1 0 6.3M17.5 14.8c2.3.6 3.7 2 4 4.7",
  pulse: "M3 12h4l2.5-7 5 14 2.5-7h4",
  help: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM9.6 9.6a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2.9-1.2 1.8M12 16.5h.01",
  keyboard: "M3 7h18v10.5H3zM6.5 10.5h.01M10 10.5h.01M14 10.5h.01M17.5 10.5h.01M8 14h8",
  at: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM15.5 8.5v4.7a2.3 2.3 0 0 0 4.6 0V12a8.2 8.2 0 1 0-3.3 6.5",
  slash: "M15.5 4.5l-7 15",
  bolt: "M13 3 5.5 13.5H11L10 21l8-11h-5.5z",
  up: "M7 11.5V20H4v-8.5zM7 12l4-8c1.5 0 2.5 1 2.2 2.6L12.6 10H18a2 2 0 0 1 2 2.4l-1.2 6A2 2 0 0 1 16.9 20H7",
  thumbdown: "M7 12.5V4H4v8.5zM7 12l4 8c1.5 0 2.5-1 2.2-2.6L12.6 14H18a2 2 0 0 0 2-2.4l-1.2-6A2 2 0 0 0 16.9 4H7",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4.5H15",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.7a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4z",
  play: "M8 5.5v13l10.5-6.5z",
  arrowdown: "M12 5v13.5M6 13l6 6 6-6",
  external: "M10 5H5v14h14v-5M14 4.5h5.5V10M19.5 4.5 11 13",
  history: "M4.5 12a7.5 7.5 0 1 0 2.3-5.4M4.5 4v4.5H9M12 8v4.3l2.8 1.7",
  compass: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM15.5 8.5l-2 5-5 2 2-5z",
};

const SVG = "http://www.w3.org/2000/svg";

/** An icon that only decorates: a name for it belongs on its button. @param {string} name @param {number} [size] */
export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.info);
  const attributes = {
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    class: "icon",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": name === "more" ? 2.6 : 1.7,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  svg.append(path);
  return svg;
}
