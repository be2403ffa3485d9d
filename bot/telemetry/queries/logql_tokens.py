"""The words of LogQL: how a query is cut, how text, times and sizes are written, and what a mistake says."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bot.errors import InvalidInput

MAX_QUERY: Final = 20_000
END: Final = "$end"
_SHOWN: Final = 60

Kind = Literal["name", "number", "duration", "bytes", "string", "punct", "end"]


class Malformed(InvalidInput):
    """A query that is no LogQL: where it stops making sense, at which word, and what would have been right there.

    `words` is what Loki says of it. `line` 0 is a query whose words are in order and whose meaning is not, as a
    selector that selects everything.
    """

    def __init__(
        self,
        message: str,
        *,
        mend: str,
        words: str = "",
        line: int = 0,
        column: int = 0,
        token: str = "",
        expected: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, mend=mend)
        self.words = words or message
        self.line = line
        self.column = column
        self.token = token
        self.expected = expected


def meaningless(message: str, mend: str, words: str = "") -> Malformed:
    return Malformed(message, mend=mend, words=words)


def short(text: str) -> str:
    """The text as an error may quote it."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
KEYWORDS: Final = frozenset({
    "and", "bool", "by", "decolorize", "drop", "group_left", "group_right", "ignoring", "json", "keep", "label_format",
    "line_format", "logfmt", "offset", "on", "or", "pattern", "regexp", "unless", "unpack", "unwrap", "without",
})  # fmt: skip


def named(name: str) -> None:
    """Raises where Loki would not read it as the name of a label."""
    if not _NAME.fullmatch(name) or name in KEYWORDS:
        raise meaningless(
            f"“{short(name)}” is no name of a label.", "Letters, digits and _ make one; no word of LogQL."
        )


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `text` as it was written, `value` as it is meant."""

    kind: Kind
    text: str
    at: int
    value: str | float = ""


_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
    "y": 31_536_000_000_000_000,
}
_SIZES: Final = {
    letter + suffix: base**power
    for power, letter in enumerate(("", "k", "m", "g", "t", "p"))
    for suffix, base in (("b", 1000), ("ib", 1024))
    if letter or suffix == "b"
}
_NUMBER: Final = r"(?:\d+\.?\d*|\.\d+)"
_TOKENS: Final = re.compile(
    rf"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<duration>(?:{_NUMBER}(?:ns|us|µs|ms|s|m|h|d|w|y))+(?![A-Za-z0-9_.]))
  | (?P<bytes>{_NUMBER}[kKmMgGtTpP]?i?[bB](?![A-Za-z0-9_.]))
  | (?P<number>(?:0[xX][0-9a-fA-F]+|{_NUMBER}(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_.]))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
  | (?P<punct>\|=|\|~|=~|!=|!~|==|>=|<=|--(?:strict|keep-empty)\b|[{{}}()\[\],|=<>+\-*/%^])
    """,
    re.VERBOSE,
)
_PART: Final = re.compile(rf"({_NUMBER})(ns|us|µs|ms|s|m|h|d|w|y)")
_SIZE: Final = re.compile(rf"({_NUMBER})([A-Za-z]+)")
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_PLAIN: Final = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"'}
_WRITTEN: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}
_LONGEST: Final = 2**62
_EXACT: Final = 1e15
_HALVES: Final = range(0xD800, 0xE000)


def place(query: str, at: int) -> tuple[int, int]:
    """Line and column, counted from 1."""
    line = query.count("\n", 0, at) + 1
    return line, at - query.rfind("\n", 0, at)


def unexpected(query: str, at: int, token: str, expected: tuple[str, ...]) -> Malformed:
    line, column = place(query, at)
    found = "the query ends" if token == END else f"“{short(token)}” makes no sense"
    wanted = " or ".join(expected) or "something else"
    return Malformed(
        f"LogQL, line {line}, column {column}: {found} here.",
        mend=f"Expected is {wanted}.",
        line=line,
        column=column,
        token=token,
        expected=expected,
    )


def tokens(query: str) -> Iterator[Token]:
    """Cuts a query; the last token is the end."""
    if len(query) > MAX_QUERY:
        raise meaningless(f"The query has {len(query)} characters.", f"At most {MAX_QUERY} are read.")
    at = 0
    while at < len(query):
        found = _TOKENS.match(query, at)
        if found is None:
            what = "a closing quote" if query[at] in '"`' else "an operator, a name or a value"
            raise unexpected(query, at, query[at : at + 20], (what,))
        kind, text = found.lastgroup, found.group()
        if kind != "space":
            yield _token(query, kind, text, at)
        at = found.end()
    yield Token("end", END, len(query))


def _token(query: str, kind: str | None, text: str, at: int) -> Token:
    match kind:
        case "duration":
            nanoseconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
            if nanoseconds >= _LONGEST:
                raise unexpected(query, at, text, ("less than 146 years",))
            exact = sum(_exactly(number, _UNITS[unit]) for number, unit in _PART.findall(text))
            return Token("duration", text, at, exact)
        case "bytes":
            return Token("bytes", text, at, _size(query, text, at))
        case "number":
            return Token("number", text, at, _number(query, text, at))
        case "string":
            return Token("string", text, at, text[1:-1] if text[0] == "`" else _unquoted(query, text, at))
        case "name":
            return Token("name", text, at, text)
        case _:
            return Token("punct", text, at, text)


def _number(query: str, text: str, at: int) -> float:
    try:
        number = float(int(text, 16)) if text[:2].lower() == "0x" else float(text)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise unexpected(query, at, text, ("a smaller number",))
    return number


def _exactly(number: str, unit: int) -> int:
    return int(number) * unit if number.isdigit() else round(float(number) * unit)


def _size(query: str, text: str, at: int) -> int:
    found = _SIZE.fullmatch(text)
    if found is None or found[2].lower() not in _SIZES:
        raise unexpected(query, at, text, ("a size as 5KB or 2MiB",))
    if float(found[1]) * _SIZES[found[2].lower()] >= _LONGEST:
        raise unexpected(query, at, text, ("a size that fits in memory",))
    return _exactly(found[1], _SIZES[found[2].lower()])


def _unquoted(query: str, text: str, at: int) -> str:
    def plain(found: re.Match[str]) -> str:
        said = found[1]
        if said[0] in "xuU" and len(said) > 1:
            code = int(said[1:], 16)
        elif said.isdigit() and len(said) > 1:
            code = int(said, 8)
        elif said in _PLAIN:
            return _PLAIN[said]
        else:
            raise unexpected(query, at + 1 + found.start(), found[0], ('a known escape, as \\n, \\" or \\\\',))
        if code > sys.maxunicode or code in _HALVES:
            raise unexpected(query, at + 1 + found.start(), found[0], ("a character of Unicode",))
        return chr(code)

    return _ESCAPE.sub(plain, text[1:-1]) if "\\" in text else text[1:-1]


def quoted(text: str) -> str:
    """Any text as one string of LogQL; nothing in it can end the string."""
    if not text.isprintable() or "\\" in text or '"' in text:
        text = "".join(_WRITTEN.get(letter) or _visible(letter) for letter in text)
    return f'"{text}"'


def _visible(letter: str) -> str:
    if ord(letter) in _HALVES:
        raise meaningless(f"The text holds half a character, U+{ord(letter):04X}.", "Send whole characters.")
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}"


def lasting(nanoseconds: int) -> str:
    """A duration as 1h30m, in units that Prometheus, Loki and Go all read."""
    if nanoseconds == 0:
        return "0s"
    said = ""
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        many, nanoseconds = divmod(nanoseconds, _UNITS[unit])
        said += f"{many}{unit}" if many else ""
    return said


def numeral(value: float) -> str:
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
