"""What the public scorers call: log templates, the ranking of suspects, and the scores of anomalies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bot.telemetry.patterns import mine
from bot.telemetry.signals import Floats
from bot.watch.detecting import Bank
from tests.benchmarks import causes

_REMEMBERED = 0.998
"""What of an alarm is still known a sample later: NAB wants each anomaly once, and counts every repetition."""
_CERTAIN = 6.0
"""Surprises from here on are alike."""


def loghub_groups(lines: Sequence[str]) -> list[int]:
    return list(mine(lines).ids)


def rca_rank(case: Mapping[str, Any]) -> list[str]:
    return causes.rank(case)


def nab_scores(timestamps: Sequence[str | float], values: Sequence[float]) -> list[float]:
    """How much the surprise of each sample exceeds what is still remembered of those before, of all there could be."""
    times = _seconds(timestamps)
    found = _surprises(times, np.asarray(values, dtype=np.float64), _step(times))
    scores, memory = [], 0.0
    for one in np.minimum(found, _CERTAIN).tolist():
        scores.append(max(0.0, one - memory) / _CERTAIN)
        memory = max(memory * _REMEMBERED, one)
    return scores


def kpi_scores(
    train_values: Sequence[float],
    train_timestamps: Sequence[str | float],
    test_values: Sequence[float],
    test_timestamps: Sequence[str | float],
) -> list[float]:
    """The surprise of each sample of the test part, which follows on the train part."""
    times = np.concatenate([_seconds(train_timestamps), _seconds(test_timestamps)])
    values = np.concatenate([np.asarray(train_values, dtype=np.float64), np.asarray(test_values, dtype=np.float64)])
    scores: list[float] = _surprises(times, values, _step(_seconds(train_timestamps)))[len(train_values) :].tolist()
    return scores


def _surprises(times: Floats, values: Floats, step: float) -> Floats:
    found: Floats = Bank(1, step).run(times, values[np.newaxis])[0].astype(np.float64)
    return found


def _step(times: Floats) -> float:
    apart = np.diff(times)
    return float(np.median(apart[apart > 0])) if (apart > 0).any() else 60.0


def _seconds(timestamps: Sequence[str | float]) -> Floats:
    return np.array([_second(one) for one in timestamps], dtype=np.float64)


def _second(timestamp: str | float) -> float:
    try:
        return float(timestamp)
    except ValueError:
        moment = datetime.fromisoformat(str(timestamp))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
