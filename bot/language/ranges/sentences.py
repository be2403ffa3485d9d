"""What is said around times: since, before, between A and B, from A to B."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from bot.errors import InvalidInput
from bot.language.ranges.here import DAY, Span
from bot.language.ranges.joining import Ranges
from bot.language.ranges.reading import NOON, Clock, Read, Term, Told
from bot.language.ranges.words import (
    AFTER_A_FIGURE,
    DENIALS,
    HALVES,
    LASTING,
    LEADS,
    NO_WINDOW,
    NUMBERS,
    PARTS,
    RECURRING,
    STARTERS,
    TAILS,
    TERMS,
    TO,
    UNIT_WORDS,
    WEEKDAYS,
)

FIGURES: Final = ("number", "clock", "iso", "slash")
AROUND: Final = ("at", "around", "about")


class Sentence(Ranges):
    """Reads a whole saying of time at a token, with the words before it that belong to it."""

    def begins(self, i: int) -> bool:
        """Whether it is worth while to look for a time here; most words are none, and cost no more than this."""
        token, following = self.at(i), self.word(i + 1)
        if token.kind == "number" and token.word in UNIT_WORDS:
            more = self.at(i + 1).kind == "number" and self.at(i + 1).word != token.word
            return more or following in ("ago", "and", "before") or i + 1 == self.last
        if token.kind == "number":
            return token.word in TAILS if token.word else following in AFTER_A_FIGURE
        if token.kind != "word":
            return token.kind in FIGURES
        if token.word in LEADS:
            return following in STARTERS or self.at(i + 1).kind in FIGURES
        if token.word == "the":
            return following in TERMS or self.at(i + 1).kind in FIGURES
        if token.word in NUMBERS:
            return following in AFTER_A_FIGURE or following in NUMBERS or following == "-"
        return token.word in STARTERS

    def saying(self, i: int) -> Read[Told]:
        """Without a range where words of time name none: "by Friday", "every Monday"."""
        word = self.word(i)
        if word in ("since", "after"):
            return self._since(i)
        if word in ("before", "until", "till", "til", "by"):
            return self._until(i)
        if word == "prior":
            return self._until(i + 1) if self.word(i + 1) == "to" else None
        if word in RECURRING:
            return self._recurring(i)
        if word in ("between", "from") and (found := self._between(i)):
            return found
        if word == "so":
            known = self.word(i + 1) == "far" and self.word(i + 2) in ("today", "this")
            return self.saying(i + 2) if known else None
        j = i
        while self.word(j) in LEADS and j < i + 3:
            j += 1
        if j > i and self.word(j - 1) in ("in", "for") and (found := self._not_in(j)):
            return found
        leads = {self.word(k) for k in range(i, j)} - {"of", "about", "early", "earlier", "late", "later"}
        return self._joined(j, sure=bool(leads), at=self.word(j - 1) in AROUND if j > i else False)

    def whole(self) -> Read[Told]:
        """A text that is a time and nothing else needs no word that says so: 30m, 12/24, Mon."""
        if (length := self.amount(0)) and length[1] == self.last:
            return self.back(*length[:1], 0, length[1]), length[1]
        found = self._joined(0, sure=True, at=False)
        return found if found and found[1] == self.last else None

    def hanging(self, i: int) -> Read[Told]:
        """The short "1h" at the end of "checkout p99 prod 1h"."""
        token = self.at(i)
        alone = i + 1 == self.last and token.kind == "number" and token.word in ("m", "h", "d", "w")
        if not alone or not self.word(i - 1).isalpha() or self.word(i - 1) in NO_WINDOW:
            return None
        if not LASTING.isdisjoint(self.words[:i]):
            return None
        return self.back((token.number, token.word), i, i + 1), i + 1

    def _joined(self, i: int, *, sure: bool, at: bool) -> Read[Told]:
        """One term, or two with a "to" between them that needs no "from" before."""
        if found := self._hours(i, loose=False):
            return found
        hour = self._bare_hour(i) if at or (sure and self.word(i - 1) == "from") else None
        first = hour if hour and (at or hour[0].day) else self.term(i, sure=sure)
        if not first:
            return None
        term, j = first
        if term.day and not term.clock:
            loose = self.word(j) in ("between", "from")
            if hours := self.clocks(j + 1 if loose or self.word(j) == "," else j, loose=loose):
                (start, end), j = hours
                return self.two(replace(term, clock=start, span=None), Term(clock=end)), j
        if self.word(j) in TO and (term.dated or term.clock or term.step):
            second = self._second(term, j + 1)
            joint = second and (second[0].dated or second[0].clock or second[0].step or second[0].point)
            if second and joint and not (self.comparing and self.word(j) == "to"):
                return self.two(term, second[0], exclusive=self.word(j) == "/"), second[1]
        return self.single(term), j

    def _second(self, first: Term, i: int) -> Read[Term]:
        if self.word(i) == "now":
            return Term(span=lambda: (self.here.instant, self.here.instant), point=True), i + 1
        return self._day_of_same_month(first, i) or self.term(i, sure=True) or self._bare_hour(i)

    def _day_of_same_month(self, first: Term, i: int) -> Read[Term]:
        """March 3-5."""
        number, day = self._ordinal(i), first.day
        if not number or not day or not first.dated or first.clock or not self.free(i + 1):
            return None

        def found() -> date:
            try:
                return day().replace(day=number)
            except ValueError:
                text = self.said(i, i + 1)
                raise InvalidInput(f"{text!r} is no day of that month.", mend="Write it as 2026-03-10.") from None

        return Term(day=found, dated=True), i + 1

    def term(self, i: int, *, sure: bool) -> Read[Term]:
        """A day with or without an hour or a part of it, an hour, a period."""
        if self.word(i) not in TERMS and self.word(i) != "the" and self.at(i).kind not in FIGURES:
            return None
        if parted := self._parted(i):
            return self._in_part(*parted)
        if found := self.period(i) or self.rolling(i):
            return found
        if found := self.day(i, sure=sure):
            return self._of_day(*found)
        if clock := self.clock(i):
            return self._with_day(*clock)
        return self._part_alone(i, sure=sure) or self.month(i, sure=sure)

    def _bare_hour(self, i: int) -> Read[Term]:
        """A mere number, where only an hour can be meant and nothing follows that it counts."""
        clock = self.clock(i, bare=True)
        return self._with_day(*clock) if clock and (clock[0].sure or self.free(clock[1])) else None

    # Parts of a day

    def _parted(self, i: int) -> tuple[str, Callable[[], date], bool, int] | None:
        """Which part of which day, and whether that is the present one: this morning, last night, Friday evening."""
        word, following = self.word(i), self.word(i + 1)
        if word == "tonight":
            return "night", lambda: self.here.today, True, i + 1
        if following in PARTS and word in ("this", "last", "all"):
            back = DAY if word == "last" or (word == "all" and following == "night") else timedelta()
            return following, lambda: self.here.today - back, word != "last", i + 2
        if found := self.day(i, sure=False):
            term, j = found
            if term.day and self.word(j) in PARTS:
                return self.word(j), term.day, False, j + 1
        j = i + 1 if word == "the" else i
        if self.word(j) in PARTS and self.word(j + 1) in ("of", "on") and (found := self.day(j + 2, sure=True)):
            term, k = found
            if term.day:
                return self.word(j), term.day, False, k
        return None

    def _in_part(self, part: str, day: Callable[[], date], early: bool, j: int) -> Read[Term]:  # noqa: FBT001 - said
        if (
            self.word(j) in AROUND
            and (clock := self.clock(j + 1, bare=True))
            and (clock[0].sure or self.free(clock[1]))
        ):
            return self._clock_in_part(clock[0], part, day), clock[1]
        if self.word(j) in ("between", "from") and (clocks := self.clocks(j + 1, loose=True)):
            (first, second), end = clocks
            both = self.two(self._clock_in_part(first, part, day), self._clock_in_part(second, part, day))
            return Term(span=both), end

        def span() -> Span:
            start, end = PARTS[part]
            if early and part == "morning" and self.here.now.hour < start:
                start = 0  # to whoever is up at four, it is this morning already
            return self.here.hours(day(), start, end)

        return Term(span=span), j

    def _clock_in_part(self, clock: Clock, part: str, day: Callable[[], date]) -> Term:
        """At 9 this morning; the small hours of a night are of the next day."""
        half = clock.half
        if not half and clock.hour <= NOON:
            small = part == "night" and (clock.hour == NOON or clock.hour < PARTS["morning"][0])
            half = "am" if small else HALVES.get(part, "pm")
        following = part == "night" and (half == "am" or (not half and clock.hour < PARTS["morning"][0]))
        return Term(day=lambda: day() + following * DAY, clock=replace(clock, half=half))

    def _part_alone(self, i: int, *, sure: bool) -> Read[Term]:
        """In the morning, at lunch, lunchtime: the last one that has begun."""
        j = i + 1 if self.word(i) == "the" else i
        part = self.word(j)
        if part not in PARTS or not (part == "lunchtime" or (sure and (j > i or part in ("lunch", "night")))):
            return None
        if part == "lunch" and self.word(i - 1) == "for":
            return None

        def span() -> Span:
            start, end = PARTS[part]
            found = self.here.hours(self.here.today, start, end)
            return found if found[0] < self.here.instant else self.here.hours(self.here.today - DAY, start, end)

        return Term(span=span), j + 1

    # Days and hours together

    def _of_day(self, term: Term, j: int) -> Read[Term]:
        """The day with the hour behind it: yesterday at 3pm, Monday 15:30."""
        if not term.day or term.clock:
            return term, j
        around = self.word(j) in AROUND
        k = j + 1 if around or self.word(j) == "," else j
        clock = self.clock(k, bare=around)
        if not clock or self.clocks(k, loose=False) or not (clock[0].sure or self.free(clock[1])):
            return term, j
        return replace(term, clock=clock[0], span=None), clock[1]

    def _with_day(self, clock: Clock, j: int) -> Read[Term]:
        """The hour with the day behind it: 3pm yesterday, 9 this morning."""
        k = j + 1 if self.word(j) == "on" else j
        if parted := self._parted(k):
            part, day, _, end = parted
            return self._clock_in_part(clock, part, day), end
        found = self.day(k, sure=k > j)
        if found and found[0].day:
            return replace(found[0], clock=clock, span=None), found[1]
        return Term(clock=clock), j

    def _hours(self, i: int, *, loose: bool) -> Read[Told]:
        """2 to 4pm (yesterday). Mere numbers are hours where it is `loose`, or where a day is said."""
        if not (found := self.clocks(i, loose=True)) or (self.word(i + 1) == "and" and not loose):
            return None
        (start, end), j = found
        term, k = self._with_day(end, j) or (Term(clock=end), j)
        if not (loose or start.sure or end.sure):
            return None
        return self.two(Term(clock=start), term), k

    # What stands before

    def _not_in(self, i: int) -> Read[Told]:
        """Not rotated in 90 days: what has not been is of the time up to now, what will be is not."""
        denied = any(self.word(k) in DENIALS for k in range(max(0, i - 8), i))
        length = self.amount(i) if denied else None
        long = length and length[0][1] in ("h", "d", "w", "mo", "y")
        return (self.back(length[0], i, length[1]), length[1]) if length and long else None

    def _since(self, i: int) -> Read[Told]:
        j = i + 2 if self.word(i + 1) in AROUND else i + 1
        found = self.term(j, sure=True) or (self._bare_hour(j) if self.word(i) == "since" else None)
        if not found:
            return None
        term, j = found
        if self.word(j) in ("to", "until", "till", "til") and (second := self._second(term, j + 1)):
            return self.two(term, second[0]), second[1]
        if self.word(j) == "up" and self.word(j + 1) == "to" and self.word(j + 2) == "now":
            j += 3
        return lambda: (self.start(term), self.here.instant), j

    def _between(self, i: int) -> Read[Told]:
        between = self.word(i) == "between"
        if found := self._hours(i + 1, loose=between):
            return found
        first = self.term(i + 1, sure=True) or self._bare_hour(i + 1)
        if not first:
            return None
        term, j = first
        if term.day and not term.clock and (hours := self.clocks(j, loose=False)):
            (start, end), j = hours
            return self.two(replace(term, clock=start, span=None), Term(clock=end)), j
        if self.word(j) not in TO and not (between and self.word(j) == "and"):
            return None
        second = self._second(term, j + 1)
        return (self.two(term, second[0], exclusive=self.word(j) == "/"), second[1]) if second else None

    def _until(self, i: int) -> Read[Told]:
        word, j = self.word(i), i + 1
        if self.word(j) == "now":
            return None, j + 1
        if not (found := self.term(j, sure=True)):
            return None
        term, j = found
        clock = term.clock
        if word == "by" or not clock:
            return None, j

        def span() -> Span:
            day = term.day() if term.day else self.here.today
            end = self.here.at(day, *clock.of_day(), tz=clock.tz, last=True)
            ahead = word in ("until", "till", "til") and end > self.here.instant
            return self.here.instant if ahead else self.here.at(day), end

        return span, j

    def _recurring(self, i: int) -> Read[Told]:
        """Every day at 9am, each Monday, nightly at 2, every 2 hours."""
        j = i + 1
        if length := self.amount(j, bare=True):
            j = length[1]
        while j < i + 4 and (self.word(j) in PARTS or self.word(j) in WEEKDAYS or self.word(j) in UNIT_WORDS):
            j += 1
        hour = self._bare_hour(j + 1) if self.word(j) in AROUND else self.clock(j)
        if hour:
            j = hour[1]
        return (None, j) if j > i + 1 else None
