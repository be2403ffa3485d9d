"""The detector beside a rolling z-score in plain numpy and river's HalfSpaceTrees: speed, memory, and what they find.

What they find is told as F1 over events of generated series of production: the threshold that is best on one half of
them is used on the other. With NAB's folder under `BENCH_DATA` (it holds `nab/`) its score is printed too.
"""

from __future__ import annotations

import asyncio
import csv
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from bot.telemetry.signals import Floats
from bot.watch.detecting import SENSITIVITY, Bank, surprise_for
from tests.benchmarks.adapters import nab_scores
from tests.watch.detecting.series import DAY, MONDAY, Labelled, drawn, events, healthy

MANY, STEP = 10_000, 60.0
SECONDS_AIM, MEMORY_AIM, F1_AIM, NAB_AIM = 10.0, 1_000.0, 0.8, 62.0
SAMPLES, WINDOW = 3_000, 1_440
DRAWN, LEARNING = 40, 7 * DAY
FEW = 30
BRIDGE = 10
"""Alarms so few samples apart, or after an event, are one with it."""

Scorer = Callable[[Floats], Floats]


def ours(values: Floats) -> Floats:
    times: Floats = MONDAY + STEP * np.arange(values.shape[1], dtype=np.float64)
    return Bank(len(values), STEP).run(times, values).astype(np.float64)


def rolling(values: Floats) -> Floats:
    """How many deviations from the mean of the day before, of all series at once."""
    kept = np.where(np.isnan(values), np.nanmedian(values, axis=1, keepdims=True), values)
    out = np.zeros(kept.shape)
    for at in range(FEW, kept.shape[1]):
        past = kept[:, max(0, at - WINDOW) : at]
        out[:, at] = np.abs(kept[:, at] - past.mean(axis=1)) / (past.std(axis=1) + 1e-9)
    return out


def trees() -> Scorer | None:
    """The peer, an extra that is there for this alone; it wants numbers from 0 to 1."""
    try:
        anomaly = import_module("river.anomaly")
    except ModuleNotFoundError:
        return None

    def scores(values: Floats) -> Floats:
        out = np.zeros(values.shape)
        for row, series in enumerate(values):
            model, low, high = anomaly.HalfSpaceTrees(seed=7), np.inf, -np.inf
            for at, value in enumerate(series.tolist()):
                if value == value:  # noqa: PLR0124  not NaN
                    low, high = min(low, value), max(high, value)
                    one = {"x": (value - low) / (high - low or 1.0)}
                    out[row, at] = model.score_one(one)
                    model.learn_one(one)
        return out

    return scores


def tally(drawings: Sequence[Labelled], scores: Floats, threshold: float) -> tuple[int, int, int]:
    """Events found, events missed, and alarms without one."""
    found = missed = false = 0
    for one, row in zip(drawings, scores[:, LEARNING:] >= threshold, strict=True):
        wrong = one.wrong[LEARNING:]
        near = wrong.copy()
        for begin, end in events(wrong):
            near[begin : end + BRIDGE] = True
            found += int(row[begin:end].any())
            missed += int(not row[begin:end].any())
        false += len(events(row & ~near, BRIDGE))
    return found, missed, false


def f1(found: int, missed: int, false: int) -> float:
    return 2 * found / max(1, 2 * found + missed + false)


def quality(scorer: Scorer, drawings: Sequence[Labelled]) -> float:
    scores = scorer(np.array([one.values for one in drawings]))
    half = len(drawings) // 2
    candidates = np.unique(np.quantile(scores[:, LEARNING:], 1.0 - np.geomspace(1e-4, 0.05, 60)))
    best = max(candidates, key=lambda one: f1(*tally(drawings[:half], scores[:half], one)))
    return f1(*tally(drawings[half:], scores[half:], best))


def rate(scorer: Scorer, rows: int, columns: int) -> float:
    values = healthy(rows, columns)
    began = process_time()
    scorer(values)
    return values.size / (process_time() - began)


def speed() -> None:
    print("Detectors; samples a second of processor time")
    peer = trees()
    sides: list[tuple[str, Scorer | None]] = [("ours", ours), ("rolling z-score", rolling), ("HalfSpaceTrees", peer)]
    drawings = [drawn(seed) for seed in range(DRAWN)]
    for name, scorer in sides:
        if scorer is None:
            print(f"  {name:<20} river is not installed (the extra `bench`)")
            continue
        one, many = rate(scorer, 1, SAMPLES), rate(scorer, 100, FEW * 10)
        told = f"   event F1 {quality(scorer, drawings):.3f}" if scorer is not peer else ""
        print(f"  {name:<20} {one:12,.0f} of one series   {many:12,.0f} of a hundred{told}")
    print(f"  aim event F1 ≥ {F1_AIM:g} on {DRAWN // 2} series, with the threshold of {DRAWN // 2} others")


def scale() -> None:
    for rows in (100, 1_000, MANY):
        rng = np.random.default_rng(7)
        level = rng.lognormal(0.0, 2.0, rows)
        bank = Bank(rows, STEP)
        columns = DAY if rows == MANY else DAY // 4
        spent = 0.0
        for at in range(columns):
            column = level * (1.0 + 0.1 * rng.normal(size=rows))
            began = perf_counter()
            bank.feed(MONDAY + STEP * at, column)
            spent += perf_counter() - began
        each = spent / columns / rows * 1e9
        print(f"  {rows:>7,} series × {columns:,} samples {spent:6.2f} s   {each:6.0f} ns a sample")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    size = len(bank.dump()) / MANY
    print(f"  {size:,.0f} bytes a series stored; peak memory of the process {peak:.0f} MB")
    print(f"  aim {MANY:,} series × {DAY:,} samples < {SECONDS_AIM:g} s, < {MEMORY_AIM:,.0f} MB")


def quiet() -> None:
    above = ours(healthy(192, DAY * 2, seed=11))[:, DAY:] >= surprise_for(SENSITIVITY["medium"], STEP)
    twice = above[:, 2:].astype(int) + above[:, 1:-1] + above[:, :-2] >= 2
    print(f"  192 healthy series × {DAY:,} samples: {sum(len(events(row)) for row in twice)} events (aim ≤ 1)")


def nab(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as target:
        for path in sorted((folder / "data").glob("*/*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            scores = nab_scores([row["timestamp"] for row in rows], [float(row["value"]) for row in rows])
            written = Path(target) / path.parent.name / path.name
            written.parent.mkdir(exist_ok=True)
            written.write_text("\n".join(["anomaly_score", *map(str, scores)]) + "\n", encoding="utf-8")
        said = subprocess.run(
            [sys.executable, str(folder / "score.py"), target], capture_output=True, text=True, check=True
        )
    print(f"  NAB (aim {NAB_AIM:g} of the standard profile)\n    " + said.stdout.strip().replace("\n", "\n    "))


async def main() -> None:
    speed()
    scale()
    quiet()
    data = os.environ.get("BENCH_DATA", "")
    if data and (Path(data) / "nab" / "score.py").exists():
        nab(Path(data) / "nab")
    else:
        print("  NAB: skipped; set BENCH_DATA to the folder of the public data (it holds nab/score.py)")
    print()


if __name__ == "__main__":
    asyncio.run(main())
