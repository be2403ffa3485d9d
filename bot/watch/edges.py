"""Which services call which, and how that goes: calls that were never made, that take longer, that fail more often.

Traces are a sample, so all is told in shares of calls. That a call takes longer is seen by how many are slower than one
in ten used to be: a share like that of failures, which no single slow call can move.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from pydantic import TypeAdapter

from bot.ports import Json
from bot.telemetry.signals import Trace
from bot.telemetry.traces import tree
from bot.telemetry.units import digits, shown
from bot.watch.finding import Family, Finding, Subject
from bot.watch.spells import Patience, Spells, restored
from bot.watch.usual import ACCEPTED, LEARNED, LIMIT, LOOKS, Rate, Usual, kept_after
from bot.watch.watches import UNTAUGHT, Learned, added

ENOUGH: Final = 10
"""Calls that can be judged; fewer wait for the next look."""
FEWEST: Final = 5
"""Calls that are worth a word: new, slower or failed."""
SLOWER: Final = 1.3
"""Times what is usual, for half of the calls at least."""
SLOW: Final = 0.1
"""One call in so many is slow."""
GAIN: Final = 0.03
"""How far a look moves what is usual."""
TIGHTEST: Final = 0.02
"""Of a duration: calls do not differ by less."""
QUIET: Final = timedelta(minutes=10)
"""Calls that are not made for so long are not slow any more."""
MOST: Final = 2_000
"""Edges that are remembered."""

Pair = tuple[str, str]
Taken = tuple[float, bool]
"""How long a call took, and whether it failed."""


def calls(traces: Iterable[Trace]) -> Iterator[tuple[Pair, Taken]]:
    """Calls from one service to another."""
    for known in map(tree, traces):
        for index, span in enumerate(known.spans):
            parent = known.parents[index]
            if parent is not None and known.entry(index):
                yield (known.spans[parent].service, span.service), (span.seconds, span.error)


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls from one service to another, and what is known of them."""

    caller: str
    callee: str
    first: datetime
    seen: datetime
    judged: datetime
    waiting: tuple[Taken, ...] = ()
    """Too few to be judged."""
    looks: int = 0
    middle: float = 0.0
    """Logarithms of seconds: of half of the calls, …"""
    high: float = 0.0
    """… and of all but one in ten."""
    slow: Rate = field(default_factory=Rate)
    failed: Rate = field(default_factory=Rate)
    took: float = 0.0
    share: float = 0.0
    """Of the last calls that were judged."""
    fresh: bool = False
    calls: int = 0
    of: int = 0
    """Of a fresh one: its calls, and all calls, since it came."""
    new: float = 0.0


@dataclass(frozen=True, slots=True)
class _Kept:
    began: datetime | None = None
    looks: int = 0
    novel: Usual = field(default_factory=Usual)
    edges: tuple[Edge, ...] = ()
    spells: Json = None


_KEPT: Final = TypeAdapter(_Kept)


class Edges:
    """The calls of an environment; `limit` is the surprise that it takes, more where feedback wants more."""

    def __init__(
        self, environment: str, *, limit: float = LIMIT, learned: Learned = UNTAUGHT, kept: Json = None
    ) -> None:
        was = restored(_KEPT, kept) if kept else _Kept()
        self.environment, self.limit, self._learned = environment, limit, learned
        self._was, self._middle = was, datetime.min.replace(tzinfo=UTC)
        self._edges: dict[Pair, Edge] = {(each.caller, each.callee): each for each in was.edges}
        self._spells = Spells(Patience(), was.spells)

    def feed(self, start: datetime, end: datetime, traces: Iterable[Trace]) -> tuple[Finding, ...]:
        """One look: traces as they came, not a search for slow or failed ones."""
        self._middle = start + (end - start) / 2  # a page holds the newest traces: of the rest nothing is known
        taken: defaultdict[Pair, list[Taken]] = defaultdict(list)
        for pair, each in calls(traces):
            taken[pair].append(each)
        was = self._was
        began = was.began or start
        learning = end - began < LEARNED or was.looks < LOOKS
        every = sum(map(len, taken.values()))
        for pair in taken:
            if pair not in self._edges:
                self._edges[pair] = Edge(*pair, end, end, start, fresh=not learning)
        before = self._edges.values()
        after = [self._after(edge, taken.get((edge.caller, edge.callee), []), every, end, learning) for edge in before]
        known_now = sum(edge.calls for edge, each in zip(before, after, strict=True) if not (each.fresh or edge.new))
        novel = was.novel.learned(known_now, every, kept_after((end - start).total_seconds()))
        after.sort(key=lambda each: each.seen, reverse=True)
        self._edges = {(each.caller, each.callee): each for each in after[:MOST]}
        self._was = replace(was, began=began, looks=was.looks + 1, novel=novel)
        return (*self._spells.look(end, self._told()), *self._spells.findings)

    def dump(self) -> Json:
        kept = replace(self._was, edges=tuple(self._edges.values()), spells=self._spells.dump())
        dumped: Json = _KEPT.dump_python(kept, mode="json")
        return dumped

    def _limit(self, service: str) -> float:
        return self.limit + added(self._learned, service, "traces")

    # ---------------------------------------------------------------- learned

    def _after(self, edge: Edge, taken: Sequence[Taken], every: int, end: datetime, learning: bool) -> Edge:  # noqa: FBT001
        if taken:
            edge = replace(edge, seen=end, waiting=(*edge.waiting, *sorted(taken)))
        quiet = end - edge.seen > QUIET
        if edge.fresh:
            edge = self._newer(edge, len(taken), every, over=quiet or end - edge.first > ACCEPTED)
        if quiet:
            return replace(edge, slow=Rate(edge.slow.usual), failed=Rate(edge.failed.usual))
        if len(edge.waiting) < ENOUGH:
            return edge
        return self._judged(replace(edge, waiting=()), edge.waiting, end, learning)

    def _newer(self, edge: Edge, count: int, every: int, *, over: bool) -> Edge:
        if over:
            return replace(edge, fresh=False, calls=0, of=0, new=0.0)
        edge = replace(edge, calls=edge.calls + count, of=edge.of + every)
        size = self._was.novel.surprise(edge.calls, edge.of)
        told = edge.new or (edge.calls >= FEWEST and edge.seen > edge.first and size >= self._limit(edge.caller))
        return replace(edge, new=max(size, edge.new) if told else 0.0)

    def _judged(self, edge: Edge, taken: Sequence[Taken], end: datetime, learning: bool) -> Edge:  # noqa: FBT001
        logs = np.log(np.maximum([seconds for seconds, _ in taken], 1e-6))
        middle, count = float(np.median(logs)), len(taken)
        if not edge.looks:
            edge = replace(edge, middle=middle, high=float(np.quantile(logs, 1.0 - SLOW)))
        failed, slow = sum(failed for _, failed in taken), int(np.count_nonzero(logs > edge.high))
        kept = kept_after((end - edge.judged).total_seconds())
        limit = math.inf if learning or edge.fresh or edge.looks < LOOKS else self._limit(edge.callee)
        notable = middle > edge.middle + math.log(SLOWER)
        slower = edge.slow.after(
            end, slow, count, kept, fewest=FEWEST, limit=limit if notable else math.inf, start=self._middle
        )
        edge = replace(
            edge,
            judged=end,
            looks=edge.looks + 1,
            took=math.exp(middle),
            share=failed / count,
            slow=slower,
            failed=edge.failed.after(end, failed, count, kept, fewest=FEWEST, limit=limit, start=self._middle),
        )
        if slower.looks:
            return edge
        width, gain = max(edge.high - edge.middle, TIGHTEST), max(GAIN, 1.0 / edge.looks)
        above = float(np.mean(logs > edge.middle)) - 0.5, slow / count - SLOW
        return replace(  # as far as a normal law would have it
            edge, middle=edge.middle + 2.0 * gain * width * above[0], high=edge.high + 4.5 * gain * width * above[1]
        )

    # ---------------------------------------------------------------- told

    def _told(self) -> Iterator[Finding]:
        new: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in self._edges.values():
            if edge.new:
                new[edge.caller].append(edge)
            if edge.slow.high:
                usual = math.exp(edge.middle)
                words = f"calls from {edge.caller} take {shown(edge.took, 's')}, usual is {shown(usual, 's')}"
                yield self._finding(edge, "slow", edge.slow, words, (edge.took, usual, "s"))
            if edge.failed.high:
                share, usual = edge.share, edge.failed.usual.rate
                words = (
                    f"{shown(share, 'share')} of the calls from {edge.caller} fail, usual is {shown(usual, 'share')}"
                )
                yield self._finding(edge, "failed", edge.failed, words, (share, usual, "share"))
        for caller, edges in new.items():
            edges.sort(key=lambda each: (-each.calls, each.callee))
            others = f" and {digits(len(edges) - 1)} more" if len(edges) > 1 else ""
            yield Finding(
                Subject(caller, self.environment, "traces", "new calls"),
                Family.EDGE,
                "high",
                min(each.first for each in edges),
                max(each.seen for each in edges),
                f"it calls {edges[0].callee}{others}, which it never did before",
                value=float(sum(each.calls for each in edges)),
                expected=0.0,
                unit="calls",
                size=max(each.new for each in edges),
                sure=1.0 - 1.0 / (1.0 + edges[0].calls),
            )

    def _finding(self, edge: Edge, kind: str, rate: Rate, words: str, numbers: tuple[float, float, str]) -> Finding:
        value, expected, unit = numbers
        return Finding(
            Subject(edge.callee, self.environment, "traces", f"{kind} calls from {edge.caller}"),
            Family.EDGE,
            "high",
            rate.since or edge.judged,
            edge.judged,
            words,
            value=value,
            expected=expected,
            unit=unit,
            size=rate.size,
            sure=1.0 - 1.0 / (1.0 + rate.size),
        )
