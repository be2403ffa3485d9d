"""Every range of a sentence: what people write, where it stands, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.errors import InvalidInput
from bot.language.ranges import find, find_all, find_anchored, read

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # a Wednesday


def ranges(text: str, now: datetime = NOW, timezone: str = "UTC") -> list[tuple[str, str, str]]:
    """In UTC, without the year where it is this one."""

    def shown(moment: datetime) -> str:
        return f"{moment:{'' if moment.year == NOW.year else '%Y-'}%m-%d %H:%M}"

    return [(text[slice(*each.at)], shown(each.start), shown(each.end)) for each in find_all(text, now, timezone)]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("past 15 min", "03-18 15:15", "03-18 15:30"),
        ("the past week", "03-11 15:30", "03-18 15:30"),
        ("the last hour and a half", "03-18 14:00", "03-18 15:30"),
        ("last half an hour", "03-18 15:00", "03-18 15:30"),
        ("last two and a half hours", "03-18 13:00", "03-18 15:30"),
        ("last forty-five minutes", "03-18 14:45", "03-18 15:30"),
        ("last 1h30m", "03-18 14:00", "03-18 15:30"),
        ("last 2 hours and 30 minutes", "03-18 13:00", "03-18 15:30"),
        ("in the last day or so", "03-17 15:30", "03-18 15:30"),
        ("last hour or two", "03-18 13:30", "03-18 15:30"),
        ("prev 6h", "03-18 09:30", "03-18 15:30"),
        ("trailing 7 days", "03-11 15:30", "03-18 15:30"),
        ("half an hour ago", "03-18 15:00", "03-18 15:30"),
        ("3 days ago", "03-15 00:00", "03-16 00:00"),
        ("3 days ago at 2pm", "03-15 14:00", "03-15 15:00"),
        ("two weeks ago", "03-04 00:00", "03-05 00:00"),
        ("a month ago", "02-18 00:00", "02-19 00:00"),
        ("from 3 hours ago to 1 hour ago", "03-18 12:30", "03-18 14:30"),
        ("this quarter", "01-01 00:00", "03-18 15:30"),
        ("the last quarter", "2025-10-01 00:00", "01-01 00:00"),
        ("the past quarter", "2025-12-18 15:30", "03-18 15:30"),
        ("last year", "2025-01-01 00:00", "01-01 00:00"),
        ("next week", "03-23 00:00", "03-30 00:00"),
        ("Q1", "01-01 00:00", "04-01 00:00"),
        ("Q3 2025", "2025-07-01 00:00", "2025-10-01 00:00"),
        ("Q4", "2025-10-01 00:00", "01-01 00:00"),
        ("in February", "02-01 00:00", "03-01 00:00"),
        ("in may", "2025-05-01 00:00", "2025-06-01 00:00"),
        ("last March", "2025-03-01 00:00", "2025-04-01 00:00"),
        ("January 2026", "01-01 00:00", "02-01 00:00"),
        ("in 2025", "2025-01-01 00:00", "01-01 00:00"),
        ("month to date", "03-01 00:00", "03-18 15:30"),
        ("week-to-date", "03-16 00:00", "03-18 15:30"),
        ("ytd", "01-01 00:00", "03-18 15:30"),
        ("so far today", "03-18 00:00", "03-18 15:30"),
        ("this week so far", "03-16 00:00", "03-18 15:30"),
        ("since the beginning of the month", "03-01 00:00", "03-18 15:30"),
        ("since last Tuesday", "03-17 00:00", "03-18 15:30"),
        ("since yesterday until now", "03-17 00:00", "03-18 15:30"),
        ("since yesterday 14:00", "03-17 14:00", "03-18 15:30"),
        ("since lunch", "03-18 12:00", "03-18 15:30"),
        ("since last week", "03-09 00:00", "03-18 15:30"),
        ("since March 1", "03-01 00:00", "03-18 15:30"),
        ("after 14:00", "03-18 14:00", "03-18 15:30"),
        ("before noon today", "03-18 00:00", "03-18 12:00"),
        ("the weekend", "03-14 00:00", "03-16 00:00"),
        ("the previous day", "03-17 00:00", "03-18 00:00"),
        ("the day before yesterday", "03-16 00:00", "03-17 00:00"),
        ("tomorrow at 9am", "03-19 09:00", "03-19 10:00"),
        ("next friday", "03-20 00:00", "03-21 00:00"),
        ("friday night", "03-13 18:00", "03-14 06:00"),
        ("monday morning", "03-16 06:00", "03-16 12:00"),
        ("the morning of march 3rd", "03-03 06:00", "03-03 12:00"),
        ("yesterday evening between 7 and 8", "03-17 19:00", "03-17 20:00"),
        ("this evening", "03-18 18:00", "03-19 00:00"),
        ("tonight", "03-18 18:00", "03-19 06:00"),
        ("all day", "03-18 00:00", "03-18 15:30"),
        ("at lunchtime", "03-18 12:00", "03-18 14:00"),
        ("around noon", "03-18 12:00", "03-18 13:00"),
        ("at midnight", "03-18 00:00", "03-18 01:00"),
        ("at half past two", "03-18 14:30", "03-18 15:30"),
        ("quarter to 3pm", "03-18 14:45", "03-18 15:45"),
        ("2 in the morning", "03-18 02:00", "03-18 03:00"),
        ("3 o'clock", "03-18 03:00", "03-18 04:00"),
        ("10 a.m.", "03-18 10:00", "03-18 11:00"),
        ("14:00 CET", "03-18 13:00", "03-18 14:00"),
        ("at 9 this morning", "03-18 09:00", "03-18 10:00"),
        ("at 10 last night", "03-17 22:00", "03-17 23:00"),
        ("last night at 2am", "03-18 02:00", "03-18 03:00"),
        ("march 3rd", "03-03 00:00", "03-04 00:00"),
        ("3rd of March", "03-03 00:00", "03-04 00:00"),
        ("Mar 3", "03-03 00:00", "03-04 00:00"),
        ("tuesday, march 3rd at 2pm", "03-03 14:00", "03-03 15:00"),
        ("june 3", "2025-06-03 00:00", "2025-06-04 00:00"),
        ("feb 29", "2024-02-29 00:00", "2024-03-01 00:00"),
        ("on the 12th", "03-12 00:00", "03-13 00:00"),
        ("on the 31st", "01-31 00:00", "02-01 00:00"),
        ("week of march 4th", "03-02 00:00", "03-09 00:00"),
        ("03/10/2026", "03-10 00:00", "03-11 00:00"),
        ("25/12/2025", "2025-12-25 00:00", "2025-12-26 00:00"),
        ("12/24", "2025-12-24 00:00", "2025-12-25 00:00"),
        ("14:00-15:30", "03-18 14:00", "03-18 15:30"),
        ("9-11am", "03-18 09:00", "03-18 11:00"),
        ("9am to 5", "03-18 09:00", "03-18 17:00"),
        ("yesterday, 2–4pm", "03-17 14:00", "03-17 16:00"),
        ("tuesday between 2 and 4pm", "03-17 14:00", "03-17 16:00"),
        ("yesterday from 10pm to 2am", "03-17 22:00", "03-18 02:00"),
        ("yesterday 22:00 to today 02:00", "03-17 22:00", "03-18 02:00"),
        ("from 10pm to midnight", "03-17 22:00", "03-18 00:00"),
        ("from monday to wednesday", "03-16 00:00", "03-19 00:00"),
        ("from tuesday to monday", "03-10 00:00", "03-17 00:00"),
        ("from monday 9am to tuesday 5pm", "03-16 09:00", "03-17 17:00"),
        ("march 3 to march 5", "03-03 00:00", "03-06 00:00"),
        ("March 3-5", "03-03 00:00", "03-06 00:00"),
        ("between dec 30 and jan 2", "2025-12-30 00:00", "01-03 00:00"),
        ("from march 10 to march 25", "03-10 00:00", "03-26 00:00"),
        ("2026-03-10 to 2026-03-12", "03-10 00:00", "03-13 00:00"),
        ("2026-03-10/2026-03-12", "03-10 00:00", "03-12 00:00"),
        ("2026-03-10 14:00 to 15:00", "03-10 14:00", "03-10 15:00"),
        ("2026-03-10T14:00+01:00/2026-03-10T15:00+01:00", "03-10 13:00", "03-10 14:00"),
        ("2026/03/10", "03-10 00:00", "03-11 00:00"),
        ("on the 10th of last month", "02-10 00:00", "02-11 00:00"),
        ("from noon to 2 yesterday", "03-17 12:00", "03-17 14:00"),
        ("from 8 this morning", "03-18 08:00", "03-18 09:00"),
        ("prior to 9am", "03-18 00:00", "03-18 09:00"),
        ("since about 10", "03-18 10:00", "03-18 15:30"),
        ("this mornign", "03-18 06:00", "03-18 12:00"),
        ("yestarday", "03-17 00:00", "03-18 00:00"),
        ("yesteday", "03-17 00:00", "03-18 00:00"),
    ],
)
def test_what_people_write_is_found_as_the_whole_of_its_words(text: str, start: str, end: str) -> None:
    assert ranges(text) == [(text, start, end)]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("last 7d vs previous 7d", "previous 7d"),
        ("last 7 days compared to the 7 days before", "the 7 days before"),
    ],
)
def test_what_the_last_days_are_compared_with_are_those_before_them(text: str, other: str) -> None:
    assert ranges(text)[1:] == [(other, "03-04 15:30", "03-11 15:30")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p95 of checkout over the last hour, please", ["over the last hour"]),
        ("compare checkout this week vs last week", ["this week", "last week"]),
        ("compare yesterday to today", ["yesterday", "today"]),
        ("compare march 3 to march 4 for cart", ["march 3", "march 4"]),
        ("is it slower than 2s since 9am?", ["since 9am"]),
        ("revert yesterday's deploy", ["yesterday"]),
        ("(yesterday)", ["yesterday"]),
        ("*last hour*: `today`", ["last hour", "today"]),
        ("5xx over 5m windows today", ["today"]),
        ("keys that were not rotated in 90 days", ["in 90 days"]),
        ("deploy in 10 minutes", []),
        ("p99 of checkout in prod 1h", ["1h"]),
        ("mute the alerts of checkout 1h", []),
        ("traces of checkout over 2m", []),
        ("every day at 9am, and what happened yesterday", ["yesterday"]),
        ("I need it by friday, errors of monday", ["of monday"]),
        ("alert me every 5 minutes", []),
        ("10:00 to 11:00 and 2026-03-10", ["10:00 to 11:00", "2026-03-10"]),
    ],
)
def test_all_times_of_a_sentence_are_found_in_its_order(text: str, found: list[str]) -> None:
    assert [said for said, _, _ in ranges(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "slower than 500ms or over 2s",
        "over 5m windows, per minute",
        "cpu > 85%, 2x, v2.1, 99.9, 10 replicas, top 5, 24/7",
        "it may be slow, and it may not",
        "errors coming in may be old",
        "they march on and on",
        "the second one",
        "run it a second time",
        "monitor the sun, we sat in the mon room",
        "scale from 2 to 4 replicas",
        "between 3 and 5 pods",
        "keep it at 10 replicas",
        "99:99 and 25:00",
        "localhost:8080, 10.0.0.1:80 and port 8080",
        "prod-monday, /api/today, today_total, INC-42, wf-19be, 9e1c0d4 and q1x",
        "a ratio of 3/4 or 1/2",
        "the last deploy, the last 5 deploys",
        "the 95th percentile, on the 3rd pod",
        "anyone up for lunch?",
        "morning!",
        "half the pods, one of them, a quarter of it",
        "feb 30 and march 35",
        "at 25pm",
        "<@U04AB12CD> is lead",
        "before my 1:1, eta 40 min",
    ],
)
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    assert ranges(text) == []


@pytest.mark.parametrize(("text", "why"), [("at 99:99", "no time of day"), ("feb 30", "no date that exists")])
def test_one_that_cannot_be_is_said_where_one_was_asked_for(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        find(text, NOW)
    with pytest.raises(InvalidInput, match=why):
        read(text, NOW)


@pytest.mark.parametrize("text", ["tomorrow", "next week", "this evening", "tonight", "next monday"])
def test_what_lies_ahead_is_found_and_cannot_be_read(text: str) -> None:
    assert ranges(text)
    with pytest.raises(InvalidInput, match="in the future"):
        read(text, NOW)


def test_what_has_begun_is_whole_where_it_is_found_and_ends_now_where_it_is_read() -> None:
    morning = datetime(2026, 3, 18, 10, tzinfo=UTC)
    assert ranges("this morning", morning) == [("this morning", "03-18 06:00", "03-18 12:00")]
    assert read("this morning", morning) == (datetime(2026, 3, 18, 6, tzinfo=UTC), morning)


def test_to_whoever_is_up_at_four_it_is_this_morning_already() -> None:
    four = datetime(2026, 3, 18, 4, tzinfo=UTC)
    assert read("this morning", four) == (datetime(2026, 3, 18, tzinfo=UTC), four)


@pytest.mark.parametrize(
    ("text", "relation", "kind", "name", "said"),
    [
        ("errors since the deploy", "since", "deploy", "", "since the deploy"),
        ("what broke after our last release?", "since", "deploy", "", "after our last release"),
        ("since the last checkout rollout finished", "since", "deploy", "", "since the last checkout rollout finished"),
        ("latency before the deployment", "before", "deploy", "", "before the deployment"),
        ("logs during inc-42, please", "during", "incident", "INC-42", "during inc-42"),
        ("since INC-42 was opened", "since", "incident", "INC-42", "since INC-42 was opened"),
        ("cpu while incident INC-7 is open", "while", "incident", "INC-7", "while incident INC-7 is open"),
        ("traffic during the outage", "during", "incident", "", "during the outage"),
    ],
)
def test_a_time_that_hangs_on_what_happened_is_told_apart(
    text: str, relation: str, kind: str, name: str, said: str
) -> None:
    (found,) = find_anchored(text)
    wanted = {"while": "during"}.get(relation, relation)
    assert (found.relation, found.kind, found.id, text[slice(*found.at)]) == (wanted, kind, name, said)
    assert find_all(text, NOW) == ()


@pytest.mark.parametrize(
    "text", ["after you deploy it", "before we release", "update INC-42", "since web-01", "deploys"]
)
def test_what_is_done_or_named_is_no_anchor(text: str) -> None:
    assert find_anchored(text) == ()
