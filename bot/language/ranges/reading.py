"""A text read as times, token by token: what all readings share, numbers of things, and lengths of time.

Terms are read first and dated after, since an hour may take its day, or its half of the day, from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Final, Literal, TypeVar

from bot.errors import InvalidInput
from bot.language.ranges.here import Here, Span
from bot.language.ranges.words import AFTER_AN_HOUR, LAST, NUMBERS, TENS, UNIT_WORDS, UNITS, Token, tokens

EXAMPLES: Final = "last 30 minutes, today, yesterday at 3pm, last week, since 9am, 2026-03-10T14:00Z/2026-03-10T15:00Z"
NOON: Final = 12
BEYOND: Final = 16
"""No reading looks further ahead than that."""


@dataclass(frozen=True, slots=True)
class Clock:
    """An hour of the day as said; `half` is am or pm, where it was said."""

    hour: int
    minute: int = 0
    half: str = ""
    tz: tzinfo | None = None
    sure: bool = True
    """Nothing but a time of day: 15:30 or 3pm, and not a mere 3."""
    spoken: bool = False
    """Said on a dial of twelve hours: half past two."""
    text: str = ""

    def of_day(self, half: str = "") -> tuple[int, int]:
        half, hour = self.half or half, self.hour
        if hour > (NOON if half else 24) or self.minute > 59 or (hour == 24 and self.minute):  # noqa: PLR2004 - a clock
            raise InvalidInput(f"{self.text!r} is no time of day.", mend="Write it as 9am or 15:30.")
        return hour % NOON + (NOON if half == "pm" else 0) if half else hour, self.minute


@dataclass(frozen=True, slots=True)
class Term:
    """A day, an hour with or without one, or a `span` that stands for itself; a `point` ends where it begins."""

    day: Callable[[], date] | None = None
    step: Literal["", "week", "month", "year"] = ""
    """After how long a day of that name comes again."""
    clock: Clock | None = None
    span: Callable[[], Span] | None = None
    point: bool = False
    dated: bool = False
    """A date or an hour, that "A to B" joins without a "from"; "compare today to yesterday" does not."""


T = TypeVar("T")
Read = tuple[T, int] | None
Told = Callable[[], Span] | None


class Reader:
    """One text, read from any token on; whatever is read comes with the number of the token behind it."""

    def __init__(self, text: str, here: Here) -> None:
        self.text, self.here = text, here
        found = tokens(text)
        self.last = len(found)
        self.tokens = found + [Token("end", "", len(text), len(text))] * BEYOND
        self.words = [each.word if each.kind in ("word", "mark") else "" for each in self.tokens]
        rolled = [at for at, each in enumerate(self.words) if each in ("last", "past")]
        self.rolled = rolled[0] if rolled else len(self.words)
        """Where "the last hour" may be said, with which "the previous hour" is compared."""
        self.comparing = any(each.startswith("compar") for each in self.words)

    def at(self, i: int) -> Token:
        return self.tokens[i]

    def word(self, i: int) -> str:
        return self.words[i]

    def said(self, i: int, j: int) -> str:
        return self.text[self.at(i).start : self.at(j - 1).end]

    # Counts and lengths

    def count(self, i: int) -> Read[float]:
        """12, ten, forty-five, half a, a couple of."""
        token, word = self.at(i), self.word(i)
        if token.kind == "number" and not token.word:
            return token.number, i + 1
        if word == "half":
            return 0.5, i + 2 if self.word(i + 1) in ("a", "an") else i + 1
        if word in ("a", "an") and self.word(i + 1) in ("couple", "few", "half"):
            return self.count(i + 1)
        if word not in NUMBERS:
            return None
        number: float = NUMBERS[word]
        j = i + 1
        if word in TENS and self.word(j) == "-" and 0 < NUMBERS.get(self.word(j + 1), 0) < NUMBERS["ten"]:
            number, j = number + NUMBERS[self.word(j + 1)], j + 2
        if word in ("couple", "few") and self.word(j) == "of":
            j += 1
        return number, j

    def amount(self, i: int, *, bare: bool = False, under: float = float("inf")) -> Read[tuple[float, str]]:
        """How many, and of which unit; a length of several ("1h 30m") in seconds. `bare` units count one."""
        token = self.at(i)
        if token.kind == "number" and token.word in UNIT_WORDS:
            found, j = (token.number, UNIT_WORDS[token.word]), i + 1
        else:
            counted = self.count(i)
            number, j = counted or (1.0, i)
            if not counted and not bare:
                return None
            if counted and self._and_a_half(j):
                number, j = number + 0.5, j + 3
            unit = UNIT_WORDS.get(self.word(j))
            if not unit:
                return None
            found, j = (number, unit), j + 1
            if self._and_a_half(j):
                found, j = (number + 0.5, unit), j + 3
        size = UNITS[found[1]]
        if size >= under:
            return None
        rest = j + 1 if self.word(j) == "and" else j
        more = self.amount(rest, under=size) if self.at(rest).kind == "number" or rest > j else None
        if more:
            (number, unit), j = more
            return (found[0] * size + number * UNITS[unit], "s"), j
        return found, j

    def _and_a_half(self, i: int) -> bool:
        return self.word(i) == "and" and self.word(i + 1) == "a" and self.word(i + 2) == "half"

    def length(self, amount: tuple[float, str], i: int, j: int) -> timedelta:
        seconds = amount[0] * UNITS[amount[1]]
        if seconds > 100 * UNITS["y"]:
            raise InvalidInput(f"{self.said(i, j)!r} is longer than any record.", mend=f"Write e.g. {EXAMPLES}.")
        return timedelta(seconds=seconds)

    def back(self, amount: tuple[float, str], i: int, j: int, *, times: int = 1) -> Told:
        """So long up to now; the second of two `times` is the one before that."""

        def span() -> Span:
            length = self.length(amount, i, j)
            return self.here.instant - times * length, self.here.instant - (times - 1) * length

        return span

    def rolling(self, i: int) -> Read[Term]:
        """(The) last hour, past 15 min, prev 6h, last day or so."""
        j = i + 1 if self.word(i) in ("the", "this", "these") else i
        if self.word(j) not in LAST:
            return None
        if not (found := self.amount(j + 1, bare=True)):
            return None
        amount, k = found
        if self.word(k) == "or" and self.word(k + 1) in ("so", "two", "three"):
            amount = (float(NUMBERS.get(self.word(k + 1), 0)) or amount[0], amount[1])
            k += 2
        times = 2 if self.rolled < j and self.word(j) in ("previous", "prev", "preceding") else 1
        return Term(span=self.back(amount, j, k, times=times)), k

    def free(self, i: int) -> bool:
        """Whether a bare number may end here: what follows is not what it counts."""
        token = self.at(i)
        if token.kind == "mark":
            return token.word not in ("%", "$", "°")
        return token.kind == "end" or (token.kind == "word" and token.word in AFTER_AN_HOUR)
