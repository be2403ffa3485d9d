"""Many series made one for each group: sums, extremes, deviations, ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from integrations.sandbox.platform.prometheus.failures import execution
from integrations.sandbox.platform.prometheus.functions import LABEL_NAME
from integrations.sandbox.platform.prometheus.numbers import go_float, sample_value
from integrations.sandbox.platform.prometheus.ranks import largest, quantile_of
from integrations.sandbox.platform.prometheus.storage import NAME, Floats, Labels, labels_of
from integrations.sandbox.platform.prometheus.vectors import Rows, Vector, grouped, only, without

INT64: Final = 2.0**63


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by` the names, or `without` them."""

    names: Sequence[str]
    excluded: bool

    def key(self, labels: Labels) -> Labels:
        return without(labels, {*self.names, NAME}) if self.excluded else only(labels, self.names)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows by group, each group's rows one behind the other."""

    labels: Sequence[Labels]
    sizes: Rows
    values: Floats
    present: Floats
    """1 and 0, so that they can be summed."""

    @property
    def starts(self) -> Rows:
        return np.cumsum(self.sizes) - self.sizes

    @property
    def counts(self) -> Floats:
        return self.sums(self.present)

    def sums(self, rows: Floats) -> Floats:
        found: Floats = np.add.reduceat(rows, self.starts, axis=0)
        return found

    def each(self, of_group: Floats) -> Floats:
        return np.repeat(of_group, self.sizes, axis=0)

    def masked(self, instead: float) -> Floats:
        return np.where(self.present > 0, self.values, instead)


def _sum(groups: Groups) -> Floats:
    return groups.sums(groups.masked(0.0))


def _mean(groups: Groups) -> Floats:
    """Divided before they are summed: a sum may be too large for a float where a mean is not."""
    return groups.sums(groups.masked(0.0) / groups.each(groups.counts))


def _variance(groups: Groups) -> Floats:
    from_mean = np.where(groups.present > 0, groups.values - groups.each(_sum(groups) / groups.counts), 0.0)
    return np.where(groups.counts == 1, 0.0, groups.sums(from_mean**2) / groups.counts)


def _extreme(how: Callable[..., Floats]) -> Callable[[Groups], Floats]:
    return lambda groups: how.reduceat(groups.masked(np.nan), groups.starts, axis=0)  # type: ignore[attr-defined]


_PLAIN: Final[dict[str, Callable[[Groups], Floats]]] = {
    "sum": _sum,
    "avg": _mean,
    "min": _extreme(np.fmin),
    "max": _extreme(np.fmax),
    "count": lambda groups: groups.counts,
    "group": lambda groups: np.ones(groups.counts.shape),
    "stddev": lambda groups: np.sqrt(_variance(groups)),
    "stdvar": _variance,
}
AGGREGATIONS: Final = frozenset({*_PLAIN, "topk", "bottomk", "quantile", "count_values"})


def aggregated(operator: str, vector: Vector, grouping: Grouping, parameter: Floats | str | None) -> Vector:
    if operator == "count_values":
        return _count_values(vector, grouping, str(parameter))
    if operator in ("topk", "bottomk"):
        return _ranked(vector, grouping, np.asarray(parameter), -1 if operator == "bottomk" else 1)
    groups = grouped(grouping.key(labels) for labels in vector.labels)
    if not groups:
        return Vector.empty(vector.values.shape[1])
    if operator == "quantile":
        return _quantile(vector, groups, np.asarray(parameter))
    rows = np.concatenate([np.array(group, np.intp) for group in groups.values()])
    sizes = np.array([len(group) for group in groups.values()], np.intp)
    found = Groups(list(groups), sizes, vector.values[rows], vector.present[rows].astype(np.float64))
    return Vector(found.labels, _PLAIN[operator](found), found.counts > 0)


def _quantile(vector: Vector, groups: dict[Labels, list[int]], share: Floats) -> Vector:
    parts = [(vector.values[rows], vector.present[rows]) for rows in groups.values()]
    values = np.stack([quantile_of(share, values, present) for values, present in parts])
    return Vector(list(groups), values, np.stack([present.any(axis=0) for _, present in parts]))


def _ranked(vector: Vector, grouping: Grouping, count: Floats, sign: int) -> Vector:
    beyond = ~((count < INT64) & (count >= -INT64))
    if len(vector.labels) and beyond.any():
        raise execution(f"Scalar value {sample_value(float(count[beyond.argmax()]))} overflows int64")
    counts = np.clip(count, 0, len(vector.labels)).astype(np.intp)
    chosen = np.zeros(vector.present.shape, np.bool_)
    order: list[int] = []
    for rows in grouped(grouping.key(labels) for labels in vector.labels).values():
        chosen[rows], place = largest(counts, sign * vector.values[rows], vector.present[rows])
        order += [rows[row] for row in place[:, 0].argsort()]
    return Vector(vector.labels, vector.values, chosen).rows(order)


def _count_values(vector: Vector, grouping: Grouping, name: str) -> Vector:
    if not LABEL_NAME.fullmatch(name):
        raise execution(f'invalid label name "{name}"')
    if not grouping.excluded:
        grouping = Grouping((*grouping.names, name), excluded=False)
    counts: dict[Labels, Floats] = {}
    for labels, values, present in zip(vector.labels, vector.values, vector.present, strict=True):
        for value in np.unique(values[present]):
            key = grouping.key(labels_of({**dict(labels), name: go_float(float(value))}))
            here = present & ((values == value) | (np.isnan(value) & np.isnan(values)))
            counts[key] = counts.get(key, np.zeros(len(values))) + here
    found = np.array(list(counts.values())).reshape(len(counts), vector.values.shape[1])
    return Vector(list(counts), found, found > 0)
