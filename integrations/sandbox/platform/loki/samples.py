"""Turns lines into numbers: what a metric query counts, measures or finds missing over windows of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.queries.logql import Grouping, Over, quoted
from integrations.sandbox.platform.loki.entry import ERROR, Entry
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.pipeline import MINUTE, Pipeline, Reading
from integrations.sandbox.platform.loki.stages import sample
from integrations.sandbox.platform.loki.store import Store

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Steps = NDArray[np.int64]
Key = tuple[tuple[str, str], ...]

MOST_SERIES: Final = 500
MILLI: Final = 1_000_000
_SPAN: Final = 360 * MINUTE
_ADDED: Final = frozenset({"count_over_time", "rate", "bytes_over_time", "bytes_rate", "sum_over_time"})


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series of a result: a value at each step where there is one."""

    labels: Key
    values: Floats
    there: Truths


def key(labels: Mapping[str, str], grouping: Grouping | None = None) -> Key:
    """Labels in order, of which a grouping keeps some."""
    if grouping is not None:
        by = grouping.kind == "by"
        return tuple(sorted((name, value) for name, value in labels.items() if (name in grouping.labels) is by))
    return tuple(sorted(labels.items()))


def shown(labels: Key) -> str:
    return "{" + ", ".join(f"{name}={quoted(value)}" for name, value in labels) + "}"


def over(metric: Over, store: Store, steps: Steps, merged: Grouping | None = None) -> list[Line]:
    """At each step (milliseconds); `merged` is the sum around it, so that the series need not be told apart."""
    grouping = metric.grouping or (merged if metric.op in _ADDED else None)
    ends = steps * MILLI - metric.offset
    found = _gathered(metric, store, int(ends[0]) - metric.window, int(ends[-1]), grouping)
    if metric.op == "absent_over_time":
        return _absent(metric, found, ends)
    windowed = _WINDOWED[metric.op]
    lines = []
    for labels, (times, values) in sorted(found.items()):
        low = np.searchsorted(times, ends - metric.window, side="right")
        high = np.searchsorted(times, ends, side="right")
        there = high > low
        if there.any():
            lines.append(Line(labels, windowed(values, low, high, metric), there))
    if len(lines) > MOST_SERIES:
        raise BadQuery(too_many())
    return lines


def too_many() -> str:
    return (
        f"maximum number of series ({MOST_SERIES}) reached for a single query; consider reducing query cardinality by "
        "adding more specific stream selectors, reducing the time range, or aggregating results with functions like "
        "sum, count or topk"
    )


def _gathered(
    metric: Over, store: Store, after: int, until: int, grouping: Grouping | None
) -> dict[Key, tuple[Steps, Floats]]:
    """Times and values of every series, in the order of time, from lines later than `after`."""
    parts: dict[Key, list[tuple[Steps, Floats]]] = {}
    collector = _Collector(metric, grouping)
    for low in range(after + 1, until + 1, _SPAN):
        for reading in collector.pipeline.readings(store, low, min(low + _SPAN, until + 1)):
            for labels, times, values in collector.taken(reading):
                parts.setdefault(labels, []).append((times, values))
        if grouping is None and len(parts) > MOST_SERIES * 4:  # lines of one window may be gone in the next
            raise BadQuery(too_many())
    return {labels: _sorted(several) for labels, several in parts.items()}


def _sorted(several: list[tuple[Steps, Floats]]) -> tuple[Steps, Floats]:
    times = np.concatenate([times for times, _ in several])
    values = np.concatenate([values for _, values in several])
    order = np.argsort(times, kind="stable")
    return times[order], values[order]


class _Collector:
    """What each line is worth, and to which series."""

    def __init__(self, metric: Over, grouping: Grouping | None) -> None:
        self.pipeline = Pipeline(metric.logs)
        self.grouping = grouping
        self.value = _value(metric)
        self.sized = metric.op.startswith("bytes")
        self.unwrapped = metric.unwrap is not None

    def taken(self, reading: Reading) -> Iterator[tuple[Key, Steps, Floats]]:
        block = reading.block
        same = not block.varying or (self.grouping is not None and not self._asks(block.varying))
        if self.unwrapped or self.sized or reading.rest or not same:
            yield from self._each(reading)
            return
        left = reading.left
        if not reading.plain:
            left = np.array([at for at in left.tolist() if reading.line(at) is not None], dtype=np.intp)
        if len(left):
            labels = key({**block.labels, **block.constant}, self.grouping)
            yield labels, block.times[left], np.ones(len(left))

    def _asks(self, names: frozenset[str]) -> bool:
        if self.grouping is None or self.grouping.kind == "without":
            return True
        return bool(names & set(self.grouping.labels))

    def _each(self, reading: Reading) -> Iterator[tuple[Key, Steps, Floats]]:
        found: dict[Key, tuple[list[int], list[float]]] = {}
        for at in reading.left.tolist():
            entry = reading.entry(at)
            value = None if entry is None else self.value(entry)
            if entry is None or value is None:
                continue
            labels = entry.labels()
            if ERROR in labels:
                raise BadQuery(_failed(labels))
            times, values = found.setdefault(key(labels, self.grouping), ([], []))
            times.append(int(reading.block.times[at]))
            values.append(value)
        for series, (times, values) in found.items():
            yield series, np.array(times, dtype=np.int64), np.array(values)


def _value(metric: Over) -> Callable[[Entry], float | None]:
    if metric.unwrap is not None:
        return sample(metric.unwrap)
    if metric.op.startswith("bytes"):
        return lambda entry: float(len(entry.line.encode()))
    return lambda _: 1.0


def _failed(labels: Mapping[str, str]) -> str:
    kind = labels[ERROR]
    return (
        f"pipeline error: '{kind}' for series: '{shown(key(labels))}'.\n"
        f'Use a label filter to intentionally skip this error. (e.g | __error__!="{kind}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )


def _absent(metric: Over, found: Mapping[Key, tuple[Steps, Floats]], ends: Steps) -> list[Line]:
    there = np.zeros(len(ends), dtype=bool)
    for times, _ in found.values():
        low = np.searchsorted(times, ends - metric.window, side="right")
        there |= np.searchsorted(times, ends, side="right") > low
    labels = key({each.name: each.value for each in metric.logs.selector.matchers if each.op == "="})
    return [Line(labels, np.ones(len(ends)), ~there)] if not there.all() else []


Windowed = Callable[[Floats, NDArray[np.intp], NDArray[np.intp], Over], Floats]


def _slices(one: Callable[[Floats, Over], float]) -> Windowed:
    def windowed(values: Floats, low: NDArray[np.intp], high: NDArray[np.intp], metric: Over) -> Floats:
        pairs = zip(low.tolist(), high.tolist(), strict=True)
        return np.array([one(values[first:last], metric) if last > first else 0.0 for first, last in pairs])

    return windowed


def _counted(values: Floats, low: NDArray[np.intp], high: NDArray[np.intp], _: Over) -> Floats:
    """Whole numbers add up exactly, however they are added."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(sums[high] - sums[low])


def _rated(values: Floats, low: NDArray[np.intp], high: NDArray[np.intp], metric: Over) -> Floats:
    many = _slices(lambda part, _: float(part.sum())) if metric.unwrap is not None else _counted
    return many(values, low, high, metric) / (metric.window / 1e9)


def _quantile(values: Floats, metric: Over) -> float:
    wanted = metric.parameter or 0.0
    if not 0.0 <= wanted <= 1.0:
        return float("inf") if wanted > 1.0 else float("-inf")
    ordered = np.sort(values)
    rank = wanted * (len(ordered) - 1)
    low = int(rank)
    high = min(low + 1, len(ordered) - 1)
    weight = rank - low
    return float(ordered[low] * (1 - weight) + ordered[high] * weight)


_WINDOWED: Final[Mapping[str, Windowed]] = {
    "count_over_time": _counted,
    "bytes_over_time": _counted,
    "rate": _rated,
    "bytes_rate": _rated,
    "sum_over_time": _slices(lambda values, _: float(values.sum())),
    "avg_over_time": _slices(lambda values, _: float(values.mean())),
    "min_over_time": _slices(lambda values, _: float(values.min())),
    "max_over_time": _slices(lambda values, _: float(values.max())),
    "stddev_over_time": _slices(lambda values, _: float(values.std())),
    "stdvar_over_time": _slices(lambda values, _: float(values.var())),
    "first_over_time": _slices(lambda values, _: float(values[0])),
    "last_over_time": _slices(lambda values, _: float(values[-1])),
    "quantile_over_time": _slices(_quantile),
}
