"""Reads TraceQL strictly: what we do not know we do not send, and say where it stands and what belongs there.

It covers what Tempo's search does with spansets, fields, structure, aggregates, `by`, `select` and hints. Arithmetic,
`parent.`, negated relations, pipelines in brackets and metrics functions are not covered, and refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, cast

from bot.config import shown
from bot.errors import InvalidInput
from bot.telemetry.queries.traceql_parts import (
    COMPARING,
    FUNCTIONS,
    INTRINSICS,
    KEYWORDS,
    NUMBERS,
    SCOPES,
    UNITS,
    Aggregate,
    By,
    Coalesce,
    Combined,
    Comparing,
    Comparison,
    Condition,
    Field,
    Filter,
    Function,
    Logical,
    Not,
    Query,
    Relating,
    Select,
    Spanset,
    Stage,
    Value,
    mismatch,
)

Problem = Literal["syntax", "identifier", "type"]
Token = Literal["field", "string", "number", "duration", "word", "mark", "end"]
Part = TypeVar("Part")

MAX_LENGTH: Final = 10_000
MAX_DEPTH: Final = 50
MAX_DIGITS: Final = 100
LONGEST: Final = 2**63
FIELD: Final = "a field such as resource.service.name, span.http.route or duration"
VALUE: Final = "a value: quoted text, a number, a duration such as 1.5s, true, error, server …"

_LONG_UNITS: Final = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_SIZES: Final = {**UNITS, "µs": 1_000, "μs": 1_000, **{unit: UNITS["h"] * hours for unit, hours in _LONG_UNITS.items()}}
_UNIT: Final = "|".join(sorted(_SIZES, key=len, reverse=True))
_AMOUNT: Final = re.compile(rf"(\d+)(?:\.(\d+))?({_UNIT})")
_LEXICON: Final = re.compile(
    rf"""
      (?P<space>\s+)
    | (?P<duration>-?(?:\d+(?:\.\d+)?(?:{_UNIT}))+(?![\w.]))
    | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<field>(?:{"|".join(SCOPES)})?\.(?:"(?:[^"\\]|\\["\\])*"|[^\s{{}}()=~!<>&|^,"])+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    | (?P<word>(?:trace|span|event|link|instrumentation):\w+|[^\W\d]\w*)
    | (?P<mark>&&|\|\||=~|!~|!=|>=|<=|>>|<<|[=><~!{{}}()|,])
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPE: Final = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\\"])|(.|$))", re.DOTALL
)
_SIMPLE: Final = dict(zip(b'abfnrtv\\"', (b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v", b"\\", b'"'), strict=True))
_NAME_PART: Final = re.compile(r'"((?:[^"\\]|\\["\\])*)"|([^"]+)')


class NotTraceQL(InvalidInput):
    """Where it stops being TraceQL, for people in the message, for programs in the fields."""

    def __init__(self, text: str, lexeme: Lexeme, problem: Problem, why: str, mend: str, *, detail: str = "") -> None:
        at = f"column {lexeme.column}" if lexeme.line == 1 else f"line {lexeme.line}, column {lexeme.column}"
        super().__init__(f"{shown(text)} is not TraceQL: at {at}, {why}.", mend=mend)
        self.line = lexeme.line
        self.column = lexeme.column
        self.problem = problem
        self.found = lexeme
        self.detail = detail
        """The comparison whose sides do not fit."""


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A word of a query, and where it stands, counted from 1."""

    kind: Token
    text: str
    line: int
    column: int


def parse(text: str) -> Query:
    """The query that a text is; raises NotTraceQL with the place and what belongs there."""
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"{shown(text)} has {len(text):,} characters.", mend=f"Write at most {MAX_LENGTH:,}.")
    return _Parser(text).query()


def _lexemes(text: str) -> list[Lexeme]:
    result, at, line, begin = [], 0, 1, 0
    while at < len(text):
        found = _LEXICON.match(text, at)
        here = Lexeme(
            cast("Token", found.lastgroup) if found else "mark", found[0] if found else text[at], line, at - begin + 1
        )
        if not found:
            what = "a text is not closed" if here.text in '"`' else f"`{here.text}` means nothing here"
            raise NotTraceQL(text, here, "syntax", what, 'Quote text as "…".')
        if found.lastgroup != "space":
            result.append(here)
        at = found.end()
        if newlines := here.text.count("\n"):
            line, begin = line + newlines, text.rfind("\n", 0, at) + 1
    result.append(Lexeme("end", "", line, at - begin + 1))
    return result


class _Parser:
    """One function for each rule of the grammar; it looks one word ahead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes = _lexemes(text)
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Lexeme:
        return self.lexemes[self.at]

    def take(self) -> Lexeme:
        lexeme = self.next
        self.at += 1
        return lexeme

    def mark(self, *wanted: str) -> str:
        """The mark that comes next if it is one of these, else nothing."""
        return self.take().text if self.next.kind == "mark" and self.next.text in wanted else ""

    def need(self, mark: str) -> None:
        if not self.mark(mark):
            raise self.wrong(f"`{mark}`")

    def wrong(self, expected: str, *, problem: Problem = "syntax", at: Lexeme | None = None) -> NotTraceQL:
        lexeme = at or self.next
        found = "the query ends" if lexeme.kind == "end" else f"{shown(lexeme.text)} stands"
        return NotTraceQL(self.text, lexeme, problem, f"{found} where {expected} is expected", "Correct it there.")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            why = f"it is nested more than {MAX_DEPTH} deep"
            raise NotTraceQL(self.text, self.next, "syntax", why, "Write it flatter.")

    # ------------------------------------------------------------ sets of spans

    def query(self) -> Query:
        spans = self.spanset()
        stages = []
        while self.mark("|"):
            stages.append(self.stage())
        hints = self.hints() if (self.next.kind, self.next.text) == ("word", "with") else ()
        if self.next.kind != "end":
            raise self.wrong("`&&`, `||`, `>>`, `|` or the end")
        return Query(spans, tuple(stages), hints)

    def spanset(self) -> Spanset:
        left, before = self.related(), self.depth
        while operator := self.mark("&&", "||"):
            self.deeper()
            parts = [left, self.related()]
            while self.mark(operator):
                parts.append(self.related())
            left = Combined(cast("Relating", operator), tuple(parts))
        self.depth = before
        return left

    def related(self) -> Spanset:
        left, before = self.filter(), self.depth
        while operator := self.mark(">", ">>", "<", "<<", "~"):
            self.deeper()
            parts = [left, self.filter()]
            while self.mark(operator):
                parts.append(self.filter())
            left = Combined(cast("Relating", operator), tuple(parts))
        self.depth = before
        return left

    def filter(self) -> Spanset:
        if self.mark("("):
            self.deeper()
            inner = self.spanset()
            self.need(")")
            self.depth -= 1
            return inner
        if not self.mark("{"):
            raise self.wrong("`{`")
        if self.mark("}"):
            return Filter(None)
        condition = self.condition()
        if not self.mark("}"):
            raise self.wrong("`&&`, `||` or `}`")
        return Filter(condition)

    # ------------------------------------------------------------ conditions

    def condition(self) -> Condition:
        left, before = self.term(), self.depth
        while operator := self.mark("&&", "||"):
            self.deeper()
            parts = [left, self.term()]
            while self.mark(operator):
                parts.append(self.term())
            left = Logical(cast("Literal['&&', '||']", operator), tuple(parts))
        self.depth = before
        return left

    def term(self) -> Condition:
        negated = bool(self.mark("!"))
        if negated and self.next.text != "(":
            raise self.wrong("`(`")
        if self.mark("("):
            self.deeper()
            inner = self.condition()
            self.need(")")
            self.depth -= 1
            return Not(inner) if negated else inner
        return self.comparison()

    def comparison(self) -> Comparison:
        begin = self.next
        field = self.field()
        operator = self.operator()
        fieldlike = self.next.kind == "field" or (self.next.kind == "word" and self.next.text in INTRINSICS)
        value = self.field() if fieldlike else self.value()
        comparison = Comparison(field, operator, value)
        if why := mismatch(comparison):
            mend = "Compare with a value of the same type."
            raise NotTraceQL(self.text, begin, "type", why, mend, detail=str(comparison))
        return comparison

    def operator(self) -> Comparing:
        if operator := self.mark(*COMPARING):
            return cast("Comparing", operator)
        raise self.wrong("one of = != > >= < <= =~ !~")

    def field(self) -> Field:
        lexeme = self.next
        if lexeme.kind == "field":
            scope, _, name = self.take().text.partition(".")
            parts = (re.sub(r"\\(.)", r"\1", inside) or plain for inside, plain in _NAME_PART.findall(name))
            if joined := "".join(parts):
                return Field(scope, joined)
        elif lexeme.kind == "word" and lexeme.text in INTRINSICS:
            return Field("intrinsic", self.take().text)
        unknown = lexeme.kind == "word" and lexeme.text not in KEYWORDS
        raise self.wrong(FIELD, problem="identifier" if unknown else "syntax", at=lexeme)

    # ------------------------------------------------------------ values

    def value(self) -> Value:
        lexeme = self.next
        match lexeme.kind:
            case "string":
                return Value("string", self.string())
            case "number":
                return self.number()
            case "duration":
                return Value("duration", self.duration())
            case "word" if kind := KEYWORDS.get(lexeme.text):
                self.take()
                return Value(kind, {"true": True, "false": False, "nil": None}.get(lexeme.text, lexeme.text))
        raise self.wrong(VALUE, problem="identifier" if lexeme.kind == "word" else "syntax")

    def string(self) -> str:
        lexeme = self.take()
        if lexeme.text.startswith("`"):
            return lexeme.text[1:-1]
        try:
            return _ESCAPE.sub(_unescaped, lexeme.text[1:-1].encode()).decode()
        except (UnicodeError, ValueError, OverflowError):
            why, mend = f"{shown(lexeme.text)} holds an escape that does not exist", "Double the backslash."
            raise NotTraceQL(self.text, lexeme, "syntax", why, mend) from None

    def number(self) -> Value:
        lexeme = self.digits()
        if lexeme.text.lstrip("-").isdecimal():
            return Value("int", self.bounded(lexeme, int(lexeme.text)))
        value = float(lexeme.text)
        if abs(value) == float("inf"):
            raise self.wrong("a smaller number", at=lexeme)
        return Value("float", value)

    def duration(self) -> int:
        lexeme = self.digits()
        total = 0
        for whole, fraction, unit in _AMOUNT.findall(lexeme.text):
            total += int(whole) * _SIZES[unit]
            total += int(fraction or 0) * _SIZES[unit] // 10 ** len(fraction)
        return self.bounded(lexeme, -total if lexeme.text.startswith("-") else total)

    def digits(self) -> Lexeme:
        if len(self.next.text) > MAX_DIGITS:
            raise self.wrong("a smaller number")
        return self.take()

    def bounded(self, lexeme: Lexeme, number: int) -> int:
        if not -LONGEST <= number < LONGEST:
            raise self.wrong("a smaller number", at=lexeme)
        return number

    # ------------------------------------------------------------ what is done with the sets

    def stage(self) -> Stage:
        if self.next.text in {"{", "("}:
            return self.spanset()
        lexeme = self.take()
        if lexeme.kind != "word" or lexeme.text not in {*FUNCTIONS, "select", "by", "coalesce"}:
            raise self.wrong("`{`, count(), avg(…), min(…), max(…), sum(…), select(…), by(…) or coalesce()", at=lexeme)
        self.need("(")
        match lexeme.text:
            case "coalesce":
                self.need(")")
                return Coalesce()
            case "by":
                field = self.field()
                self.need(")")
                return By(field)
            case "select":
                fields = [self.field()]
                while self.mark(","):
                    fields.append(self.field())
                self.need(")")
                return Select(tuple(fields))
        return self.aggregate(cast("Function", lexeme.text))

    def aggregate(self, function: Function) -> Aggregate:
        over = self.next
        field = None if function == "count" else self.field()
        self.need(")")
        operator = self.operator()
        given = self.next
        value = self.value()
        if field and field.kind not in {None, *NUMBERS}:
            raise self.wrong("a field that is a number", problem="type", at=over)
        if value.kind not in NUMBERS or operator in {"=~", "!~"}:
            raise self.wrong("a number to compare with", problem="type", at=given)
        return Aggregate(function, field, operator, value)

    def hints(self) -> tuple[tuple[str, Value], ...]:
        self.take()
        self.need("(")
        hints = [self.hint()]
        while self.mark(","):
            hints.append(self.hint())
        self.need(")")
        return tuple(hints)

    def hint(self) -> tuple[str, Value]:
        if self.next.kind != "word":
            raise self.wrong("a hint such as most_recent=true")
        name = self.take().text
        self.need("=")
        return name, self.value()


def _unescaped(found: re.Match[bytes]) -> bytes:
    byte, short, long, octal, simple, wrong = found.groups()
    if wrong is not None:
        raise ValueError
    if code := short or long:
        return chr(int(code, 16)).encode()
    return bytes([int(byte, 16)]) if byte else bytes([int(octal, 8)]) if octal else _SIMPLE[simple[0]]
