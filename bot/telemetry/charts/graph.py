"""Services and their calls, from left to right: who asks whom, how much, and where the trouble is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from bot.telemetry.charts.frame import BELOW_TITLE, nothing, title
from bot.telemetry.charts.layout import Layout, Slot, layout
from bot.telemetry.charts.lettering import drawable, width_of, wrapped
from bot.telemetry.charts.looks import HEIGHT, LEAST, MARGIN, SMALL, SYMBOLS, TINY, WIDTH, Theme
from bot.telemetry.charts.shapes import Edge, Graph, Node
from bot.telemetry.charts.sheet import Box, Sheet
from bot.telemetry.charts.words import clean, counted

MOST_NODES: Final = 40
_MOST_EDGES: Final = 300
_MOST_LAYERS: Final = 6
_GRID: Final = 5
_HIGH: Final = 102.0
_PASSING: Final = 16.0
_GAP: Final = 22.0
_WIDE_GAP: Final = 56.0
_WIDEST: Final = 320.0
_BETWEEN: Final = (44.0, 90.0, 150.0)
"""Of many columns, of few, and of few at the most where words stand between them."""
_THIN: Final = 1.1
_THICK: Final = 4.2
_MOST_DETAILS: Final = 24
_TIP: Final = 13.0
_LINE: Final = 32.0
_DEPART: Final = 46.0


@dataclass(frozen=True, slots=True)
class _Placed:
    """Where everything stands."""

    found: Layout
    boxes: Mapping[tuple[int, Slot], Box]

    def of(self, name: str) -> Box:
        return self.boxes[self.found.depth[name], name]

    def stops(self, edge: Edge) -> list[Box]:
        """From the caller, through its place in each layer between, to the callee."""
        call = edge.caller, edge.callee
        between = (self.boxes[layer, call] for layer in self.found.passes(*call) if (layer, call) in self.boxes)
        return [self.of(edge.caller), *between, self.of(edge.callee)]


def ranked(chart: Graph) -> list[Node]:
    """All, or those that tell most: suspects, the worse, the better connected."""
    nodes = list(
        {
            node.name: node for node in (each.model_copy(update={"name": clean(each.name)}) for each in chart.nodes)
        }.values()
    )
    if len(nodes) <= MOST_NODES:
        return nodes
    calls: dict[str, int] = {}
    for edge in chart.edges:
        for name in (clean(edge.caller), clean(edge.callee)):
            calls[name] = calls.get(name, 0) + 1
    worst = ("bad", "warn", "good", "unknown")
    order = sorted(nodes, key=lambda node: (not node.suspect, worst.index(node.state), -calls.get(node.name, 0)))
    kept = {node.name for node in order[:MOST_NODES]}
    return [node for node in nodes if node.name in kept]


def draw(chart: Graph, theme: Theme) -> Sheet:
    nodes = ranked(chart)
    if not nodes:
        sheet = Sheet(WIDTH, LEAST, theme)
        title(sheet, chart.title)
        nothing(sheet, "No services")
        return sheet
    edges = _edges_among(chart, {node.name for node in nodes})
    found = layout([node.name for node in nodes], ((edge.caller, edge.callee) for edge in edges), _MOST_LAYERS)
    found = found if edges else _gridded(found)
    tall = max(sum(_height(slot) + _GAP for slot in layer) for layer in found.layers)
    sheet = Sheet(WIDTH, int(max(HEIGHT * 0.6, BELOW_TITLE + 30 + tall + 70)), theme)
    title(sheet, chart.title)
    area = Box(MARGIN, BELOW_TITLE + 26, WIDTH - MARGIN, sheet.height - 70)
    words = max((width_of(drawable(_detail(edge)), TINY) for edge in edges), default=0.0) + 44
    placed = _Placed(found, _places(found, area, words))
    suspects = {node.name: frame_of(node, theme) for node in nodes if node.suspect}
    for edge in sorted(edges, key=lambda edge: edge.callee in suspects):
        _edge(sheet, placed.stops(edge), _thickness(edge, edges), suspects.get(edge.callee, ""))
    for node in nodes:
        _node(sheet, node, placed.of(node.name))
    _details(sheet, edges, placed)
    _foot(sheet, nodes, len({clean(node.name) for node in chart.nodes}) - len(nodes))
    return sheet


def _edges_among(chart: Graph, names: set[str]) -> list[Edge]:
    """Each call once; who calls itself is not drawn."""
    cleaned = (
        edge.model_copy(update={"caller": clean(edge.caller), "callee": clean(edge.callee)}) for edge in chart.edges
    )
    once = {
        (edge.caller, edge.callee): edge
        for edge in cleaned
        if edge.caller in names and edge.callee in names and edge.caller != edge.callee
    }
    return sorted(once.values(), key=_weight, reverse=True)[:_MOST_EDGES]


def _gridded(found: Layout) -> Layout:
    """Without calls there are no layers: rows of a few."""
    names = [slot for layer in found.layers for slot in layer if isinstance(slot, str)]
    columns = min(_GRID, max(1, math.ceil(len(names) / 2)))
    return Layout(
        tuple(tuple(names[at::columns]) for at in range(columns)),
        {name: place % columns for place, name in enumerate(names)},
    )


def _height(slot: Slot) -> float:
    return _HIGH if isinstance(slot, str) else _PASSING


def _places(found: Layout, area: Box, words: float) -> dict[tuple[int, Slot], Box]:
    """Columns of equal widths, each in the middle of the height."""
    count = len(found.layers)
    between = max(_BETWEEN[1], min(_BETWEEN[2], words)) if count < _MOST_LAYERS - 1 else _BETWEEN[0]
    wide = min(_WIDEST, (area.right - area.left - (count - 1) * between) / count)
    step = (area.right - area.left - wide) / max(1, count - 1)
    places: dict[tuple[int, Slot], Box] = {}
    for at, layer in enumerate(found.layers):
        left = area.left + at * step if count > 1 else (area.left + area.right - wide) / 2
        tall = sum(map(_height, layer))
        gap = min(_WIDE_GAP, (area.bottom - area.top - tall) / max(1, len(layer)))
        top = (area.top + area.bottom - tall - (len(layer) - 1) * gap) / 2
        for slot in layer:
            places[at, slot] = Box(left, top, left + wide, top + _height(slot))
            top += _height(slot) + gap
    return places


def _detail(edge: Edge) -> str:
    return clean(edge.detail, 24)


def _weight(edge: Edge) -> float:
    return min(max(edge.weight, 0.0), 1e300) if math.isfinite(edge.weight) else 0.0


def _thickness(edge: Edge, edges: Sequence[Edge]) -> float:
    """By its logarithm; where all weigh the same, thickness says nothing and is small."""
    weights = [_weight(each) for each in edges]
    low, high = min(weights), max(weights)
    if high <= low:
        return _THIN + 0.5
    share = math.log1p((_weight(edge) - low) / (high - low) * 99) / math.log(100)
    return _THIN + (_THICK - _THIN) * share


def _edge(sheet: Sheet, stops: Sequence[Box], width: float, hot: str) -> None:
    colour = hot or sheet.theme.states["unknown"]
    points, codes, tip = _path(stops)
    line = PathPatch(
        Path(points, codes), facecolor="none", edgecolor=colour, linewidth=width, alpha=0.95 if hot else 0.7,
        capstyle="butt", joinstyle="round",
    )  # fmt: skip
    sheet.artist(line)
    sheet.artist(PathPatch(Path([*tip, tip[0]], closed=True), facecolor=colour, edgecolor="none"))


Point = tuple[float, float]


def _path(stops: Sequence[Box]) -> tuple[list[Point], list[int], list[Point]]:
    """Curves from box to box, and the tip; a call that goes back, or stays in its column, goes around above."""
    caller, callee = stops[0], stops[-1]
    if callee.left == caller.left:
        return _beside(caller, callee)
    if callee.left <= caller.right:
        return _around(caller, callee)
    points: list[Point] = [(caller.right, _middle(caller))]
    codes: list[int] = [int(Path.MOVETO)]
    for here, there in pairwise(stops):
        x0, y0 = points[-1]
        last = there is callee
        x1, y1 = there.left - (_TIP if last else 0), _middle(there)
        bend = (x1 - x0) * 0.5
        points += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
        codes += [int(Path.CURVE4)] * 3
        if not last and here is not there:
            points.append((there.right, y1))
            codes.append(int(Path.LINETO))
    x, y = points[-1]
    return points, codes, [(x - 1, y - 8), (x + _TIP, y), (x - 1, y + 8)]


def _around(caller: Box, callee: Box) -> tuple[list[Point], list[int], list[Point]]:
    x0, x1 = caller.right - _DEPART, callee.left + _DEPART
    top = max(4.0, min(caller.top, callee.top) - 40)
    end = callee.top - _TIP
    points = [(x0, caller.top), (x0, top), (x1, top), (x1, end)]
    tip = [(x1 - 8, end - 1), (x1, callee.top), (x1 + 8, end - 1)]
    return points, [int(Path.MOVETO), *[int(Path.CURVE4)] * 3], tip


def _beside(caller: Box, callee: Box) -> tuple[list[Point], list[int], list[Point]]:
    """In one column: out to the left, and in again."""
    x, y0, y1 = caller.left, _middle(caller), _middle(callee)
    points = [(x, y0), (x - _DEPART, y0), (x - _DEPART, y1), (x - _TIP, y1)]
    tip = [(x - _TIP - 1, y1 - 8), (x, y1), (x - _TIP - 1, y1 + 8)]
    return points, [int(Path.MOVETO), *[int(Path.CURVE4)] * 3], tip


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _centre(box: Box) -> float:
    return (box.left + box.right) / 2


def frame_of(node: Node, theme: Theme) -> str:
    """Only what is bad alarms; what is asked about is only shown."""
    return theme.alarm if node.state == "bad" else theme.curves[0]


def _node(sheet: Sheet, node: Node, box: Box) -> None:
    """Its state as a sign on the corner, its name on two lines where one is too short, and what is to be said of it."""
    theme = sheet.theme
    colour = theme.states[node.state]
    sheet.card(
        box,
        theme.fills[node.state],
        edge=frame_of(node, theme) if node.suspect else colour,
        width=3.4 if node.suspect else 1.2,
    )
    room = box.right - box.left - 20
    detail = clean(node.detail)
    size = SMALL if width_of(drawable(node.name), SMALL, bold=node.suspect) <= room else TINY
    rows = [(words, size, node.suspect, theme.ink) for words in wrapped(node.name, size, room, bold=node.suspect)]
    rows += [(detail, TINY, False, theme.soft)] if detail else []
    first = _middle(box) - (len(rows) - 1) * _LINE / 2
    for place, (words, points, bold, ink) in enumerate(rows):
        sheet.text(_centre(box), first + place * _LINE, words, size=points, bold=bold, colour=ink, room=room,
                   across="center", middle=True)  # fmt: skip
    corner = Box(box.left - 12, box.top - 14, box.left + 20, box.top + 18)
    sheet.card(corner, theme.paper, edge=colour, width=1.2, radius=16)
    sheet.text(
        _centre(corner), _middle(corner), SYMBOLS[node.state], size=TINY, bold=True, colour=colour, across="center"
    )


def _details(sheet: Sheet, edges: Sequence[Edge], placed: _Placed) -> None:
    """What a call says, on its line where that is free; the heaviest first."""
    walls = list(placed.boxes.values())
    for edge in edges[:_MOST_DETAILS]:
        words = _detail(edge)
        stops = placed.stops(edge)
        if not words or stops[-1].left <= stops[0].right:
            continue
        for share in (0.5, 0.35, 0.65):
            x, y = _along(stops, share)
            for middle in (y, y - 20, y + 20):
                place = sheet.measured(x, middle, words, size=TINY, across="center")
                if sheet.free(place) and not any(place.meets(wall) for wall in walls):
                    sheet.boxes([place], [sheet.theme.paper], opacity=0.85)
                    sheet.text(x, middle, words, size=TINY, colour=sheet.theme.soft, across="center")
                    break
            else:
                continue
            break


def _along(stops: Sequence[Box], share: float) -> Point:
    """On the first curve of `_path`."""
    points, _, _ = _path(stops)
    weights = np.array([(1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2, share**3])
    x, y = weights @ np.asarray(points[:4])
    return float(x), float(y)


def _foot(sheet: Sheet, nodes: Sequence[Node], left_out: int) -> None:
    framed = [clean(node.name, 40) for node in nodes if node.suspect]
    notes = [
        f"framed: {', '.join(framed[:3])}" if framed else "",
        "arrows: who calls whom",
        f"{counted(left_out, 'service')} not shown" if left_out > 0 else "",
    ]
    words = " · ".join(note for note in notes if note)
    sheet.text(MARGIN, sheet.height - 34, words, size=SMALL, colour=sheet.theme.soft, room=WIDTH - 2 * MARGIN)
