"""What the language computes of each value for itself, of moments, and of labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from integrations.sandbox.platform.prometheus.failures import execution
from integrations.sandbox.platform.prometheus.histograms import histogram_quantile
from integrations.sandbox.platform.prometheus.patterns import Pattern, UnreadablePattern
from integrations.sandbox.platform.prometheus.storage import Floats, Labels, Milliseconds, labels_of
from integrations.sandbox.platform.prometheus.vectors import Value, Vector, unnamed

LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REFERENCE: Final = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})")

T = TypeVar("T")
Days = NDArray[np.datetime64]
Function = Callable[[Sequence[Value], Milliseconds], Value]


def _a(kind: type[T], value: Value) -> T:
    """What the parser has checked already, said to the type checker."""
    assert isinstance(value, kind)
    return value


def _numbers(value: Value) -> Floats:
    assert isinstance(value, np.ndarray)
    return value


# ---------------------------------------------------------------- numbers


def largest(a: Floats, b: Floats) -> Floats:
    """Go's: infinity wins over NaN, NaN over numbers."""
    return np.where(np.isposinf(a) | np.isposinf(b), np.inf, np.maximum(a, b))


def smallest(a: Floats, b: Floats) -> Floats:
    return np.where(np.isneginf(a) | np.isneginf(b), -np.inf, np.minimum(a, b))


def _mapped(change: Callable[..., Floats]) -> Function:
    """Over the values of a vector, with scalars as further arguments; the name goes."""

    def function(values: Sequence[Value], _: Milliseconds) -> Vector:
        vector = _a(Vector, values[0])
        changed = change(vector.values, *values[1:])
        return Vector([unnamed(labels) for labels in vector.labels], changed, vector.present)

    return function


def _rounded(values: Floats, to: Floats | float = 1.0) -> Floats:
    inverse = 1.0 / np.asarray(to)
    return np.floor(values * inverse + 0.5) / inverse


def _clamp(values: Sequence[Value], _: Milliseconds) -> Vector:
    vector, low, high = _a(Vector, values[0]), _numbers(values[1]), _numbers(values[2])
    clamped = largest(low, smallest(high, vector.values))
    return Vector([unnamed(labels) for labels in vector.labels], clamped, vector.present & ~(high < low))


def _scalar(values: Sequence[Value], _: Milliseconds) -> Floats:
    vector = _a(Vector, values[0])
    only = np.where(vector.present, vector.values, 0.0).sum(axis=0)
    return np.where(vector.present.sum(axis=0) == 1, only, np.nan)


def _vector(values: Sequence[Value], _: Milliseconds) -> Vector:
    numbers = _numbers(values[0])[None, :]
    return Vector([()], numbers, np.ones(numbers.shape, np.bool_))


# ---------------------------------------------------------------- moments


def _time(_: Sequence[Value], moments: Milliseconds) -> Floats:
    return moments / 1000


def _of_days(change: Callable[[Days], Floats]) -> Callable[[Floats], Floats]:
    """Of whole days since 1970."""
    return lambda seconds: change((_whole(seconds) // 86_400).astype("datetime64[D]"))


def _whole(seconds: Floats) -> Milliseconds:
    bounded = np.clip(np.nan_to_num(seconds), -1e14, 1e14)
    return np.trunc(bounded).astype(np.int64)


def _since(days: Days, unit: str) -> Floats:
    """Days since the month or the year began."""
    return _count(days, "D") - _count(days.astype(f"datetime64[{unit}]"), "D")


def _count(dates: Days, unit: str) -> Floats:
    """How many days, months or years since 1970."""
    return dates.astype(f"datetime64[{unit}]").astype(np.int64).astype(np.float64)


def _days_in_month(days: Days) -> Floats:
    months = days.astype("datetime64[M]")
    following: Days = np.add(months, np.timedelta64(1, "M"))
    return _count(following, "D") - _count(months, "D")


_CALENDAR: Final[dict[str, Callable[[Floats], Floats]]] = {
    "minute": lambda seconds: (_whole(seconds) // 60 % 60).astype(np.float64),
    "hour": lambda seconds: (_whole(seconds) // 3_600 % 24).astype(np.float64),
    "day_of_week": lambda seconds: ((_whole(seconds) // 86_400 + 4) % 7).astype(np.float64),
    "day_of_month": _of_days(lambda days: _since(days, "M") + 1),
    "day_of_year": _of_days(lambda days: _since(days, "Y") + 1),
    "days_in_month": _of_days(_days_in_month),
    "month": _of_days(lambda days: _count(days, "M") % 12 + 1),
    "year": _of_days(lambda days: _count(days, "Y") + 1970),
}


def _calendar(change: Callable[[Floats], Floats]) -> Function:
    mapped = _mapped(change)
    return lambda values, moments: mapped(values or [_vector([moments / 1000], moments)], moments)


# ---------------------------------------------------------------- labels


def _label_replace(values: Sequence[Value], _: Milliseconds) -> Vector:
    vector, target, template, source, text = _a(Vector, values[0]), *(_a(str, value) for value in values[1:])
    try:
        pattern = Pattern(text)
    except UnreadablePattern as error:
        raise execution(f"invalid regular expression in label_replace(): {text}") from error
    if not LABEL_NAME.fullmatch(target):
        raise execution(f"invalid destination label name in label_replace(): {target}")

    def replaced(labels: Labels) -> Labels:
        groups = pattern.groups(dict(labels).get(source, ""))
        if groups is None:
            return labels
        found = groups
        made = _REFERENCE.sub(lambda ref: ref[1] or found.get(ref[2] or ref[3], ""), template)
        return labels_of({**dict(labels), target: made})

    return vector.relabelled(replaced)


def _label_join(values: Sequence[Value], _: Milliseconds) -> Vector:
    vector, target, separator, *sources = _a(Vector, values[0]), *(_a(str, value) for value in values[1:])
    for source in sources:
        if not LABEL_NAME.fullmatch(source):
            raise execution(f"invalid source label name in label_join(): {source}")
    if not LABEL_NAME.fullmatch(target):
        raise execution(f"invalid destination label name in label_join(): {target}")

    def joined(labels: Labels) -> Labels:
        known = dict(labels)
        return labels_of({**known, target: separator.join(known.get(source, "") for source in sources)})

    return vector.relabelled(joined)


def _sorted(sign: int) -> Function:
    def function(values: Sequence[Value], _: Milliseconds) -> Vector:
        """At one moment; over many the answer is sorted by labels anyway."""
        vector = _a(Vector, values[0])
        return (
            vector
            if vector.values.shape[1] != 1
            else vector.rows(np.argsort(sign * vector.values[:, 0], kind="stable"))
        )

    return function


def _histogram_quantile(values: Sequence[Value], _: Milliseconds) -> Vector:
    return histogram_quantile(_numbers(values[0]), _a(Vector, values[1]))


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": _mapped(np.abs),
    "ceil": _mapped(np.ceil),
    "clamp": _clamp,
    "clamp_max": _mapped(smallest),
    "clamp_min": _mapped(largest),
    "exp": _mapped(np.exp),
    "floor": _mapped(np.floor),
    "histogram_quantile": _histogram_quantile,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "ln": _mapped(np.log),
    "log10": _mapped(np.log10),
    "log2": _mapped(np.log2),
    "round": _mapped(_rounded),
    "scalar": _scalar,
    "sgn": _mapped(np.sign),
    "sort": _sorted(1),
    "sort_desc": _sorted(-1),
    "sqrt": _mapped(np.sqrt),
    "time": _time,
    "vector": _vector,
    **{name: _calendar(change) for name, change in _CALENDAR.items()},
}
