"""What the query language reads: matchers, raw series, and the store that finds the second by the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.prometheus.patterns import pattern

Milliseconds = NDArray[np.int64]
Floats = NDArray[np.float64]
Op = Literal["=", "!=", "=~", "!~"]
Labels = tuple[tuple[str, str], ...]
"""Pairs by the order of their names: what a label set is when it is a key."""

NAME: Final = "__name__"
STALE: Final = np.array([0x7FF0_0000_0000_0002], np.uint64).view(np.float64)[0]
"""Written where a series has ended: no sample, and none before it stands for a moment any more."""
_STALE_BITS: Final = np.uint64(0x7FF0_0000_0000_0002)


def stale(values: Floats) -> NDArray[np.bool_]:
    """Which are such markers: NaN like others, but for their bits."""
    return np.asarray(np.ascontiguousarray(values).view(np.uint64) == _STALE_BITS)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is missing has the value ""."""

    name: str
    op: Op
    value: str

    def matches(self, value: str) -> bool:
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        return pattern(self.value).matches(value) == (self.op == "=~")


def all_match(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers)


def labels_of(mapping: Mapping[str, str]) -> Labels:
    return tuple(sorted((name, value) for name, value in mapping.items() if value))


@dataclass(frozen=True, slots=True, eq=False)
class RawSeries:
    """Samples of one label set (its `__name__` among them), by rising time in milliseconds since 1970."""

    labels: Mapping[str, str]
    times: Milliseconds
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Series that have samples at the same times: a row of values for each, a column for each time."""

    labels: Sequence[Labels]
    times: Milliseconds
    values: Floats

    def series(self) -> Iterator[RawSeries]:
        for labels, values in zip(self.labels, self.values, strict=True):
            yield RawSeries(dict(labels), self.times, values)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said of a metric."""

    type: Literal["counter", "gauge", "histogram", "summary", "unknown"]
    help: str
    unit: str = ""


class Storage(Protocol):
    """Where samples are. Every range is closed at both ends; no arrays that are given may be written to."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterable[Block]:
        """The series that match and have samples in the range, each label set once.

        A generator where they are many: whoever reads stops at a cap, and lets go of one block before the next is made.
        """
        ...

    def names(self) -> Sequence[str]:
        """Every metric, sorted."""
        ...

    def label_names(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[str]:
        """Every label of the series that match, `__name__` among them, sorted."""
        ...

    def label_values(self, name: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[str]:
        """Every value of one label over the series that match, sorted."""
        ...

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Sequence[Mapping[str, str]]:
        """The label sets that `select` would find, without their samples."""
        ...

    def metadata(self) -> Mapping[str, Metadata]:
        """By metric; a histogram under its base name."""
        ...
