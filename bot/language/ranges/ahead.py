"""Lengths of time, and moments that are still to come: "5 minutes", "for 2 hours", "until tomorrow 9am"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.errors import InvalidInput
from bot.language.ranges import LONGEST, MOST, find
from bot.language.ranges.dates import HOUR
from bot.language.ranges.here import Here
from bot.language.ranges.reading import Reader
from bot.language.ranges.words import UNITS

AHEAD: Final = "2h, 30 minutes, until 6pm, tomorrow 9am, friday, 2026-03-20T10:00Z"
_LEADS: Final = re.compile(r"\s*(?:for|in|the next|another|until|till|til)?\s*(.*?)\s*", re.IGNORECASE)
_TRIED: Final = ("", "until ", "next ", "tomorrow ")
"""What makes a time that of its next coming: "friday", "9am"."""
_HOUR: Final = re.compile(
    r"\s*(?:(?:until|till|til)\s+|.*\b(?:today|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\s+)(?:at\s+)?(?:[01]?\d|2[0-3])\s*",
    re.IGNORECASE,
)
"""Ends with an hour that stands bare: "until 9", "until tomorrow 9"."""
_SECONDS: Final = re.compile(r"\d{1,9}(?:\.\d{1,3})?")


def length(text: str) -> float:
    """Seconds; a bare number is seconds already."""
    wanted = _LEADS.fullmatch(text[:MOST])
    said = wanted[1] if wanted else ""
    if _SECONDS.fullmatch(said):
        return float(said)
    reader = Reader(said, Here(datetime(2000, 1, 1, tzinfo=UTC)))
    amount = reader.amount(0, bare=True)
    if amount is None or amount[1] < reader.last:
        raise InvalidInput(f"{text[:MOST]!r} is no length of time.", mend="Write e.g. 90 s, 5 minutes or 1h 30m.")
    (number, unit), _ = amount
    return number * UNITS[unit]


def ahead(text: str, now: datetime, timezone: str = "UTC") -> datetime:
    """A moment after now: so much later, or the first time ahead that fits the words."""
    said = f"{text[:MOST].rstrip()}:00" if _HOUR.fullmatch(text[:MOST]) else text[:MOST]
    wanted = _LEADS.fullmatch(said)
    said = wanted[1] if wanted else ""
    try:
        moment = now + timedelta(seconds=length(said))
    except (InvalidInput, OverflowError):
        moments = (each for lead in _TRIED for each in _whole(f"{lead}{said}", now, timezone))
        moment = next((each for each in moments if each > now), now)
    if not now < moment <= now + LONGEST:
        raise InvalidInput(f"{text[:MOST]!r} is no time ahead that I know.", mend=f"Write e.g. {AHEAD}.")
    return moment


def _whole(text: str, now: datetime, timezone: str) -> tuple[datetime, ...]:
    """Where what the whole text names begins, and where it ends; a time of day is the moment that it begins."""
    found = find(text, now, timezone)
    if not found or found.at != (0, len(text)):
        return ()
    hour = found.end - found.start == HOUR and not text.startswith("until ")
    return (found.start,) if hour else (found.start, found.end)
