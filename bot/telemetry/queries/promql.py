"""PromQL, built from parts that cannot be wrong, and checked by a real parser before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import promql_parser

from bot.errors import InvalidInput
from bot.telemetry.signals import NAME

MOST: Final = 20_000
MOST_OPERATORS: Final = 500
"""The parser recurses on the stack of the process, and some thousands of them end the process."""
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SPECIAL: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")
_STRING: Final = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`""", re.DOTALL)
_OPERATOR: Final = re.compile(r"[-+*/%^([{<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_RANGES: Final = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))

_POSITIVE: Final = (promql_parser.MatchOp.Equal, promql_parser.MatchOp.Re)

Operator = Literal["=", "!=", "=~", "!~"]


def quoted(value: str) -> str:
    """A string literal, whatever is in it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def literally(value: str) -> str:
    """As a regular expression that fits nothing but this text."""
    return _SPECIAL.sub(r"\\\1", value)


def span(seconds: float) -> str:
    """A duration as PromQL, LogQL and people write it: 90 is 90s, 7200 is 2h."""
    whole = max(1, round(seconds))
    return next(f"{whole // size}{unit}" for unit, size in _RANGES if whole % size == 0)


@dataclass(frozen=True, slots=True)
class Matcher:
    """What a label has to be."""

    label: str
    value: str
    operator: Operator = "="

    def __str__(self) -> str:
        if not _LABEL.fullmatch(self.label):
            raise InvalidInput(f"{self.label[:80]!r} is no name of a label.", mend="Use letters, digits and _.")
        return f"{self.label}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric and what its labels have to be; there is always a metric, so it never selects everything."""

    metric: str
    matchers: tuple[Matcher, ...] = ()

    def where(self, *matchers: Matcher) -> Selector:
        return Selector(self.metric, (*self.matchers, *matchers))

    def named(self, metric: str) -> Selector:
        return Selector(metric, self.matchers)

    def __str__(self) -> str:
        if not _NAME.fullmatch(self.metric):
            raise InvalidInput(f"{self.metric[:80]!r} is no name of a metric.", mend="Use letters, digits, _ and :.")
        inner = ", ".join(map(str, self.matchers))
        return f"{self.metric}{{{inner}}}" if inner else self.metric


def rate(selector: Selector, seconds: float) -> str:
    return f"rate({selector}[{span(seconds)}])"


def increase(selector: Selector, seconds: float) -> str:
    return f"increase({selector}[{span(seconds)}])"


def over_time(kind: Literal["avg", "min", "max", "sum"], selector: Selector, seconds: float) -> str:
    return f"{kind}_over_time({selector}[{span(seconds)}])"


def aggregate(kind: str, inner: str, by: Iterable[str] = ()) -> str:
    """`sum by (service) (…)`."""
    labels = ", ".join(by)
    return f"{kind} by ({labels}) ({inner})" if labels else f"{kind}({inner})"


def quantile(q: float, selector: Selector, seconds: float, by: Iterable[str] = ()) -> str:
    """Of a classic histogram: buckets are summed before the quantile is taken, never after."""
    buckets = rate(selector.named(f"{selector.metric}_bucket"), seconds)
    return f"histogram_quantile({q:g}, {aggregate('sum', buckets, ('le', *by))})"


def parse(text: str) -> promql_parser.Expr:
    """Its tree; InvalidInput where it does not parse, is too much, or would select everything."""
    if len(text) > MOST:
        raise InvalidInput(f"The query has {len(text):,} characters.", mend=f"Use at most {MOST:,}.")
    if not text.strip():
        raise InvalidInput("The query is empty.", mend='Write one such as sum(rate(http_requests_total{env="x"}[5m])).')
    if (operators := len(_OPERATOR.findall(_STRING.sub("", text)))) > MOST_OPERATORS:
        raise InvalidInput(
            f"The query has {operators:,} operators and brackets.", mend=f"Use at most {MOST_OPERATORS}, in parts."
        )
    try:
        return promql_parser.parse(text)
    except (ValueError, OverflowError) as error:
        why = " ".join(str(error).split())
        raise InvalidInput(
            f"{text.strip()[:300]!r} is no PromQL: {why[:300]}.", mend="Correct it there, or ask in plain words."
        ) from None


def checked(text: str) -> str:
    """The query as it is, where it may be sent."""
    if isinstance(parse(text), promql_parser.StringLiteral):
        raise InvalidInput(f"{text.strip()[:300]!r} is a text and no query.", mend="Write it without the quotes.")
    return text.strip()


def metrics_of(text: str) -> tuple[str, ...]:
    """The names of metrics in a query, in the order in which they stand there; a pattern is no name."""
    found = ([each.name or "", *_named(each, NAME)] for each in _selectors(parse(text)))
    return tuple(dict.fromkeys(name for names in found for name in names if name))


def labels_of(text: str) -> tuple[str, ...]:
    """The labels that a series must have to fit a query: those that are asked to be something."""
    found = (matcher for each in _selectors(parse(text)) for matcher in each.matchers.matchers)
    asked = (each.name for each in found if each.value and each.op in _POSITIVE and each.name != NAME)
    return tuple(dict.fromkeys(asked))


def _named(selector: promql_parser.VectorSelector, label: str) -> list[str]:
    matchers = selector.matchers.matchers
    return [each.value for each in matchers if each.name == label and each.op == promql_parser.MatchOp.Equal]


def _selectors(node: object) -> Iterator[promql_parser.VectorSelector]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    inner = (getattr(node, part, None) for part in ("expr", "lhs", "rhs", "vector_selector", "param"))
    for each in (*inner, *(getattr(node, "args", None) or ())):
        if each is not None:
            yield from _selectors(each)
