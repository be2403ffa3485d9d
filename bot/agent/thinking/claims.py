"""Numbers that are said against numbers that were found: what no result has is marked before anybody reads it.

Tolerant of how a number is written (412 ms is 0.412 s, 0.31 % is a share of 0.0031, 1.2k is 1,234), not of what it
says: a difference or a ratio of two results is the model's own arithmetic, and is marked.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.agent.thinking.numbers import Kind, Number, numbers
from bot.ports import Json

MARK: Final = " ⚠︎ unverified"
_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_UNIT: Final = r"(?:sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?|months?|[smhd]|minuten|stunden|tagen?)\b"
_MOMENTS: Final = rf"""
    https?://\S+
  | \b\d{{4}}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\ ?(?:Z\b|[+-]\d\d:?\d\d)?)?
  | \b\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[ap]\.?m\b)?
  | \b\d{{1,2}}\s?[ap]\.?m\b
  | \b\d{{1,2}}\.?\s{_MONTH}\b(?:\s\d{{4}})? | \b{_MONTH}\.?\s\d{{1,2}}\b(?:,?\s\d{{4}})?
  | \b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b
  | \b[0-9a-f]{{8}}-[0-9a-f-]{{20,}}\b | (?<!\.)\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{{7,40}}\b(?![-+]\d)
"""
_NO_QUANTITY: Final = re.compile(rf"(?xi){_MOMENTS}")
"""Times, dates, hashes and addresses, which support nothing either."""
_NO_CLAIM: Final = re.compile(
    rf"""(?xim){_MOMENTS}
  | \b\d{{1,2}}(?:st|nd|rd|th)\b | \b(?:in|since|of|by|until)\s(?:19|20)\d\d\b
  | ^[ ]*(?:[-*>]\s+)?(?:\*\*)?\d{{1,3}}[.)](?=\s)
  | (?:\#|\b(?:step|option|hypothesis|point|question|item|table|figure|no\.|nr\.))\s?\d+
  | \b(?:last|past|previous|next|every|within\sthe\snext|letzten?|nächsten?)\s\d+(?:[.,]\d+)?[\s-]?{_UNIT}
  | \b\d+\.\d+\.\d+(?:[-+.]\w+)*\b | \b(?:version|release|build)\s\d+(?:\.\d+)*\b
  | (?<![\w.])[a-z_]\w*(?:[-./]\w+)*
    """
)
"""Those, and ordinals, versions, ids: whatever is written with digits and says no quantity."""
_CODE: Final = re.compile(
    r"(?m)^[ ]{0,3}+(?P<ticks>`{3,}+|~{3,}+)(?P<language>[^\n`]*+)\n"
    r"(?P<body>[\s\S]*?)(?:^[ ]{0,3}+(?P=ticks)[ \t]*+$|\Z)"
    r"|(?<!`)(?P<tick>`{1,3}+)[^`\n]{1,2000}+(?P=tick)(?!`)"
)
_PROSE: Final = frozenset({"", "text", "txt", "csv", "markdown", "md", "table", "json"})
"""What stands in a fence of another language is code, where digits are no claims."""
_TINY: Final = 1e-9


class Support:
    """The numbers that may be said."""

    def __init__(self) -> None:
        self._values: dict[Kind | str, set[float]] = {
            "": set(),
            "time": set(),
            "bytes": set(),
            "share": set(),
            "bare": set(),
        }
        self._sorted: dict[str, list[float]] = {}
        self.counts: set[int] = set()

    def read(self, text: str) -> None:
        """Every number in it, in every way to read it."""
        for found in numbers(_NO_QUANTITY.sub(" ", text)):
            for each in found.readings:
                self._add(each)
            if "," in found.text:
                for part in re.findall(r"\d+(?:\.\d+)?", found.text):
                    self._bare(float(part))
        self._sorted.clear()

    def count(self, value: Json) -> None:
        """How many there are of something may be said, too."""
        match value:
            case list():
                self.add_count(len(value))
                for each in value:
                    self.count(each)
            case dict():
                for each in value.values():
                    self.count(each)

    def add_count(self, many: int) -> None:
        self.counts.add(many)
        self._bare(float(many))
        self._sorted.clear()

    def has(self, number: Number) -> bool:
        """Whether it is one of them, rounded or not, in this unit or another of its kind."""
        value, within = number.value, number.within
        match number.kind:
            case "":
                return self._near("", value, within) or self._near("share", value, within)
            case "time":
                sizes = (1.0, 1e3, 1e6, 1e9)
                bare = any(self._near("bare", value * size, within * size) for size in sizes)
                return bare or self._near("time", value, within) or self._as_written(number)
            case _:
                bare = self._near("bare", value, within)
                return bare or self._near(number.kind, value, within) or self._as_written(number)

    def _as_written(self, number: Number) -> bool:
        """In a table, the unit stands in the head of the column."""
        return self._near("bare", number.written, number.written_within)

    def _add(self, number: Number) -> None:
        self._values[""].add(number.written)
        if number.kind:
            self._values[number.kind].add(number.value)
        else:
            self._values[""].add(number.value)
            self._values["bare"].update((number.value, number.written))

    def _bare(self, value: float) -> None:
        self._values[""].add(value)
        self._values["bare"].add(value)

    def _near(self, kind: str, value: float, within: float) -> bool:
        if kind not in self._sorted:
            self._sorted[kind] = sorted(self._values[kind])
        known, slack = self._sorted[kind], within + abs(value) * _TINY
        at = bisect_left(known, value - slack)
        return at < len(known) and known[at] <= value + slack


@dataclass(frozen=True, slots=True)
class Checked:
    """A text with its marks, and what was marked."""

    text: str
    unsupported: tuple[str, ...]


def checked(text: str, support: Support) -> Checked:
    """The text, in which each number that no result has is followed by a mark."""
    out: list[str] = []
    wrong: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        out.append(_marked(text[at : code.start()], support, wrong))
        out.append(code[0])
        body = code["body"] if code["ticks"] else code[0]
        if not code["ticks"] or code["language"].strip().lower() in _PROSE:
            found = [each for each, _ in _unsupported(body, support)]
            wrong += found
            if found and code["ticks"]:
                out.append(f"\n⚠︎ unverified: {', '.join(found)}")
            elif found:
                out.append(MARK)
        at = code.end()
    out.append(_marked(text[at:], support, wrong))
    return Checked("".join(out), tuple(dict.fromkeys(wrong)))


def _marked(text: str, support: Support, wrong: list[str]) -> str:
    out: list[str] = []
    at = 0
    for found, end in _unsupported(text, support):
        wrong.append(found)
        out += [text[at:end], MARK]
        at = end
    return "".join([*out, text[at:]])


def _unsupported(text: str, support: Support) -> Iterator[tuple[str, int]]:
    """What is written, and where it ends."""
    harmless = list(_spans(match.span() for match in _NO_CLAIM.finditer(text)))
    starts = [start for start, _ in harmless]
    for found in numbers(text):
        at = bisect_left(starts, found.start + 1) - 1
        digits = next(place for place in range(found.start, found.end) if text[place].isdigit())
        inside = any(start <= digits < end for start, end in harmless[max(0, at) : at + 3])
        if not inside and not any(map(support.has, found.readings)):
            yield found.text.strip(), found.end


def _spans(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    return (span for span in spans if span[1] > span[0])
