"""Now, in the zone of whoever speaks, and the days, weeks, months and quarters around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Unit = Literal["day", "week", "month", "quarter", "year"]
Span = tuple[datetime, datetime]
MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
DAY: Final = timedelta(days=1)


def zone(name: str) -> ZoneInfo:
    """The zone of that name; UTC where there is none such."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name may be that of a folder
        return ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Here:
    """All that it gives is in UTC, whose hours are all of one length, as those of a zone are not."""

    now: datetime
    """With the zone of whoever speaks."""

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def instant(self) -> datetime:
        return self.now.astimezone(UTC)

    def at(
        self, day: date, hour: int = 0, minute: int = 0, *, tz: tzinfo | None = None, last: bool = False
    ) -> datetime:
        """Where the clock shows it twice, the first time or the `last`; where it never does, when it jumps over it."""
        days, hour = divmod(hour, 24)
        local = datetime.combine(day + timedelta(days=days), time(hour, minute), tz or self.now.tzinfo)
        first = local.astimezone(UTC)
        return max(first, local.replace(fold=1).astimezone(UTC)) if last else first

    def hours(self, day: date, start: int, end: int) -> Span:
        return self.at(day, start), self.at(day, end)

    def first(self, unit: Unit, offset: int = 0) -> date:
        """The first day of the present one, or of one `offset` units away."""
        if unit == "day":
            return self.today + offset * DAY
        if unit == "week":
            return self.today + timedelta(days=7 * offset - self.today.weekday())
        size = MONTHS[unit]
        count = self.today.year * 12 + self.today.month - 1
        count = (count // size + offset) * size
        return date(count // 12, count % 12 + 1, 1)

    def period(self, unit: Unit, offset: int) -> Span:
        """The present one goes no further than now."""
        start = self.at(self.first(unit, offset))
        return start, self.instant if offset == 0 else self.at(self.first(unit, offset + 1))

    def months(self, year: int, month: int, size: int = 1) -> Span:
        after = year * 12 + month - 1 + size
        return self.at(date(year, month, 1)), self.at(date(after // 12, after % 12 + 1, 1))

    def weekday(self, number: int) -> date:
        """The last one before today."""
        return self.today - timedelta(days=(self.today.weekday() - number - 1) % 7 + 1)

    def dated(self, month: int, day: int) -> date:
        """The last such day that does not lie ahead; ValueError where no year has it."""
        for year in range(self.today.year, max(self.today.year - 9, 0), -1):
            try:
                found = date(year, month, day)
            except ValueError:
                continue
            if found <= self.today:
                return found
        return date(self.today.year, month, day)

    def numbered(self, day: int) -> date:
        """The last day of that number in its month; ValueError where no month has it."""
        for offset in range(0, -3, -1):
            try:
                found = self.first("month", offset).replace(day=day)
            except ValueError:
                continue
            if found <= self.today:
                return found
        return self.today.replace(day=day)

    def back(self, count: int, unit: Unit) -> date:
        """The day that many days, weeks, months or years ago."""
        if unit in ("day", "week"):
            return self.today - timedelta(days=count * (7 if unit == "week" else 1))
        months = self.today.year * 12 + self.today.month - 1 - count * MONTHS[unit]
        start = date(months // 12, months % 12 + 1, 1)
        following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
        return start.replace(day=min(self.today.day, (following - DAY).day))
