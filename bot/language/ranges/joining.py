"""Which range of time a term is, or two of them: an hour takes its day, or its half of it, from the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from bot.language.ranges.dates import HOUR, Dates
from bot.language.ranges.here import DAY, Span
from bot.language.ranges.reading import NOON, Clock, Term, Told


class Ranges(Dates):
    """Dates what was read."""

    def single(self, term: Term) -> Told:
        if term.clock:

            def hour() -> Span:
                start = self.start(term)
                return start, start + HOUR

            return hour
        if term.span:
            return term.span
        return lambda: (self.start(term), self.end(term))

    def start(self, term: Term) -> datetime:
        if not term.clock:
            return self.here.at(term.day()) if term.day else term.span()[0] if term.span else self.here.instant
        clock, day = term.clock, term.day() if term.day else self.here.today
        halves = ("am", "pm") if clock.spoken else ("",)
        found = [self.here.at(day, *clock.of_day(half), tz=clock.tz) for half in halves]
        come = [each for each in found if each < self.here.instant]
        if come:
            return max(come)
        if term.day:
            return found[0]
        return self.here.at(day - DAY, *clock.of_day(halves[-1]), tz=clock.tz)

    def end(self, term: Term, day: date | None = None) -> datetime:
        """`day` is that of the term, where another has moved it."""
        if term.clock:
            day = day or (term.day() if term.day else self.here.today)
            return self.here.at(day, *term.clock.of_day(), tz=term.clock.tz, last=True)
        if term.span:
            return term.span()[0 if term.point else 1]
        return self.here.at((day or (term.day() if term.day else self.here.today)) + DAY)

    def two(self, first: Term, second: Term, *, exclusive: bool = False) -> Told:
        """From the one to the other; a day as the second is a whole one, unless it is `exclusive`, as ISO wants it."""
        if first.clock and second.clock and not (first.day and second.day):
            a, b = first.clock, second.clock
            return lambda: self._on_one_day(a, b, first.day, second.day)

        def span() -> Span:
            start = self.start(first)
            if not second.day or (second.span and not second.clock):
                return start, self.end(second)
            day = second.day()
            if exclusive and not second.clock:
                return start, self.here.at(day)
            begun = start.astimezone(self.here.now.tzinfo).date()
            if second.step and day < begun:
                day = self._next(day, begun, second.step)
            if second.step == first.step == "week" and day > self.here.today:
                start, day = self.here.at(begun - 7 * DAY), day - 7 * DAY
            return start, self.end(second, day)

        return span

    @staticmethod
    def _next(day: date, begun: date, step: str) -> date:
        """The first day of that name since another has begun."""
        if step == "week":
            return day + timedelta(days=-((day - begun).days // 7) * 7)
        if step == "year":
            return (
                day.replace(year=begun.year)
                if day.replace(year=begun.year) >= begun
                else day.replace(year=begun.year + 1)
            )
        month = begun if day.day >= begun.day else begun.replace(day=1) + timedelta(days=32)
        return month.replace(day=day.day)

    def _on_one_day(
        self, first: Clock, second: Clock, of_first: Callable[[], date] | None, of_second: Callable[[], date] | None
    ) -> Span:
        """Where only one has its half, the other is of that which puts them in order: 2 to 4pm, 11 to 1pm, 9am to 5."""
        a, b = first.of_day(), second.of_day()
        if second.half and not first.half and first.hour <= NOON:
            a = first.of_day(second.half)
            if a >= b:
                a = first.of_day("am" if second.half == "pm" else "pm")
        elif first.half and not second.sure:
            b = second.of_day(first.half)
            if a >= b:
                b = second.of_day("am" if first.half == "pm" else "pm")
        day = of_first or of_second
        begun = ended = day() if day else self.here.today
        if a >= b and (a[0] >= NOON or b == (0, 0)):  # over midnight
            if of_first:
                ended += DAY
            else:
                begun -= DAY
        tz = first.tz or second.tz
        if not day and self.here.at(begun, *a, tz=tz) >= self.here.instant:
            begun, ended = begun - DAY, ended - DAY
        return self.here.at(begun, *a, tz=tz), self.here.at(ended, *b, tz=second.tz or tz, last=True)
