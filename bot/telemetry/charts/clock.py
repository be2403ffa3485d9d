"""The axis of time: round hours, days and months of the chart's own zone, and words for when it was."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = 60.0
DAY: Final = 86_400.0
_EARLIEST: Final = datetime(1902, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_DAYS: Final = (1, 2, 4, 7, 14)
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000)


def zone(name: str) -> tuple[tzinfo, str]:
    """What is no time zone is UTC, and says so."""
    try:
        return (UTC, "UTC") if name in {"UTC", "Etc/UTC"} else (ZoneInfo(name), name)
    except (KeyError, OSError, ValueError):
        return UTC, "UTC"


def bounded(seconds: float) -> float:
    """A moment that a calendar has."""
    return min(max(seconds, _EARLIEST), _LATEST) if math.isfinite(seconds) else 0.0


def moment(seconds: float, where: tzinfo) -> datetime:
    return datetime.fromtimestamp(bounded(seconds), UTC).astimezone(where)


def seconds_of(at: datetime) -> float:
    """A moment without a zone is of UTC."""
    return bounded((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def ticks(start: float, end: float, most: int, where: tzinfo) -> list[tuple[float, str]]:
    """At most so many round moments, with what is written there."""
    least = max(end - start, 1e-9) / max(most, 1)
    if least <= _SECONDS[-1]:
        return _of_seconds(start, end, next(step for step in _SECONDS if step >= least), where)
    if least <= _DAYS[-1] * DAY:
        return _of_days(start, end, next(days for days in _DAYS if days * DAY >= least), where)
    return _of_months(start, end, next((m for m in _MONTHS if m * 30.5 * DAY >= least), _MONTHS[-1]), where)


def _of_seconds(start: float, end: float, step: int, where: tzinfo) -> list[tuple[float, str]]:
    first = moment(start, where)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    place = math.floor((first.replace(tzinfo=None) - midnight).total_seconds() / step)
    found: dict[float, str] = {}
    while (wall := midnight + timedelta(seconds=place * step)).replace(tzinfo=where).timestamp() <= end:
        at = wall.replace(tzinfo=where).timestamp()
        if at >= start:
            found.setdefault(at, _hour(wall, step))
        place += 1
    return sorted(found.items())


def _hour(wall: datetime, step: float) -> str:
    if wall.hour == wall.minute == wall.second == 0:
        return _day(wall)
    return f"{wall:%H:%M:%S}" if step < MINUTE else f"{wall:%H:%M}"


def _of_days(start: float, end: float, days: int, where: tzinfo) -> list[tuple[float, str]]:
    first = moment(start, where).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first -= timedelta(days=first.weekday() if days % 7 == 0 else (first.day - 1) % days)
    found = []
    while (at := first.replace(tzinfo=where).timestamp()) <= end:
        if at >= start:
            found.append((at, _day(first)))
        first += timedelta(days=days)
    return found


def _of_months(start: float, end: float, months: int, where: tzinfo) -> list[tuple[float, str]]:
    first = moment(start, where)
    place = (first.year * 12 + first.month - 1) // months * months
    found = []
    while (at := (wall := datetime(place // 12, place % 12 + 1, 1)).replace(tzinfo=where).timestamp()) <= end:  # noqa: DTZ001  given below
        if at >= start:
            found.append((at, f"{wall:%Y}" if wall.month == 1 else f"{wall:%b}"))
        place += months
    return found


def _day(wall: datetime) -> str:
    return f"{wall.day} {wall:%b}"


def caption(start: float, end: float, where: tzinfo, name: str) -> str:
    """Which days these are, and whose."""
    first, last = moment(start, where), moment(end, where)
    if first.date() == last.date():
        return f"{first:%a} {first.day} {first:%B %Y} · {name}"
    if first.year == last.year:
        opening = f"{first.day}" if first.month == last.month else f"{first.day} {first:%B}"
        return f"{opening}–{last.day} {last:%B %Y} · {name}"
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y} · {name}"


def spoken(start: float, end: float, where: tzinfo, name: str) -> str:
    """From when until when, to the minute, for alt text."""
    first, last = (moment(round(at / MINUTE) * MINUTE, where) for at in (start, end))
    if last - first >= timedelta(days=3):
        return f"{first.day} {first:%b} to {last.day} {last:%b %Y}, {name}"
    if first == last:
        return f"{first.day} {first:%b %H:%M} {name}"
    if first.date() == last.date():
        return f"{first:%H:%M}–{last:%H:%M} {name} on {first.day} {first:%b}"
    return f"{first.day} {first:%b %H:%M} – {last.day} {last:%b %H:%M} {name}"
