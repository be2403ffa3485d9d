"""Evaluates metric queries: aggregations and arithmetic over what was counted, at all steps at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from bot.telemetry.queries.logql import Aggregate, Binary, Grouping, Metric, Number, Over
from integrations.sandbox.platform.loki.errors import BadQuery
from integrations.sandbox.platform.loki.samples import Floats, Key, Line, Steps, Truths, key, over, shown
from integrations.sandbox.platform.loki.store import Store

_TOGETHER: Final = Grouping("by")
_COMPARES: Final = frozenset({"==", "!=", ">", ">=", "<", "<="})


def evaluate(metric: Metric, store: Store, steps: Steps) -> list[Line] | float:
    """Series in the order of their labels; a number where the query is one. Steps are milliseconds, rising."""
    with np.errstate(all="ignore"):
        return _evaluate(metric, store, steps)


def _evaluate(metric: Metric, store: Store, steps: Steps) -> list[Line] | float:
    match metric:
        case Number():
            return metric.value
        case Over():
            return over(metric, store, steps)
        case Aggregate():
            return _aggregate(metric, store, steps)
        case Binary():
            return _binary(metric, _evaluate(metric.left, store, steps), _evaluate(metric.right, store, steps))


def _aggregate(metric: Aggregate, store: Store, steps: Steps) -> list[Line]:
    grouping = metric.grouping or _TOGETHER
    if metric.op == "sum" and isinstance(metric.of, Over):
        inner: list[Line] | float = over(metric.of, store, steps, grouping)
    else:
        inner = _evaluate(metric.of, store, steps)
    if isinstance(inner, float):
        raise BadQuery(f"parse error : unexpected type for aggregation {metric.op}: a number is no vector")
    groups: dict[Key, list[Line]] = {}
    for line in inner:
        groups.setdefault(key(dict(line.labels), grouping), []).append(line)
    if metric.parameter is not None:
        return [kept for _, lines in sorted(groups.items()) for kept in _ranked(metric, lines)]
    return [_joined(metric.op, labels, lines) for labels, lines in sorted(groups.items())]


def _stacked(lines: list[Line]) -> tuple[Floats, Truths]:
    return np.array([line.values for line in lines]), np.array([line.there for line in lines])


def _joined(op: str, labels: Key, lines: list[Line]) -> Line:
    values, there = _stacked(lines)
    many = np.asarray(there.sum(axis=0))
    some = many > 0
    mean = np.divide(np.where(there, values, 0.0).sum(axis=0), many, where=some, out=np.zeros(len(some)))
    match op:
        case "sum":
            out = np.where(there, values, 0.0).sum(axis=0)
        case "count":
            out = many.astype(np.float64)
        case "avg":
            out = mean
        case "min":
            out = np.where(there, values, np.inf).min(axis=0)
        case "max":
            out = np.where(there, values, -np.inf).max(axis=0)
        case _:
            squares = np.where(there, (values - mean) ** 2, 0.0).sum(axis=0)
            out = np.divide(squares, many, where=some, out=np.zeros(len(some)))
            out = np.sqrt(out) if op == "stddev" else out
    return Line(labels, out, some)


def _ranked(metric: Aggregate, lines: list[Line]) -> list[Line]:
    values, there = _stacked(lines)
    sign = -1.0 if metric.op == "topk" else 1.0
    order = np.argsort(np.where(there, sign * values, np.inf), axis=0, kind="stable")
    places = np.argsort(order, axis=0, kind="stable")
    kept = there & (places < (metric.parameter or 1))
    best = sorted(range(len(lines)), key=lambda at: (sign * values[at][kept[at]].sum(), lines[at].labels))
    return [Line(lines[at].labels, values[at], kept[at]) for at in best if kept[at].any()]


# arithmetic

_ARITHMETIC: Final[Mapping[str, Callable[[Floats, Floats], Floats]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "==": lambda left, right: (left == right).astype(np.float64),
    "!=": lambda left, right: (left != right).astype(np.float64),
    ">": lambda left, right: (left > right).astype(np.float64),
    ">=": lambda left, right: (left >= right).astype(np.float64),
    "<": lambda left, right: (left < right).astype(np.float64),
    "<=": lambda left, right: (left <= right).astype(np.float64),
}


def _binary(metric: Binary, left: list[Line] | float, right: list[Line] | float) -> list[Line] | float:
    compute = _ARITHMETIC[metric.op]
    if isinstance(left, float) and isinstance(right, float):
        return float(compute(np.array([left]), np.array([right]))[0])
    if isinstance(left, float) and isinstance(right, list):
        return [_one(metric, line, compute(np.full_like(line.values, left), line.values)) for line in right]
    if isinstance(right, float) and isinstance(left, list):
        return [_one(metric, line, compute(line.values, np.full_like(line.values, right))) for line in left]
    return _matched(metric, left, right) if isinstance(left, list) and isinstance(right, list) else []


def _one(metric: Binary, line: Line, out: Floats) -> Line:
    if metric.op in _COMPARES and not metric.truth:
        return Line(line.labels, line.values, line.there & (out != 0.0))
    return Line(line.labels, out, line.there)


def _matched(metric: Binary, left: list[Line], right: list[Line]) -> list[Line]:
    others: dict[Key, Line] = {}
    for line in right:
        if line.labels in others:
            raise BadQuery(f"found duplicate series for the match group {shown(line.labels)} on the right hand-side")
        others[line.labels] = line
    made = []
    for line in left:
        other = others.get(line.labels)
        if other is not None:
            both = Line(line.labels, line.values, line.there & other.there)
            made.append(_one(metric, both, _ARITHMETIC[metric.op](line.values, other.values)))
    return [line for line in made if line.there.any()]
