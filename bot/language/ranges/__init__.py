"""Ranges of time as people write them: "last 30 minutes", "yesterday at 3pm", "since 9am", "2026-03-10", "A/B"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.errors import InvalidInput
from bot.language.ranges.anchored import Anchored, find_anchored
from bot.language.ranges.here import Here, zone
from bot.language.ranges.reading import EXAMPLES
from bot.language.ranges.sentences import Sentence
from bot.language.ranges.words import UNITS

__all__ = [
    "EXAMPLES",
    "LONGEST",
    "MOST",
    "UNITS",
    "Anchored",
    "Found",
    "find",
    "find_all",
    "find_anchored",
    "judged",
    "read",
    "zone",
]

LONGEST: Final = timedelta(days=400)
MOST: Final = 200
_GLUE: Final = "-_/.:@#=+"


@dataclass(frozen=True, slots=True)
class Found:
    """A range, and where in the text it stood."""

    start: datetime
    end: datetime
    at: tuple[int, int]


def find_all(text: str, now: datetime, timezone: str = "UTC") -> tuple[Found, ...]:
    """Every range that a text names, in its order; what cannot be ("99:99") is none."""
    return tuple(found for found in _scan(text, now, timezone) if isinstance(found, Found) and found.start < found.end)


def find(text: str, now: datetime, timezone: str = "UTC") -> Found | None:
    """The first range that a text names, if it names one."""
    for found in _scan(text, now, timezone):
        if isinstance(found, Found):
            return found
        raise found
    return None


def read(text: str, now: datetime, timezone: str = "UTC") -> tuple[datetime, datetime]:
    """The range that the whole text is; what lies ahead of now is cut off."""
    wanted = text.strip()
    found = find(wanted, now, timezone) if len(wanted) <= 10 * MOST else None
    if not found or wanted[: found.at[0]].strip() + wanted[found.at[1] :].strip():
        raise InvalidInput(f"{wanted[:MOST]!r} is no range of time that I know.", mend=f"Write e.g. {EXAMPLES}.")
    return judged(found.start, min(found.end, now) if found.start < now else found.end, now, wanted)


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


def _scan(text: str, now: datetime, timezone: str) -> Iterator[Found | InvalidInput]:
    sentence = Sentence(text, Here(now.astimezone(zone(timezone))))
    i = 0
    while i < sentence.last:
        token = sentence.tokens[i]
        if not sentence.begins(i) or _glued(text, token.start, -1):
            i += 1
            continue
        read = (sentence.whole() if i == 0 else None) or sentence.saying(i) or sentence.hanging(i)
        if not read or _glued(text, sentence.tokens[read[1] - 1].end, 1):
            i += 1
            continue
        told, j = read
        if told:
            at = (token.start, sentence.tokens[j - 1].end)
            try:
                start, end = told()
                yield Found(start.astimezone(UTC), end.astimezone(UTC), at)
            except InvalidInput as error:
                yield error
            except (OverflowError, ValueError):
                said = text[at[0] : at[1]][:MOST]
                yield InvalidInput(f"{said!r} is beyond any record.", mend=f"Write e.g. {EXAMPLES}.")
        i = j


def _glued(text: str, at: int, step: int) -> bool:
    """Whether a word goes on at this place, as in prod-monday, /api/today and 10.0.0.1:80."""
    near = at - 1 if step < 0 else at
    beyond = near + step
    if not 0 <= near < len(text):
        return False
    one = text[near]
    if one.isalnum() or one == "_":
        return True
    return one in _GLUE and ((one in "/@#" and step < 0) or (0 <= beyond < len(text) and text[beyond].isalnum()))
