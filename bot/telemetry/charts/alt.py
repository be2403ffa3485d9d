"""Words for those who do not see the picture: what is seen, not what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np

from bot.telemetry import trends
from bot.telemetry.charts import clock
from bot.telemetry.charts.courses import course
from bot.telemetry.charts.looks import WORDS, State
from bot.telemetry.charts.samples import bounded, cells, floats, label_of, points, threshold_words, within
from bot.telemetry.charts.shapes import (
    Amounts,
    Bar,
    Chart,
    Curve,
    Graph,
    HeatMap,
    Lines,
    Mark,
    Overlay,
    Small,
    Tiles,
    Waterfall,
)
from bot.telemetry.charts.words import clean, counted, cut, said

MOST: Final = 400
_PANELS: Final = 6
_TITLE: Final = 120
_NAME: Final = 40
_CURVES: Final = 4
_MARKS: Final = 2
_NAMED: Final = 4
_WORST: Final[tuple[State, ...]] = ("bad", "warn", "unknown", "good")


def describe(chart: Chart) -> str:
    """At most 400 characters: the title, when it was, what is seen, the most telling first."""
    match chart:
        case Lines():
            return _told(chart.title, _when([chart]), _lines(chart))
        case Small():
            return _small(chart)
        case Overlay():
            return _told(chart.title, "", _overlay(chart))
        case HeatMap():
            return _told(chart.title, *_heat(chart))
        case Waterfall():
            return _told(chart.title, "", _waterfall(chart))
        case Graph():
            return _told(chart.title, "", _graph(chart))
        case Amounts():
            return _told(chart.title, "", _amounts(chart))
        case Tiles():
            return _told(chart.title, "", _tiles(chart))


def _told(title: str, when: str, parts: Iterable[str]) -> str:
    return cut(clean(_filled(_head(title, when), parts, MOST), MOST), MOST)


def _head(title: str, when: str) -> str:
    return ", ".join(part for part in (clean(title, _TITLE) or "Chart", when) if part)


def _filled(head: str, parts: Iterable[str], most: int) -> str:
    """As many parts as have room, and the first in any case."""
    text = head
    for part in parts:
        longer = f"{text}{':' if text == head else ';'} {part}"
        if part and (len(longer) <= most or text == head):
            text = longer
    return text


def _small(chart: Small) -> str:
    """A sentence for each panel, in its share of the room; then what happened, as far as there is some left."""
    text, panels = _head(chart.title, _when(chart.panels)), chart.panels[:_PANELS]
    room = (MOST - len(text)) // max(1, len(panels)) - 2
    for panel in panels:
        text += f". {cut(_filled(_name(panel.title), _lines(panel, marked=False), room), room)}"
    for event in _events(_all_marks(chart), panels):
        text += f". {event}" if len(text) + len(event) + 2 <= MOST else ""
    return clean(text, len(text))


def _name(words: str) -> str:
    return clean(words, _NAME)


def _named(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _span(charts: Iterable[Lines]) -> tuple[float, float] | None:
    held = [points(curve)[0] for chart in charts for curve in chart.curves if curve.values]
    return (min(float(times[0]) for times in held), max(float(times[-1]) for times in held)) if held else None


def _when(charts: Sequence[Lines]) -> str:
    span = _span(charts)
    return clock.spoken(*span, *clock.zone(charts[0].timezone)) if span else ""


def _says(start: float, end: float, timezone: str) -> Callable[[float], str]:
    """A moment, with its day where the chart has more than one."""
    where, _ = clock.zone(timezone)
    form = "%H:%M" if clock.moment(start, where).date() == clock.moment(end, where).date() else "%-d %b %H:%M"
    return lambda at: f"{clock.moment(at, where):{form}}"


def _lines(chart: Lines, *, marked: bool = True) -> list[str]:
    span = _span([chart])
    if span is None or not any(np.isfinite(floats(curve.values)).any() for curve in chart.curves):
        return ["no samples"]
    says = _says(*span, chart.timezone)
    shown = [curve for curve in chart.curves if curve.values][:_CURVES]
    if len(chart.curves) == 1:
        parts = [course(*points(shown[0]), chart.unit, says)]
    else:
        parts = [f"{_name(curve.name)} {course(*points(curve), chart.unit, says)}" for curve in shown]
    parts[1:1] = _events(chart.marks, [chart]) if marked else []
    parts += _limits(chart)
    more = len(chart.curves) - len(shown)
    parts += [f"{counted(more, 'more curve')}"] if more > 0 else []
    return parts + ([counted(len(chart.stretches), "unusual stretch", "unusual stretches") + " shaded"]
                    if chart.stretches else [])  # fmt: skip


def _all_marks(chart: Small) -> list[Mark]:
    return [*{(mark.at, mark.label): mark for panel in chart.panels for mark in panel.marks}.values()]


def _events(marks: Sequence[Mark], charts: Sequence[Lines]) -> list[str]:
    span = _span(charts)
    if not span:
        return []
    says = _says(*span, charts[0].timezone)
    found = within(marks, *span)
    words = [f"{cut(label_of(mark), _NAME)} at {says(at)}" for at, mark in found[:_MARKS]]
    more = len(found) - len(words)
    return words + ([counted(more, "more mark")] if more > 0 else [])


def _limits(chart: Lines) -> list[str]:
    """Against each threshold: passed, or on which side all is."""
    seen = np.concatenate([floats(curve.values) for curve in chart.curves])
    seen = seen[np.isfinite(seen)]
    words = []
    for limit in chart.thresholds[:_MARKS]:
        label = cut(threshold_words(limit, chart.unit), 2 * _NAME)
        over = seen > limit.value
        words.append(f"{label} passed" if over.any() and not over.all() else f"all {_side(over)} {label}")
    return words


def _side(over: np.typing.NDArray[np.bool_]) -> str:
    return "above" if over.any() else "below"


def _overlay(chart: Overlay) -> list[str]:
    """The levels of both, how far they are apart, and how each went."""
    now, before = floats(chart.now.values), floats(chart.before.values)
    now, before = now[np.isfinite(now)], before[np.isfinite(before)]
    if not (now.size and before.size):
        missing = [_name(curve.name) for curve, seen in ((chart.now, now), (chart.before, before)) if not seen.size]
        return [f"no samples of {' nor of '.join(missing)}"]
    ours, theirs = float(np.median(now)), float(np.median(before))
    apart = f", {trends.percent(ours / theirs - 1)}" if theirs > 0 and ours / theirs < 1e6 else ""  # noqa: PLR2004
    typical = f"typically {said(ours, chart.unit)} against {said(theirs, chart.unit)}{apart}"
    return [typical, _went(chart.now, chart), _went(chart.before, chart), *_overlay_marks(chart)]


def _went(curve: Curve, chart: Overlay) -> str:
    times, values = points(curve)
    says = _says(float(times[0]), float(times[-1]), chart.timezone)
    return f"{_name(curve.name)} {course(times, values, chart.unit, says)}"


def _overlay_marks(chart: Overlay) -> list[str]:
    lines = Lines(title="", curves=(chart.now,), timezone=chart.timezone)
    return _events(chart.marks, [lines])


def _heat(chart: HeatMap) -> tuple[str, list[str]]:
    held = cells(chart)
    if not held.size or not held.any():
        return "", ["nothing was counted"]
    start = clock.bounded(chart.start)
    end = clock.bounded(start + bounded(chart.step) * held.shape[1])
    rows, half = held.sum(axis=1), max(1, held.shape[1] // 2)

    def bound(row: int) -> str:
        return f"≤ {said(chart.edges[row], chart.unit)}"

    first, then = (int(part.sum(axis=1).argmax()) for part in (held[:, :half], held[:, half:]))
    moved = held.shape[1] > 1 and first != then and held[:, :half].any() and held[:, half:].any()
    most = (
        f"most in {bound(first)} at first, later in {bound(then)}" if moved else f"most in {bound(int(rows.argmax()))}"
    )
    there = np.flatnonzero(rows)
    parts = [most, f"from {bound(int(there[0]))} to {bound(int(there[-1]))}", f"{said(float(held.sum()))} counted"]
    says = _says(start, end, chart.timezone)
    parts += [f"{cut(label_of(mark), _NAME)} at {says(at)}" for at, mark in within(chart.marks, start, end)[:_MARKS]]
    return clock.spoken(start, end, *clock.zone(chart.timezone)), parts


def _waterfall(chart: Waterfall) -> list[str]:
    if not chart.bars:
        return ["no spans"]
    begin = min(bounded(bar.start) for bar in chart.bars)
    total = max(bounded(bar.start) + max(0.0, bounded(bar.seconds)) for bar in chart.bars) - begin
    count = len(chart.bars) + max(0, chart.left_out)
    services = counted(len({bar.service for bar in chart.bars}), "service")
    parts = [f"{counted(count, 'span')} of {services} in {said(total, 's')}"]
    failed = [_bar(bar) for bar in chart.bars if bar.error]
    parts += [f"{counted(len(failed), 'failed span')}: {_named(failed[:_MARKS])}"] if failed else []
    critical = [_bar(bar) for bar in chart.bars if bar.critical]
    parts += [f"critical path: {' → '.join(critical[:_NAMED])}{' → …' if len(critical) > _NAMED else ''}"] * bool(
        critical
    )
    slowest = max(chart.bars[1:], key=lambda bar: bounded(bar.seconds), default=None)
    parts += [f"longest below the first: {_bar(slowest)}"] if slowest and not critical else []
    return parts


def _bar(bar: Bar) -> str:
    return f"{_name(f'{bar.service} {bar.label}')} {said(max(0.0, bounded(bar.seconds)), 's')}"


def _graph(chart: Graph) -> list[str]:
    framed = [
        f"{_name(node.name)}{f' ({_name(node.detail)})' if node.detail else ''}" for node in chart.nodes if node.suspect
    ]
    parts = [f"{_named(framed)} {'is' if len(framed) == 1 else 'are'} suspected"] if framed else []
    for state, stands in (("bad", "in trouble"), ("warn", "not quite well")):
        names = [_name(node.name) for node in chart.nodes if node.state == state]
        parts += [f"{_named(names)} {'is' if len(names) == 1 else 'are'} {stands}"] if names else []
    calls = [f"{_name(edge.caller)} → {_name(edge.callee)}" for edge in chart.edges]
    parts.append(f"{counted(len(chart.nodes), 'service')}, {counted(len(calls), 'call')}")
    return parts + ([_named(calls)] if calls else [])


def _amounts(chart: Amounts) -> list[str]:
    if not chart.amounts:
        return ["nothing to compare"]
    parts = []
    if chart.threshold:
        over = sum(each.value > chart.threshold.value for each in chart.amounts)
        parts.append(f"{over} of {len(chart.amounts)} above {threshold_words(chart.threshold, chart.unit)}")
    parts.append(_named([f"{_name(each.label)} {said(each.value, chart.unit)}" for each in chart.amounts]))
    bad = [_name(each.label) for each in chart.amounts if each.state == "bad"]
    return parts + ([f"bad: {_named(bad)}"] if bad else [])


def _tiles(chart: Tiles) -> list[str]:
    parts = []
    for state in _WORST:
        names = [_name(tile.name) for tile in chart.tiles if tile.state == state]
        listed = f": {_named(names)}" if state != "good" or len(names) == len(chart.tiles) else ""
        parts += [f"{len(names)} {WORDS[state]}{listed}"] if names else []
    return parts or ["no services"]
