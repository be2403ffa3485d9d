"""What the public scorers call: log templates, and the ranking of suspects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.telemetry.patterns import mine
from tests.benchmarks import causes


def loghub_groups(lines: Sequence[str]) -> list[int]:
    return list(mine(lines).ids)


def rca_rank(case: Mapping[str, Any]) -> list[str]:
    return causes.rank(case)
