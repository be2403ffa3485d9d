"""Ranges of time as people write them: "last 30 minutes", "yesterday at 3pm", "since 9am", "2026-03-10", "A/B"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import InvalidInput

EXAMPLES: Final = "last 30 minutes, today, yesterday at 3pm, last week, since 9am, 2026-03-10T14:00Z/2026-03-10T15:00Z"
LONGEST: Final = timedelta(days=400)
MOST: Final = 200
UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}
_UNIT: Final = (
    r"(?P<unit>mo(?:nths?)?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?"
    r"|w(?:(?:ee)?ks?)?|y(?:ears?)?)\b"
)
_CLOCK: Final = r"(?P<{0}h>\d{{1,2}})(?::(?P<{0}m>\d\d))?(?:\s*(?P<{0}p>am|pm))?"
_MOMENT: Final = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
NOON: Final = 12
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "five": 5, "ten": 10, "couple": 2, "few": 3}


@dataclass(frozen=True, slots=True)
class Found:
    """A range, and where in the text it stood."""

    start: datetime
    end: datetime
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Here:
    """Now, in the zone of whoever speaks."""

    now: datetime

    def midnight(self, days: int = 0) -> datetime:
        return datetime.combine(self.now.date() + timedelta(days=days), time(), self.now.tzinfo)

    @property
    def instant(self) -> datetime:
        """Whose hours are all of one length, as those of a zone are not."""
        return self.now.astimezone(UTC)

    def day(self, word: str) -> datetime:
        """The midnight with which it begins; of a weekday, the last one before today."""
        if word in _WEEKDAYS:
            return self.midnight(-((self.now.weekday() - _WEEKDAYS.index(word) - 1) % 7 + 1))
        return self.midnight(-1 if word == "yesterday" else 0)

    def monday(self, weeks: int = 0) -> datetime:
        return self.midnight(-self.now.weekday() + 7 * weeks)

    def first(self, months: int = 0) -> datetime:
        count = self.now.year * 12 + self.now.month - 1 + months
        return datetime(count // 12, count % 12 + 1, 1, tzinfo=self.now.tzinfo)

    def clock(self, match: re.Match[str], name: str, *, usual: str = "") -> datetime:
        hour, minute = int(match[f"{name}h"]), int(match[f"{name}m"] or 0)
        half = match[f"{name}p"] or usual
        try:
            if half:
                hour = time(hour).hour % 12 + (12 if half.lower() == "pm" else 0)
            return datetime.combine(self.day(_day(match)).date(), time(hour, minute), self.now.tzinfo)
        except ValueError:
            raise InvalidInput(f"{match[0]!r} is no time of day.", mend="Write it as 9am or 15:30.") from None

    def came(self, moment: datetime, match: re.Match[str]) -> datetime:
        """Where no day is said, the last one that has come to that hour."""
        return moment if _day(match) or moment < self.now else moment - timedelta(days=1)

    def moment(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text.replace(" ", "T", 1))
        except ValueError:
            raise InvalidInput(f"{text!r} is no date that exists.", mend="Write it as 2026-03-10T14:00Z.") from None
        return found if found.tzinfo else found.replace(tzinfo=self.now.tzinfo)


Reading = Callable[[_Here, re.Match[str]], tuple[datetime, datetime]]


def _rolling(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    word = (match["count"] or "1").lower()
    count = float(_NUMBERS.get(word, 0) or word)
    unit = match["unit"].lower()
    size = UNITS["mo" if unit.startswith("mo") else unit[0]]
    if count * size > 100 * UNITS["y"]:
        raise InvalidInput(f"{match[0].strip()!r} is longer than any record.", mend=f"Write e.g. {EXAMPLES}.")
    return here.instant - timedelta(seconds=count * size), here.instant


def _day(match: re.Match[str]) -> str:
    """What is said of the day, before or behind the hour."""
    return (match["day"] or match.groupdict().get("later") or "").lower()


def _between(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    """The first hour is of the half that makes the times stand in order: 2 to 4pm, 11 to 1pm, 11pm to 2am."""
    start, end = here.clock(match, "a", usual=match["bp"] or ""), here.clock(match, "b")
    if start >= end and match["bp"] and not match["ap"]:
        start -= timedelta(hours=12)
    if start >= end and start.hour >= NOON:
        start -= timedelta(days=1)
    came = here.came(start, match)
    return came, end - (start - came)


def _since(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    return (here.moment(match["date"]) if match["date"] else here.came(here.clock(match, "a"), match)), here.now


def _since_day(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    return here.day(_day(match)), here.now


def _hour(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    start = here.came(here.clock(match, "a"), match).astimezone(UTC)
    return start, start + timedelta(hours=1)


def _weekday(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    start = here.day(_day(match))
    return start, start + timedelta(days=1)


def _date(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    start = here.moment(match["date"])
    whole_day = len(match["date"]) == len("2026-03-10")
    return start, start + timedelta(days=1) if whole_day else start.astimezone(UTC) + timedelta(hours=1)


def _two(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    return here.moment(match["a"]), here.moment(match["b"])


def _named(here: _Here, match: re.Match[str]) -> tuple[datetime, datetime]:
    hour = timedelta(hours=1)
    midnight = here.midnight()
    match match[0].lower():
        case "this morning":
            return midnight + 6 * hour, midnight + 12 * hour
        case "overnight":
            return midnight - 2 * hour, midnight + 6 * hour
        case "last night":
            return midnight - 6 * hour, midnight + 6 * hour
        case "today":
            return midnight, here.now
        case "yesterday":
            return here.midnight(-1), midnight
        case "this week":
            return here.monday(), here.now
        case "last week" | "previous week":
            return here.monday(-1), here.monday()
        case "this month":
            return here.first(), here.now
        case _:
            return here.first(-1), here.first()


_A, _B = _CLOCK.format("a"), _CLOCK.format("b")
_ON: Final = rf"yesterday|today|{'|'.join(_WEEKDAYS)}"
_DAY: Final = rf"(?:(?:on\s+)?(?P<day>{_ON})\s+)?"
_LATER: Final = rf"(?:\s+(?:on\s+)?(?P<later>{_ON})\b)?"
_NO_AMOUNT: Final = rf"(?!\s*(?:%|ms\b|{_UNIT}))\b"
"""500 ms and 2 hours are no hours of the day."""
_COUNT: Final = rf"(?:(?P<count>\d+(?:\.\d+)?|{'|'.join(_NUMBERS)})\s*(?:of\s+)?)?"
_WORDS: Final = r"this morning|overnight|last night|today|yesterday|this (?:week|month)"
_CALENDAR: Final = r"(?<!the )(?:last|previous) (?:week|month)"
_READINGS: Final[tuple[tuple[re.Pattern[str], Reading], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), reading)
    for pattern, reading in (
        (rf"\b(?:from\s+)?(?P<a>{_MOMENT})\s*(?:/|\.\.|to|until|–)\s*(?P<b>{_MOMENT})", _two),
        (rf"\b{_DAY}(?:between|from)\s+{_A}\s*(?:and|to|until|-|–)\s*{_B}{_NO_AMOUNT}{_LATER}", _between),
        (rf"\bsince\s+(?:(?P<date>{_MOMENT})|{_DAY}(?:at\s+)?{_A}{_NO_AMOUNT}{_LATER})", _since),
        (rf"\bsince\s+(?P<day>midnight|{_ON})\b", _since_day),
        (rf"\b{_DAY}(?:at|around)\s+{_A}{_NO_AMOUNT}{_LATER}", _hour),
        (rf"\b(?:{_WORDS})\b|\b{_CALENDAR}\b", _named),
        (rf"\b(?:on|last)\s+(?P<day>{'|'.join(_WEEKDAYS)})\b", _weekday),
        (rf"\b(?:(?:in|over|for|during|within)\s+)?(?:the\s+)?(?:last|past|previous)\s+{_COUNT}{_UNIT}", _rolling),
        (rf"\b(?:since\s+)?(?P<count>\d+(?:\.\d+)?)\s*{_UNIT}\s+ago\b", _rolling),
        (rf"\b(?:on\s+)?(?P<date>{_MOMENT})", _date),
    )
)
_ALONE: Final = re.compile(rf"(?P<count>\d+(?:\.\d+)?)\s*{_UNIT}", re.IGNORECASE)


def zone(name: str) -> ZoneInfo:
    """The zone of that name; UTC where there is none such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name may be that of a folder
        return ZoneInfo("UTC")


def find(text: str, now: datetime, timezone: str = "UTC") -> Found | None:
    """The range that a sentence names, if it names one."""
    here = _Here(now.astimezone(zone(timezone)))
    for pattern, reading in _READINGS:
        if match := pattern.search(text[: 10 * MOST]):
            try:
                start, end = (moment.astimezone(UTC) for moment in reading(here, match))
            except OverflowError:
                raise InvalidInput(f"{match[0]!r} is beyond any record.", mend=f"Write e.g. {EXAMPLES}.") from None
            return Found(start, end, match.span())
    return None


def read(text: str, now: datetime, timezone: str = "UTC") -> tuple[datetime, datetime]:
    """The range that the whole text is; what lies ahead of now is cut off."""
    wanted = text.strip()
    if alone := _ALONE.fullmatch(wanted):
        start, end = _rolling(_Here(now), alone)
    elif (found := find(wanted, now, timezone)) and not wanted[: found.at[0]].strip() + wanted[found.at[1] :].strip():
        start, end = found.start, found.end
    else:
        raise InvalidInput(f"{wanted[:MOST]!r} is no range of time that I know.", mend=f"Write e.g. {EXAMPLES}.")
    return judged(start, min(end, now) if start < now else end, now, wanted)


def judged(start: datetime, end: datetime, now: datetime, text: str) -> tuple[datetime, datetime]:
    """The range, where it can be answered."""
    if start >= now:
        raise InvalidInput(f"{text[:MOST]!r} lies in the future.", mend=f"It is {now:%Y-%m-%d %H:%M} UTC now.")
    if start >= end:
        raise InvalidInput(f"{text[:MOST]!r} ends before it begins.", mend="Put the earlier moment first.")
    if end - start > LONGEST:
        days = (end - start).days
        raise InvalidInput(f"{text[:MOST]!r} is {days:,} days long.", mend=f"Ask for at most {LONGEST.days} days.")
    return start, end
