"""Operators between two sides: which series belong together, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from integrations.sandbox.platform.prometheus.failures import execution
from integrations.sandbox.platform.prometheus.storage import NAME, Floats, Labels, labels_of
from integrations.sandbox.platform.prometheus.vectors import (
    Bools,
    Vector,
    grouped,
    only,
    shown,
    unnamed,
    without,
)

Card = Literal["one-to-one", "many-to-one", "one-to-many"]

ARITHMETIC: Final[dict[str, Callable[..., Floats]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
}
COMPARISONS: Final[dict[str, Callable[..., Bools]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}
SETS: Final = frozenset({"and", "or", "unless"})


@dataclass(frozen=True, slots=True)
class Matching:
    """`on` the names or ignoring them; the labels in `include` are taken from the side that is one."""

    card: Card = "one-to-one"
    on: bool = False
    names: Sequence[str] = ()
    include: Sequence[str] = ()

    def key(self, labels: Labels) -> Labels:
        return only(labels, self.names) if self.on else without(labels, {*self.names, NAME})

    def result(self, many: Labels, one: Labels, *, named: bool) -> Labels:
        labels = many if named else unnamed(many)
        if self.card == "one-to-one":
            labels = only(labels, self.names) if self.on else without(labels, self.names)
        if not self.include:
            return labels
        known = dict(one)
        return labels_of({**dict(labels), **{name: known.get(name, "") for name in self.include}})


def of_scalars(operator: str, left: Floats, right: Floats) -> Floats:
    if operator in COMPARISONS:
        return COMPARISONS[operator](left, right).astype(np.float64)
    return ARITHMETIC[operator](left, right)


def with_scalar(operator: str, vector: Vector, scalar: Floats, *, scalar_first: bool, as_bool: bool) -> Vector:
    """A comparison keeps the value of the vector, on whichever side that is."""
    left, right = (scalar, vector.values) if scalar_first else (vector.values, scalar)
    if operator in ARITHMETIC:
        return Vector(vector.labels, ARITHMETIC[operator](left, right), vector.present).relabelled(unnamed)
    kept = COMPARISONS[operator](left, right)
    if as_bool:
        return Vector(vector.labels, kept.astype(np.float64), vector.present).relabelled(unnamed)
    return Vector(vector.labels, vector.values, vector.present & kept)


def of_sets(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    if operator == "or":
        rest = Vector(right.labels, right.values, right.present & ~_somewhere(right, left, matching))
        labels = [*left.labels, *rest.labels]
        return Vector(labels, np.vstack([left.values, rest.values]), np.vstack([left.present, rest.present]))
    there = _somewhere(left, right, matching)
    return Vector(left.labels, left.values, left.present & (there if operator == "and" else ~there))


def _somewhere(vector: Vector, other: Vector, matching: Matching) -> Bools:
    """For each value of one, whether the other has any that belongs to it."""
    groups = grouped(matching.key(labels) for labels in other.labels)
    found = {key: other.present[rows].any(axis=0) for key, rows in groups.items()}
    there = np.zeros(vector.present.shape, np.bool_)
    for row, labels in enumerate(vector.labels):
        there[row] = found.get(matching.key(labels), False)
    return there


def of_vectors(
    operator: str, left: Vector, right: Vector, matching: Matching, *, as_bool: bool, room: Callable[[int], None]
) -> Vector:
    """`room(rows)` refuses what would become too large."""
    flipped = matching.card == "one-to-many"
    many, one = (right, left) if flipped else (left, right)
    both: Bools = np.logical_and(left.present.any(axis=0), right.present.any(axis=0))
    keys = [matching.key(labels) for labels in many.labels]
    by_key = grouped(matching.key(labels) for labels in one.labels)
    _refuse_many(one, by_key, both, matching)
    pairs = [(row, partner) for row, key in enumerate(keys) for partner in by_key.get(key, ())]
    room(len(pairs))
    chosen = np.array(pairs, np.intp).reshape(-1, 2)
    many_rows, one_rows = chosen[:, 0], chosen[:, 1]
    first, second = (
        (left.values[one_rows], right.values[many_rows])
        if flipped
        else (left.values[many_rows], right.values[one_rows])
    )
    present = many.present[many_rows] & one.present[one_rows]
    named = operator in COMPARISONS
    if operator in ARITHMETIC:
        values = ARITHMETIC[operator](first, second)
    else:
        kept = COMPARISONS[operator](first, second)
        values = kept.astype(np.float64) if as_bool else first
        present = present if as_bool else present & kept
    labels = [matching.result(many.labels[row], one.labels[partner], named=named) for row, partner in pairs]
    if as_bool:
        labels = [unnamed(one_label_set) for one_label_set in labels]
    _refuse_double([keys[row] for row, _ in pairs], labels, present, matching)
    return Vector(labels, values, present)


def _refuse_many(one: Vector, by_key: dict[Labels, list[int]], both: Bools, matching: Matching) -> None:
    """The side that is one has no two series for one key."""
    clashes: list[tuple[int, int, int, Labels]] = []
    for key, rows in by_key.items():
        if len(rows) == 1:
            continue
        twice = both & (one.present[rows].sum(axis=0) > 1)
        if twice.any():
            column = int(twice.argmax())
            earlier, later = np.array(rows)[one.present[rows, column]][:2]
            clashes.append((column, int(later), int(earlier), key))
    if clashes:
        _, later, earlier, key = min(clashes)
        side = "left" if matching.card == "one-to-many" else "right"
        raise execution(
            f"found duplicate series for the match group {shown(key)} on the {side} hand-side of the operation: "
            f"[{shown(one.labels[later])}, {shown(one.labels[earlier])}]"
            ";many-to-many matching not allowed: matching labels must be unique on one side"
        )


def _refuse_double(keys: list[Labels], labels: list[Labels], present: Bools, matching: Matching) -> None:
    """No two results for what is said to match once."""
    if matching.card == "one-to-one":
        found, failure = (
            keys,
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        )
    else:
        found = [(*key, ("", ""), *result) for key, result in zip(keys, labels, strict=True)]
        failure = "multiple matches for labels: grouping labels must ensure unique matches"
    for rows in grouped(found).values():
        if len(rows) > 1 and (present[rows].sum(axis=0) > 1).any():
            raise execution(failure)
