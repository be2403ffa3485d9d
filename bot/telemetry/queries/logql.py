"""LogQL that is built and not pasted: typed parts, strict reading, and the few questions that everybody asks of logs.

Levels are asked for without a parser: `| json` would mark lines that are no JSON as errors, and a filter after it would
drop the stack traces that were wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeVar

from bot.telemetry.queries.logql_filters import (
    BytesFilter,
    DurationFilter,
    Every,
    LabelFilter,
    Matcher,
    NumberFilter,
    Some,
)
from bot.telemetry.queries.logql_nodes import (
    Aggregate,
    Binary,
    BinaryOp,
    Extract,
    Grouping,
    LabelFormat,
    Labels,
    LineFilter,
    LineFormat,
    Logs,
    Metric,
    Number,
    Over,
    Parser,
    Query,
    Rename,
    Selector,
    Stage,
    Template,
    Unit,
    Unwrap,
    Where,
)
from bot.telemetry.queries.logql_parse import parse
from bot.telemetry.queries.logql_regex import BadRegex, compiled, escaped
from bot.telemetry.queries.logql_tokens import Malformed, meaningless, quoted, short

__all__ = [
    "Aggregate", "BadRegex", "Binary", "BinaryOp", "BytesFilter", "DurationFilter", "Every", "Extract", "Grouping",
    "LabelFilter", "LabelFormat", "Labels", "LineFilter", "LineFormat", "Logs", "Malformed", "Matcher", "Metric",
    "Number", "NumberFilter", "Over", "Parser", "Query", "Rename", "Selector", "Some", "Stage", "Template", "Unit",
    "Unwrap", "Where", "by", "compiled", "count", "escaped", "logs", "over", "parse", "quoted", "rate", "selector",
    "share", "sound", "top",
]  # fmt: skip

AnyQuery = TypeVar("AnyQuery", bound=Query)
LevelFrom = Literal["either", "label", "detected", "text"]
_SECOND: Final = 1_000_000_000
_WORDS: Final = {
    "trace": ("trace",),
    "debug": ("debug", "dbg"),
    "info": ("info", "information", "notice"),
    "warn": ("warn", "warning"),
    "error": ("error", "err", "fatal", "critical", "crit", "panic", "severe", "alert", "emerg"),
    "fatal": ("fatal", "critical", "crit", "panic", "emerg"),
}


def selector(matchers: Mapping[str, str | Sequence[str]] | Sequence[Matcher]) -> Selector:
    """Streams whose labels have these values (or one of several); values are never patterns."""
    if not isinstance(matchers, Mapping):
        return Selector(tuple(matchers))
    return Selector(tuple(_one_of(name, values) for name, values in matchers.items()))


def _one_of(name: str, values: str | Sequence[str]) -> Matcher:
    if isinstance(values, str):
        return Matcher(name, "=", values)
    if len(values) == 1:
        return Matcher(name, "=", values[0])
    return Matcher(name, "=~", "|".join(map(escaped, values)))


def logs(
    matchers: Mapping[str, str | Sequence[str]] | Sequence[Matcher],
    *,
    contains: str | Sequence[str] = (),
    lacks: str | Sequence[str] = (),
    pattern: str | None = None,
    level: str | None = None,
    level_from: LevelFrom = "either",
    level_label: str = "level",
    any_case: bool = True,
    fmt: Literal["json", "logfmt"] | None = None,
    where: Sequence[LabelFilter] = (),
) -> Logs:
    """Lines of these streams that contain every one of the texts and match the regex, at this level.

    `level_from` says how an installation knows levels: a label of the stream, what Loki detected, either of them, or
    only the text of the line. `where` looks at what `fmt` parses; without it a line that does not parse stays.
    """
    made = Logs(selector(matchers))
    if level is not None:
        made = _at(made, level, level_from, level_label)
    made = made.then(*(_text(text, any_case=any_case) for text in _several(contains)))
    made = made.then(*(_text(text, any_case=any_case, found=False) for text in _several(lacks)))
    if pattern is not None:
        made = made.then(LineFilter("|~", (f"(?i){pattern}" if any_case else pattern,)))
    if fmt is not None:
        made = made.then(Parser(fmt))
    if where:  # numeric filters let pass what did not parse
        made = made.then(*map(Where, where), Where(Matcher("__error__", "=", "")))
    elif fmt is not None:  # a count would fail over one line that did not parse, if its mark stayed
        made = made.then(Labels("drop", ("__error__", "__error_details__")))
    return sound(made)


def _several(texts: str | Sequence[str]) -> Sequence[str]:
    return [each for each in ([texts] if isinstance(texts, str) else texts) if each]


def _text(text: str, *, any_case: bool, found: bool = True) -> LineFilter:
    if any_case and text.lower() != text.upper():
        return LineFilter("|~" if found else "!~", (f"(?i){escaped(text)}",))
    return LineFilter("|=" if found else "!=", (text,))


def _at(made: Logs, level: str, level_from: LevelFrom, label: str) -> Logs:
    words = _WORDS.get(level.lower())
    if words is None:
        raise meaningless(f"“{short(level)}” is no level of a log.", f"Levels are {', '.join(_WORDS)}.")
    any_word = f"(?i)({'|'.join(words)})"
    match level_from:
        case "label":
            return Logs(Selector((*made.selector.matchers, Matcher(label, "=~", any_word))), made.stages)
        case "detected":
            return made.then(Where(Matcher("detected_level", "=~", any_word)))
        case "text":
            return made.then(LineFilter("|~", (rf"(?i)\b{any_word[4:]}\b",)))
        case "either":
            return made.then(Where(Some((Matcher(label, "=~", any_word), Matcher("detected_level", "=~", any_word)))))


def sound(query: AnyQuery) -> AnyQuery:
    """The query, once it was read again as a server would."""
    parse(str(query))
    return query


def over(
    op: str,
    query: Logs,
    window: float,
    *,
    unwrap: str = "",
    unit: Unit = "",
    quantile: float | None = None,
    offset: float = 0.0,
) -> Over:
    """Lines, or the numbers in one of their labels, over a window in seconds; numbers that are none are left out."""
    taken = Unwrap(unwrap, unit, (Matcher("__error__", "=", ""),)) if unwrap else None
    return Over(op, query, round(window * _SECOND), round(offset * _SECOND), taken, quantile)


def count(query: Logs, window: float) -> Over:
    """How many lines, over so many seconds."""
    return over("count_over_time", query, window)


def rate(query: Logs, window: float) -> Over:
    """Lines a second."""
    return over("rate", query, window)


def by(metric: Metric, *labels: str, op: str = "sum") -> Aggregate:
    """One series for each value of the labels; without labels, one."""
    return Aggregate(op, metric, Grouping("by", labels) if labels else None)


def top(metric: Metric, many: int, *, least: bool = False) -> Aggregate:
    return Aggregate("bottomk" if least else "topk", metric, parameter=many)


def share(part: Metric, whole: Metric) -> Binary:
    """What part of the whole, from 0 to 1."""
    return Binary("/", part, whole)
