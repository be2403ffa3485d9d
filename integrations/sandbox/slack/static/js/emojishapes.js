// The shapes of the drawn emoji.

const INK = "#3a3440";
const SKIN = "#f0b429";
const GREEN = "#1f8f5f";
const RED = "#d23b4e";
const BLUE = "#2f7fd1";
const GREY = "#8b8791";
const HEART = "M12 21C4 15.5 2 11.5 2 8a5.3 5.3 0 0 1 10-2.5A5.3 5.3 0 0 1 22 8c0 3.5-2 7.5-10 13z";

/** Each drawing: [shape, attributes] on a 24 × 24 grid; `p` a path, `c` a circle [x, y, r], `r` a box [x, y, w, h, radius]. */
const disc = (colour) => [["c", [12, 12, 9.5], colour]];
const box = (colour) => [["r", [2.5, 2.5, 19, 19, 4], colour]];
const stroke = (path, colour = "#fff", width = 2.6) => ["s", path, colour, width];
const face = (...more) => [["c", [12, 12, 10], SKIN], ...more];
const eyes = [
  ["c", [8.5, 10, 1.3], INK],
  ["c", [15.5, 10, 1.3], INK],
];
const hand = "M7 11.5 11 3c2 0 3 1.2 2.6 3l-.700 3.5H19a2 2 0 0 1 2 2.5l-1.5 6.5A2.5 2.5 0 0 1 17 20.5H7z";
const clipboard = [
  ["r", [4, 3, 16, 19, 2], "#c58f4a"],
  ["r", [6, 5.5, 12, 14.5, 1], "#fff"],
  ["r", [8.5, 1.5, 7, 4.5, 1.5], GREY],
  stroke("M8.5 10h7M8.5 13h7M8.5 16h4", GREY, 1.3),
];
const chart = (line, colour) => [
  ["r", [2, 2, 20, 20, 3], "#f4f1ea"],
  stroke("M5 19V5M5 19h14", GREY, 1.3),
  stroke(line, colour, 2.2),
];
const lock = (shackle) => [
  ["r", [4.5, 10.5, 15, 11, 2.5], "#e0a526"],
  stroke(shackle, GREY, 2.4),
  ["c", [12, 15.5, 1.6], INK],
];
const sandglass = [
  ["p", "M6 2.5h12v3c0 3-3 4.5-4.5 6.5 1.5 2 4.5 3.5 4.5 6.5v3H6v-3c0-3 3-4.5 4.5-6.5C9 10 6 8.5 6 5.5z", "#bfd9ee"],
  ["p", "M8.5 20c0-2.5 2-3 3.5-5 1.5 2 3.5 2.5 3.5 5zM9 6.5h6l-3 4z", "#d99b3c"],
  stroke("M5 2.5h14M5 21.5h14", "#8a5a34", 2),
];

export const DRAWN = {
  white_check_mark: [...box(GREEN), stroke("M7 12.5l3.5 3.5L17 8.5")],
  heavy_check_mark: [stroke("M4 13l5.5 5.5L20 6", INK, 3.4)],
  x: [stroke("M5 5l14 14M19 5 5 19", RED, 4)],
  no_entry: [...disc(RED), ["r", [5.5, 10, 13, 4, 1], "#fff"]],
  no_entry_sign: [
    ["c", [12, 12, 9.5], "#fff"],
    stroke("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.6 5.6l12.8 12.8", RED, 2.6),
  ],
  octagonal_sign: [
    ["p", "M8 2h8l6 6v8l-6 6H8l-6-6V8z", RED],
    ["r", [6, 10.5, 12, 3, 1], "#fff"],
  ],
  warning: [["p", "M12 2.5 23 21.5H1z", "#f2b21b"], stroke("M12 9v6M12 18.2h.01", INK, 2.3)],
  rotating_light: [
    ["p", "M5.5 18v-5a6.5 6.5 0 0 1 13 0v5z", RED],
    ["r", [3.5, 18, 17, 4, 1.5], GREY],
    stroke("M9 17v-4a3 3 0 0 1 2.5-3", "#ffb9c1", 1.6),
  ],
  exclamation: [stroke("M12 3v12M12 20.5h.01", RED, 4)],
  question: [stroke("M7.5 8a4.5 4.5 0 1 1 6.5 4c-1.5.8-2 1.5-2 3.5M12 20.5h.01", RED, 3.4)],
  information_source: [...box(BLUE), stroke("M12 11v6M12 7.2h.01")],
  red_circle: disc(RED),
  large_orange_circle: disc("#e9762b"),
  large_yellow_circle: disc("#f0c02c"),
  large_green_circle: disc(GREEN),
  large_blue_circle: disc(BLUE),
  large_purple_circle: disc("#7a4fb5"),
  white_circle: [["c", [12, 12, 9.5], "#e8e6ea"]],
  black_circle: disc(INK),
  large_red_square: box(RED),
  large_green_square: box(GREEN),
  large_yellow_square: box("#f0c02c"),
  large_blue_square: box(BLUE),
  eyes: [
    [
      "p",
      "M6.5 4c2.5 0 4.3 3.5 4.3 8s-1.8 8-4.3 8-4.3-3.5-4.3-8S4 4 6.5 4zM17.5 4c2.5 0 4.3 3.5 4.3 8s-1.8 8-4.3 8-4.3-3.5-4.3-8S15 4 17.5 4z",
      "#fff",
    ],
    stroke(
      "M6.5 4c2.5 0 4.3 3.5 4.3 8s-1.8 8-4.3 8-4.3-3.5-4.3-8S4 4 6.5 4zM17.5 4c2.5 0 4.3 3.5 4.3 8s-1.8 8-4.3 8-4.3-3.5-4.3-8S15 4 17.5 4z",
      GREY,
      1.2,
    ),
    ["c", [8, 13, 2.4], INK],
    ["c", [19, 13, 2.4], INK],
  ],
  thumbsup: [
    ["p", hand, SKIN],
    ["r", [2.5, 10.5, 4.5, 10.5, 1.5], BLUE],
  ],
  thumbsdown: [
    ["p", "M7 12.5 11 21c2 0 3-1.2 2.6-3l-.700-3.5H19a2 2 0 0 0 2-2.5L19.5 5.5A2.5 2.5 0 0 0 17 3.5H7z", SKIN],
    ["r", [2.5, 3, 4.5, 10.5, 1.5], BLUE],
  ],
  raised_hands: [
    ["p", "M3 21V9l1.5-5 1.5 5 1-5 1.5 5 1.5-3v10l-1 5zM21 21V9l-1.5-5L18 9l-1-5-1.5 5L14 6v10l1 5z", SKIN],
  ],
  pray: [["p", "M12 2v20H6l-1-6 5-8zM12 2v20h6l1-6-5-8z", SKIN], stroke("M12 3v18", "#b97f12", 1)],
  clap: [
    ["p", "M6 11l7-7 2 2-4 5 6-4 1.5 2-4 4 3-1 1 2-6 6-5 1-4-4z", SKIN],
    stroke("M18 3v2M21 5l-1.5 1.5", "#e0a526", 1.5),
  ],
  wave: [["p", "M5 12l3-8 2 1 1 5 3-5 2 1-1 6 4-3 1.5 2-4 8-5 2.5-5-3z", SKIN]],
  ok_hand: [
    ["p", "M14 2l2 .5-1 8 4-7 2 1-3 9-3 7-6 1.5-5-5 3-5 4-2z", SKIN],
    ["c", [9, 14, 2.2], "#fff"],
  ],
  point_right: [["p", "M3 9h10l8 1.5v3L14 14v5H6l-3-3z", SKIN]],
  tada: [
    ["p", "M3 21l5-13 8 8z", "#e0a526"],
    stroke("M14 8c0-3 2-5 4-5M17 11c2-1.5 3-1.5 5-1", "#7a4fb5", 1.6),
    ["c", [13, 4, 1.2], RED],
    ["c", [20.5, 6.5, 1.2], BLUE],
    ["c", [20, 15, 1.2], GREEN],
  ],
  rocket: [
    ["p", "M21 3c-7 0-11 4-13 9l4 4c5-2 9-6 9-13z", "#dfe3ea"],
    ["p", "M9 10H5l-3 4h5zM14 15v4l-4 3v-5z", RED],
    ["c", [15.5, 8.5, 2.2], BLUE],
    ["p", "M7 16c-2 0-4 2-4 5 3 0 5-2 5-4z", "#f0a52c"],
  ],
  heart: [["p", "M12 21C4 15.5 2 11.5 2 8a5.3 5.3 0 0 1 10-2.5A5.3 5.3 0 0 1 22 8c0 3.5-2 7.5-10 13z", RED]],
  fire: [
    [
      "p",
      "M12 1.5c1 4 6.5 6.5 6.5 12.5a6.5 6.5 0 0 1-13 0c0-3 1.5-4.5 2.5-6 .5 2 1.5 3 2.5 3 0-3-.5-6 1.5-9.5z",
      "#e9762b",
    ],
    ["p", "M12 12c.5 2 3 3 3 5.5a3 3 0 0 1-6 0c0-2.5 2.5-3 3-5.5z", "#f7cf52"],
  ],
  zap: [["p", "M14 1.5 4.5 14H11l-2 8.5L19.5 9.5H13z", "#f0b429"]],
  boom: [
    ["p", "M12 1l2.5 6L21 4l-3 6 5 3-6 1.5 1 7-6-4.5L6 22l1-7-6-2 5-3-3-6 6.5 3z", "#e9762b"],
    ["c", [12, 12.5, 3.5], "#f7cf52"],
  ],
  sparkles: [["p", "M10 4l2 6 6 2-6 2-2 6-2-6-6-2 6-2zM19 2l1 3 3 1-3 1-1 3-1-3-3-1 3-1z", "#f0b429"]],
  star: [["p", "M12 2l3 7 7.5.6-5.7 5 1.7 7.4-6.5-4-6.5 4 1.7-7.4-5.7-5L9 9z", "#f0b429"]],
  100: [stroke("M3 8l2-2v11M9.5 6.5c-3 0-3 10 0 10s3-10 0-10zM17.5 6.5c-3 0-3 10 0 10s3-10 0-10zM4 21l16-2", RED, 2)],
  pushpin: [["p", "M9 2h7l-1 7 4 4H6l4-4z", RED], stroke("M12.5 13v8.5", GREY, 2)],
  round_pushpin: [["c", [12, 8, 6], RED], stroke("M12 14v8", GREY, 2)],
  smile: face(...eyes, stroke("M7 14c2 4.5 8 4.5 10 0", INK, 1.8)),
  slightly_smiling_face: face(...eyes, stroke("M7.5 14.5c2 2.5 7 2.5 9 0", INK, 1.6)),
  laughing: face(stroke("M6.5 9l3 1.5-3 1.5M17.5 9l-3 1.5 3 1.5", INK, 1.5), ["p", "M6.5 14h11c-1 5-10 5-11 0z", INK]),
  thinking_face: face(...eyes, stroke("M9 15.5c2-1 4-1 6 .5M7 6.5l3-.5M14 6.5l3 1", INK, 1.5)),
  sweat_smile: face(...eyes, stroke("M7 14c2 4 8 4 10 0", INK, 1.8), ["c", [19.5, 5.5, 2.2], "#65b5ee"]),
  cry: face(...eyes, stroke("M8 17c2-2.5 6-2.5 8 0", INK, 1.6), ["c", [7, 14.5, 1.6], "#65b5ee"]),
  joy: face(stroke("M6.5 10c1-1.5 2.5-1.5 3.5 0M14 10c1-1.5 2.5-1.5 3.5 0", INK, 1.6), [
    "p",
    "M6.5 13.5h11c-1 5.5-10 5.5-11 0z",
    INK,
  ]),
  neutral_face: face(...eyes, stroke("M8 15.5h8", INK, 1.6)),
  robot_face: [
    ["r", [3.5, 6, 17, 14, 3], "#b9c6d3"],
    ["c", [8.5, 12, 2], BLUE],
    ["c", [15.5, 12, 2], BLUE],
    stroke("M9 16.8h6M12 6V2.5", INK, 1.6),
  ],
  hourglass: sandglass,
  hourglass_flowing_sand: sandglass,
  stopwatch: [["c", [12, 13.5, 8.5], "#e8e6ea"], stroke("M12 9v4.5l3 2M10 2h4M12 2v3", INK, 1.8)],
  alarm_clock: [["c", [12, 13, 8.5], "#e8e6ea"], stroke("M12 8.5V13l3 2M3 6l3-3M21 6l-3-3", RED, 2)],
  calendar: [
    ["r", [3, 4, 18, 18, 2], "#fff"],
    ["r", [3, 4, 18, 6, 2], RED],
    stroke("M7 14h2M11 14h2M15 14h2M7 18h2M11 18h2", GREY, 1.8),
  ],
  spiral_calendar_pad: [
    ["r", [3, 4, 18, 18, 2], "#fff"],
    ["r", [3, 4, 18, 6, 2], RED],
  ],
  bell: [
    ["p", "M5 17.5c2-2 2-4 2-7a5 5 0 0 1 10 0c0 3 0 5 2 7z", "#f0b429"],
    ["c", [12, 19.5, 2], "#b97f12"],
  ],
  no_bell: [["p", "M5 17.5c2-2 2-4 2-7a5 5 0 0 1 10 0c0 3 0 5 2 7z", GREY], stroke("M4 4l16 16", RED, 2.4)],
  memo: [
    ["r", [3, 2, 15, 20, 2], "#f4f1ea"],
    stroke("M6.5 7h8M6.5 11h8M6.5 15h4", GREY, 1.4),
    stroke("M13 17l8-8", "#e0a526", 3),
  ],
  clipboard,
  page_facing_up: [["p", "M5 2h10l5 5v15H5z", "#f4f1ea"], stroke("M8 10h8M8 14h8M8 18h5", GREY, 1.4)],
  bar_chart: [
    ["r", [2, 2, 20, 20, 3], "#f4f1ea"],
    ["r", [5, 12, 4, 7, 1], GREEN],
    ["r", [10, 6, 4, 13, 1], RED],
    ["r", [15, 9, 4, 10, 1], BLUE],
  ],
  chart_with_upwards_trend: chart("M6 16l4-4 3 2 6-8", RED),
  chart_with_downwards_trend: chart("M6 7l4 4 3-2 6 8", BLUE),
  bulb: [
    ["p", "M12 2a7 7 0 0 1 4 12.5V17H8v-2.5A7 7 0 0 1 12 2z", "#f7cf52"],
    ["r", [8.5, 17.5, 7, 4, 1.5], GREY],
  ],
  wrench: [["p", "M21 6a6 6 0 0 1-8 6l-7 9-3-3 9-7a6 6 0 0 1 6-8l-3 3 3 3z", GREY]],
  hammer_and_wrench: [stroke("M5 20 18 6M6 6l13 14", GREY, 3), ["r", [14, 2, 7, 5, 1], INK]],
  hammer: [stroke("M4 21 14 9", "#8a5a34", 3), ["p", "M9 6l5-4 8 7-3 4z", GREY]],
  gear: [
    [
      "p",
      "M10 1.5h4l.5 3 2.5 1.3 2.7-1.3 2 3.5-2 2v3l2 2-2 3.5-2.7-1.3L14.5 19.5l-.5 3h-4l-.5-3L7 18.2l-2.7 1.3-2-3.5 2-2v-3l-2-2 2-3.5L7 5.8l2.5-1.3z",
      GREY,
    ],
    ["c", [12, 12, 3.4], "#fff"],
  ],
  mag: [["c", [10, 10, 7], "#cfe4f5"], stroke("M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM15.5 15.5 22 22", INK, 2)],
  lock: lock("M8 10.5V7a4 4 0 0 1 8 0v3.5"),
  unlock: lock("M8 10.5V6a4 4 0 0 1 7.8-1.5"),
  key: [["c", [7, 8, 5.5], "#e0a526"], ["c", [7, 8, 2], "#fff"], stroke("M11 12l9 9M17 18l2.5-2.5", "#e0a526", 3)],
  link: [stroke("M10 14a4 4 0 0 0 6 0l4-4a4 4 0 0 0-6-6l-2 2M14 10a4 4 0 0 0-6 0l-4 4a4 4 0 0 0 6 6l2-2", GREY, 2.4)],
  package: [["p", "M3 7l9-4 9 4v11l-9 4-9-4z", "#c99457"], stroke("M3 7l9 4 9-4M12 11v11", "#8a5a34", 1.4)],
  bug: [
    ["c", [12, 14, 6.5], GREEN],
    ["c", [12, 6.5, 3.5], INK],
    stroke("M3 9l4 2M21 9l-4 2M2.5 15h4M21.5 15h-4M4 21l3.5-3M20 21l-3.5-3M12 8v12", INK, 1.5),
  ],
  shield: [["p", "M12 2l9 3v7c0 5-4 8.5-9 10.5C7 20.5 3 17 3 12V5z", BLUE]],
  construction: [
    ["r", [2, 6, 20, 7, 1], "#f0b429"],
    stroke("M5 13l4-7M11 13l4-7M17 13l4-7", INK, 2),
    stroke("M5 13v8M19 13v8", GREY, 2),
  ],
  ambulance: [
    ["r", [1.5, 7, 21, 11, 2], "#f4f1ea"],
    stroke("M8 9.5v6M5 12.5h6", RED, 2.2),
    ["c", [6, 19, 2.4], INK],
    ["c", [18, 19, 2.4], INK],
  ],
  arrow_up: [...box(BLUE), stroke("M12 18V6M7 11l5-5 5 5")],
  arrow_down: [...box(BLUE), stroke("M12 6v12M7 13l5 5 5-5")],
  arrow_right: [...box(BLUE), stroke("M6 12h12M13 7l5 5-5 5")],
  arrow_left: [...box(BLUE), stroke("M18 12H6M11 7l-5 5 5 5")],
  arrows_counterclockwise: [
    ...box(BLUE),
    stroke("M17 9a6 6 0 0 0-11 2M7 15a6 6 0 0 0 11-2M17 5v4h-4M7 19v-4h4", "#fff", 1.8),
  ],
  arrow_forward: [...box(BLUE), ["p", "M9 7l8 5-8 5z", "#fff"]],
  double_vertical_bar: [...box(BLUE), ["r", [7.5, 7, 3, 10, 0.5], "#fff"], ["r", [13.5, 7, 3, 10, 0.5], "#fff"]],
  black_square_for_stop: [...box(BLUE), ["r", [8, 8, 8, 8, 1], "#fff"]],
  checkered_flag: [
    ["p", "M5 3h15v11H5z", "#f4f1ea"],
    ["p", "M5 3h5v5.5H5zM15 3h5v5.5h-5zM10 8.5h5V14h-5z", INK],
    stroke("M5 2v20", GREY, 2),
  ],
  speech_balloon: [["p", "M2 4h20v13H11l-5 5v-5H2z", "#dfe3ea"]],
  coffee: [
    ["p", "M3 9h14v6a6 6 0 0 1-6 6H9a6 6 0 0 1-6-6z", "#f4f1ea"],
    stroke("M17 11h2a2.5 2.5 0 0 1 0 5h-2.5M7 6c0-2 2-2 2-4M12 6c0-2 2-2 2-4", GREY, 1.8),
  ],
  snail: [
    ["c", [14, 12, 6.5], "#c58f4a"],
    ["p", "M2 21c0-4 2-6 3-10h2c0 4 2 7 6 7h8v3z", "#e3c08f"],
  ],
  ship: [
    ["p", "M2 14h20l-3 7H5z", RED],
    ["r", [6, 8, 12, 6, 1], "#f4f1ea"],
    ["r", [10, 3, 4, 5, 0.5], GREY],
  ],
  brain: [
    ["p", "M12 3c-3-2-6 0-6 3-3 1-4 5-2 7-1 4 3 7 6 6l2 2 2-2c3 1 7-2 6-6 2-2 1-6-2-7 0-3-3-5-6-3z", "#eaa0b4"],
    stroke("M12 4v16", "#b8647d", 1.3),
  ],
  heavy_plus_sign: [stroke("M12 4v16M4 12h16", INK, 3.6)],
  heavy_minus_sign: [stroke("M4 12h16", INK, 3.6)],
  handshake: [
    ["p", "M1 8l5-3 6 2 6-2 5 3v8l-4 2-7 3-7-3-4-2z", SKIN],
    stroke("M12 7 8 11.5l2.5 1.5L14 10l5 4.5", "#b97f12", 1.4),
  ],
  green_heart: [["p", HEART, "#2fa36b"]],
  orange_heart: [["p", HEART, "#e9762b"]],
  blue_heart: [["p", HEART, BLUE]],
  yellow_heart: [["p", HEART, "#f0c02c"]],
  mailbox_with_no_mail: [
    ["p", "M2 9a5 5 0 0 1 5-5h10a5 5 0 0 1 5 5v9H2z", BLUE],
    ["p", "M2 9a5 5 0 0 1 10 0v9H2z", "#8fb9e6"],
    ["r", [10, 18, 4, 5, 0.5], GREY],
  ],
  wastebasket: [["p", "M5 6h14l-2 16H7z", "#c9c5cf"], stroke("M3.5 6h17M9.5 10l.5 8M14.5 10l-.5 8", GREY, 1.6)],
  pencil2: [
    ["p", "M3 21l1.5-6L16 3.5l4.5 4.5L9 19.5z", "#f0b429"],
    ["p", "M3 21l1.5-6 4.5 4.5z", INK],
  ],
  identification_card: [
    ["r", [2, 5, 20, 14, 2], "#dfe3ea"],
    ["c", [7.5, 11, 2.3], BLUE],
    ["p", "M4 16.5c.5-3 6.5-3 7 0z", BLUE],
    stroke("M14 10h5M14 14h5", GREY, 1.6),
  ],
  turtle: [
    ["p", "M3 15a8 7 0 0 1 14 0z", GREEN],
    ["p", "M16 14c2-4 6-4 6-1s-2 3-5 3z", "#6fb35a"],
    stroke("M6 16v3M14 16v3", "#6fb35a", 2.6),
  ],
  vertical_traffic_light: [
    ["r", [7, 1, 10, 22, 3], INK],
    ["c", [12, 5.5, 2.6], RED],
    ["c", [12, 12, 2.6], "#f0b429"],
    ["c", [12, 18.5, 2.6], "#2fa36b"],
  ],
  twisted_rightwards_arrows: [
    ...box(BLUE),
    stroke("M6 8.5h2.5l6 7H18M6 15.5h2.5l6-7H18M16 6.5l2 2-2 2M16 13.5l2 2-2 2", "#fff", 1.7),
  ],
  scroll: [
    ["p", "M6 3h13v15a3 3 0 0 1-3 3H5a3 3 0 0 0 3-3V6z", "#e9d3a4"],
    ["c", [6, 5, 2], "#c9a866"],
    stroke("M10.5 8h5.5M10.5 11.5h5.5M10.5 15h3.5", "#8a6a2f", 1.3),
  ],
  paperclip: [stroke("M8 12.5l6-6a2.7 2.7 0 0 1 3.8 3.8l-7.6 7.6a4.5 4.5 0 0 1-6.4-6.4L11.5 4", GREY, 2.2)],
  toolbox: [
    ["r", [2, 8, 20, 13, 2], RED],
    stroke("M8 8V5h8v3", INK, 2),
    ["r", [2, 12.5, 20, 2.2, 0], "#8f2533"],
    ["r", [10, 11.5, 4, 4.5, 0.8], "#e8e6ea"],
  ],
  card_index_dividers: [
    ["r", [3, 9, 18, 12, 1.5], "#e9d3a4"],
    ["r", [5, 5, 16, 12, 1.5], "#8fb9e6"],
    ["r", [7, 2, 14, 12, 1.5], "#f4f1ea"],
    stroke("M10 6h8M10 9.5h5", GREY, 1.3),
  ],
  control_knobs: [
    ["r", [3, 2, 18, 20, 2], INK],
    ["c", [8, 8, 2.5], GREY],
    ["c", [16, 8, 2.5], GREY],
    ["c", [8, 16, 2.5], RED],
    ["c", [16, 16, 2.5], GREY],
  ],
  lock_with_ink_pen: [...lock("M8 10.5V7a4 4 0 0 1 8 0v3.5"), stroke("M14 22l7-9", BLUE, 2.6)],
  book: [
    ["p", "M12 5C9 3 5 3 2 4v15c3-1 7-1 10 1 3-2 7-2 10-1V4c-3-1-7-1-10 1z", "#f4f1ea"],
    stroke("M12 5v15M2 4v15c3-1 7-1 10 1 3-2 7-2 10-1V4", BLUE, 1.7),
  ],
  books: [
    ["r", [3, 4, 5, 17, 1], RED],
    ["r", [9, 4, 5, 17, 1], GREEN],
    ["r", [15, 4, 5, 17, 1], BLUE],
  ],
  runner: [["c", [15, 4, 2.6], SKIN], stroke("M14 8 9.5 13l4 2.5-1 6M10 13l-5 4.5M7 9l4-2 3 1.5 2 3 4 .5", BLUE, 2.6)],
  test_tube: [
    ["p", "M14.5 2.5l7 7-10.5 10.5a4.9 4.9 0 0 1-7-7z", "#cfe4f5"],
    ["p", "M6 11h11l-6.5 8.5a4.9 4.9 0 0 1-6.5-6.5z", "#2fa36b"],
  ],
  jigsaw: [["p", "M3 8h5c-1-4 5-4 4 0h6v5c4-1 4 5 0 4v5h-5.5c1-4-5-4-4 0H3z", "#2fa36b"]],
  bust_in_silhouette: [
    ["c", [12, 8, 4.5], "#5b7fa8"],
    ["p", "M3 21c.5-9 17.5-9 18 0z", "#5b7fa8"],
  ],
  busts_in_silhouette: [
    ["c", [8.5, 8.5, 3.8], "#5b7fa8"],
    ["c", [17, 9, 3], "#8fa9c7"],
    ["p", "M1 21c.5-8 14.5-8 15 0zM17 21h6c-.3-5-3-6.5-6-6.5z", "#5b7fa8"],
  ],
  label: [
    ["p", "M2 4h9l11 10-8 8L2 11z", "#e9d3a4"],
    ["c", [6.5, 8, 1.6], INK],
  ],
};
export const ALIASES = {
  "+1": "thumbsup",
  "-1": "thumbsdown",
  information: "information_source",
  collision: "boom",
  satisfied: "laughing",
  open_book: "book",
  running: "runner",
  pencil: "memo",
  stop_sign: "octagonal_sign",
  mag_right: "mag",
  grinning: "smile",
  smiley: "smile",
  grin: "smile",
  timer_clock: "stopwatch",
  date: "calendar",
  repeat: "arrows_counterclockwise",
  ballot_box_with_check: "white_check_mark",
  closed_lock_with_key: "lock",
  envelope: "page_facing_up",
  mega: "bell",
  loudspeaker: "bell",
};
