// What the browser tests ask of a page: texts without AA contrast, and controls without a name.
({
  poor: (root) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const ground = (node) => {
      const layers = [];
      for (let at = node; at && layers.at(-1)?.[3] !== 1; at = at.parentElement) {
        const style = getComputedStyle(at);
        const stop = style.backgroundImage.includes("gradient") && /rgba?\([^)]+\)/.exec(style.backgroundImage);
        const colour = rgba(stop ? stop[0] : style.backgroundColor);
        if (colour[3] > 0) layers.push(colour);
      }
      return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const channel = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const found = new Set();
    const walker = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.textContent.trim();
      const parent = walker.currentNode.parentElement;
      const seen = parent.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      if (!text || !seen || parent.closest(".sr-only, .skip, svg, [aria-hidden=true]")) continue;
      const style = getComputedStyle(parent);
      const below = ground(parent);
      const [bright, dark] = [light(over(rgba(style.color), below)), light(below)].sort((x, y) => y - x);
      const ratio = (bright + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.5 && style.fontWeight >= 700);
      if (ratio < (large ? 3 : 4.5)) found.add(`${text.slice(0, 30)}: ${ratio.toFixed(2)} (${parent.className})`);
    }
    return [...found];
  },
  nameless: () =>
    [...document.querySelectorAll("button, a[href], input, textarea, select")]
      .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true]"))
      .filter((one) => !["aria-label", "aria-labelledby", "title"].some((name) => one.getAttribute(name)))
      .filter((one) => !one.textContent.trim() && !one.labels?.length)
      .map((one) => one.outerHTML.slice(0, 120)),
});
