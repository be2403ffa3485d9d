"""The query language itself: walks a tree, every node at once for all series and all moments.

It follows Prometheus 2.42: a window [t - w, t] has both its ends, a sample stands for five minutes, and the words of
an error are Prometheus' own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeVar

import numpy as np
import promql_parser as promql

from integrations.sandbox.platform.prometheus.aggregation import Grouping, aggregated
from integrations.sandbox.platform.prometheus.failures import QueryRefused, execution
from integrations.sandbox.platform.prometheus.functions import FUNCTIONS
from integrations.sandbox.platform.prometheus.matching import (
    SETS,
    Card,
    Matching,
    of_scalars,
    of_sets,
    of_vectors,
    with_scalar,
)
from integrations.sandbox.platform.prometheus.over_time import OVER_TIME, Found, predict_linear, quantile_over_time
from integrations.sandbox.platform.prometheus.parsing import OF_WINDOWS, matchers, parsed
from integrations.sandbox.platform.prometheus.reading import NO_LIMITS, Limits, Query
from integrations.sandbox.platform.prometheus.storage import (
    NAME,
    Block,
    Floats,
    Labels,
    Milliseconds,
    RawSeries,
    Storage,
    labels_of,
)
from integrations.sandbox.platform.prometheus.vectors import (
    Bools,
    Value,
    Vector,
    distinct,
    merged,
    unnamed,
)
from integrations.sandbox.platform.prometheus.windows import (
    LOOKBACK_MS,
    Windows,
    blocks_of_vector,
    looked_up,
    windows_of,
)

MOST_POINTS: Final = 11_000
SUBQUERY_STEP_MS: Final = 60_000

_CARDS: Final[dict[str, Card]] = {"ManyToOne": "many-to-one", "OneToMany": "one-to-many"}
_MILLISECOND: Final = timedelta(milliseconds=1)
_VARYING: Final = frozenset({"predict_linear", "quantile_over_time"})
"""What has other arguments than its window that differ from moment to moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: a vector and a scalar hold series of one sample each, a string only its text."""

    kind: Literal["matrix", "vector", "scalar", "string"]
    series: Sequence[RawSeries]
    text: str = ""


T = TypeVar("T")


def evaluate(
    expression: str, storage: Storage, start_ms: int, end_ms: int, step_ms: int, limits: Limits = NO_LIMITS
) -> Answer:
    """At every step of a range; series are sorted by their labels."""
    if (end_ms - start_ms) // step_ms > MOST_POINTS:
        raise QueryRefused(
            "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)",
        )
    tree = parsed(expression)
    inner = _unwrapped(tree)
    if isinstance(inner, promql.MatrixSelector | promql.SubqueryExpr | promql.StringLiteral):
        kind = "string" if isinstance(inner, promql.StringLiteral) else "range vector"
        raise QueryRefused(
            "bad_data", f'invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
        )
    moments = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    value = _value(Query(storage, start_ms, end_ms, limits), tree, moments)
    if isinstance(value, str):
        raise QueryRefused("bad_data", 'invalid expression type "string" for range query')
    if not isinstance(value, Vector):
        value = Vector([()], value[None, :], np.ones((1, len(moments)), np.bool_))
    return Answer("matrix", _series(value.filled(), moments))


def instant(expression: str, storage: Storage, at_ms: int, limits: Limits = NO_LIMITS) -> Answer:
    """At one moment; series are in the order in which the expression gave them."""
    tree = parsed(expression)
    moments = np.array([at_ms], np.int64)
    query = Query(storage, at_ms, at_ms, limits)
    inner = _unwrapped(tree)
    if isinstance(inner, promql.MatrixSelector | promql.SubqueryExpr):
        return Answer("matrix", _guarded(lambda: _window_series(_Evaluation(query, moments).windows(inner))))
    value = _value(query, tree, moments)
    if isinstance(value, str):
        return Answer("string", (), value)
    if not isinstance(value, Vector):
        return Answer("scalar", [RawSeries({}, moments, value)])
    rows = [row for row in range(len(value.labels)) if value.present[row, 0]]
    return Answer("vector", [RawSeries(dict(value.labels[row]), moments, value.values[row]) for row in rows])


def _value(query: Query, tree: promql.Expr, moments: Milliseconds) -> Value:
    return _guarded(lambda: _Evaluation(query, moments).of(tree))


def _guarded(work: Callable[[], T]) -> T:
    try:
        with np.errstate(all="ignore"):
            return work()
    except RecursionError as error:
        raise execution("the expression is nested too deeply") from error


def _series(vector: Vector, moments: Milliseconds) -> list[RawSeries]:
    found = []
    for row in _by_labels(vector.labels):
        values, present = vector.values[row], vector.present[row]
        if present.all():  # most do: their times are one array
            found.append(RawSeries(dict(vector.labels[row]), moments, values))
        else:
            found.append(RawSeries(dict(vector.labels[row]), moments[present], values[present]))
    return found


def _window_series(windows: Iterable[Windows]) -> list[RawSeries]:
    found: list[tuple[Labels, RawSeries]] = []
    for each in windows:
        inside = slice(int(each.low[0]), int(each.high[0]))
        if each.count[0]:
            for labels, values in zip(each.block.labels, each.values[:, inside], strict=True):
                found.append((labels, RawSeries(dict(labels), each.block.times[inside], values)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _by_labels(labels: Sequence[Labels]) -> list[int]:
    return sorted(range(len(labels)), key=labels.__getitem__)


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Nodes at certain moments."""

    query: Query
    moments: Milliseconds

    def of(self, node: promql.Expr) -> Value:
        self.query.room(0)
        match node:
            case promql.ParenExpr():
                return self.of(node.expr)
            case promql.NumberLiteral():
                return np.full(len(self.moments), node.val)
            case promql.StringLiteral():
                return node.val
            case promql.UnaryExpr():
                return self._negative(self.of(node.expr))
            case promql.VectorSelector():
                return self._selected(node)
            case promql.AggregateExpr():
                return self._aggregated(node)
            case promql.BinaryExpr():
                return self._combined(node)
            case promql.Call():
                return self._called(node)
        raise execution(f"a {type(node).__name__} has no value of its own: {node.prettify()[:200]}")

    def vector(self, node: promql.Expr) -> Vector:
        value = self.of(node)
        assert isinstance(value, Vector)
        return value

    def scalar(self, node: promql.Expr) -> Floats:
        value = self.of(node)
        assert isinstance(value, np.ndarray)
        return value

    # ------------------------------------------------------------ reading

    def _ends(self, node: promql.VectorSelector | promql.SubqueryExpr) -> Milliseconds:
        """Where each moment looks, after @ and offset; one column only, if it is the same for all."""
        offset = _milliseconds(node.offset) if node.offset else 0
        if node.at is None:
            return self.moments - offset
        kind = str(node.at.type).rpartition(".")[2]
        if kind == "At":
            assert node.at.at is not None
            at = round(node.at.at.timestamp() * 1000)
        else:
            at = self.query.start_ms if kind == "Start" else self.query.end_ms
        return np.array([at - offset], np.int64)

    def _looked_up(self, node: promql.VectorSelector, of: Callable[[Block, Milliseconds], Found]) -> Vector:
        """What is made of the sample of each series that stands for each moment."""
        ends = self._ends(node)
        blocks = self.query.blocks(matchers(node), int(ends[0]) - LOOKBACK_MS, int(ends[-1]))
        return self._joined((block.labels, of(block, ends)) for block in blocks)

    def _selected(self, node: promql.VectorSelector) -> Vector:
        def values(block: Block, ends: Milliseconds) -> Found:
            found, _, present = looked_up(block, ends)
            return found, present

        return self._looked_up(node, values)

    def _joined(self, parts: Iterable[tuple[Sequence[Labels], Found]]) -> Vector:
        """By the order of their labels; without the series that have no value at any moment."""
        labels: list[Labels] = []
        values, present = [], []
        for names, (found, there) in parts:
            self._rows(len(labels) + len(names))
            kept = np.broadcast_to(there, found.shape)
            if kept.any():
                labels += names
                values.append(found)
                present.append(kept)
        if not labels:
            return Vector.empty(len(self.moments))
        order = _by_labels(labels)
        vector = Vector([labels[row] for row in order], np.concatenate(values)[order], np.concatenate(present)[order])
        return self._spread(vector).filled()

    def _spread(self, vector: Vector) -> Vector:
        """What is the same at all moments, at each of them."""
        steps = len(self.moments)
        if vector.values.shape[1] == steps:
            return vector
        return Vector(vector.labels, np.repeat(vector.values, steps, 1), np.repeat(vector.present, steps, 1))

    def windows(self, node: promql.Expr, *, each: bool = False) -> Iterator[Windows]:
        """`each`: for every moment, also where the window is the same for all."""
        match node:
            case promql.ParenExpr():
                yield from self.windows(node.expr, each=each)
                return
            case promql.MatrixSelector():
                ends, width = self._ends(node.vector_selector), _milliseconds(node.range)
                blocks = self.query.blocks(matchers(node.vector_selector), int(ends[0]) - width, int(ends[-1]))
            case promql.SubqueryExpr():
                assert node.range is not None
                ends, width = self._ends(node), _milliseconds(node.range)
                blocks = self._resampled(node, int(ends[0]) - width, int(ends[-1]))
            case _:
                raise execution(f"no range of samples: {node.prettify()[:200]}")
        ends = np.repeat(ends, len(self.moments)) if each and len(ends) == 1 else ends
        for block in blocks:
            self._rows(len(block.labels))
            yield from windows_of(block, ends, width)

    def _resampled(self, node: promql.SubqueryExpr, start_ms: int, end_ms: int) -> Iterator[Block]:
        """The inner expression at multiples of the step, whatever the outer query begins with."""
        step = _milliseconds(node.step) if node.step else SUBQUERY_STEP_MS
        first = -(-start_ms // step) * step
        self.query.room((end_ms - first) // step + 1)
        moments = np.arange(first, end_ms + 1, step, dtype=np.int64)
        if not len(moments):
            return iter(())
        return blocks_of_vector(_Evaluation(self.query, moments).vector(node.expr), moments)

    # ------------------------------------------------------------ computing

    def _negative(self, value: Value) -> Value:
        if isinstance(value, Vector):
            return distinct(Vector(value.labels, -value.values, value.present).relabelled(unnamed))
        assert isinstance(value, np.ndarray)
        return -value

    def _aggregated(self, node: promql.AggregateExpr) -> Vector:
        modifier = node.modifier
        excluded = modifier is not None and str(modifier.type).endswith("Without")
        grouping = Grouping(tuple(modifier.labels) if modifier else (), excluded)
        parameter = None if node.param is None else self.of(node.param)
        assert not isinstance(parameter, Vector)
        return aggregated(str(node.op), self.vector(node.expr), grouping, parameter)

    def _combined(self, node: promql.BinaryExpr) -> Value:
        operator, matching, as_bool = (
            str(node.op),
            _matching(node.modifier),
            bool(node.modifier and node.modifier.return_bool),
        )
        left, right = self.of(node.lhs), self.of(node.rhs)
        if isinstance(left, Vector) and isinstance(right, Vector):
            if operator in SETS:
                return merged(of_sets(operator, left, right, matching))
            return merged(of_vectors(operator, left, right, matching, as_bool=as_bool, room=self._rows))
        if isinstance(left, Vector):
            assert isinstance(right, np.ndarray)
            return merged(with_scalar(operator, left, right, scalar_first=False, as_bool=as_bool))
        assert isinstance(left, np.ndarray)
        if isinstance(right, Vector):
            return merged(with_scalar(operator, right, left, scalar_first=True, as_bool=as_bool))
        assert isinstance(right, np.ndarray)
        return of_scalars(operator, left, right)

    def _rows(self, rows: int) -> None:
        self.query.room(rows * len(self.moments))

    def _called(self, node: promql.Call) -> Value:
        name = node.func.name
        if name in OF_WINDOWS:
            return self._over_time(name, node.args)
        if name == "absent":
            return self._absent(node.args[0], self.vector(node.args[0]).present)
        if name == "timestamp":
            return merged(self._timestamp(node.args[0]))
        value = FUNCTIONS[name]([self.of(argument) for argument in node.args], self.moments)
        return merged(value) if isinstance(value, Vector) else value

    def _over_time(self, name: str, arguments: Sequence[promql.Expr]) -> Vector:
        source = arguments[1] if name == "quantile_over_time" else arguments[0]
        if name == "absent_over_time":
            present = np.zeros((1, len(self.moments)), np.bool_)
            for windows in self.windows(source):
                present |= windows.count > 0
            return self._absent(source, present)
        of = OVER_TIME.get(name) or self._varying(name, arguments)
        parts = ((windows.block.labels, of(windows)) for windows in self.windows(source, each=name in _VARYING))
        vector = self._joined(parts)
        return vector if name == "last_over_time" else distinct(vector.relabelled(unnamed))

    def _varying(self, name: str, arguments: Sequence[promql.Expr]) -> Callable[[Windows], Found]:
        if name == "quantile_over_time":
            share = self.scalar(arguments[0])
            return lambda windows: quantile_over_time(windows, share)
        seconds, moments = self.scalar(arguments[1]), self.moments.astype(np.float64)
        return lambda windows: predict_linear(windows, moments, seconds)

    def _timestamp(self, node: promql.Expr) -> Vector:
        inner = _unwrapped(node)
        if isinstance(inner, promql.VectorSelector):

            def seconds(block: Block, ends: Milliseconds) -> Found:
                found, times, present = looked_up(block, ends)
                return np.broadcast_to(times / 1000, found.shape), present

            return self._looked_up(inner, seconds).relabelled(unnamed)
        vector = self.vector(inner)
        vector = Vector(vector.labels, np.broadcast_to(self.moments / 1000, vector.values.shape), vector.present)
        return vector.relabelled(unnamed)

    def _absent(self, node: promql.Expr, present: Bools) -> Vector:
        """1 where nothing is, with the labels that the selector would have had for certain."""
        nothing: Bools = np.logical_not(present.any(axis=0, keepdims=True))
        return Vector([_expected(_unwrapped(node))], np.ones(nothing.shape), nothing)


def _expected(node: promql.Expr) -> Labels:
    inner = node.vector_selector if isinstance(node, promql.MatrixSelector) else node
    if not isinstance(inner, promql.VectorSelector):
        return ()
    equal: dict[str, str] = {}
    seen: set[str] = set()
    for one in matchers(inner):
        if one.name == NAME:
            continue
        if one.op == "=" and one.name not in seen:
            equal[one.name] = one.value
            seen.add(one.name)
        else:
            equal.pop(one.name, None)
    return labels_of(equal)


def _matching(modifier: promql.BinModifier | None) -> Matching:
    if modifier is None:
        return Matching()
    card = _CARDS.get(str(modifier.card).rpartition(".")[2], "one-to-one")
    on = modifier.matching is not None and str(modifier.matching.type).endswith("Include")
    names = tuple(modifier.matching.labels) if modifier.matching else ()
    return Matching(card, on, names, tuple(modifier.group_labels or ()))


def _unwrapped(node: promql.Expr) -> promql.Expr:
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    return node


def _milliseconds(span: timedelta) -> int:
    return span // _MILLISECOND
