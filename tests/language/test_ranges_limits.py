"""Times on the days when the clock is changed, in any text at all, and in very long ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.ranges import find_all, find_anchored
from bot.language.ranges.words import PARTS, STARTERS, UNIT_WORDS

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
FIGURES = """ago now am pm so far and - – / .. , of 3 12 24h 3pm 3rd 99 0 2026 10:30 02:30
24:00 99:99 03/10/2026 12/24
2026-03-29 2026-02-30 2026-03-29T02:30 9999-12-31 0001-01-01 31st o'clock utc cet
couple or so two before checkout"""
PIECES = sorted({*STARTERS, *UNIT_WORDS, *PARTS, *FIGURES.split()})
LONG = [
    "last ",
    "since ",
    "the ",
    "1h ",
    "1h 2m ",
    "between 1 and ",
    "from monday to ",
    "march 3 - ",
    "every ",
    "1:",
    "half ",
    "and ",
    "a half ",
    "on in at ",
    "1 ",
    "1",
    "a",
    "3pm yesterday ",
    "2026-03-10T",
    "not in 3 days ",
    "so far ",
    "of the morning ",
    "forty-",
    "since the last ",
    "inc-",
    "10:30-",
    "week of ",
    ". ",
    "é",
    "1/1/",
    "a1 ",
    "until ",
    "previous 1h ",
    "last 1h previous 1h ",
    "the 7 days before ",
    "tuesday, ",
    "2 to 4pm ",
]


def hours(text: str, now: str, timezone: str) -> float:
    (found,) = find_all(text, datetime.fromisoformat(now), timezone)
    return (found.end - found.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("timezone", "short", "long", "step"),
    [
        (BERLIN, "2026-03-29", "2026-10-25", 1),
        (NEW_YORK, "2026-03-08", "2026-11-01", 1),
        (LORD_HOWE, "2026-10-04", "2026-04-05", 0.5),
    ],
)
def test_a_day_on_which_the_clock_is_changed_has_its_own_length(
    timezone: str, short: str, long: str, step: float
) -> None:
    now = "2026-12-31T12:00+00:00"
    assert hours(short, now, timezone) == 24 - step
    assert hours(long, now, timezone) == 24 + step
    assert hours(f"from {short} to {short}", now, timezone) == 24 - step
    assert hours(f"{long} at 2am", now, timezone) == 1
    assert hours(f"between 1am and 4am {long}", now, timezone) == 3 + step
    assert hours(f"between 1am and 4am on {short}", now, timezone) == 3 - step


def test_a_time_that_the_clock_shows_twice_is_meant_with_both() -> None:
    (found,) = find_all("2026-10-25 between 2 and 2:30am", datetime(2026, 12, 1, tzinfo=UTC), BERLIN)
    assert (found.start, found.end) == (
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )


def test_an_hour_that_the_clock_jumps_over_is_none() -> None:
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert find_all("today between 2 and 3am", now, BERLIN) == ()
    (found,) = find_all("today between 1 and 3am", now, BERLIN)
    assert (found.start, found.end) == (datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC))


def test_a_night_over_which_the_clock_is_changed_ends_when_it_shows_the_morning() -> None:
    assert hours("overnight", "2026-03-29T12:00+00:00", BERLIN) == 7
    assert hours("overnight", "2026-10-25T12:00+00:00", BERLIN) == 9


def test_whoever_asks_in_the_morning_hears_of_all_that_they_slept_through() -> None:
    assert hours("overnight", "2026-03-18T05:00+00:00", "UTC") == 7
    assert hours("overnight", "2026-03-18T09:30+00:00", "UTC") == 11.5
    assert hours("overnight", "2026-03-18T12:00+00:00", "UTC") == 8


def good(text: str, now: datetime, timezone: str) -> None:
    behind = 0
    for found in find_all(text, now, timezone):
        start, end = found.at
        assert behind <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert found.start < found.end
        assert found.start.tzinfo is found.end.tzinfo is UTC
        behind = end
    behind = 0
    for anchor in find_anchored(text):
        assert behind <= anchor.at[0] < anchor.at[1] <= len(text)
        behind = anchor.at[1]


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - with zone
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "UTC", "Asia/Kathmandu", "Pacific/Apia", "America/Havana", "x"])


@given(st.text(max_size=400), MOMENTS, ZONES)
def test_whatever_is_written_no_search_fails(text: str, now: datetime, timezone: str) -> None:
    good(text, now, timezone)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from([" ", "  ", ""]), MOMENTS, ZONES)
def test_no_soup_of_the_words_of_time_makes_a_search_fail(
    words: list[str], between: str, now: datetime, timezone: str
) -> None:
    good(between.join(words), now, timezone)


@pytest.mark.parametrize("piece", LONG)
def test_a_text_twice_as_long_takes_no_more_than_about_twice_as_many_steps(piece: str) -> None:
    def steps(size: int) -> int:
        text = (piece * size)[:size]
        return calls(lambda: (find_all(text, datetime(2026, 3, 18, tzinfo=UTC)), find_anchored(text)))

    assert steps(8_000) <= 2.5 * steps(4_000) + 1_000


def calls(run: Callable[[], object]) -> int:
    """How many functions are called, since a clock would tell another thing each time."""
    count = 0

    def note(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count
