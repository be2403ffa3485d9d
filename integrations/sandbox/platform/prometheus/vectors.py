"""Values of many series at many moments: what every expression of the query language becomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.prometheus.failures import execution
from integrations.sandbox.platform.prometheus.storage import NAME, Floats, Labels

Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]

SAME_LABELS = "vector cannot contain metrics with the same labelset"


def only(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def without(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)


def unnamed(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != NAME)


def shown(labels: Labels) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels) + "}"


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """A row for each series, a column for each moment; what is not `present` has no value, which is not NaN."""

    labels: Sequence[Labels]
    values: Floats
    present: Bools

    @classmethod
    def empty(cls, steps: int) -> Vector:
        return cls((), np.empty((0, steps)), np.empty((0, steps), np.bool_))

    def relabelled(self, change: Callable[[Labels], Labels]) -> Vector:
        return Vector([change(labels) for labels in self.labels], self.values, self.present)

    def rows(self, rows: Rows | Sequence[int]) -> Vector:
        chosen = np.asarray(rows, np.intp)
        return Vector([self.labels[row] for row in chosen], self.values[chosen], self.present[chosen])

    def filled(self) -> Vector:
        """Without the series that have no value at any moment."""
        some = np.flatnonzero(self.present.any(axis=1))
        return self if len(some) == len(self.labels) else self.rows(some)


Value = Vector | Floats | str
"""A scalar is one number for each moment."""


def distinct(vector: Vector) -> Vector:
    """Two series of one label set are refused, whenever they have their values."""
    filled = vector.filled()
    if len(set(filled.labels)) != len(filled.labels):
        raise execution(SAME_LABELS)
    return filled


def merged(vector: Vector) -> Vector:
    """Rows of one label set become one; refused where two of them have a value at the same moment."""
    groups = grouped(vector.labels)
    if len(groups) == len(vector.labels):
        return vector
    values = np.full((len(groups), vector.values.shape[1]), np.nan)
    present = np.zeros(values.shape, np.bool_)
    for into, rows in enumerate(groups.values()):
        for row in rows:
            if (present[into] & vector.present[row]).any():
                raise execution(SAME_LABELS)
            np.copyto(values[into], vector.values[row], where=vector.present[row])
            present[into] |= vector.present[row]
    return Vector(list(groups), values, present)


def grouped(keys: Iterable[Labels]) -> dict[Labels, list[int]]:
    """Row numbers by key, in the order in which the keys appear."""
    groups: dict[Labels, list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    return groups
