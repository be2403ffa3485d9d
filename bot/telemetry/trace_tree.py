"""Spans as the tree they should be: traces arrive with parents missing, ids twice, clocks apart, even in circles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.telemetry.signals import Span, Trace

FARTHEST: Final = 1e11
"""Seconds since 1970; a time beyond is none, and sums of such times would be none either."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tree:
    """The spans of a trace that have a time, and who called whom, by their places in `spans`."""

    spans: tuple[Span, ...]
    parents: tuple[int | None, ...]
    """None where there is none, or where it was never received."""
    children: tuple[tuple[int, ...], ...]
    """In the order of their ends. A single root also has those whose own parent was never received."""
    tops: tuple[int, ...]
    """What is below nothing: the root, or several."""

    @property
    def seconds(self) -> float:
        """How long the request took: the root's time, or from the first start to the last end without a single one."""
        start, end = self.extent()
        return end - start

    def extent(self) -> Interval:
        if not self.tops:
            return 0.0, 0.0
        bounds = [self.interval(top) for top in self.tops]
        return min(start for start, _ in bounds), max(end for _, end in bounds)

    def interval(self, index: int) -> Interval:
        span = self.spans[index]
        return span.start, max(span.start, span.end)

    def own(self, index: int) -> Iterator[Interval]:
        """When a span worked itself, and no child of it did."""
        cursor, end = self.interval(index)
        for child_start, child_end in sorted(map(self.interval, self.children[index])):
            if child_start >= end:
                break
            if child_start > cursor:
                yield cursor, child_start
            cursor = max(cursor, child_end)
        if cursor < end:
            yield cursor, end

    def entry(self, index: int) -> bool:
        """Whether work came in here from another service, or from outside."""
        parent = self.parents[index]
        return parent is None or self.spans[parent].service != self.spans[index].service


def tree(trace: Trace) -> Tree:
    """Whatever the spans say of each other, the result is a tree (or several), and holds each span once."""
    once = {
        (span.id, span.parent, span.service, span.name, span.start, span.end, span.kind): span
        for span in trace.spans
        if _timed(span)
    }
    return _grown(tuple(once.values()))


def _timed(span: Span) -> bool:
    return all(math.isfinite(time) and abs(time) < FARTHEST for time in (span.start, span.end))


def _grown(spans: tuple[Span, ...]) -> Tree:
    first: dict[str, int] = {}
    for index, span in enumerate(spans):
        first.setdefault(span.id, index)
    parents = [_parent(index, span, first) for index, span in enumerate(spans)]
    _cut_circles(spans, parents)
    tops = [index for index, parent in enumerate(parents) if parent is None]
    roots = [index for index in tops if not spans[index].parent]
    below: list[list[int]] = [[] for _ in spans]
    for index, parent in enumerate(parents):
        if parent is not None:
            below[parent].append(index)
    if len(roots) == 1:
        below[roots[0]] += [index for index in tops if index != roots[0]]
        tops = roots
    for children in below:
        children.sort(key=lambda child: (max(spans[child].start, spans[child].end), -spans[child].start))
    return Tree(spans, tuple(parents), tuple(map(tuple, below)), tuple(tops))


def _parent(index: int, span: Span, first: dict[str, int]) -> int | None:
    """Two sides of a call may share one id: the second is then below the first."""
    if first[span.id] != index:
        return first[span.id]
    parent = first.get(span.parent) if span.parent else None
    return None if parent == index else parent


def _cut_circles(spans: Sequence[Span], parents: list[int | None]) -> None:
    """In a circle, the span that started first is taken for its beginning."""
    seen_in = [0] * len(spans)
    for walk, begin in enumerate(range(len(spans)), start=1):
        at: int | None = begin
        while at is not None and not seen_in[at]:
            seen_in[at] = walk
            at = parents[at]
        if at is not None and seen_in[at] == walk:
            circle = [at]
            while (above := parents[circle[-1]]) is not None and above != at:
                circle.append(above)
            parents[min(circle, key=lambda index: (spans[index].start, spans[index].id, index))] = None


def merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Intervals without their overlaps, in the order of time."""
    last: Interval | None = None
    for start, end in sorted(intervals):
        if last and start <= last[1]:
            last = last[0], max(last[1], end)
        else:
            if last:
                yield last
            last = start, end
    if last:
        yield last


def length(intervals: Iterable[Interval]) -> float:
    return sum(end - start for start, end in intervals)
