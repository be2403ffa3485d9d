"""Samples in memory: the strictest store that the query language can be tried on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot.errors import InvalidInput
from integrations.sandbox.platform.prometheus.storage import (
    NAME,
    Block,
    Labels,
    Matcher,
    Metadata,
    RawSeries,
    all_match,
    labels_of,
)


class MemoryStorage:
    """Holds what it is given, and refuses what no real store could hold."""

    def __init__(self, series: Iterable[RawSeries], metadata: Mapping[str, Metadata] | None = None) -> None:
        found: dict[Labels, RawSeries] = {}
        for one in series:
            key = tuple(sorted(one.labels.items()))
            if key in found:
                raise InvalidInput(f"two series have the labels {dict(key)}", mend="Merge their samples.")
            found[key] = _checked(one)
        self._series = [found[key] for key in sorted(found)]
        self._metadata = dict(metadata or {})

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Block]:
        cuts = (_cut(one, start_ms, end_ms) for one in self._series if all_match(matchers, one.labels))
        return [block for block in cuts if len(block.times)]

    def names(self) -> list[str]:
        return sorted({one.labels.get(NAME, "") for one in self._series} - {""})

    def label_names(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        return sorted({name for labels in self.series(matchers, start_ms, end_ms) for name in labels})

    def label_values(self, name: str, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[str]:
        return sorted({labels[name] for labels in self.series(matchers, start_ms, end_ms) if name in labels})

    def series(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Mapping[str, str]]:
        return [dict(block.labels[0]) for block in self.select(matchers, start_ms, end_ms)]

    def metadata(self) -> dict[str, Metadata]:
        return self._metadata


def _cut(one: RawSeries, start_ms: int, end_ms: int) -> Block:
    first = int(one.times.searchsorted(start_ms, "left"))
    last = int(one.times.searchsorted(end_ms, "right"))
    return Block([labels_of(one.labels)], one.times[first:last], one.values[None, first:last])


def _checked(one: RawSeries) -> RawSeries:
    """Read-only arrays of the right types, in order: an evaluator that writes into them is found out."""
    times, values = np.array(one.times), np.array(one.values)
    if times.dtype != np.int64 or values.dtype != np.float64 or times.shape != values.shape or times.ndim != 1:
        raise InvalidInput(
            f"the samples of {dict(one.labels)} are {times.dtype}{times.shape} and {values.dtype}{values.shape}",
            mend="Give times as int64 and values as float64, of one length.",
        )
    if not (np.diff(times) > 0).all():
        raise InvalidInput(f"the times of {dict(one.labels)} do not rise", mend="Sort them, and give each once.")
    if "" in one.labels.values():
        raise InvalidInput(f"a label of {dict(one.labels)} is empty", mend="Leave it out: that is what empty means.")
    times.flags.writeable = values.flags.writeable = False
    return RawSeries(dict(one.labels), times, values)
