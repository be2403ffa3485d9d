"""Lengths of time, and times that are still to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.language.ranges import LONGEST
from bot.language.ranges.ahead import ahead, length

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5 minutes", 300),
        ("for 2 hours", 7_200),
        ("90", 90),
        ("1h 30m", 5_400),
        ("half an hour", 1_800),
        ("an hour", 3_600),
        ("10s", 10),
    ],
)
def test_a_length_is_read_in_seconds(text: str, seconds: float) -> None:
    assert length(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 bananas", "5 minutes and then some", "-5"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no length of time") as refused:
        length(text)
    assert "5 minutes" in refused.value.mend


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", "2026-03-18T17:30"),
        ("for half an hour", "2026-03-18T16:00"),
        ("until 6pm", "2026-03-18T18:00"),
        ("6pm", "2026-03-18T18:00"),
        ("9am", "2026-03-19T09:00"),
        ("tomorrow", "2026-03-19T00:00"),
        ("until tomorrow 9am", "2026-03-19T09:00"),
        ("until tomorrow 9", "2026-03-19T09:00"),
        ("tomorrow at 9", "2026-03-19T09:00"),
        ("until monday 17", "2026-03-23T17:00"),
        ("until 9", "2026-03-19T09:00"),
        ("until 18", "2026-03-18T18:00"),
        ("friday", "2026-03-20T00:00"),
        ("until monday 9am", "2026-03-23T09:00"),
        ("2026-03-20T10:00:00Z", "2026-03-20T10:00"),
    ],
)
def test_a_time_ahead_is_the_first_that_fits_the_words(text: str, moment: str) -> None:
    assert f"{ahead(text, NOW):%Y-%m-%dT%H:%M}" == moment


def test_a_time_of_day_is_one_of_whoever_says_it() -> None:
    assert ahead("until 6pm", NOW, "Europe/Berlin") == datetime(2026, 3, 18, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "moment"),
    [
        ("until 6pm", "18:30", "19T18:00"),
        ("until 6pm", "17:00", "18T18:00"),
        ("until 6pm", "18:00", "19T18:00"),
        ("9:00", "09:30", "19T09:00"),
        ("2026-03-18 22:00", "21:59", "18T22:00"),
    ],
)
def test_a_time_of_day_that_has_passed_is_that_of_tomorrow_and_not_an_hour_later(
    text: str, now: str, moment: str
) -> None:
    assert f"{ahead(text, datetime.fromisoformat(f'2026-03-18T{now}Z')):%dT%H:%M}" == moment


def test_a_written_moment_that_has_passed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is no time ahead"):
        ahead("2026-03-18 15:00", NOW)


@pytest.mark.parametrize("text", ["yesterday", "", "5 years", "whenever", "2026-03-01"])
def test_what_lies_behind_or_too_far_ahead_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no time ahead"):
        ahead(text, NOW)


@given(st.text(max_size=40) | st.from_regex(r"(for|until)? ?\d{1,6} ?(s|min|hours|days)?", fullmatch=True))
def test_whatever_is_said_it_is_ahead_and_not_too_far_or_refused(text: str) -> None:
    try:
        moment = ahead(text, NOW)
    except InvalidInput:
        return
    assert timedelta() < moment - NOW <= LONGEST
