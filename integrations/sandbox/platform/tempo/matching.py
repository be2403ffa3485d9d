"""Evaluates TraceQL over columns of spans: sets of spans are masks, relations follow the parents' places."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

import numpy as np

from bot.errors import InvalidInput
from bot.telemetry.queries.traceql_parts import (
    NUMBERS,
    Aggregate,
    By,
    Coalesce,
    Combined,
    Comparing,
    Comparison,
    Condition,
    Field,
    Filter,
    Kind,
    Logical,
    Not,
    Query,
    Select,
    Spanset,
    Stage,
    Value,
)
from integrations.sandbox.platform.tempo.setting import Flags
from integrations.sandbox.platform.tempo.spans import Column, Numbers, Spans
from integrations.sandbox.platform.world.shapes import Floats, Minutes

ORDERS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_PARTS: Final = {"min": np.minimum, "max": np.maximum}


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What was computed of every group: a number, or one of a few values by its place."""

    name: str
    numbers: Floats | Minutes
    kind: Kind
    values: tuple[Value, ...] = ()

    def at(self, group: int) -> Value:
        number = self.numbers[group]
        if self.values:
            return self.values[int(number)]
        return Value(self.kind, float(number) if self.kind == "float" else int(number))


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The spans that are left, in groups: those of one trace, or of one trace and one value of a field."""

    spans: Minutes
    """Their places, in the order of their groups."""
    groups: Minutes
    """For each span its group, counted from 0."""
    said: tuple[Said, ...] = ()
    shown: tuple[Field, ...] = ()
    """Fields that each span is to be shown with."""


def matches(spans: Spans, query: Query) -> Matches:
    """What a query selects; the fields that it speaks of are shown with each span."""
    found = np.flatnonzero(_mask(spans, query.spans))
    fields = [field for field in _fields(query.spans) if field.name not in {"duration", "span:duration"}]
    state = Matches(*_regrouped(found, spans.trace[found]), shown=tuple(fields))
    for stage in query.stages:
        state = _staged(spans, state, stage)
    return replace(state, shown=tuple(dict.fromkeys(state.shown)))


def possible(spans: Spanset, environment: str) -> bool:
    """Whether a trace of this environment can be meant at all: all spans of a trace are of one."""
    match spans:
        case Filter(condition):
            return condition is None or _allows(condition, environment)
        case Combined("||", parts):
            return any(possible(part, environment) for part in parts)
        case Combined(_, parts):
            return all(possible(part, environment) for part in parts)
    return True


def _allows(condition: Condition, environment: str) -> bool:
    match condition:
        case Logical("&&", parts):
            return all(_allows(part, environment) for part in parts)
        case Comparison(Field("resource" | "", "deployment.environment"), compare, Value() as value):
            return _holds(Value("string", environment), compare, value)
    return True


# ---------------------------------------------------------------- conditions


def _condition(spans: Spans, condition: Condition) -> Flags:
    match condition:
        case Logical(how, parts):
            masks = [_condition(spans, part) for part in parts]
            return reduce(np.logical_and if how == "&&" else np.logical_or, masks)
        case Not(inner):
            return ~_condition(spans, inner)
        case Comparison(field, compare, Field() as other):
            return _beside(spans, spans.column(field), compare, spans.column(other))
        case Comparison(field, compare, value):
            assert isinstance(value, Value)
            return _compared(spans, spans.column(field), compare, value)


def _compared(spans: Spans, column: Column | None, compare: Comparing, value: Value) -> Flags:
    """A span without the field is as nil; it is neither equal nor unequal to anything else."""
    none = np.zeros(len(spans), dtype=np.bool_)
    if value.kind == "nil":
        there = none if column is None else column.there if isinstance(column, Numbers) else column.codes >= 0
        return there if compare == "!=" else ~there
    if column is None:
        return none
    if isinstance(column, Numbers):
        if value.kind not in NUMBERS or compare in {"=~", "!~"}:
            return none
        held: Flags = ORDERS[compare](column.values, value.value) & column.there
        return held
    truth: Flags = np.array([*(_holds(mine, compare, value) for mine in column.values), False], dtype=np.bool_)
    return truth[column.codes]


def _holds(mine: Value, compare: Comparing, other: Value) -> bool:
    if mine.kind != other.kind and not {mine.kind, other.kind} <= NUMBERS:
        return False
    if compare in {"=~", "!~"}:
        found = mine.kind == "string" and _regex(str(other.value)).fullmatch(str(mine.value)) is not None
        return mine.kind == "string" and found == (compare == "=~")
    return bool(ORDERS[compare](mine.value, other.value))


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInput(f"error parsing regexp: {error}: `{pattern}`") from error


def _beside(spans: Spans, left: Column | None, compare: Comparing, right: Column | None) -> Flags:
    none = np.zeros(len(spans), dtype=np.bool_)
    if left is None or right is None:
        return none
    if isinstance(left, Numbers) and isinstance(right, Numbers):
        if compare in {"=~", "!~"}:
            return none
        held: Flags = ORDERS[compare](left.values, right.values) & left.there & right.there
        return held
    if isinstance(left, Numbers) or isinstance(right, Numbers):
        return none
    table: Flags = np.zeros((len(left.values) + 1, len(right.values) + 1), dtype=np.bool_)
    pairs = np.unique(np.stack([left.codes, right.codes]), axis=1)
    for one, other in pairs.T:
        if one >= 0 and other >= 0:
            table[one, other] = _holds(left.values[one], compare, right.values[other])
    return table[left.codes, right.codes]


# ---------------------------------------------------------------- sets of spans


def _mask(spans: Spans, wanted: Spanset) -> Flags:
    match wanted:
        case Filter(None):
            return np.ones(len(spans), dtype=np.bool_)
        case Filter(condition):
            assert condition is not None
            return _condition(spans, condition)
        case Combined(how, parts):
            masks = [_mask(spans, part) for part in parts]
            return reduce(lambda left, right: _related(spans, left, how, right), masks)


def _related(spans: Spans, left: Flags, how: str, right: Flags) -> Flags:
    """Of two sets of spans: both where a trace has both, either, or of the right one what is so related to the left."""
    inner: Flags = spans.parent >= 0
    related: Flags
    match how:
        case "||":
            return left | right
        case "&&":
            both: Flags = _in_trace(spans, left) & _in_trace(spans, right)
            related, right = both[spans.trace], left | right
        case ">":
            related = inner & left[spans.parent]
        case "<":
            related = _marked(spans, spans.parent[left & inner])
        case ">>":
            related = _below(spans, left)
        case "<<":
            related = _above(spans, left)
        case _:
            alike = np.bincount(spans.parent[left & inner], minlength=len(spans))
            related = inner & (alike[spans.parent] - left > 0)
    return right & related


def _marked(spans: Spans, places: Minutes) -> Flags:
    mask = np.zeros(len(spans), dtype=np.bool_)
    mask[places] = True
    return mask


def _in_trace(spans: Spans, mask: Flags) -> Flags:
    traces = np.zeros(spans.roots, dtype=np.bool_)
    traces[spans.trace[mask]] = True
    return traces


def _below(spans: Spans, mask: Flags) -> Flags:
    """Whatever has an ancestor in the set; as many rounds as a trace is deep."""
    inner, below = spans.parent >= 0, np.zeros(len(spans), dtype=np.bool_)
    while True:
        further = inner & (mask | below)[spans.parent]
        if (further == below).all():
            return below
        below = further


def _above(spans: Spans, mask: Flags) -> Flags:
    above = np.zeros(len(spans), dtype=np.bool_)
    while True:
        parents = spans.parent[mask | above]
        further = _marked(spans, parents[parents >= 0])
        if (further == above).all():
            return above
        above = further


# ---------------------------------------------------------------- stages


def _regrouped(found: Minutes, keys: Minutes) -> tuple[Minutes, Minutes]:
    order = np.argsort(keys, kind="stable")
    groups = np.unique(keys[order], return_inverse=True)[1]
    return found[order], groups.astype(np.int64)


def _count(state: Matches) -> int:
    return int(state.groups[-1]) + 1 if len(state.groups) else 0


def _staged(spans: Spans, state: Matches, stage: Stage) -> Matches:
    match stage:
        case Filter() | Combined():
            keep = _mask(spans, stage)[state.spans]
            return replace(_kept(state, keep), shown=(*state.shown, *_fields(stage)))
        case Select(fields):
            return replace(state, shown=(*state.shown, *fields))
        case Coalesce():
            found, groups = _regrouped(state.spans, spans.trace[state.spans])
            return replace(state, spans=found, groups=groups, said=())
        case By(field):
            return _split(spans, state, field)
        case Aggregate():
            return _measured(spans, state, stage)


def _kept(state: Matches, keep: Flags) -> Matches:
    spans, groups = state.spans[keep], state.groups[keep]
    left, renumbered = np.unique(groups, return_inverse=True)
    return replace(state, spans=spans, groups=renumbered.astype(np.int64), said=_chosen(state.said, left))


def _chosen(said: tuple[Said, ...], groups: Minutes) -> tuple[Said, ...]:
    return tuple(replace(one, numbers=one.numbers[groups]) for one in said)


def _split(spans: Spans, state: Matches, field: Field) -> Matches:
    column, nil = spans.column(field), Value("nil", None)
    if isinstance(column, Numbers):
        numbers = np.where(column.there, column.values, 0)[state.spans]
        values: tuple[Value, ...] = ()
    elif column is not None:
        numbers, values = column.codes[state.spans] % (len(column.values) + 1), (*column.values, nil)
    else:
        numbers, values = np.zeros(len(state.spans), dtype=np.int64), (nil,)
    codes = np.unique(numbers, return_inverse=True)[1]
    found, groups = _regrouped(np.arange(len(state.spans)), state.groups * (len(codes) + 1) + codes)
    firsts = found[np.unique(groups, return_index=True)[1]]
    said = Said(f"by({field})", numbers[firsts], column.kind if isinstance(column, Numbers) else "nil", values)
    before = _chosen(state.said, state.groups[firsts])
    return Matches(state.spans[found], groups, (*before, said), (*state.shown, field))


def _measured(spans: Spans, state: Matches, stage: Aggregate) -> Matches:
    values, there = _numbers(spans, state, stage.field)
    count = _count(state)
    groups, values = state.groups[there], values[there]
    numbers = np.bincount(groups, minlength=count)
    if stage.function in _PARTS:
        result = np.full(count, np.inf if stage.function == "min" else -np.inf)
        _PARTS[stage.function].at(result, groups, values)
    else:
        result = np.bincount(groups, values, minlength=count)
        result = numbers.astype(np.float64) if stage.function == "count" else result
        result = result / np.maximum(numbers, 1) if stage.function == "avg" else result
    held = ORDERS[stage.operator](result, stage.value.value) & ((numbers > 0) | (stage.function == "count"))
    kind: Kind = "int" if stage.function == "count" else "duration" if _lasting(stage.field) else "float"
    said = Said(f"{stage.function}({stage.field or ''})", np.nan_to_num(result), kind)
    return _kept(replace(state, said=(*state.said, said)), held[state.groups])


def _lasting(field: Field | None) -> bool:
    return field is not None and field.kind == "duration"


def _numbers(spans: Spans, state: Matches, field: Field | None) -> tuple[Floats, Flags]:
    column = spans.column(field) if field else None
    if field is None:
        return np.ones(len(state.spans)), np.ones(len(state.spans), dtype=np.bool_)
    if isinstance(column, Numbers):
        return column.values[state.spans].astype(np.float64), column.there[state.spans]
    if column is None:
        return np.zeros(len(state.spans)), np.zeros(len(state.spans), dtype=np.bool_)
    known = [float(it.value) if it.kind in NUMBERS else np.nan for it in column.values]  # type: ignore[arg-type]
    values = np.array([*known, np.nan])[column.codes[state.spans]]
    return values, ~np.isnan(values)


def _fields(wanted: Spanset) -> list[Field]:
    match wanted:
        case Filter(None):
            return []
        case Filter(condition):
            assert condition is not None
            return _asked(condition)
        case Combined(_, parts):
            return [field for part in parts for field in _fields(part)]


def _asked(condition: Condition) -> list[Field]:
    match condition:
        case Logical(_, parts):
            return [field for part in parts for field in _asked(part)]
        case Not(inner):
            return _asked(inner)
        case Comparison(field, _, other):
            return [field, *([other] if isinstance(other, Field) else [])]
