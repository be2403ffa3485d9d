"""What people write of times to come, in words that a range is found by: "sundays", "22:00-23:00", "starting at 9"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.language.ranges.words import MONTH_NAMES, WEEKDAYS

_NAMES: Final = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_DAY: Final = rf"(?:{_NAMES})s?"
_AND: Final = r"(?:\s*[,/&]\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+)(?:on\s+)?"
_EACH: Final = r"(?:(?:on|at)\s+)?(?:(?P<each>every|each)\s+(?:(?:single|other|first|second|third|last)\s+)?|all\s+)?"
_DAYS: Final = re.compile(
    rf"\b{_EACH}(?P<days>weekdays?|work(?:ing\s+)?days?|business\s+days|weekends?|{_DAY}(?:{_AND}{_DAY})*)\b(?!['’-]\w)",
    re.IGNORECASE,
)
_PART: Final = re.compile(
    r"\b(?:nightly|at\s+night|(?:every|each)\s+(?P<part>night|morning|afternoon|evening))\b", re.IGNORECASE
)
_STEADY: Final = re.compile(
    r"\b(?:daily|weekly|monthly|(?:every|each)\s+(?:(?:other|second)\s+)?(?:day|week|month))\b", re.IGNORECASE
)
_CLOCK: Final = r"(?:\d{1,2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|noon|midday|midnight)"
_HOURS: Final = re.compile(
    rf"(?:\b(?P<lead>from|between|at|around|past|quarter\s+to)\s+)?(?<![\w:./-])(?P<first>{_CLOCK})"
    rf"(?:\s*[-–—]\s*|\s+(?:to|till?|until)\s+)(?P<second>{_CLOCK})"
    r"(?![\w:/-]|\.\d)",
    re.IGNORECASE,
)
_BY_NIGHT: Final = re.compile(r"night|evening", re.IGNORECASE)
_NOON: Final = 12
_DOTTED: Final = re.compile(r"(?<![\w.])(\d{1,2})\.(0?[1-9]|1[0-2])\.(\d{4})?(?![\w.])")
_POINTED: Final = re.compile(r"(?<=\d)\.(?=\d{2}\s?[ap]\.?m\b)", re.IGNORECASE)
_SLASHED: Final = re.compile(r"(?:\b(?P<lead>on|from|to|until|between|and)\s+)?(?<![\w./-])\d{1,2}/\d{1,2}(?![\w/])")
_MONTHS: Final = {number: name for name, number in reversed(MONTH_NAMES.items())}
_NAMED: Final = rf"(?=tomorrow|today|(?:on\s+)?(?:{_NAMES})\b)"
_SAME: Final = (
    (
        re.compile(
            r"\b(?:(?:start|beginn|commenc)ing|as\s+of|(?<!day )after)\b(?!\s+of)(?:\s+(?:at|from|on))?", re.IGNORECASE
        ),
        "from",
    ),
    (re.compile(r"\b(?:and\s+)?ending(?:\s+at)?\b", re.IGNORECASE), "until"),
    (re.compile(r"\bbetween\s+now\s+and\b", re.IGNORECASE), "from now until"),
    (re.compile(r"\b(?:whole|entire)\s+(?=week)", re.IGNORECASE), ""),
    (re.compile(r"\bovernight\b", re.IGNORECASE), "from 10pm to 6am"),
    (re.compile(r"\b(?:this\s+)?(?:up)?coming\s+(?=[a-z])", re.IGNORECASE), ""),
    (re.compile(rf"\ball\s+day\s+{_NAMED}|(?<=tomorrow)\s+all\s+day\b|(?<=day)\s+all\s+day\b", re.IGNORECASE), ""),
)
_WORK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
Edit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Wording:
    """The text to be read; `again` where it says that the time comes more than once."""

    text: str
    again: bool
    _from: tuple[tuple[int, int], ...]
    _left_out: tuple[tuple[int, int], ...]
    _whole: str

    def stood(self, at: tuple[int, int]) -> tuple[int, int]:
        """Where in the text as it was said, together with what beside it is left out here."""
        begin, end = self._from[at[0]][0], self._from[at[1] - 1][1]
        for first, last in self._left_out:
            if not self._whole[end:first].strip(" ,") and end <= first:
                end = last
        for first, last in reversed(self._left_out):
            if not self._whole[last:begin].strip(" ,") and last <= begin:
                begin = first
        return begin, end


def wordings(text: str) -> Iterator[Wording]:
    """One; or one for each of several days, of which the first to come is meant."""
    again, edits = False, list(_edits(text))
    if said := [*_STEADY.finditer(text)]:
        again = True
        edits += [(*each.span(), "") for each in said]
    if said := [*_PART.finditer(text)]:
        again = True
        edits += [
            (*each.span(), f"this {part}" if (part := (each["part"] or "night").lower()) != "night" else "tonight")
            for each in said
        ]
    if several := next((each for each in _DAYS.finditer(text) if _several(each)), None):
        days = _days_of(several["days"].lower())
        again = again or bool(several["each"]) or several["days"].lower().endswith("s") or len(days) > 1
        for day in days:
            yield _edited(text, [*edits, (*several.span(), f"on {day}")], again=again)
    else:
        yield _edited(text, edits, again=again)


def _edits(text: str) -> Iterator[Edit]:
    for pattern, plain in _SAME:
        yield from ((*each.span(), plain) for each in pattern.finditer(text))
    for each in _POINTED.finditer(text):
        yield *each.span(), ":"
    for each in _SLASHED.finditer(text):
        if not each["lead"]:
            yield each.start(), each.start(), "on "
    for each in _DOTTED.finditer(text):
        yield *each.span(), f"{each[1]} {_MONTHS[int(each[2])]} {each[3] or ''}".rstrip()
    for each in _HOURS.finditer(text):
        yield from _hours(text, each)


def _hours(text: str, found: re.Match[str]) -> Iterator[Edit]:
    """Both with a "from"; "9 to 5" ends in the afternoon."""
    lead, first, second = (found["lead"] or "").lower(), found["first"], found["second"]
    before, after = ("".join(each) for each in (text[: found.start()].split()[-1:], text[found.end() :].split()[:1]))
    bare = first.isdigit() and second.isdigit()
    days = (first.isdigit() and before.lower() in MONTH_NAMES) or (second.isdigit() and after.lower() in MONTH_NAMES)
    if days or lead.startswith(("past", "quarter")):
        return
    if lead not in ("from", "between"):
        yield found.start(), found.start() + len(lead), "from" if lead else "from "
    if bare and int(second) <= int(first) <= _NOON and not _BY_NIGHT.search(text):
        yield *found.span("second"), f"{int(second) + _NOON}:00"
    if ":" in second and second[-1].isdigit() and int(second.split(":")[0]) < _NOON and _BY_NIGHT.search(text):
        yield found.end(), found.end(), " am"  # the end of a night


def _several(found: re.Match[str]) -> bool:
    days = found["days"].lower()
    one = days in WEEKDAYS or days in ("weekend", "weekday", "workday")
    return bool(found["each"]) or not one


def _days_of(said: str) -> tuple[str, ...]:
    if said.startswith(("week", "work", "business")):
        return ("the weekend",) if said.startswith("weekend") else _WORK
    words = re.findall(r"[a-z]+", said)
    names = (each if each in WEEKDAYS else each.removesuffix("s") for each in words)
    numbers = sorted({WEEKDAYS[each] for each in names if each in WEEKDAYS})
    every = (*_WORK, "saturday", "sunday")
    days = tuple(every[number] for number in numbers)
    return ("the weekend",) if days == every[5:] else days


def _edited(text: str, edits: list[Edit], *, again: bool) -> Wording:
    said, origin, last = "", list[tuple[int, int]](), 0
    left_out = []
    for begin, end, new in sorted(edits):
        if begin < last:
            continue  # of two that overlap, the first
        origin += [(i, i + 1) for i in range(last, begin)] + [(begin, end)] * len(new)
        said += text[last:begin] + new
        last = end
        left_out += [(begin, end)] if not new else []
    origin += [(i, i + 1) for i in range(last, len(text))]
    return Wording(said + text[last:], again, tuple(origin), tuple(left_out), text)
