"""10,000 series × 1,440 points analysed, beside plain numpy `mean` and `percentile` on the same array.

Statistics, trend and comparison against the window before, a block of series at a time: the array of all of them would
be 115 MB, and the window before it as much again. The sides take turns on each block.
"""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

import numpy as np

from bot.telemetry.comparison import compare_rows
from bot.telemetry.signals import Floats
from bot.telemetry.statistics import describe_rows
from bot.telemetry.trends import trend_rows

SERIES, POINTS, BLOCK = 10_000, 1_440, 1_000
MISSING = 0.001
MEMORY_MB = 300.0
PLAIN: Final = "numpy mean + percentile"


def drawn(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """The moments of a day, and a block of series in it and in the day before: a rhythm, noise, spikes, gaps."""
    times: Floats = np.arange(POINTS, dtype=np.float64) * 60.0
    rhythm: Floats = 1.0 + 0.3 * np.sin(times / 86_400.0 * 2 * np.pi)
    level: Floats = rng.lognormal(0.0, 2.0, (BLOCK, 1))
    before: Floats = level * rhythm * rng.lognormal(0.0, 0.2, (BLOCK, POINTS))
    after: Floats = level * rhythm * rng.lognormal(0.0, 0.2, (BLOCK, POINTS))
    after *= rng.choice((1.0, 1.0, 1.0, 1.3), (BLOCK, 1))
    return times, before, after


def plain(values: Floats) -> None:
    values.mean(axis=1)
    np.percentile(values, (50, 95, 99), axis=1)


def timed(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began


def report(took: Mapping[str, list[float]]) -> None:
    blocks = SERIES // BLOCK
    base = statistics.median(took[PLAIN]) * blocks
    for name, seconds in took.items():
        whole = statistics.median(seconds) * blocks
        print(f"  {name:<24} {whole:6.2f} s   {SERIES / whole:8,.0f} series/s   {whole / base:5.2f} ×")


async def main() -> None:
    rng = np.random.default_rng(7)
    for gaps in (False, True):
        took: dict[str, list[float]] = {}
        for turn in range(SERIES // BLOCK + 1):
            times, before, after = drawn(rng)
            sides: dict[str, Callable[[], object]] = {PLAIN: lambda values=after: plain(values)}  # type: ignore[misc]
            if gaps:
                holed = np.where(rng.random(after.shape) < MISSING, np.nan, after)
                sides[f"{PLAIN}, of NaN"] = lambda values=holed: (  # type: ignore[misc]
                    np.nanmean(values, axis=1),
                    np.nanpercentile(values, (50, 95, 99), axis=1),
                )
                after = holed
            sides |= {
                "statistics": lambda: describe_rows(times, after),  # noqa: B023  called within the turn
                "trend": lambda: trend_rows(times, after),  # noqa: B023
                "comparison": lambda: compare_rows(before, after),  # noqa: B023
            }
            for name, call in sides.items():
                seconds = timed(call)
                if turn:  # the first one warms up
                    took.setdefault(name, []).append(seconds)
        ours = [took[name] for name in ("statistics", "trend", "comparison")]
        took["all three"] = [sum(one) for one in zip(*ours, strict=True)]
        print(f"{SERIES:,} series × {POINTS:,} points" + (f", {MISSING:.1%} missing" if gaps else ""))
        report(took)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"  peak memory of the process {peak:.0f} MB (bound {MEMORY_MB:.0f})\n")
