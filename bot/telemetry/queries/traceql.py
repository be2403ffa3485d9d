"""Builds TraceQL from names, and reads it: values are always quoted, and what selects everything is not built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from bot.config import shown
from bot.errors import InvalidInput
from bot.telemetry.queries.traceql_parser import LONGEST, NotTraceQL, parse
from bot.telemetry.queries.traceql_parts import (
    INTRINSICS,
    NANOSECONDS,
    SCOPES,
    Comparison,
    Field,
    Filter,
    Logical,
    Query,
    Value,
    mismatch,
)

__all__ = ["NotTraceQL", "Query", "field_of", "parse", "traces", "value_of"]

MAX_VALUE: Final = 2_000


def value_of(value: str | float | bool) -> Value:  # noqa: FBT001  it is data
    """What Python says, as TraceQL says it."""
    match value:
        case bool():
            return Value("bool", value)
        case str():
            if len(value) > MAX_VALUE:
                raise InvalidInput(f"{shown(value)} has {len(value):,} characters.", mend="Shorten it.")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise InvalidInput(f"{shown(value)} is not Unicode text.", mend="Write it anew.") from None
            return Value("string", value)
        case int() if -LONGEST <= value < LONGEST:
            return Value("int", value)
        case float() if math.isfinite(value):
            return Value("float", value)
    raise InvalidInput(f"{shown(value)} is not a number that TraceQL knows.", mend="Give a finite number.")


def field_of(text: str) -> Field:
    """`resource.x` and `span.x` as written, an intrinsic as such, and any other name wherever it is found."""
    if text in INTRINSICS:
        return Field("intrinsic", text)
    scope, dot, name = text.partition(".")
    if not dot or scope not in {"", *SCOPES}:
        scope, name = "", text
    if not name or not name.isprintable() or len(name) > MAX_VALUE:
        raise InvalidInput(f"{shown(text)} is not the name of an attribute.", mend="Write it as `span.http.route`.")
    return Field(scope, name)


def traces(
    *,
    service: str = "",
    environment: str = "",
    name: str = "",
    slower_than: float | None = None,
    failed: bool = False,
    attributes: Mapping[str, str | int | float | bool] | None = None,
    service_field: str = "resource.service.name",
    environment_field: str = "resource.deployment.environment",
) -> Query:
    """The traces with a span that is all of this at once; at least one condition must be given."""
    named = ((service_field, service), (environment_field, environment), ("name", name))
    pairs = [*(pair for pair in named if pair[1]), *(attributes or {}).items()]
    conditions = [Comparison(field_of(key), "=", value_of(value)) for key, value in pairs]
    if failed:
        conditions.append(Comparison(Field("intrinsic", "status"), "=", Value("status", "error")))
    if slower_than is not None:
        conditions.append(Comparison(Field("intrinsic", "duration"), ">", _duration(slower_than)))
    for condition in conditions:
        if why := mismatch(condition):
            raise InvalidInput(f"{shown(condition)} cannot be asked: {why}.", mend="Give a value of that type.")
    if not conditions:
        raise InvalidInput("This would select every trace there is.", mend="Name a service, or another condition.")
    return Query(Filter(conditions[0] if len(conditions) == 1 else Logical("&&", tuple(conditions))))


def _duration(seconds: float) -> Value:
    if not 0 <= seconds < LONGEST / NANOSECONDS:
        raise InvalidInput(f"{shown(seconds)} is not a duration in seconds.", mend="Give a number such as 0.5.")
    return Value("duration", round(seconds * NANOSECONDS))
