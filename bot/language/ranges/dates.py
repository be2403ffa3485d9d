"""Days, weeks, months and quarters as people say them, the days by name, by date, and by how long ago."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from bot.errors import InvalidInput
from bot.language.ranges.here import DAY, Span, Unit
from bot.language.ranges.hours import Hours
from bot.language.ranges.reading import NOON, Clock, Read, Term
from bot.language.ranges.words import (
    AFTER_A_VERB,
    BEFORE_A_DATE,
    BEFORE_A_MONTH,
    LAST,
    MONTH_NAMES,
    PARTS,
    PLAIN,
    RELATIVE,
    WEEKDAYS,
    Token,
)

HOUR: Final = timedelta(hours=1)
YEARS: Final = range(1970, 2100)
PERIODS: Final[dict[str, Unit]] = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
TO_DATE: Final[dict[str, Unit]] = {"mtd": "month", "wtd": "week", "ytd": "year", "qtd": "quarter"}

BEYOND: Final = {("day", "before", "yesterday"): -2, ("day", "after", "tomorrow"): 2}


class Dates(Hours):
    """Reads days, and periods of the calendar."""

    # Periods that have names

    def period(self, i: int) -> Read[Term]:
        """This week, last quarter, next month, month to date, Q3 2025, in February, the weekend, this morning."""
        the = self.word(i) == "the"
        j = i + the
        word, following = self.word(j), self.word(j + 1)
        if word == "overnight":
            return Term(span=self._overnight), j + 1
        if word == "weekend" and the:
            return self._weekend(0), j + 1
        if word[:1] == "q" and word[1:].isdigit():
            return self._quarter(int(word[1:]), j + 1)
        if word in ("this", "current", "all", "last", "previous", "prev", "next", "past"):
            return self._which(word, following, j, the=the)
        return self._of_week(j) if word == "week" and following == "of" else self._to_date(j)

    def _overnight(self) -> Span:
        """In the morning people ask for all that they slept through."""
        start, end = self.here.hours(self.here.today, -2, 6)
        return start, self.here.instant if self.here.now.hour < NOON else end

    def _to_date(self, i: int) -> Read[Term]:
        """Month to date, week-to-date, ytd; the start of the month, behind a "since"."""
        word = self.word(i)
        if word in TO_DATE:
            return self._unit(TO_DATE[word], 0), i + 1
        if word in ("start", "beginning") and self.word(i + 1) == "of":
            k = i + 2 + (self.word(i + 2) in ("the", "this"))
            unit = PERIODS.get(self.word(k))
            return (self._unit(unit, 0), k + 1) if unit else None
        words = [self.word(k) for k in range(i + 1, i + 5)]
        size = 3 if words[:2] == ["to", "date"] else 5 if words == ["-", "to", "-", "date"] else 0
        return (self._unit(PERIODS[word], 0), i + size) if size and word in PERIODS else None

    def _of_week(self, i: int) -> Read[Term]:
        """Week of March 2nd."""
        found = self.day(i + 2, sure=True)
        if not found or not (day := found[0].day):
            return None
        return Term(span=lambda: self._week_of(day())), found[1]

    def _week_of(self, day: date) -> Span:
        return self.here.hours(day - day.weekday() * DAY, 0, 7 * 24)

    def _unit(self, unit: Unit, offset: int) -> Term:
        return Term(span=lambda: self.here.period(unit, offset))

    def _weekend(self, weeks: int) -> Term:
        def span() -> Span:
            saturday = self.here.first("week", weeks) + 5 * DAY
            if weeks == 0 and saturday > self.here.today:
                saturday -= 7 * DAY
            return self.here.hours(saturday, 0, 48)

        return Term(span=span)

    def _which(self, word: str, following: str, j: int, *, the: bool) -> Read[Term]:
        """This, last or next: a unit of the calendar, a weekend, an hour."""
        offset = {"this": 0, "current": 0, "all": 0, "next": 1}.get(word, -1)
        unit = PERIODS.get(following)
        rolls = word == "past" or (the and word == "last" and unit != "quarter")
        if unit and not rolls and (unit != "day" or word in ("this", "all", "previous", "prev", "next")):
            so_far = self.word(j + 2) == "so" and self.word(j + 3) == "far"
            return self._unit(unit, offset), j + 2 + 2 * so_far
        if unit == "quarter":  # the past quarter
            return Term(span=self.back((3, "mo"), j, j + 2)), j + 2
        if following == "weekend":
            return self._weekend(offset), j + 2
        if following == "hour" and word in ("this", "current"):
            now = self.here.instant
            return Term(span=lambda: (now.replace(minute=0, second=0, microsecond=0), now)), j + 2
        return None

    def _year(self, i: int) -> tuple[int, int] | None:
        j = i + 1 if self.word(i) in ("of", ",", "in") else i
        token = self.at(j)
        if token.kind == "number" and not token.word and token.number in YEARS:
            return int(token.number), j + 1
        return None

    def _quarter(self, number: int, i: int) -> Read[Term]:
        year = self._year(i)
        month = 3 * number - 2

        def span() -> Span:
            today = self.here.today
            return self.here.months(year[0] if year else today.year - (month > today.month), month, 3)

        return Term(span=span), year[1] if year else i

    def _whole_year(self, i: int) -> Read[Term]:
        if not (found := self._year(i)) or not self.free(found[1]):
            return None
        year, j = found
        return Term(span=lambda: self.here.months(year, 1, 12)), j

    def month(self, i: int, *, sure: bool) -> Read[Term]:
        """February, (in) May, last March, January 2026; (in) 2025."""
        j = i + 1 if self.word(i) in LAST else i
        month = MONTH_NAMES.get(self.word(j))
        if not month:
            return self._whole_year(i) if sure else None
        year = self._year(j + 1)
        said = self.last == 1 or (sure and self.word(i - 1) in BEFORE_A_MONTH) or year or j > i
        if not (said or self.word(j) in PLAIN) or self.word(j + 1) in AFTER_A_VERB:
            return None

        def span() -> Span:
            today = self.here.today
            ahead = month > today.month or (j > i and month == today.month)
            return self.here.months(year[0] if year else today.year - ahead, month)

        return Term(span=span), year[1] if year else j + 1

    # Days

    def day(self, i: int, *, sure: bool) -> Read[Term]:
        """Yesterday, (on) Monday, last Friday, March 3rd, (on) the 12th, 2026-03-10, 10/03/2026, 3 days ago."""
        token, word = self.at(i), self.word(i)
        if token.kind == "iso":
            return self._iso(token), i + 1
        if token.kind == "slash":
            return self._slash(token, i, sure=sure)
        if word in RELATIVE:
            offset = RELATIVE[word]
            k = i + 3 if self.word(i + 1) == "so" and self.word(i + 2) == "far" else i + 1
            if offset == 0:
                return Term(day=lambda: self.here.today, span=lambda: self.here.period("day", 0)), k
            return Term(day=lambda: self.here.today + offset * DAY), k
        j = i + 1 if word == "the" else i
        if beyond := BEYOND.get((self.word(j), self.word(j + 1), self.word(j + 2))):
            return Term(day=lambda: self.here.today + beyond * DAY), j + 3
        return self._weekday(i, sure=sure) or self._date(i, sure=sure) or self._ago(j)

    def _iso(self, token: Token) -> Term:
        text = token.word[: len("2026-03-10")].replace("/", "-") + token.word[len("2026-03-10") :]

        def moment() -> datetime:
            try:
                found = datetime.fromisoformat(text.replace(" ", "T", 1).upper())
            except ValueError:
                raise InvalidInput(f"{text!r} is no date that exists.", mend="Write it as 2026-03-10T14:00Z.") from None
            return found if found.tzinfo else found.replace(tzinfo=self.here.now.tzinfo)

        if len(text) == len("2026-03-10"):
            return Term(day=lambda: moment().date(), dated=True)
        if len(text) == len("2026-03-10T14:00"):
            clock = Clock(int(text[11:13]), int(text[14:]), text=text)
            return Term(day=lambda: moment().date(), clock=clock, dated=True)

        def hour() -> Span:
            start = moment().astimezone(UTC)
            return start, start + HOUR

        return Term(span=hour, point=True, dated=True)

    def _slash(self, token: Token, i: int, *, sure: bool) -> Read[Term]:
        """Month first, as in the US, unless there is no such month."""
        month, day, *year = (int(part) for part in token.word.split("/"))
        if not year:
            said = self.last == 1 or self.word(i - 1) in BEFORE_A_DATE
            if not (sure and said) or token.word == "24/7" or not self.free(i + 1) or self.word(i + 1) == "of":
                return None
        if month > NOON:
            month, day = day, month
        return self._dated(month, day, year[0] if year else None, i, i + 1), i + 1

    def _dated(self, month: int, day: int, year: int | None, i: int, j: int) -> Term:
        def found() -> date:
            try:
                return date(year, month, day) if year else self.here.dated(month, day)
            except ValueError:
                text = self.said(i, j)
                raise InvalidInput(f"{text!r} is no date that exists.", mend="Write it as 2026-03-10.") from None

        return Term(day=found, step="" if year else "year", dated=True)

    def _weekday(self, i: int, *, sure: bool) -> Read[Term]:
        which = self.word(i) if self.word(i) in ("last", "this", "next", "past", "previous") else ""
        j = i + 1 if which else i
        word = self.word(j)
        number = WEEKDAYS.get(word)
        if number is None:
            return None
        after = j + 2 if self.word(j + 1) == "," else j + 1
        if dated := self._date(after, sure=True):
            return dated  # Tuesday, 3 March
        nearby = self.word(j + 1) in (*PARTS, "at", "between", "from") or self.at(j + 1).kind == "clock"
        if not (which or sure or nearby or word in PLAIN):
            return None

        def day() -> date:
            if which == "this":
                return self.here.first("week") + number * DAY
            return self.here.weekday(number) + (7 * DAY if which == "next" else timedelta())

        return Term(day=day, step="" if which else "week"), j + 1

    def _ordinal(self, i: int) -> int:
        """The day of a month at this token: 3 or 3rd; 0 where there is none."""
        token = self.at(i)
        good = token.kind == "number" and token.word in ("", "st", "nd", "rd", "th") and token.number in range(1, 100)
        return int(token.number) if good else 0

    def _date(self, i: int, *, sure: bool) -> Read[Term]:
        """March 3rd, 3 March, the 3rd of March 2026; (on) the 12th."""
        j = i + 1 if self.word(i) == "the" else i
        month = MONTH_NAMES.get(self.word(j))
        if month:
            day, k = self._ordinal(j + 1), j + 2
            verb = self.word(j) in ("may", "march", "mar") and not sure and not self.at(j + 1).word
            year = self._year(k)
            if not day or (verb and not year and not self.free(k)):
                return None
        elif day := self._ordinal(j):
            k = j + 2 if self.word(j + 1) == "of" else j + 1
            month = MONTH_NAMES.get(self.word(k))
            if not month:
                return self._numbered(day, j, sure=sure and j > i)
            k += 1
            year = self._year(k)
        else:
            return None
        return self._dated(month, day, year[0] if year else None, j, k), year[1] if year else k

    def _numbered(self, day: int, j: int, *, sure: bool) -> Read[Term]:
        if not sure or not self.at(j).word or not self.free(j + 1):
            return None
        if self.word(j + 1) == "of" and self.word(j + 2) in ("this", "the", "last") and self.word(j + 3) == "month":
            month = self.here.first("month", -1 if self.word(j + 2) == "last" else 0)
            return self._dated(month.month, day, month.year, j, j + 4), j + 4

        def found() -> date:
            try:
                return self.here.numbered(day)
            except ValueError:
                text = self.said(j, j + 1)
                raise InvalidInput(f"{text!r} is no day of a month.", mend="Write it as 2026-03-10.") from None

        return Term(day=found, step="month", dated=True), j + 1

    def _ago(self, i: int) -> Read[Term]:
        """2 hours ago is from then on; 3 days ago is that day."""
        if not (found := self.amount(i)) or self.word(found[1]) not in ("ago", "before"):
            return None
        (number, unit), k = found
        if self.word(k) == "before":  # compared with the 7 days before
            return (Term(span=self.back(found[0], i, k, times=2)), k + 1) if self.rolled < i else None
        if unit in ("s", "m", "h") or number != int(number):
            return Term(span=self.back((number, unit), i, k + 1), point=True), k + 1
        units: dict[str, Unit] = {"d": "day", "w": "week", "mo": "month", "y": "year"}

        def day() -> date:
            self.length((number, unit), i, k + 1)
            return self.here.back(int(number), units[unit])

        return Term(day=day), k + 1
