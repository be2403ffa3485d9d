"""What varies in a line of a log by its looks alone: times, addresses, paths, ids and numbers become placeholders.

The order decides: a time is no number, a UUID no hex, an address no fraction. A line is cut at its spaces and every
word is masked once and remembered, for words come again far more often than lines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

Pieces = tuple[str, ...]

LONGEST: Final = 2_000
"""So many characters of a line decide."""
MOST_PIECES: Final = 100
"""So many pieces of a line decide."""
MOST_WORDS: Final = 50_000
"""So many masked words are remembered."""
LONG_WORD: Final = 100
"""What is longer is seldom seen twice, and would take room."""

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY: Final = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_CLOCK: Final = r"\d\d?:\d\d(?::\d\d)?(?:[.,:]\d{1,9})?"
_TIME: Final = re.compile(
    rf"""(?<![\w.:/-])(?:
      (?:{_DAY},?\s+)?(?:{_MONTH}\.?\s+\d\d?|\d\d?\s+{_MONTH}),?\s+(?:\d{{4}}\s+)?{_CLOCK}
          (?:\s+(?:[A-Z]{{3,4}}|[+-]\d{{4}}))?(?:\s+\d{{4}}(?![\w:]))?
    | \d{{4}}[-/.]\d\d?[-/.]\d\d?(?:[T\s:_-]{_CLOCK})?(?:Z|\s?[+-]\d\d:?\d\d)?
    | \d\d?[-/.](?:{_MONTH}|\d\d?)[-/.]\d{{4}}(?:[:\s]{_CLOCK}(?:\s?[+-]\d{{4}})?)?
    | \d\d?:\d\d(?::\d\d)?(?:[.,]\d{{1,9}})?
    )(?![\w:])""",
    re.VERBOSE,
)
_TIME_HINT: Final = re.compile(r"\d[:/.-]\d")
SIZE_AGAIN: Final = re.compile(r"(?<=\bbytes)\s\(\d[\d.,]*\s?[KMGTP]i?B\)")
"""`10542 bytes (10.2 KB)` says one thing twice."""

_UNIT: Final = r"(?:[num\u00b5]?s|secs?|mins?|[mhd]|[KMGTP]i?B?|k|kB|B|[KMGT]?bps|[MGk]?[Hh]z|%|x)"
_SOURCE: Final = r"[\w.-]+\.(?:c|cc|cpp|cs|cxx|ex|go|h|java|js|jsx|kt|m|mm|php|py|rb|rs|scala|swift|ts|tsx):"
"""`worker.py:120` is a place in a program, not a host."""
_HEX: Final = r"[\dA-Fa-f]"
_MASK: Final = re.compile(
    rf"""
      (?P<UUID>(?<!{_HEX}){_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}(?!{_HEX}))
    | (?P<URL>[A-Za-z][A-Za-z\d+.-]*://[^\s"'<>)\]}},;]*[^\s"'<>)\]}},;.:!?])
    | (?P<IP>/?(?<![\w.])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?::\d+)?(?![\w.]\d)
        | (?<!\w)(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}(?![\w:])
        | (?<![\w:])(?=[A-Fa-f:]*\d)(?:{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{0,6}})?
          ::(?:{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{0,6}})(?![\w:]))
    | (?P<HEX>(?<![\w:])(?:{_HEX}{{2}}:){{5,}}{_HEX}{{2}}(?![\w:])
        | (?<![A-Za-z\d])(?:0[xX]{_HEX}+|(?=[A-Fa-f]*\d)(?=\d*[A-Fa-f]){_HEX}{{6,}}|[a-f]{{8}}|[A-F]{{8}})
          (?![A-Za-z\d]))
    | (?P<EMAIL>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    | (?P<HOST>(?<![\w.-])(?!{_SOURCE})[A-Za-z\d][\w-]*(?:\.[\w-]+)+:\d+(?!\w))
    | (?P<PATH>(?<![\w)\]>.*])(?:/?(?:/[\w.@%+~$\#*-]+){{2,}}/?|/[\w.@%+~$-]+/?$)
        | (?<!\w)[A-Za-z]:\\[^\s"'<>,;)]*|\\\\[^\s"'<>,;)]+)
    | (?P<NUMBER>(?<![A-Za-z\d.])(?:(?<![\w)\]])[-+])?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?{_UNIT}?(?![A-Za-z\d]))
    | (?P<ID>(?<![A-Za-z\d])(?=[A-Za-z]*\d+[A-Za-z]+\d|\d+[A-Za-z]+\d+[A-Za-z])[A-Za-z\d]{{8,}}(?![A-Za-z\d]))
    | (?P<DIGITS>(?<!\d)\d{{3,}}(?!\d))
    """,
    re.VERBOSE,
)
KINDS: Final = ("UUID", "URL", "IP", "HEX", "EMAIL", "HOST", "PATH", "NUMBER", "ID", "TIMESTAMP")
PLACEHOLDER: Final = re.compile(rf"<(?:{'|'.join(KINDS)}|\*)>")
_PIECE: Final = re.compile(
    rf"""\.{{2,}}|(?:<(?:{"|".join(KINDS)})>|(?!\.\.)[^\s=:,;()\[\]{{}}"'|<>])+|[=:,;()\[\]{{}}"'|<>]"""
)


def _placeholder(found: re.Match[str]) -> str:
    kind = found.lastgroup
    return "<NUMBER>" if kind == "DIGITS" else f"<{kind}>"


def _without_times(text: str) -> str:
    text = text[:LONGEST]
    if _TIME_HINT.search(text):
        text = _TIME.sub("<TIMESTAMP>", text)
    return SIZE_AGAIN.sub("", text) if "bytes (" in text else text


def mask(text: str) -> str:
    """The text with a placeholder for everything that shows what it is."""
    return " ".join(word if word.isalpha() else _MASK.sub(_placeholder, word) for word in _without_times(text).split())


def _pieces_of(word: str) -> Pieces:
    found = _PIECE.findall(_MASK.sub(_placeholder, word))
    return (f" {found[0]}", *found[1:]) if found else ()


_remembered: Final = lru_cache(MOST_WORDS)(_pieces_of)


def pieces(text: str) -> Pieces:
    """Words, signs and placeholders; a piece that a space stood before begins with one."""
    out: list[str] = []
    for word in _without_times(text).split():
        if word.isalpha():
            out.append(f" {word}")
        else:
            out += (_remembered if len(word) < LONG_WORD else _pieces_of)(word)
        if len(out) > MOST_PIECES:
            break
    return tuple(out[:MOST_PIECES])
