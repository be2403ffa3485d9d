"""What LogQL compares labels with: matchers of selectors, and the filters of stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.telemetry.queries.logql_regex import compiled
from bot.telemetry.queries.logql_tokens import lasting, named, numeral, quoted

MatchOp = Literal["=", "!=", "=~", "!~"]
CompareOp = Literal["==", "!=", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Matcher:
    """`name="value"`, in a selector, as a label filter, and in drop and keep."""

    name: str
    op: MatchOp
    value: str

    def __post_init__(self) -> None:
        named(self.name)
        if self.op in {"=~", "!~"}:
            compiled(self.value)

    def __str__(self) -> str:
        return f"{self.name}{self.op}{quoted(self.value)}"

    def matches(self, value: str) -> bool:
        """Whether a label of that value passes; a label that is not there is ""."""
        if self.op in {"=", "!="}:
            return (self.value == value) is (self.op == "=")
        return (compiled(f"(?s:{self.value})").fullmatch(value) is not None) is (self.op == "=~")


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """`status >= 500`."""

    name: str
    op: CompareOp
    value: float

    def __post_init__(self) -> None:
        named(self.name)

    def __str__(self) -> str:
        return f"{self.name} {self.op} {numeral(self.value)}"


@dataclass(frozen=True, slots=True)
class DurationFilter:
    """`took > 250ms`; in nanoseconds."""

    name: str
    op: CompareOp
    value: int

    def __post_init__(self) -> None:
        named(self.name)

    def __str__(self) -> str:
        return f"{self.name} {self.op} {lasting(self.value)}"


@dataclass(frozen=True, slots=True)
class BytesFilter:
    """`size > 20MB`; in bytes."""

    name: str
    op: CompareOp
    value: int

    def __post_init__(self) -> None:
        named(self.name)

    def __str__(self) -> str:
        return f"{self.name} {self.op} {self.value}B"


@dataclass(frozen=True, slots=True)
class Every:
    """Filters that must all pass."""

    parts: tuple[LabelFilter, ...]

    def __str__(self) -> str:
        return " and ".join(f"({each})" if isinstance(each, Every | Some) else str(each) for each in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """Filters of which one must pass."""

    parts: tuple[LabelFilter, ...]

    def __str__(self) -> str:
        return " or ".join(f"({each})" if isinstance(each, Some) else str(each) for each in self.parts)


LabelFilter = Matcher | NumberFilter | DurationFilter | BytesFilter | Every | Some
