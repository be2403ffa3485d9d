"""Sends lines through the stages of a query, and writes only those whose text must be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.queries.logql import Every, LabelFilter, LineFilter, Logs, Some, Where
from integrations.sandbox.platform.loki.entry import Entry, Run
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.stages import finder, runner
from integrations.sandbox.platform.loki.stages import where as passing
from integrations.sandbox.platform.loki.store import NO, UNKNOWN, Block, Store, Verdicts

MINUTE: Final = 60_000_000_000
_FIRST_SPAN: Final = 15 * MINUTE
_GROWTH: Final = 4
_LONGEST_SPAN: Final = 240 * MINUTE
_MOST_LINES: Final = 3_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What of a block is still in the running, and what has to be asked of each line."""

    block: Block
    left: NDArray[np.intp]
    """The lines that no filter refused so far."""
    checks: tuple[tuple[Verdicts, Callable[[str], bool]], ...]
    """Line filters that were not certain for every line."""
    rest: tuple[Run, ...]

    @property
    def plain(self) -> bool:
        """Every line left stays, as it is."""
        return not self.checks and not self.rest

    def line(self, index: int) -> tuple[str, dict[str, str]] | None:
        """The line, if the line filters let it pass."""
        text, metadata = self.block.line(index)
        for verdicts, passes in self.checks:
            if verdicts[index] == UNKNOWN and not passes(text):
                return None
        return text, metadata

    def entry(self, index: int) -> Entry | None:
        """The line after all stages, if it stays."""
        line = self.line(index)
        if line is None:
            return None
        entry = Entry(line[0], dict(self.block.labels), line[1])
        return entry if all(run(entry) for run in self.rest) else None


class Pipeline:
    """The stages of a query, made ready once."""

    def __init__(self, query: Logs) -> None:
        self.query = query
        self.runs = tuple(map(runner, query.stages))
        self.finders = {id(each): finder(each) for each in query.stages if isinstance(each, LineFilter)}
        self.lines = 0

    def read(self, block: Block) -> Reading | None:
        """Asks what can be known without the text: labels of the stream, and the wording that lines have in common."""
        self.lines += len(block.times)
        if self.lines > _MOST_LINES:
            raise BadQuery(
                "the query would read too many bytes "
                f"(query: more than {_MOST_LINES} lines); consider adding more specific stream selectors or reduce "
                "the time range of the query"
            )
        left = np.ones(len(block.times), dtype=bool)
        checks = []
        done = 0
        for stage in self.query.stages:
            if isinstance(stage, LineFilter):
                verdicts = block.verdicts(stage)
                left &= verdicts != NO
                if (verdicts[left] == UNKNOWN).any():
                    checks.append((verdicts, self.finders[id(stage)]))
            elif isinstance(stage, Where) and not (_names(stage.filter) & block.varying):
                if not passing(stage.filter)(Entry("", dict(block.labels), dict(block.constant))):
                    return None
            else:
                break
            if not left.any():
                return None
            done += 1
        return Reading(block, np.flatnonzero(left), tuple(checks), self.runs[done:])

    def readings(self, store: Store, start: int, end: int) -> Iterator[Reading]:
        for block in store.blocks(self.query.selector.matchers, start, end):
            reading = self.read(block)
            if reading is not None:
                yield reading


def _names(wanted: LabelFilter) -> frozenset[str]:
    if isinstance(wanted, Every | Some):
        return frozenset().union(*map(_names, wanted.parts))
    return frozenset((wanted.name,))


@dataclass(frozen=True, slots=True)
class Found:
    """A line that a search gives."""

    time: int
    entry: Entry


def search(store: Store, query: Logs, start: int, end: int, *, limit: int, newest_first: bool) -> list[Found]:
    """The first lines from one end, looked for in spans that grow, so that few are written in vain."""
    pipeline = Pipeline(query)
    found: list[Found] = []
    span = _FIRST_SPAN
    while start < end and len(found) < limit:
        low, high = (max(start, end - span), end) if newest_first else (start, min(end, start + span))
        found += _span(list(pipeline.readings(store, low, high)), limit - len(found), newest_first=newest_first)
        start, end = (start, low) if newest_first else (high, end)
        span = min(span * _GROWTH, _LONGEST_SPAN)
    return found


def _span(readings: list[Reading], limit: int, *, newest_first: bool) -> list[Found]:
    if not readings:
        return []
    times = np.concatenate([each.block.times[each.left] for each in readings])
    owners = np.repeat(np.arange(len(readings)), [len(each.left) for each in readings])
    lines = np.concatenate([each.left for each in readings])
    order = np.argsort(times, kind="stable")
    found: list[Found] = []
    for at in (order[::-1] if newest_first else order).tolist():
        entry = readings[owners[at]].entry(int(lines[at]))
        if entry is not None:
            found.append(Found(int(times[at]), entry))
            if len(found) == limit:
                break
    return found
