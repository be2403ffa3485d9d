"""A file through the detectors, in the order of time: a score for every sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.detection.table import Table
from bot.errors import ConfigurationError
from bot.telemetry.charts.words import counted
from bot.telemetry.rows import Counts
from bot.telemetry.signals import Floats
from bot.watch.detecting import SENSITIVITY, Bank, surprise_for
from bot.watch.watches import Sensitivity

LOWEST: Final = 1.5
"""A line below which chance alone would often be, where samples are days apart."""
HOLE: Final = 5.0
"""A gap of more steps than this ends one."""
EVEN: Final = 0.1
"""Of a step: that much earlier or later is still on time."""
TELL_EVERY: Final = 1_000

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Samples in the order of time, with what the detectors said when each came; a row for each series."""

    names: tuple[str, ...]
    step: float
    line: float
    """The surprise from which on a sample is unusual."""
    order: Counts
    """Which row of the file each sample is."""
    times: Floats
    values: Floats
    surprise: Singles
    """-log10 of how often chance gives as much."""
    expected: Singles
    low: Singles
    high: Singles
    kinds: NDArray[np.int8]
    judged: tuple[bool, ...]
    """Whether there were enough samples to judge by."""

    @property
    def scores(self) -> Singles:
        """Surprise as 0 … 1: half at the line, ever nearer to 1 beyond it."""
        scores: Singles = self.surprise / (self.surprise + np.float32(self.line))
        return scores


def scored(table: Table, sensitivity: Sensitivity, tell: Callable[[int], None]) -> Scored:
    """The score of a sample goes by those before it; `tell` hears how many are done."""
    order = np.argsort(table.times, kind="stable")[: int(np.isfinite(table.times).sum())]
    times, values = table.times[order], table.values[:, order]
    step = step_of(times)
    bank = Bank(len(values), step)
    surprise = np.zeros(values.shape, dtype=np.float32)
    usual = np.zeros((3, *values.shape), dtype=np.float32)
    kinds = np.zeros(values.shape, dtype=np.int8)
    judged = np.zeros(len(values), dtype=np.bool_)
    for place, (time, column) in enumerate(zip(times.tolist(), np.ascontiguousarray(values.T), strict=True)):
        told = bank.feed(time, column)
        surprise[:, place], kinds[:, place] = told.score, told.kind
        usual[:, :, place] = np.where(told.judged, (told.expected, told.low, told.high), np.nan)
        judged |= told.judged
        if place % TELL_EVERY == 0:
            tell(place)
    expected, low, high = usual
    line = max(LOWEST, surprise_for(SENSITIVITY[sensitivity], step))
    return Scored(
        table.names, step, line, order, times, values, surprise, expected, low, high, kinds, tuple(judged.tolist())
    )


def step_of(times: Floats) -> float:
    """The usual time between two samples."""
    apart = np.diff(times)
    apart = apart[apart > 0]
    if not apart.size:
        raise ConfigurationError("All rows have the same timestamp.", mend="Give samples of at least two moments.")
    return float(np.median(apart))


# ---------------------------------------------------------------- what should be known of the file


def remarks(table: Table, found: Scored) -> Iterator[str]:
    """Rows out of order, moments told twice, times between samples that differ."""
    backwards = int((np.diff(table.times[np.isfinite(table.times)]) < 0).sum())
    apart = np.diff(found.times)
    if backwards:
        yield f"The rows are not in the order of time ({counted(backwards, 'step')} back); here they were put in it."
    if again := int((apart == 0).sum()):
        yield f"{counted(again, 'row')} with the timestamp of the row before; each was looked at."
    positive = apart[apart > 0]
    off = np.abs(positive / found.step - np.rint(positive / found.step)) > EVEN
    if off.mean() > EVEN:
        yield "The samples are not evenly spaced; they are taken as if they were."


def gaps(found: Scored) -> Floats:
    """Where samples are missing: from and until, a row for each."""
    places = np.flatnonzero(np.diff(found.times) > HOLE * found.step)
    return np.stack([found.times[places], found.times[places + 1]], axis=1)
