"""Reads LogQL, strictly: what is not understood is refused with its place, before a server sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, cast

from bot.telemetry.queries.logql_filters import (
    BytesFilter,
    CompareOp,
    DurationFilter,
    Every,
    LabelFilter,
    Matcher,
    MatchOp,
    NumberFilter,
    Some,
)
from bot.telemetry.queries.logql_nodes import (
    AGGREGATIONS,
    RANGES,
    Aggregate,
    Binary,
    BinaryOp,
    Decolorize,
    Extract,
    Flag,
    Grouping,
    LabelFormat,
    Labels,
    LineFilter,
    LineFormat,
    LineOp,
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
from bot.telemetry.queries.logql_tokens import KEYWORDS, Kind, Token, tokens, unexpected

T = TypeVar("T")
_DEPTH: Final = 40
_OPERATORS: Final = 100
_MATCHES: Final = ("=", "!=", "=~", "!~")
_LINES: Final = ("|=", "|~", "!=", "!~")
_COMPARES: Final = ("==", "!=", ">", ">=", "<", "<=")
_LEVELS: Final = (frozenset(_COMPARES), frozenset("+-"), frozenset("*/%"))
_STAGES: Final = (
    "json", "logfmt", "pattern", "regexp", "unpack", "line_format", "label_format", "drop", "keep", "decolorize",
    "a label filter",
)  # fmt: skip


def parse(text: str) -> Query:
    """The query that a text is; raises InvalidInput with the place of the first mistake."""
    return _Reader(text).query()


class _Reader:
    """Recursive descent: a method for each rule, one token of lookahead (two where a rule begins with a bracket)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.at = 0
        self.depth = 0
        self.operators = 0

    # tokens

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def sees(self, *texts: str) -> bool:
        return self.now.text in texts and self.now.kind in {"punct", "name"}

    def next(self) -> Token:
        token = self.now
        self.at += token.kind != "end"
        return token

    def takes(self, *texts: str) -> bool:
        seen = self.sees(*texts)
        self.at += seen
        return seen

    def wrong(self, *expected: str) -> Exception:
        return unexpected(self.text, self.now.at, self.now.text, expected)

    def needs(self, *texts: str) -> str:
        if not self.sees(*texts):
            raise self.wrong(*texts)
        return self.next().text

    def value(self, kind: Kind, what: str) -> str | float:
        if self.now.kind != kind:
            raise self.wrong(what)
        return self.next().value

    def string(self) -> str:
        return str(self.value("string", "a quoted text"))

    def name(self) -> str:
        if self.now.kind != "name" or self.now.text in KEYWORDS:
            raise self.wrong("the name of a label")
        return self.next().text

    def lasting(self) -> int:
        return int(self.value("duration", "a duration as 5m"))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise self.wrong(f"at most {_DEPTH} brackets in each other")

    # queries

    def query(self) -> Query:
        brackets = 0
        while self.tokens[brackets].text == "(" and self.tokens[brackets].kind == "punct":
            brackets += 1
        found = self.logs_in_brackets() if self.tokens[brackets].text == "{" else self.metric()
        if self.now.kind != "end":
            raise self.wrong("the end")
        return found

    def logs_in_brackets(self) -> Logs:
        if not self.takes("("):
            return self.logs()
        self.deeper()
        found = self.logs_in_brackets()
        self.needs(")")
        self.depth -= 1
        return found

    def metric(self, level: int = 0) -> Metric:
        if level == len(_LEVELS):
            return self.power()
        left = self.metric(level + 1)
        while self.now.kind == "punct" and self.now.text in _LEVELS[level]:
            op = cast(BinaryOp, self.operator())
            left = Binary(op, left, right=self.metric(level + 1), truth=False) if level else self.compared(op, left)
        return left

    def compared(self, op: BinaryOp, left: Metric) -> Binary:
        truth = self.takes("bool")
        return Binary(op, left, self.metric(1), truth)

    def power(self) -> Metric:
        base = self.operand()
        if not self.sees("^"):
            return base
        self.operator()
        self.deeper()
        power = Binary("^", base, self.power())
        self.depth -= 1
        return power

    def operator(self) -> str:
        self.operators += 1
        if self.operators > _OPERATORS:
            raise self.wrong(f"at most {_OPERATORS} operators")
        return self.next().text

    def operand(self) -> Metric:
        if self.takes("("):
            self.deeper()
            found = self.metric()
            self.needs(")")
            self.depth -= 1
            return found
        if self.sees("+", "-") or self.now.kind == "number":
            return Number(self.signed())
        if self.now.kind == "name" and self.now.text in AGGREGATIONS:
            return self.aggregate()
        if self.now.kind == "name" and self.now.text in RANGES:
            return self.over()
        raise self.wrong("a selector {…}", "a function of LogQL", "a number")

    def signed(self) -> float:
        sign = -1.0 if self.sees("-") else 1.0
        self.takes("+", "-")
        return sign * float(self.value("number", "a number"))

    def aggregate(self) -> Aggregate:
        op = self.next().text
        grouping = self.grouping()
        self.needs("(")
        self.deeper()
        parameter = None
        if self.now.kind == "number" and self.tokens[self.at + 1].text == ",":
            parameter = self.whole()
            self.needs(",")
        of = self.metric()
        self.needs(")")
        self.depth -= 1
        return Aggregate(op, of, grouping or self.grouping(), parameter)

    def whole(self) -> int:
        if not float(self.now.value).is_integer():
            raise self.wrong("a whole number")
        return int(self.next().value)

    def grouping(self) -> Grouping | None:
        if not self.sees("by", "without"):
            return None
        kind = self.next().text
        self.needs("(")
        labels: list[str] = []
        while not self.takes(")"):
            if labels:
                self.needs(",", ")")
            labels.append(self.name())
        return Grouping("by" if kind == "by" else "without", tuple(labels))

    def over(self) -> Over:
        op = self.next().text
        self.needs("(")
        parameter = None
        if self.now.kind == "number" or self.sees("+", "-"):
            parameter = self.signed()
            self.needs(",")
        brackets = 0
        while self.takes("("):
            self.deeper()
            brackets += 1
        logs = Logs(self.selector())
        span = self.span() if self.sees("[") else None
        logs = logs.then(*self.stages())
        unwrap = self.unwrap() if self.sees("|") else None
        for _ in range(brackets):
            self.needs(")")
        self.depth -= brackets
        window, offset = span or self.span()
        self.needs(")")
        return Over(op, logs, window, offset, unwrap, parameter, self.grouping())

    def span(self) -> tuple[int, int]:
        self.needs("[")
        window = self.lasting()
        self.needs("]")
        if not self.takes("offset"):
            return window, 0
        sign = -1 if self.takes("-") else 1
        return window, sign * self.lasting()

    # lines

    def logs(self) -> Logs:
        return Logs(self.selector(), self.stages())

    def selector(self) -> Selector:
        self.needs("{")
        matchers: list[Matcher] = []
        while not self.takes("}"):
            if matchers:
                self.needs("}", ",")
            matchers.append(self.matcher())
        return Selector(tuple(matchers))

    def matcher(self) -> Matcher:
        name = self.name()
        op = self.needs(*_MATCHES)
        return Matcher(name, cast(MatchOp, op), self.string())

    def stages(self) -> tuple[Stage, ...]:
        found: list[Stage] = []
        while self.sees("|", *_LINES):
            if self.sees("|") and self.tokens[self.at + 1].text == "unwrap":
                break
            found.append(self.stage() if self.takes("|") else self.line_filter())
        return tuple(found)

    def line_filter(self) -> LineFilter:
        op = self.next().text
        values = [self.string()]
        while self.takes("or"):
            values.append(self.string())
        return LineFilter(cast(LineOp, op), tuple(values))

    def stage(self) -> Stage:
        word = self.now.text if self.now.kind == "name" else ""
        match word:
            case "json" | "unpack":
                self.next()
                return Parser("json" if word == "json" else "unpack", self.fields() if word == "json" else ())
            case "logfmt":
                self.next()
                flags = []
                while self.sees("--strict", "--keep-empty"):
                    flags.append(cast(Flag, self.next().text))
                return Parser("logfmt", self.fields(), tuple(flags))
            case "pattern" | "regexp":
                self.next()
                return Extract("pattern" if word == "pattern" else "regexp", self.string())
            case "line_format":
                self.next()
                return LineFormat(self.string())
            case "label_format":
                self.next()
                return LabelFormat(tuple(self.listed(self.formatted)))
            case "drop" | "keep":
                self.next()
                return Labels("drop" if word == "drop" else "keep", tuple(self.listed(self.label)))
            case "decolorize":
                self.next()
                return Decolorize()
        if word in KEYWORDS or (not word and not self.sees("(")):
            raise self.wrong(*_STAGES)
        return Where(self.some())

    def fields(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.listed(self.field)) if self.now.kind == "name" else ()

    def listed(self, one: Callable[[], T]) -> list[T]:
        found = [one()]
        while self.takes(","):
            found.append(one())
        return found

    def field(self) -> tuple[str, str]:
        name = self.name()
        return (name, self.string()) if self.takes("=") else (name, name)

    def formatted(self) -> Rename | Template:
        name = self.name()
        self.needs("=")
        return Template(name, self.string()) if self.now.kind == "string" else Rename(name, self.name())

    def label(self) -> str | Matcher:
        return self.matcher() if self.tokens[self.at + 1].text in _MATCHES else self.name()

    def some(self) -> LabelFilter:
        parts = [self.every()]
        while self.takes("or"):
            parts.append(self.every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def every(self) -> LabelFilter:
        parts = [self.filter()]
        while self.takes("and", ","):
            parts.append(self.filter())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def filter(self) -> LabelFilter:
        if self.takes("("):
            self.deeper()
            found = self.some()
            self.needs(")")
            self.depth -= 1
            return found
        name = self.name()
        op = self.needs("=", "==", "!=", "=~", "!~", ">", ">=", "<", "<=")
        if op in {"=~", "!~"} or (op in {"=", "!="} and self.now.kind == "string"):
            return Matcher(name, cast(MatchOp, op), self.string())
        compare = cast(CompareOp, "==" if op == "=" else op)
        match self.now.kind:
            case "duration":
                return DurationFilter(name, compare, int(self.next().value))
            case "bytes":
                return BytesFilter(name, compare, int(self.next().value))
            case "string":
                raise self.wrong("a number", "a duration as 5m", "a size as 5KB")
        if self.now.kind != "number" and not self.sees("-", "+"):
            raise self.wrong("a quoted text", "a number", "a duration as 5m", "a size as 5KB")
        return NumberFilter(name, compare, self.signed())

    def unwrap(self) -> Unwrap:
        self.needs("|")
        self.needs("unwrap")
        unit = ""
        if self.sees("duration", "duration_seconds", "bytes") and self.tokens[self.at + 1].text == "(":
            unit = self.next().text
            self.needs("(")
        label = self.name()
        if unit:
            self.needs(")")
        after = []
        while self.takes("|"):
            after.append(self.some())
        return Unwrap(label, cast(Unit, unit), tuple(after))
