"""Searches traces from the newest to the oldest, until there are enough or enough was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np

from bot.telemetry.queries.traceql_parts import Field, Filter, Query, Value
from integrations.sandbox.platform.tempo.answers import Json, found, summary
from integrations.sandbox.platform.tempo.matching import Matches, matches, possible
from integrations.sandbox.platform.tempo.spans import SECOND, Column, Numbers, Spans
from integrations.sandbox.platform.tempo.traces import BLOCK, ENVIRONMENTS, Traces
from integrations.sandbox.platform.world.schedule import MINUTE
from integrations.sandbox.platform.world.shapes import Minutes

MOST_BLOCKS: Final = 24 * 60 // BLOCK
"""A day of one environment; what lies before is not looked at, and counts among the jobs that were not done."""
MOST_VALUES: Final = 1_000
VALUE_BLOCKS: Final = 2
SPAN_BYTES: Final = 150


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; times in nanoseconds since 1970, the end not included."""

    query: Query
    start: int
    end: int
    now: int
    """A trace that is still under way is not there yet."""
    limit: int = 20
    spans_shown: int = 3
    """In each set; 0 for all."""
    bare: bool = False
    """Without the spans, as traces are listed when no TraceQL was given."""


def search(traces: Traces, wanted: Search) -> Json:
    """The answer of /api/search."""
    result: list[tuple[int, Json]] = []
    environments = _environments(wanted)
    looked, done, jobs = 0, 0, len(range(*_blocks(wanted)))
    for number in _newest_first(wanted):
        if len(result) >= wanted.limit or done * len(environments) >= MOST_BLOCKS:
            break
        done += 1
        blocks = [traces.block(environment, number) for environment in environments]
        looked += sum(map(len, blocks))
        here = [answer for spans in blocks for answer in _of_block(spans, wanted)]
        result += sorted(here, key=lambda pair: -pair[0])
    metrics = {"inspectedBytes": str(looked * SPAN_BYTES), "completedJobs": done, "totalJobs": jobs}
    listed = [each for _, each in result[: wanted.limit]]
    return {"traces": listed, "metrics": ({"inspectedTraces": looked} if wanted.bare else {}) | metrics}


def values(traces: Traces, wanted: Search, field: Field) -> tuple[list[Value], int]:
    """What spans of the end of the window say to a field, and how many bytes were looked at."""
    known: dict[Value, None] = {}
    looked = 0
    for number in islice(_newest_first(wanted), VALUE_BLOCKS):
        for environment in _environments(wanted):
            spans = traces.block(environment, number)
            looked += len(spans)
            kept = _in_time(spans, matches(spans, wanted.query), wanted).spans
            known |= dict.fromkeys(_said(spans.column(field), kept))
    return list(known)[:MOST_VALUES], looked * SPAN_BYTES


def _said(column: Column | None, kept: Minutes) -> Iterator[Value]:
    if isinstance(column, Numbers):
        for number in np.unique(column.values[kept][column.there[kept]])[:MOST_VALUES]:
            yield Value(column.kind, int(number))
    elif column is not None:
        codes = np.unique(column.codes[kept])
        yield from (column.values[code] for code in codes[codes >= 0][:MOST_VALUES])


def everything(start: int, end: int, now: int) -> Search:
    return Search(Query(Filter(None)), start, end, now)


def _environments(wanted: Search) -> list[str]:
    return [environment for environment in ENVIRONMENTS if possible(wanted.query.spans, environment)]


def _blocks(wanted: Search) -> tuple[int, int]:
    size = BLOCK * MINUTE * SECOND
    return wanted.start // size, -(-min(wanted.end, wanted.now) // size)


def _newest_first(wanted: Search) -> Iterator[int]:
    return reversed(range(*_blocks(wanted)))


def _of_block(spans: Spans, wanted: Search) -> list[tuple[int, Json]]:
    """The newest traces of a block that match, with their starts."""
    kept = _in_time(spans, matches(spans, wanted.query), wanted)
    if not len(kept.spans):
        return []
    owners = spans.trace[kept.spans]
    present = np.unique(owners)
    newest = present[np.argsort(-spans.start[present], kind="stable")][: wanted.limit]
    begins, ends = np.searchsorted(owners, newest), np.searchsorted(owners, newest, side="right")  # groups are by trace
    answers = []
    for trace, begin, end in zip(newest, begins, ends, strict=True):
        places = np.arange(begin, end)
        groups = np.split(places, np.flatnonzero(np.diff(kept.groups[places])) + 1)
        answer = (
            summary(spans, int(trace)) if wanted.bare else found(spans, kept, int(trace), groups, wanted.spans_shown)
        )
        answers.append((int(spans.start[trace]), answer))
    return answers


def _in_time(spans: Spans, kept: Matches, wanted: Search) -> Matches:
    begun: Minutes = spans.start[: spans.roots]
    there = (begun >= wanted.start) & (begun < wanted.end)
    there &= begun + spans.duration[: spans.roots] <= wanted.now
    keep = there[spans.trace[kept.spans]]
    return replace(kept, spans=kept.spans[keep], groups=kept.groups[keep])
