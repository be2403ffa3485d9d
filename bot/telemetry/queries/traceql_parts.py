"""What a TraceQL query is made of.

`str` of every part is TraceQL again, in brackets wherever two readings would be possible: Tempo gives `&&` and `||` the
same rank, people do not. What is read back is equal to what was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Comparing = Literal["=", "!=", ">", ">=", "<", "<=", "=~", "!~"]
Relating = Literal["&&", "||", ">", ">>", "<", "<<", "~"]
Function = Literal["count", "avg", "min", "max", "sum"]
Kind = Literal["string", "int", "float", "duration", "bool", "status", "kind", "nil"]

COMPARING: Final = get_args(Comparing)
FUNCTIONS: Final = get_args(Function)
SCOPES: Final = ("resource", "span", "event", "link", "instrumentation")
NUMBERS: Final = frozenset({"int", "float", "duration"})
KEYWORDS: Final[Mapping[str, Kind]] = {
    "true": "bool",
    "false": "bool",
    "nil": "nil",
    **dict.fromkeys(("ok", "error", "unset"), "status"),
    **dict.fromkeys(("unspecified", "internal", "server", "client", "producer", "consumer"), "kind"),
}
INTRINSICS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("name", "statusMessage", "rootName", "rootServiceName"), "string"),
    **dict.fromkeys(("trace:id", "trace:rootName", "trace:rootService"), "string"),
    **dict.fromkeys(("span:id", "span:parentID", "span:name", "span:statusMessage"), "string"),
    **dict.fromkeys(("event:name", "link:traceID", "link:spanID"), "string"),
    **dict.fromkeys(("instrumentation:name", "instrumentation:version"), "string"),
    **dict.fromkeys(("duration", "traceDuration", "span:duration", "trace:duration"), "duration"),
    **dict.fromkeys(("status", "span:status"), "status"),
    **dict.fromkeys(("kind", "span:kind"), "kind"),
    "event:timeSinceStart": "duration",
    "childCount": "int",
}

NANOSECONDS: Final = 1_000_000_000
UNITS: Final[Mapping[str, int]] = {
    "h": 3_600 * NANOSECONDS,
    "m": 60 * NANOSECONDS,
    "s": NANOSECONDS,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
_PLAIN: Final = re.compile(r"[^\W\d][\w./-]*", re.ASCII)
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Field:
    """What a span is asked for: `resource.x`, `span.x`, `.x` (wherever it is), or an intrinsic such as `duration`."""

    scope: str
    """One of SCOPES, "" for anywhere, or "intrinsic"."""
    name: str

    def __str__(self) -> str:
        if self.scope == "intrinsic":
            return self.name
        if _PLAIN.fullmatch(self.name):
            return f"{self.scope}.{self.name}"
        return f'{self.scope}."' + self.name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    @property
    def kind(self) -> Kind | None:
        """The type of an intrinsic; an attribute may be of any."""
        return INTRINSICS[self.name] if self.scope == "intrinsic" else None


@dataclass(frozen=True, slots=True)
class Value:
    """Something to compare with; a duration is in nanoseconds."""

    kind: Kind
    value: str | int | float | bool | None

    def __str__(self) -> str:
        match self.kind, self.value:
            case "string", str(text):
                return quoted(text)
            case "duration", int(amount):
                unit = next(name for name, size in UNITS.items() if amount % size == 0)
                return f"{amount // UNITS[unit]}{unit}"
            case "bool", _:
                return "true" if self.value else "false"
            case "nil", _:
                return "nil"
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field beside a value, or beside another field."""

    field: Field
    operator: Comparing
    value: Value | Field

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {self.value}"


@dataclass(frozen=True, slots=True)
class Logical:
    """Two or more conditions that must all hold, or of which one must."""

    operator: Literal["&&", "||"]
    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return f" {self.operator} ".join(f"({part})" if isinstance(part, Logical) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that must not hold."""

    condition: Condition

    def __str__(self) -> str:
        return f"!({self.condition})"


Condition = Comparison | Logical | Not


@dataclass(frozen=True, slots=True)
class Filter:
    """The spans of which a condition is true; all of them without one."""

    condition: Condition | None

    def __str__(self) -> str:
        return f"{{ {self.condition} }}" if self.condition else "{}"


@dataclass(frozen=True, slots=True)
class Combined:
    """Two or more sets of spans: both, either, or the later ones that stand in a relation to the earlier."""

    operator: Relating
    parts: tuple[Spanset, ...]

    def __str__(self) -> str:
        return f" {self.operator} ".join(
            f"({part})" if isinstance(part, Combined) else str(part) for part in self.parts
        )


Spanset = Filter | Combined


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Keeps the sets of spans of which a number compares so."""

    function: Function
    field: Field | None
    operator: Comparing
    value: Value

    def __str__(self) -> str:
        return f"{self.function}({self.field or ''}) {self.operator} {self.value}"


@dataclass(frozen=True, slots=True)
class Select:
    """Further fields to show."""

    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return f"select({', '.join(map(str, self.fields))})"


@dataclass(frozen=True, slots=True)
class By:
    """Splits a set of spans by the values of a field."""

    field: Field

    def __str__(self) -> str:
        return f"by({self.field})"


@dataclass(frozen=True, slots=True)
class Coalesce:
    """Joins what was split."""

    def __str__(self) -> str:
        return "coalesce()"


Stage = Filter | Combined | Aggregate | Select | By | Coalesce


@dataclass(frozen=True, slots=True)
class Query:
    """A set of spans in each trace, what is then done with it, and hints to the backend."""

    spans: Spanset
    stages: tuple[Stage, ...] = ()
    hints: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        hints = ", ".join(f"{name}={value}" for name, value in self.hints)
        return " | ".join(map(str, (self.spans, *self.stages))) + (f" with ({hints})" if hints else "")


def quoted(text: str) -> str:
    """Text as a string of TraceQL, on one line whatever is in it."""
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _code(char)) for char in text) + '"'


def _code(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004  what \u holds


def mismatch(comparison: Comparison) -> str:
    """Why a comparison can never be true, as its two sides are of different types; empty where it can."""
    left, right, operator = comparison.field.kind, comparison.value.kind, comparison.operator
    if operator in {"=~", "!~"}:
        if left not in {None, "string"} or right not in {None, "string"}:
            return f"`{operator}` compares text"
    elif right == "nil":
        return "" if operator in {"=", "!="} else f"`{operator}` cannot compare with nil"
    elif left and right and left != right and not {left, right} <= NUMBERS:
        return f"{comparison.field} is of the type {left}, not {right}"
    elif operator not in {"=", "!="} and {left, right} & {"status", "kind", "bool"}:
        return f"`{operator}` needs an order, and there is none"
    return ""
