"""Ranges that are still to come, or go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.ranges import zone
from bot.language.ranges.coming import coming, ending

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday
BERLIN, DENVER = "Europe/Berlin", "America/Denver"


def told(text: str, now: datetime = NOW, timezone: str = "UTC") -> tuple[str, str, str] | None:
    """Where the clock of whoever says it begins and ends; and the words."""
    found = coming(text, now, timezone)
    if found is None:
        return None
    start, end = (f"{each.astimezone(zone(timezone)):%m-%d %H:%M}" if each else "" for each in (found.start, found.end))
    return start, end, text[slice(*found.at)]


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("tomorrow from 22:00 to 23:00", "03-19 22:00", "03-19 23:00"),
        ("from 10pm to 11pm", "03-18 22:00", "03-18 23:00"),
        ("22:00-23:00", "03-18 22:00", "03-18 23:00"),
        ("10pm–11pm", "03-18 22:00", "03-18 23:00"),
        ("from 2 to 4am", "03-19 02:00", "03-19 04:00"),
        ("from 14:00 to 16:00", "03-18 14:00", "03-18 16:00"),
        ("from 11pm to 1am", "03-18 23:00", "03-19 01:00"),
        ("tomorrow from 9 to 5", "03-19 09:00", "03-19 17:00"),
        ("tomorrow 9 to 10", "03-19 09:00", "03-19 10:00"),
        ("tomorrow 9.30am-10.15am", "03-19 09:30", "03-19 10:15"),
        ("today from 4 to 5", "03-18 16:00", "03-18 17:00"),
        ("today at 6 for 1h", "03-18 18:00", "03-18 19:00"),
        ("tonight", "03-18 18:00", "03-19 06:00"),
        ("tonight 22:00-23:00", "03-18 22:00", "03-18 23:00"),
        ("tonight 22:00-06:00", "03-18 22:00", "03-19 06:00"),
        ("tonight 10pm for 3h", "03-18 22:00", "03-19 01:00"),
        ("overnight", "03-18 22:00", "03-19 06:00"),
        ("today", "03-18 00:00", "03-19 00:00"),
        ("this week", "03-16 00:00", "03-23 00:00"),
        ("next week", "03-23 00:00", "03-30 00:00"),
        ("tomorrow", "03-19 00:00", "03-20 00:00"),
        ("all day tomorrow", "03-19 00:00", "03-20 00:00"),
        ("the day after tomorrow", "03-20 00:00", "03-21 00:00"),
        ("on friday", "03-20 00:00", "03-21 00:00"),
        ("on wednesday", "03-18 00:00", "03-19 00:00"),
        ("on friday from 9am to 11am", "03-20 09:00", "03-20 11:00"),
        ("from 9 to 11 on friday", "03-20 09:00", "03-20 11:00"),
        ("for friday from 9am to 11am", "03-20 09:00", "03-20 11:00"),
        ("friday 9-11", "03-20 09:00", "03-20 11:00"),
        ("from friday 6pm to monday 9am", "03-20 18:00", "03-23 09:00"),
        ("from monday to friday", "03-16 00:00", "03-21 00:00"),
        ("this weekend", "03-21 00:00", "03-23 00:00"),
        ("at the weekend", "03-21 00:00", "03-23 00:00"),
        ("on saturday and sunday", "03-21 00:00", "03-23 00:00"),
        ("from 2am to 4am this weekend", "03-21 02:00", "03-21 04:00"),
        ("march 20-22", "03-20 00:00", "03-23 00:00"),
        ("on the 20th from 9 to 11", "03-20 09:00", "03-20 11:00"),
        ("3/20 from 9 to 11", "03-20 09:00", "03-20 11:00"),
        ("20.03. from 9 to 11", "03-20 09:00", "03-20 11:00"),
        ("2026-03-19T22:00Z/2026-03-19T23:00Z", "03-19 22:00", "03-19 23:00"),
        ("at 10pm", "03-18 22:00", ""),
        ("2026-03-19 22:00", "03-19 22:00", ""),
        ("from tomorrow", "03-19 00:00", ""),
        ("in 2 hours", "03-18 17:30", ""),
        ("2 hours from now for 1h", "03-18 17:30", "03-18 18:30"),
        ("starting in 10 minutes for 1h", "03-18 15:40", "03-18 16:40"),
        ("from 10pm for 2 hours", "03-18 22:00", "03-19 00:00"),
        ("tomorrow at 10 for 2h", "03-19 10:00", "03-19 12:00"),
        ("at 10pm for an hour", "03-18 22:00", "03-18 23:00"),
        ("for 2 hours from 10pm", "03-18 22:00", "03-19 00:00"),
        ("for an hour at 10pm", "03-18 22:00", "03-18 23:00"),
        ("at half past two for 30 min", "03-19 14:30", "03-19 15:00"),
        ("starting monday at 9 for a week", "03-23 09:00", "03-30 09:00"),
        ("from 10pm until 2am", "03-18 22:00", "03-19 02:00"),
        ("from 10pm until tomorrow 6am", "03-18 22:00", "03-19 06:00"),
        ("from now until 6pm", "03-18 15:30", "03-18 18:00"),
        ("from now on for 2 hours", "03-18 15:30", "03-18 17:30"),
        ("starting tomorrow at 9 until friday", "03-19 09:00", "03-20 00:00"),
        ("tomorrow to friday", "03-19 00:00", "03-21 00:00"),
        ("tomorrow until 5pm", "03-19 00:00", "03-19 17:00"),
    ],
)
def test_a_range_is_the_next_that_its_words_mean(words: str, start: str, end: str) -> None:
    assert told(f"silence payments {words}, please") == (start, end, words)


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("every sunday from 2am to 4am", "03-22 02:00", "03-22 04:00"),
        ("from 2am to 4am every sunday", "03-22 02:00", "03-22 04:00"),
        ("nightly from 2 to 3", "03-19 02:00", "03-19 03:00"),
        ("every night from 10 to 11", "03-18 22:00", "03-18 23:00"),
        ("each weekday from 2 to 3", "03-19 02:00", "03-19 03:00"),
        ("on sundays", "03-22 00:00", "03-23 00:00"),
        ("every monday and thursday at 9 for 1h", "03-19 09:00", "03-19 10:00"),
        ("on weekends from 1 to 3am", "03-21 01:00", "03-21 03:00"),
        ("daily from 2am to 3am", "03-19 02:00", "03-19 03:00"),
        ("every month on the 1st from 9 to 11", "04-01 09:00", "04-01 11:00"),
        ("monday to friday from 9 to 5", "03-18 09:00", "03-18 17:00"),
    ],
)
def test_what_comes_again_is_the_next_time_and_says_so(words: str, start: str, end: str) -> None:
    text = f"silence payments {words}, please"
    found = coming(text, NOW)
    assert found
    assert found.again
    assert told(text) == (start, end, words)


@pytest.mark.parametrize(
    "words",
    [
        *(
            "yesterday",
            "last friday",
            "since 9am",
            "the last 2 hours",
            "2 hours ago",
            "of last night",
            "1h",
            "before 6pm",
        ),
        *("from yesterday 9am to tomorrow 5pm", "today at 2pm", "until tomorrow 9am", "till 6pm", "for tomorrow"),
        *("by friday", "for 2 hours", "for another 2 hours", "version 2.1", "in 5", "in prod", "in 2020"),
        *("errors from 2 to 5 percent", "every day", "99:99-100:00", "in 999999999 years"),
    ],
)
def test_what_is_past_or_an_end_is_no_such_range(words: str) -> None:
    assert told(f"silence payments {words}") is None


def at(local: str, timezone: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=zone(timezone))


@pytest.mark.parametrize(
    ("text", "now", "timezone", "start", "end"),
    [
        ("tomorrow from 22:00 to 23:00", "2026-03-28 12:00", BERLIN, "03-29 22:00", "03-29 23:00"),
        ("from 22:00 to 06:00", "2026-03-28 12:00", BERLIN, "03-28 22:00", "03-29 06:00"),
        ("from 22:00 for 8 hours", "2026-03-28 12:00", BERLIN, "03-28 22:00", "03-29 07:00"),
        ("from 2:30 to 4:00", "2026-03-28 12:00", BERLIN, "03-29 03:30", "03-29 04:00"),
        ("from 2:30 to 4:00", "2026-03-29 12:00", BERLIN, "03-30 02:30", "03-30 04:00"),
        ("every sunday from 2:30 to 4:00", "2026-03-29 12:00", BERLIN, "04-05 02:30", "04-05 04:00"),
        ("tomorrow", "2026-03-28 12:00", BERLIN, "03-29 00:00", "03-30 00:00"),
        ("from 2am to 3am", "2026-10-24 12:00", BERLIN, "10-25 02:00", "10-25 03:00"),
        ("tonight 22:00-23:00", "2026-03-18 20:00", DENVER, "03-18 22:00", "03-18 23:00"),
        ("tomorrow at 9 for 1h", "2026-03-18 23:30", DENVER, "03-19 09:00", "03-19 10:00"),
        ("on friday", "2026-03-20 23:00", DENVER, "03-20 00:00", "03-21 00:00"),
        ("next friday", "2026-03-20 10:00", DENVER, "03-27 00:00", "03-28 00:00"),
        ("this weekend", "2026-03-22 10:00", DENVER, "03-21 00:00", "03-23 00:00"),
        ("this weekend from 2am to 4am", "2026-03-22 10:00", DENVER, "03-28 02:00", "03-28 04:00"),
        ("nightly from 2 to 3", "2026-03-19 01:00", DENVER, "03-19 02:00", "03-19 03:00"),
        ("on the 31st from 9 to 10", "2026-02-10 10:00", DENVER, "03-31 09:00", "03-31 10:00"),
        ("from 22:00 CET for 1h", "2026-03-18 09:00", DENVER, "03-18 15:00", "03-18 16:00"),
    ],
)
def test_the_clock_is_that_of_whoever_says_it(text: str, now: str, timezone: str, start: str, end: str) -> None:
    assert told(text, at(now, timezone), timezone) == (start, end, text)


def test_an_end_is_after_the_beginning() -> None:
    start = NOW + timedelta(hours=7)
    assert ending("until 2am", start, NOW, "UTC") == datetime(2026, 3, 19, 2, tzinfo=UTC)
    assert ending("for 2 hours", start, NOW, "UTC") == start + timedelta(hours=2)
    assert ending("until 6pm", start, NOW, "UTC") == datetime(2026, 3, 19, 18, tzinfo=UTC)


SAID = st.sampled_from(
    "silence payments tomorrow tonight every on from to until for at in friday sundays 22:00 9 11pm - , weekend march "  # noqa: SIM905  a table of words
    "20th 2 hours an and the next this 24:00 99 31st february nightly now half past".split()
)


@given(st.lists(SAID, max_size=9).map(" ".join) | st.text(max_size=40), st.integers(0, 366 * 24))
def test_whatever_is_said_it_is_not_over_and_stands_in_the_text(text: str, hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    found = coming(text, now, BERLIN)
    if found:
        assert 0 <= found.at[0] < found.at[1] <= len(text)
        assert found.end is None or found.end >= now
        assert found.end is None or found.start < found.end
