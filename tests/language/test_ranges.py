from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.language.ranges import LONGEST, find, read, zone

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last 30 minutes", "03-18 15:00", "03-18 15:30"),
        ("over the last hour", "03-18 14:30", "03-18 15:30"),
        ("last couple of hours", "03-18 13:30", "03-18 15:30"),
        ("30m", "03-18 15:00", "03-18 15:30"),
        ("24h", "03-17 15:30", "03-18 15:30"),
        ("2 hours ago", "03-18 13:30", "03-18 15:30"),
        ("today", "03-18 00:00", "03-18 15:30"),
        ("yesterday", "03-17 00:00", "03-18 00:00"),
        ("yesterday at 3pm", "03-17 15:00", "03-17 16:00"),
        ("this week", "03-16 00:00", "03-18 15:30"),
        ("last week", "03-09 00:00", "03-16 00:00"),
        ("the last week", "03-11 15:30", "03-18 15:30"),
        ("last month", "02-01 00:00", "03-01 00:00"),
        ("since 9am", "03-18 09:00", "03-18 15:30"),
        ("since yesterday", "03-17 00:00", "03-18 15:30"),
        ("since monday", "03-16 00:00", "03-18 15:30"),
        ("since 10pm", "03-17 22:00", "03-18 15:30"),
        ("since 2 hours ago", "03-18 13:30", "03-18 15:30"),
        ("since 9am yesterday", "03-17 09:00", "03-18 15:30"),
        ("at 3pm", "03-18 15:00", "03-18 15:30"),
        ("at 11pm", "03-17 23:00", "03-18 00:00"),
        ("at 3pm yesterday", "03-17 15:00", "03-17 16:00"),
        ("at 3pm on monday", "03-16 15:00", "03-16 16:00"),
        ("on monday", "03-16 00:00", "03-17 00:00"),
        ("last wednesday", "03-11 00:00", "03-12 00:00"),
        ("between 2 and 4pm yesterday", "03-17 14:00", "03-17 16:00"),
        ("between 5 and 6pm", "03-17 17:00", "03-17 18:00"),
        ("from 11 to 1pm", "03-18 11:00", "03-18 13:00"),
        ("between 11pm and 2am", "03-17 23:00", "03-18 02:00"),
        ("since 2026-03-17", "03-17 00:00", "03-18 15:30"),
        ("between 2 and 4pm", "03-18 14:00", "03-18 15:30"),
        ("from 10 to 11am", "03-18 10:00", "03-18 11:00"),
        ("overnight", "03-17 22:00", "03-18 06:00"),
        ("last night", "03-17 18:00", "03-18 06:00"),
        ("this morning", "03-18 06:00", "03-18 12:00"),
        ("2026-03-10", "03-10 00:00", "03-11 00:00"),
        ("2026-03-10T14:00Z/2026-03-10T15:00Z", "03-10 14:00", "03-10 15:00"),
    ],
)
def test_what_people_write_is_read(text: str, start: str, end: str) -> None:
    assert tuple(f"{each:%m-%d %H:%M}" for each in read(text, NOW)) == (start, end)


def test_a_day_is_the_day_of_whoever_speaks() -> None:
    start, end = read("yesterday", NOW, "America/New_York")
    assert start == datetime(2026, 3, 17, 4, tzinfo=UTC)
    assert end - start == timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("last 10 years", "3,650 days long"),
        ("last 999999999 years", "longer than any record"),
        ("2026-03-19", "in the future"),
        ("2026-03-10/2026-03-09", "ends before it begins"),
        ("2026-02-30", "no date that exists"),
        ("at 25pm", "no time of day"),
        ("9999-12-31", "beyond any record"),
        ("today at 11pm", "in the future"),
        ("between 10 and 2", "ends before it begins"),
        ("whenever", "no range of time"),
        ("", "no range of time"),
        ("last hour or so of the show", "no range of time"),
    ],
)
def test_what_cannot_be_answered_is_said(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        read(text, NOW)
    assert caught.value.mend


@pytest.mark.parametrize(
    "text", ["errors at 5%", "requests slower than 500ms", "requests between 5 and 10 ms", "slow since 2 hours"]
)
def test_an_amount_is_no_time_of_day(text: str) -> None:
    assert find(text, NOW) is None


def test_hours_are_hours_also_where_the_clock_is_changed() -> None:
    """In Berlin it is 03:30, an hour after 01:30."""
    night = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert read("last hour", night, "Europe/Berlin") == (night - timedelta(hours=1), night)
    assert read("last 24 hours", night, "Europe/Berlin") == (night - timedelta(hours=24), night)
    start, end = read("at 1am", night, "Europe/Berlin")
    assert end - start == timedelta(hours=1)
    start, end = read("yesterday", night + timedelta(days=1), "Europe/Berlin")
    assert end - start == timedelta(hours=23)


@pytest.mark.parametrize("name", ["", "America", "../x", "\0", "x" * 300, "\ud800", "/etc/passwd"])
def test_a_zone_that_is_none_is_utc(name: str) -> None:
    assert zone(name) == zone("UTC")


@given(st.text(max_size=300))
def test_whatever_is_written_it_is_a_good_range_or_a_plain_no(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        start, end = read(text, NOW)
        assert start < end
        assert start < NOW
        assert end - start <= LONGEST
