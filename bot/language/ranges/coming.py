"""Ranges that are still to come, or go on: "tomorrow from 22:00 to 23:00", "at 10pm for an hour", "every sunday"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Final, TypeVar

from bot.errors import InvalidInput
from bot.language.ranges import LONGEST, Found, find, find_all, zone
from bot.language.ranges.ahead import ahead, length
from bot.language.ranges.dates import HOUR, PERIODS, YEARS
from bot.language.ranges.here import DAY, Here
from bot.language.ranges.wording import Wording, wordings
from bot.language.ranges.words import LAST, MONTH_NAMES, TO, UNIT_WORDS, WEEKDAYS, Token, tokens

_SAID: Final = re.compile(r"\S+")
_COLON: Final = re.compile(r":(?=\s)")
_WORDS_OF_TIME: Final = 6
_ENDS: Final = frozenset({"until", "till", "til", "by", "for", "another", "before"})
"""What comes behind these is an end, and no range."""
_PAST: Final = LAST | {"yesterday", "ago", "since", "before", "far", "now"}
_FIXED: Final = frozenset({"today", "tonight", "tomorrow", "this", "next", "current", "all"})
_MOST: Final = 8
"""Ranges that are looked at: who names more says something else."""
_QUARTERS: Final = frozenset({"q1", "q2", "q3", "q4"})
_FROM_NOW: Final = re.compile(r"\bfrom\s+(?:right\s+)?now(?:\s+on(?:wards)?)?\b", re.IGNORECASE)
_IN: Final = re.compile(r"\b(?:from\s+)?in\s+(?=\S)", re.IGNORECASE)
_FOR: Final = re.compile(r"[\s,]*(?:(?:for|lasting)\s+)?(?=\w)", re.IGNORECASE)
_FOR_BEFORE: Final = re.compile(r"\bfor\s+(?=\w)|(?<!\S)(?=\w)", re.IGNORECASE)
_NEAR: Final = 40
_UNTIL: Final = re.compile(r"[\s,]*(?:and\s+)?(?:(?:until|till?|to|through|thru)\s+|[-–—]\s*)(?=\w)", re.IGNORECASE)
_UNTIL_A_DAY: Final = re.compile(r".*\b(until|till?)\s+(.+)", re.IGNORECASE)
_BETWEEN: Final = " ,"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Coming:
    """A time that is to come, or goes on; without an end where only a beginning was said."""

    start: datetime
    end: datetime | None
    at: tuple[int, int]
    again: bool = False
    """Whether it was said to come more than once; this is the first time."""


def coming(text: str, now: datetime, timezone: str = "UTC") -> Coming | None:
    """The first range of the text that is still to come or goes on, at its next coming."""
    parted = _COLON.sub(",", text)  # "from 22:00 to 23:00: new disks"
    found = (_Ahead(said, now, timezone).first() for said in wordings(parted))
    return min(filter(None, found), key=lambda each: each.start, default=None)


def longest(text: str, begin: int, read: Callable[[str], T]) -> tuple[T, int] | None:
    """What the longest run of words from there is read as, and where it ends."""
    ends = [each.end() for each in islice(_SAID.finditer(text, begin), _WORDS_OF_TIME)]
    for end in reversed(ends):
        said = text[begin:end].rstrip(" ,;:.!?()–—-")
        try:
            return read(said), begin + len(said)
        except InvalidInput:
            continue
    return None


def ending(text: str, start: datetime, now: datetime, timezone: str) -> datetime:
    """When it ends that begins then: "for 2 hours" counts from its start, "until 2am" is the next one after it."""
    try:
        return start + timedelta(seconds=_counted(text))
    except InvalidInput:
        pass
    try:
        end = ahead(text, now, timezone)
    except InvalidInput:
        end = start
    return end if end > start else ahead(text, start, timezone)


def _counted(text: str) -> float:
    """A length with its unit, for a bare number may be an hour of the day; and none beyond all that is planned."""
    seconds = length(text)
    if text[-1:].isdigit() or seconds > LONGEST.total_seconds():
        raise InvalidInput(f"{text!r} is no length of time.", mend="Write e.g. 2 hours.")
    return seconds


@dataclass(frozen=True, slots=True)
class _Named:
    """A range that was found, and what its words say of it."""

    at: tuple[int, int]
    words: tuple[str, ...]
    joint: bool
    """Two times: from the one to the other."""
    whole: bool
    """Days, or a part of one, and no times of day."""
    days: int
    """After how many it comes again; 0 where it does not."""

    @property
    def opens(self) -> bool:
        """A time of day alone, or a day from which on."""
        return not self.joint and (not self.whole or self.words[0] == "from")


def _again_after(read: list[Token], said: set[str], *, again: bool, short: bool) -> int:
    years = any(each.kind == "iso" or each.word.count("/") > 1 or each.number in YEARS for each in read)
    if years or said & _QUARTERS:
        return 0
    if (said & set(WEEKDAYS) and "this" not in said) or ("weekend" in said and "next" not in said):
        return 7
    if said & _FIXED:
        return int(again)
    if said & set(MONTH_NAMES) or any(each.kind == "slash" for each in read):
        return 365
    return 28 if any(each.word in ("st", "nd", "rd", "th") for each in read) else int(short)


class _Ahead:
    """Looks for what is to come in one text. What was, as seen from a later day, is what will be."""

    def __init__(self, said: Wording, now: datetime, timezone: str) -> None:
        self.said, self.text, self.now, self.timezone = said, said.text, now, timezone
        self.local = now.astimezone(zone(timezone))

    def first(self) -> Coming | None:
        found = find_all(self.text, self.now, self.timezone)
        named = [each for one in found[:_MOST] if (each := self._named(one))]
        moment = self._moment()
        for i, one in enumerate(named):
            if moment and moment[1][0] <= one.at[0]:
                break
            pair = self._pair(*named[i : i + 2])
            hours, at, starts = pair or (one, one.at, self._comings(one))
            if hit := self._fitting(hours, at, starts):
                start, end, at = hit
                several = one.whole and one.joint and hours is not one
                return Coming(start, end, self.said.stood(at), several or self.said.again)
        if moment is None:
            return None
        start, at = moment
        end, at = self._end(at, start, start) or (None, at)
        return Coming(start, end, self.said.stood(at), self.said.again)

    def _pair(
        self, one: _Named, other: _Named | None = None
    ) -> tuple[_Named, tuple[int, int], Iterator[tuple[datetime, datetime]]] | None:
        """Days, and beside them the hours that are meant of each."""
        if other is None or one.whole == other.whole or self.text[one.at[1] : other.at[0]].strip(_BETWEEN):
            return None
        whole, hours = (one, other) if one.whole else (other, one)
        return (hours, (one.at[0], other.at[1]), self._within(whole, hours)) if hours.days == 1 else None

    def _fitting(
        self, one: _Named, at: tuple[int, int], comings: Iterator[tuple[datetime, datetime]]
    ) -> tuple[datetime, datetime | None, tuple[int, int]] | None:
        """The first of them that is not over, with the end that is said beside it."""
        for start, last in comings:
            end: datetime | None = None if one.opens else last
            begun = max(start, self.now) if one.whole and not one.opens else start
            told = self._end(at, start, begun) if one.opens or one.whole else None
            end, place = told or (end, at)
            if one.opens and one.days > 1 and start < self.now:
                continue  # who begins on a day means the next one
            if (end or (last if one.whole else start)) >= self.now:
                return start, end, place
        return None

    def _named(self, found: Found) -> _Named | None:
        """None where it is past, or the end of something."""
        read = tokens(self.text[slice(*found.at)])
        words = tuple(each.word if each.kind in ("word", "mark") else "" for each in read)
        said = {each for i, each in enumerate(words) if not (i and words[i - 1] in ("half", "quarter"))}
        joint = bool(said & (TO | {"and"}))
        edges = {each.astimezone(self.local.tzinfo).time() for each in (found.start, found.end)}
        whole = edges == {time()} if joint else found.end - found.start != HOUR
        leads = {words[0], *self.text[: found.at[0]].lower().split()[-1:]} & _ENDS
        if said & _PAST or (leads and not (leads == {"for"} and joint and not whole)):
            return None
        lengths = {each.word for each in read} & UNIT_WORDS.keys()
        if found.end == self.now and lengths and not (joint or said & _FIXED):
            return None  # so long up to now
        short = found.end - found.start <= DAY
        return _Named(found.at, words, joint, whole, _again_after(read, said, again=self.said.again, short=short))

    def _seen(self, one: _Named, when: datetime) -> tuple[datetime, datetime] | None:
        """It, as it is meant by whoever says it at that time."""
        found = next((each for each in find_all(self.text, when, self.timezone) if each.at == one.at), None)
        if found is None:
            return None
        here = Here(when.astimezone(self.local.tzinfo))
        end = found.end
        if end == when and one.whole:  # up to now, as far as history goes
            unit = next((PERIODS[each] for each in one.words if each in PERIODS), PERIODS["day"])
            end = here.at(here.first(unit, 1))
        until = _UNTIL_A_DAY.fullmatch(self.text[slice(*one.at)]) if one.joint else None
        last = find(until[2], when, self.timezone) if until else None
        if until and last and last.end - last.start != HOUR:  # a day, that is: until it begins
            end = ending(until[2], found.start, when, self.timezone)
        return found.start, end

    def _comings(self, one: _Named) -> Iterator[tuple[datetime, datetime]]:
        back = int(self.said.again and one.days == 1)
        for n in range(-back, 4 if one.days else 1):
            when = self.local + timedelta(days=n * one.days)
            if not (found := self._seen(one, when)):
                continue
            today = found[0].astimezone(self.local.tzinfo).date() == self.local.date()
            if not (today and "next" in one.words):
                yield found
        read = tokens(self.text[slice(*one.at)])
        bare = not one.whole and all(each.kind != "clock" and each.word not in ("am", "pm") for each in read)
        if bare and "today" in one.words and (found := self._seen(one, self.local)):
            yield found[0] + DAY / 2, found[1] + DAY / 2  # "today at 6", said at 3pm

    def _within(self, whole: _Named, hours: _Named) -> Iterator[tuple[datetime, datetime]]:
        """Those hours of each day of it: "this weekend from 2am to 4am"."""
        for first, last in self._comings(whole):
            when = max(first.astimezone(self.local.tzinfo), self.local - 2 * DAY)
            while when.astimezone(UTC) < last:
                when += DAY
                found = self._seen(hours, when)
                if found and first <= found[0] < last:
                    yield found

    def _moment(self) -> tuple[datetime, tuple[int, int]] | None:
        """From now, in 2 hours, 2 hours from now."""
        now = self.now.replace(second=0, microsecond=0)
        if found := _FROM_NOW.search(self.text):
            for lead in list(_SAID.finditer(self.text, 0, found.start()))[-_WORDS_OF_TIME:]:
                run = longest(self.text[: found.start()], lead.start(), _counted)
                if run and not self.text[run[1] : found.start()].strip():
                    return now + timedelta(seconds=run[0]), (lead.start(), found.end())
            return now, found.span()
        for lead in _IN.finditer(self.text):
            if run := longest(self.text, lead.end(), _counted):
                return now + timedelta(seconds=run[0]), (lead.start(), run[1])
        return None

    def _end(self, at: tuple[int, int], start: datetime, begun: datetime) -> tuple[datetime, tuple[int, int]] | None:
        """What is said beside a beginning of its end, and the place of both."""
        if (lead := _FOR.match(self.text, at[1])) and (run := longest(self.text, lead.end(), _counted)):
            return begun + timedelta(seconds=run[0]), (at[0], run[1])

        def until(text: str) -> datetime:
            return ending(text, start, self.now, self.timezone)

        def through(text: str) -> datetime:
            last = coming(text, start, self.timezone)
            return last.end if last and last.end and last.at == (0, len(text)) else until(text)

        lead = _UNTIL.match(self.text, at[1])
        read = until if lead and _UNTIL_A_DAY.match(lead[0] + "_") else through
        if lead and (last := longest(self.text, lead.end(), read)):
            return last[0], (at[0], last[1])
        for lead in _FOR_BEFORE.finditer(self.text, max(0, at[0] - _NEAR), at[0]):
            run = longest(self.text[: at[0]], lead.end(), _counted)
            if run and not self.text[run[1] : at[0]].strip(_BETWEEN):
                return begun + timedelta(seconds=run[0]), (lead.start(), at[1])
        return None
