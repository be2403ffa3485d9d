"""Where the time of a trace went: the chain that made it as long as it was, and what each span did itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.telemetry.signals import Span, Trace
from bot.telemetry.trace_tree import Tree, length, tree

SKEW: Final = 0.001
"""Seconds by which clocks are apart; the end of one call may seem to lie after the begin of the next."""
SKEW_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Step:
    """A span, and the seconds that are its own."""

    span: Span
    seconds: float


def exclusive(trace: Trace) -> tuple[Step, ...]:
    """What each span took while none of its children was at work, in the order of the trace."""
    known = tree(trace)
    return tuple(Step(span, length(known.own(index))) for index, span in enumerate(known.spans))


def critical_path(trace: Trace) -> tuple[Step, ...]:
    """The spans that the end of the trace waited for, in the order of time, with what each added.

    From the root's end backwards: the child that finished last before the cursor was waited for, and before it began
    its parent was; so the seconds never add up to more than the trace. What outlives its parent is cut at its end.
    """
    known = tree(trace)
    visits = _walk(known)
    visits.sort(key=lambda visit: visit.floor)
    return tuple(Step(known.spans[visit.index], visit.seconds) for visit in visits)


@dataclass(slots=True)
class _Visit:
    """A span on the path, from `floor` to `limit`; `cursor` moves from the one to the other."""

    index: int
    floor: float
    limit: float
    cursor: float
    waiting: list[int]
    """Children that may still be on the path, the last to end at the end."""
    seconds: float = 0.0


def _walk(known: Tree) -> list[_Visit]:
    """Without recursion: a trace may be ten thousand calls deep."""
    floor, limit = known.extent()
    slack = min(SKEW, SKEW_SHARE * (limit - floor))
    tops = sorted(known.tops, key=lambda top: known.interval(top)[1])
    outside = _Visit(-1, floor, limit, limit, tops)
    path, stack = [outside], [outside]
    while stack:
        visit = stack[-1]
        below = _below(known, visit, slack)
        if below:
            visit.seconds += visit.cursor - below.limit
            visit.cursor = below.floor
            path.append(below)
            stack.append(below)
        else:
            visit.seconds += visit.cursor - visit.floor
            stack.pop()
    return path[1:]


def _below(known: Tree, visit: _Visit, slack: float) -> _Visit | None:
    while visit.waiting:
        child = visit.waiting.pop()
        start, end = known.interval(child)
        start, end = max(start, visit.floor), min(end, visit.limit)
        if end > visit.cursor + slack:
            continue
        end = min(end, visit.cursor)
        if start < end:
            return _Visit(child, start, end, end, list(known.children[child]))
    return None
