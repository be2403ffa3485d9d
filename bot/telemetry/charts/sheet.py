"""Paper to draw on, in pixels from the top left, which knows how wide words are and what is already taken."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from bot.telemetry.charts.lettering import fitted, font_of, pixels, width_of
from bot.telemetry.charts.looks import BODY, DPI, Dashes, Theme, parts

Across = Literal["left", "center", "right"]


class Box(NamedTuple):
    """A rectangle; `top` is less than `bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def moved(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)


@dataclass(frozen=True, slots=True)
class Written:
    """Words, from where on they stand on their base line."""

    words: str
    x: float
    base: float
    size: float
    bold: bool
    colour: str

    @property
    def box(self) -> Box:
        """What of the paper has ink."""
        return Box(*font_of(self.size, self.bold).getbbox(self.words, anchor="ls")).moved(self.x, self.base)


class Sheet:
    """One picture in the making."""

    def __init__(self, width: int, height: int, theme: Theme) -> None:
        self.width, self.height, self.theme = width, height, theme
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=theme.paper)
        self._canvas = FigureCanvasAgg(self.figure)
        self._place = Affine2D().scale(1, -1).translate(0, height)
        self._layer = 0
        self.taken: list[Box] = []
        self.written: list[Written] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = BODY,
        colour: str = "",
        across: Across = "left",
        bold: bool = False,
        middle: bool = False,
        room: float = float("inf"),
    ) -> Box:
        """One line whose middle is at `y`, no wider than the room, nor than the paper."""
        words = fitted(words, size, min(room, self.width - 8), bold=bold, middle=middle)
        box = self.measured(x, y, words, size=size, across=across, bold=bold)
        if words:
            ink = colour or self.theme.ink
            self.written.append(Written(words, box.left, y + 0.36 * pixels(size), size, bold, ink))
            self.taken.append(box)
        return box

    def measured(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = BODY,
        across: Across = "left",
        bold: bool = False,
        room: float = float("inf"),
    ) -> Box:
        """Where `text` would write it."""
        width = width_of(fitted(words, size, min(room, self.width - 8), bold=bold), size, bold=bold)
        left = x - {"left": 0.0, "center": width / 2, "right": width}[across]
        half = 0.62 * pixels(size)
        box = Box(left, y - half, left + width, y + half)
        shift = _within(box, self.width)
        return Box(box.left + shift, box.top, box.right + shift, box.bottom)

    def free(self, box: Box) -> bool:
        return not any(box.meets(other) for other in self.taken)

    def line(
        self,
        xs: ArrayLike,
        ys: ArrayLike,
        colour: str,
        *,
        width: float = 1.0,
        dashes: Dashes = (),
        inside: Box | None = None,
        opacity: float = 1.0,
    ) -> None:
        drawn = Line2D(
            np.asarray(xs), np.asarray(ys), color=colour, linewidth=width, alpha=opacity,
            linestyle=(0, dashes) if dashes else "-",
            solid_capstyle="round", solid_joinstyle="round", dash_capstyle="butt", dash_joinstyle="round",
        )  # fmt: skip
        self._add(drawn, inside)

    def dots(self, xs: ArrayLike, ys: ArrayLike, colour: str, *, size: float, inside: Box | None = None) -> None:
        drawn = Line2D(
            np.asarray(xs), np.asarray(ys), linestyle="none", marker="o", markersize=size,
            color=colour, markeredgewidth=0,
        )  # fmt: skip
        self._add(drawn, inside)

    def segments(
        self, ends: ArrayLike, colour: str | Sequence[str], *, width: float | Sequence[float], dashes: Dashes = ()
    ) -> None:
        """Many lines at once: `ends` is n × 2 × 2."""
        lines = np.asarray(ends, dtype=float).reshape(-1, 2, 2)
        style: Any = (0, dashes) if dashes else "solid"
        self._add(LineCollection(list(lines), colors=colour, linewidths=width, linestyles=[style]))

    def area(
        self, xs: ArrayLike, low: ArrayLike, high: ArrayLike, colour: str, *,
        opacity: float = 1.0, inside: Box | None = None,
    ) -> None:  # fmt: skip
        """Between two curves, in each piece where both are known."""
        x, a, b = (np.asarray(part, dtype=float) for part in (xs, low, high))
        pieces = [
            np.concatenate([np.column_stack([x[run], a[run]]), np.column_stack([x[run], b[run]])[::-1]])
            for run in runs(np.isfinite(a) & np.isfinite(b))
            if run.stop - run.start > 1
        ]
        if pieces:
            self._add(PolyCollection(pieces, facecolors=colour, edgecolors="none", alpha=opacity), inside)

    def boxes(self, places: Sequence[Box], colours: Sequence[str], *, opacity: float = 1.0) -> None:
        corners = [[(b.left, b.top), (b.right, b.top), (b.right, b.bottom), (b.left, b.bottom)] for b in places]
        if corners:
            self._add(PolyCollection(corners, facecolors=list(colours), edgecolors="none", alpha=opacity))

    def card(self, box: Box, fill: str, *, edge: str = "", width: float = 1.0, radius: float = 10) -> None:
        """A rectangle with round corners."""
        radius = min(radius, (box.right - box.left) / 2, (box.bottom - box.top) / 2)
        self._add(
            FancyBboxPatch(
                (box.left, box.top),
                box.right - box.left,
                box.bottom - box.top,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=fill,
                edgecolor=edge or "none",
                linewidth=width if edge else 0,
            )
        )

    def image(self, box: Box, colours: NDArray[np.uint8]) -> None:
        """Colours of cells (rows × columns × RGBA), each as large as its share of the box, without any smoothing."""
        high, wide = int(box.bottom) - int(box.top), int(box.right) - int(box.left)
        rows = np.arange(high) * colours.shape[0] // high
        columns = np.arange(wide) * colours.shape[1] // wide
        self._layer += 1
        self.figure.figimage(
            colours[rows][:, columns], xo=int(box.left), yo=self.height - int(box.bottom), origin="upper",
            zorder=self._layer,
        )  # fmt: skip

    def artist(self, drawn: Artist, inside: Box | None = None) -> None:
        """Anything else of matplotlib's, in pixels."""
        self._add(drawn, inside)

    def png(self) -> bytes:
        """In 256 colours, which are enough, and a third of the bytes; the paper is exactly the paper."""
        self._canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(self._canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        picture = Image.fromarray(np.ascontiguousarray(drawn[:, :, :3]))
        pen = ImageDraw.Draw(picture)
        for each in self.written:
            font = font_of(each.size, each.bold)
            pen.text((each.x, each.base), each.words, font=font, fill=each.colour, anchor="ls")
        few = picture.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette = few.getpalette() or []
        corner = few.crop((0, 0, 1, 1)).tobytes()[0]
        palette[3 * corner : 3 * corner + 3] = parts(self.theme.paper)
        few.putpalette(palette)
        held = io.BytesIO()
        few.save(held, format="png", compress_level=6)
        return held.getvalue()

    def _add(self, drawn: Artist, inside: Box | None = None) -> None:
        self._layer += 1
        drawn.set_zorder(self._layer)
        drawn.set_transform(self._place)
        if inside:
            drawn.set_clip_box(
                Bbox.from_extents(inside.left, self.height - inside.bottom, inside.right, self.height - inside.top)
            )
        self.figure.add_artist(drawn, clip=False)


def runs(there: NDArray[np.bool_]) -> list[slice]:
    """The unbroken stretches of what is there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [slice(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _within(box: Box, width: float) -> float:
    """How far to move it so that it stays on the paper."""
    return max(0.0, 4 - box.left) if box.left < 4 else min(0.0, width - 4 - box.right)  # noqa: PLR2004  pixels
