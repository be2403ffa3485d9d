"""What a LogQL query is made of; `str()` of any part is text that parses to the same part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from bot.telemetry.queries.logql_filters import LabelFilter, Matcher
from bot.telemetry.queries.logql_regex import compiled
from bot.telemetry.queries.logql_tokens import lasting, meaningless, named, numeral, quoted, short

LineOp = Literal["|=", "!=", "|~", "!~"]
BinaryOp = Literal["+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<="]
Flag = Literal["--strict", "--keep-empty"]
Unit = Literal["", "duration", "duration_seconds", "bytes"]
NEEDS_ONE: Final = (
    "queries require at least one regexp or equality matcher that does not have an empty-compatible value. "
    'For instance, app=~".*" does not meet this requirement, but app=~".+" will'
)
UNWRAPPED: Final = frozenset({
    "sum_over_time", "avg_over_time", "min_over_time", "max_over_time", "stddev_over_time", "stdvar_over_time",
    "quantile_over_time", "first_over_time", "last_over_time",
})  # fmt: skip
COUNTED: Final = frozenset({"count_over_time", "bytes_over_time", "bytes_rate"})
EITHER: Final = frozenset({"rate", "absent_over_time"})
RANGES: Final = UNWRAPPED | COUNTED | EITHER
GROUPED_RANGES: Final = UNWRAPPED - {"sum_over_time"}
RANKED: Final = frozenset({"topk", "bottomk"})
AGGREGATIONS: Final = frozenset({"sum", "avg", "min", "max", "count", "stddev", "stdvar"}) | RANKED


_CAPTURE: Final = re.compile(r"<([A-Za-z_]\w*)>")


def pieces(pattern: str) -> tuple[str, ...]:
    """A pattern cut into text, capture, text, capture, …, text; `_` captures nothing."""
    cut = tuple(_CAPTURE.split(pattern))
    if all(name == "_" for name in cut[1::2]):
        raise meaningless("at least one capture is required", "Name one, as <path>.")
    if any(not text for text in cut[2:-1:2]):
        raise meaningless("found consecutive capture, both cannot be matched", "Put the text between them there.")
    return cut


@dataclass(frozen=True, slots=True)
class Selector:
    """Which streams; one that could select all of them cannot be made."""

    matchers: tuple[Matcher, ...]

    def __post_init__(self) -> None:
        if not any(each.op in {"=", "=~"} and not each.matches("") for each in self.matchers):
            raise meaningless(
                f"The selector “{short(str(self))}” selects every stream.", 'Name one, as {service="…"}.', NEEDS_ONE
            )

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.matchers)) + "}"


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Keeps lines with one of these texts (or regexes); with != and !~ those with none of them."""

    op: LineOp
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.op in {"|~", "!~"}:
            for each in self.values:
                compiled(each)

    def __str__(self) -> str:
        return f"{self.op} {' or '.join(map(quoted, self.values))}"


@dataclass(frozen=True, slots=True)
class Parser:
    """json, logfmt or unpack; `fields` are (label, where it is in the line)."""

    kind: Literal["json", "logfmt", "unpack"]
    fields: tuple[tuple[str, str], ...] = ()
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        for name, _ in self.fields:
            named(name)

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={quoted(where)}" for name, where in self.fields)
        return " ".join(("|", self.kind, *self.flags, *((fields,) if fields else ())))


@dataclass(frozen=True, slots=True)
class Extract:
    """Labels by a pattern as `<ip> - <_>` or by the named groups of a regex."""

    kind: Literal["pattern", "regexp"]
    by: str

    def __post_init__(self) -> None:
        if self.kind == "regexp" and not compiled(self.by).groupindex:
            raise meaningless("at least one named capture must be supplied", "Name one, as (?P<took>\\d+).")
        if self.kind == "pattern":
            pieces(self.by)

    def __str__(self) -> str:
        return f"| {self.kind} {quoted(self.by)}"


@dataclass(frozen=True, slots=True)
class Where:
    """A label filter as a stage of its own."""

    filter: LabelFilter

    def __str__(self) -> str:
        return f"| {self.filter}"


@dataclass(frozen=True, slots=True)
class LineFormat:
    """Writes the line anew."""

    template: str

    def __str__(self) -> str:
        return f"| line_format {quoted(self.template)}"


@dataclass(frozen=True, slots=True)
class Rename:
    """A label that takes the place of another."""

    name: str
    source: str

    def __post_init__(self) -> None:
        named(self.name)
        named(self.source)

    def __str__(self) -> str:
        return f"{self.name}={self.source}"


@dataclass(frozen=True, slots=True)
class Template:
    """A label that is written by a template."""

    name: str
    template: str

    def __post_init__(self) -> None:
        named(self.name)

    def __str__(self) -> str:
        return f"{self.name}={quoted(self.template)}"


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """Renames and writes labels."""

    parts: tuple[Rename | Template, ...]

    def __str__(self) -> str:
        return f"| label_format {', '.join(map(str, self.parts))}"


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels to drop or to keep: by name, or where they have a value."""

    kind: Literal["drop", "keep"]
    labels: tuple[str | Matcher, ...]

    def __post_init__(self) -> None:
        for each in self.labels:
            if isinstance(each, str):
                named(each)

    def __str__(self) -> str:
        return f"| {self.kind} {', '.join(map(str, self.labels))}"


@dataclass(frozen=True, slots=True)
class Decolorize:
    """Takes the colours of terminals out of the line."""

    def __str__(self) -> str:
        return "| decolorize"


Stage = LineFilter | Parser | Extract | Where | LineFormat | LabelFormat | Labels | Decolorize


@dataclass(frozen=True, slots=True)
class Logs:
    """Lines: of which streams, through which stages."""

    selector: Selector
    stages: tuple[Stage, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, (self.selector, *self.stages)))

    def then(self, *stages: Stage) -> Logs:
        return Logs(self.selector, (*self.stages, *stages))


@dataclass(frozen=True, slots=True)
class Unwrap:
    """The label whose number is the sample, and filters that look at what came of it."""

    label: str
    unit: Unit = ""
    after: tuple[LabelFilter, ...] = ()

    def __post_init__(self) -> None:
        named(self.label)

    def __str__(self) -> str:
        what = f"{self.unit}({self.label})" if self.unit else self.label
        return " ".join((f"| unwrap {what}", *(f"| {each}" for each in self.after)))


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (a, b)` or `without (a, b)`."""

    kind: Literal["by", "without"]
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for each in self.labels:
            named(each)

    def __str__(self) -> str:
        return f"{self.kind} ({', '.join(self.labels)})"


@dataclass(frozen=True, slots=True)
class Over:
    """Lines, or numbers in them, put together over a window that ends at each step; times in nanoseconds."""

    op: str
    logs: Logs
    window: int
    offset: int = 0
    unwrap: Unwrap | None = None
    parameter: float | None = None
    grouping: Grouping | None = None

    def __post_init__(self) -> None:
        if self.window <= 0:
            raise meaningless(f"{self.op} looks at a window of {self.window} ns.", "Give one that lasts, as [5m].")
        if self.unwrap is None and self.op in UNWRAPPED:
            raise meaningless(f"invalid aggregation {self.op} without unwrap", "Add | unwrap with a label of numbers.")
        if self.unwrap is not None and self.op in COUNTED:
            raise meaningless(f"invalid aggregation {self.op} with unwrap", "Take the unwrap out.")
        if self.grouping is not None and self.op not in GROUPED_RANGES:
            raise meaningless(f"grouping not allowed for {self.op} aggregation", "Group with sum by (…) around it.")
        if (self.parameter is not None) is not (self.op == "quantile_over_time"):
            wanted = "parameter required" if self.parameter is None else "no parameter allowed"
            raise meaningless(f"{wanted} for operation {self.op}", "Only quantile_over_time has one: 0.95.")

    def __str__(self) -> str:
        lines = " ".join(map(str, (self.logs, *((self.unwrap,) if self.unwrap else ()))))
        parameter = "" if self.parameter is None else f"{numeral(self.parameter)}, "
        offset = "" if not self.offset else f" offset {'-' if self.offset < 0 else ''}{lasting(abs(self.offset))}"
        grouping = "" if self.grouping is None else f" {self.grouping}"
        return f"{self.op}({parameter}{lines} [{lasting(self.window)}]{offset}){grouping}"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Several series made one for each group, or the greatest or least of them."""

    op: str
    of: Metric
    grouping: Grouping | None = None
    parameter: int | None = None

    def __post_init__(self) -> None:
        if (self.parameter is not None) is not (self.op in RANKED):
            wanted = "parameter required" if self.parameter is None else "no parameter allowed"
            raise meaningless(f"{wanted} for operation {self.op}", "topk and bottomk have one, the others none.")
        if self.parameter is not None and self.parameter < 1:
            raise meaningless(f"invalid parameter (must be greater than 0) {self.op}({self.parameter})", "Take 1.")

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"{self.parameter}, "
        grouping = "" if self.grouping is None else f" {self.grouping} "
        return f"{self.op}{grouping}({parameter}{self.of})"


@dataclass(frozen=True, slots=True)
class Number:
    """A number by itself."""

    value: float

    def __str__(self) -> str:
        return numeral(self.value)


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, or a comparison that filters (with `truth`: that gives 0 or 1)."""

    op: BinaryOp
    left: Metric
    right: Metric
    truth: bool = False

    def __str__(self) -> str:
        left, right = (f"({each})" if isinstance(each, Binary) else str(each) for each in (self.left, self.right))
        return f"{left} {self.op}{' bool' if self.truth else ''} {right}"


Metric = Over | Aggregate | Number | Binary
Query = Logs | Metric
