"""Who can hurt whom: a service is hurt by what it calls, however many calls away, and loaded by what calls it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.telemetry.signals import Floats

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """The call graph as matrices, [caller, callee]; cycles are allowed."""

    known: bool
    below: Booleans
    """Reached over one call or more; never oneself."""
    loops: Booleans
    """Each reaches the other."""

    def affects(self, target: int | None) -> Booleans:
        """Which services can hurt the target; all, where nothing is known."""
        if target is None or not self.known or not self.below[target].any():
            return np.ones(len(self.below), dtype=np.bool_)
        reached: Booleans = self.below[target].copy()
        reached[target] = True
        return reached

    def explained(self, size: Floats, certain: Floats, agree: Floats) -> Floats:
        """[i, j]: the share of what is wrong at i that j, somewhere below it, accounts for.

        In a loop only the greater explains the lesser.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.minimum(1.0, size[None, :] / size[:, None])
        share = np.where(np.isfinite(share), share, 0.0) * self.below
        share = np.where(self.loops & (size[None, :] <= size[:, None]), 0.0, share)
        result: Floats = share * certain[None, :] * agree
        return result


def topology(services: Sequence[str], calls: Collection[tuple[str, str]]) -> Topology:
    index = {service: i for i, service in enumerate(services)}
    direct = np.zeros((len(services), len(services)), dtype=np.float32)
    for caller, callee in calls:
        if caller in index and callee in index:
            direct[index[caller], index[callee]] = 1.0
    np.fill_diagonal(direct, 0.0)
    reach = direct
    while True:
        further = np.minimum(1.0, reach + reach @ reach)
        if np.array_equal(further, reach):
            break
        reach = further
    below = reach > 0
    loops = below & below.T
    np.fill_diagonal(below, val=False)
    return Topology(bool(direct.any()), below, loops)


def agreement(rows: Floats, others: Floats) -> Floats:
    """[i, j], 0 … 1: whether two went wrong at the same samples; 1 where that cannot be told."""
    told: Booleans = np.logical_and.outer(np.isfinite(rows).any(axis=1), np.isfinite(others).any(axis=1))
    if rows.shape[1] != others.shape[1] or not told.any():
        return np.ones(told.shape)
    result: Floats = np.where(told, np.square(_unit(rows) @ _unit(others).T), 1.0)
    return result


def _unit(rows: Floats) -> Floats:
    positive = np.maximum(np.nan_to_num(rows), 0.0)
    norms = np.sqrt(np.square(positive).sum(axis=1, keepdims=True))
    result: Floats = positive / np.where(norms > 0, norms, 1.0)
    return result
