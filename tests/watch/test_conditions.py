"""What somebody asked to be told: over a limit, not there, not as a day before."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.errors import InvalidInput
from bot.telemetry.signals import LogLine
from bot.telemetry.vocabulary import Scope
from bot.watch.conditions import Conditions
from bot.watch.finding import Family, Finding, Subject
from bot.watch.keeping import id_of
from bot.watch.spells import Key
from bot.watch.watches import Aim, Side, WatchKind

START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
NAN = math.nan
PAYMENTS = Subject("payments", "production", "error_rate")
ONE, TWO = (Subject("payments", "production", "error_rate", f"instance {number}") for number in (1, 2))
OVER = Aim(WatchKind.THRESHOLD, above=0.02, for_seconds=300)
SILENT = Aim(WatchKind.ABSENCE, for_seconds=300)
HALF = Aim(WatchKind.CHANGE, change=0.5, for_seconds=120)


def conditions(aim: Aim, kept: object = None) -> Conditions:
    return Conditions(aim, PAYMENTS, title="error rate", unit="share", kept=kept)  # type: ignore[arg-type]


def minute(number: float) -> float:
    return START + 60 * number


def at(number: float) -> datetime:
    return datetime.fromtimestamp(minute(number), UTC)


def fed(
    finder: Conditions, values: Sequence[float], begin: int = 0, before: Sequence[float] | None = None
) -> tuple[Finding, ...]:
    times = np.array([minute(begin + number) for number in range(len(values))])
    then = {PAYMENTS: np.array(before)} if before is not None else None
    return finder.feed(times, {PAYMENTS: np.array(values)}, then)


def test_over_the_limit_for_as_long_as_asked_is_one_event_with_value_and_limit_in_words() -> None:
    finder = conditions(OVER)
    assert fed(finder, [0.01, 0.03, 0.03, 0.03, 0.03, 0.03]) == ()
    (found,) = fed(finder, [0.031], begin=6)
    assert (found.since, found.seen, found.ended) == (at(1), at(6), None)
    assert found.words == "error rate is 3.1 %, the limit is 2 %"
    assert (found.family, found.direction, found.value, found.expected) == (Family.THRESHOLD, "high", 0.031, 0.02)
    assert found.size == pytest.approx(1.55)
    (again,) = fed(finder, [0.05, 0.03], begin=7)
    assert again.key == found.key
    assert again.since == at(1)
    assert again.size == pytest.approx(2.5)


def test_a_short_excess_is_none() -> None:
    assert fed(conditions(OVER), [0.5, 0.5, 0.5, 0.5, 0.5, 0.01, 0.5, 0.5, 0.5, 0.5, 0.5]) == ()


def test_a_watch_without_a_time_speaks_at_once() -> None:
    (found,) = fed(conditions(Aim(WatchKind.THRESHOLD, above=0.02)), [0.021])
    assert found.open


def test_below_a_limit_is_the_other_side() -> None:
    (found,) = fed(conditions(Aim(WatchKind.THRESHOLD, below=0.5)), [0.25])
    assert (found.direction, found.size) == ("low", 1.5)


def test_a_gap_neither_fulfils_nor_ends_and_a_long_one_does_both_undo() -> None:
    waiting = conditions(OVER)
    assert fed(waiting, [0.03, 0.03, NAN, NAN, 0.03, 0.03, 0.03]) == ()  # 4 minutes were seen, of 6
    assert fed(waiting, [0.03], begin=7)[0].since == at(0)
    assert fed(waiting, [NAN, NAN, NAN], begin=8)[0].open
    (over,) = fed(waiting, [NAN, NAN], begin=11)
    assert over.ended == over.seen == at(7)
    assert fed(waiting, [0.03] * 5, begin=13) == ()


@pytest.mark.parametrize(
    ("values", "ended"),
    [
        ([0.01, 0.01], at(6)),  # clearly back
        ([0.0195, 0.0195, 0.0195], None),  # hardly back
        ([0.0195, 0.0195, 0.0195, 0.0195], at(6)),  # hardly back, for half the time
        ([0.01, 0.03, 0.01, 0.03], None),
        ([0.01, NAN, 0.01], at(6)),
    ],
)
def test_it_ends_when_it_is_clearly_back_or_hardly_back_for_half_the_time(
    values: list[float], ended: datetime | None
) -> None:
    finder = conditions(OVER)
    assert fed(finder, [0.03] * 6)[0].open
    (found,) = fed(finder, values, begin=6)
    assert found.ended == ended
    assert fed(finder, [], begin=99) == (() if ended else (found,))


def test_series_are_judged_each_for_itself() -> None:
    finder = conditions(Aim(WatchKind.THRESHOLD, above=0.02))
    times = np.array([minute(0), minute(1)])
    found = finder.feed(times, {ONE: np.array([0.5, 0.5]), TWO: np.array([0.01, NAN])})
    assert [each.subject for each in found] == [ONE]


def test_lines_that_are_watched_are_a_pattern() -> None:
    (found,) = fed(conditions(Aim(WatchKind.PATTERN, above=0, pattern="panic")), [3])
    assert found.family is Family.PATTERN
    assert found.size == 4


OOM = Aim(WatchKind.PATTERN, pattern="OOM")
CACHE, CART = (Subject(service, "production", "logs", "OOM") for service in ("redis-cache", "cart"))


def logged(kept: object = None) -> Conditions:
    return Conditions(OOM, CACHE, title="“OOM”", kept=kept)  # type: ignore[arg-type]


def test_a_line_that_was_asked_for_is_quoted_and_it_began_when_it_was_written() -> None:
    lines = [LogLine(at(0.5), "OOM killed\n  redis"), LogLine(at(0.9), f"OOM {'x' * 200}"), LogLine(at(1.2), "later")]
    finder = logged()
    first = finder.feed(np.array([minute(1)]), {CACHE: np.array([1.0])}, None, {CACHE: lines[:1]})
    assert [(each.words, each.since) for each in first] == [
        ("“OOM” is logged: 1 line in a minute, “OOM killed redis”", at(0.5))
    ]
    (found,) = logged().feed(np.array([minute(1)]), {CACHE: np.array([2.0])}, None, {CACHE: lines})
    assert found.words.startswith("“OOM” is logged: 2 lines in a minute, “OOM xxx")
    assert len(found.words) < 140
    assert found.since == at(0.5)


def test_lines_come_one_by_one_and_are_over_ten_minutes_after_the_last_of_them() -> None:
    finder = logged()
    assert fed_lines(finder, [1, *[0] * 9])[0].open
    (found,) = fed_lines(finder, [1, *[0] * 9], begin=10)
    assert (found.open, found.since, found.seen) == (True, at(0), at(10))
    (ended,) = fed_lines(finder, [0], begin=20)
    assert ended.ended == at(11)
    assert fed_lines(finder, [0], begin=21) == ()


def test_a_service_that_is_not_counted_in_a_look_logged_nothing_and_is_not_lost() -> None:
    finder = logged()
    fed_lines(finder, [1])
    times = np.array([minute(number) for number in range(1, 10)])
    found = finder.feed(times, {CART: np.zeros(9)})
    assert [(each.subject, each.open) for each in found] == [(CACHE, True)]
    (ended,) = finder.feed(np.array([minute(10)]), {CART: np.zeros(1)})
    assert (ended.subject, ended.ended) == (CACHE, at(1))


def fed_lines(finder: Conditions, counts: Sequence[float], begin: int = 0) -> tuple[Finding, ...]:
    times = np.array([minute(begin + number) for number in range(len(counts))])
    return finder.feed(times, {CACHE: np.array(counts, dtype=float)})


# ---------------------------------------------------------------- not there


def test_a_series_that_stops_is_absent_after_the_time_and_back_after_two_samples() -> None:
    finder = conditions(SILENT)
    assert fed(finder, [1, 1, NAN, NAN, NAN, NAN]) == ()
    (found,) = fed(finder, [NAN], begin=6)
    assert (found.family, found.since, found.seen, found.value) == (Family.ABSENCE, at(1), at(6), 300)
    assert found.words == "error rate is not there for 5 min, one sample in 5 min is asked for"
    assert fed(finder, [1, NAN, NAN], begin=7)[0].open
    (ended,) = fed(finder, [1, 1], begin=10)
    assert ended.ended is not None
    assert fed(finder, [1], begin=12) == ()


def test_a_series_that_never_came_is_absent_and_one_that_comes_at_last_ends_it() -> None:
    finder = conditions(SILENT)
    assert finder.feed(np.array([minute(number) for number in range(5)]), {}) == ()
    (found,) = finder.feed(np.array([minute(5)]), {})
    assert (found.subject, found.since) == (PAYMENTS, at(0))
    times = np.array([minute(6), minute(7)])
    (ended,) = finder.feed(times, {ONE: np.array([1.0, 1.0])})
    assert (ended.subject, ended.ended) == (PAYMENTS, at(6))


def test_an_instance_that_is_gone_for_a_day_is_no_longer_missed_while_others_are_there() -> None:
    finder = conditions(SILENT)
    times = np.array([minute(number) for number in range(1_440 + 10)])
    gone = np.full(len(times), NAN)
    gone[0] = 1.0
    found = finder.feed(times, {ONE: gone, TWO: np.ones(len(times))})
    assert [(each.subject, each.open) for each in found] == [(ONE, False)]


# ---------------------------------------------------------------- a day before


def test_a_change_against_the_day_before_needs_both_and_is_smoothed() -> None:
    flat = [100.0] * 10
    assert fed(conditions(HALF), [100, 100, 100, 400, 100, 100, 100, 100, 100, 100], before=flat) == ()
    assert fed(conditions(HALF), [200.0] * 10, before=[NAN] * 10) == ()
    assert fed(conditions(HALF), [200.0] * 10) == ()
    assert fed(conditions(HALF), [200.0] * 10, before=[0.0] * 10) == ()
    assert fed(conditions(HALF), [140.0] * 10, before=flat) == ()
    (more,) = fed(conditions(HALF), [200.0] * 10, before=flat)
    assert (more.direction, more.size, more.expected) == ("high", 2, 100)
    (less,) = fed(conditions(HALF), [25.0] * 10, before=flat)
    assert (less.direction, less.since) == ("low", at(2))
    assert less.words == "error rate is 2,500 %, 75 % under a day before"


def test_who_asks_for_what_rises_is_not_told_of_what_falls() -> None:
    flat = [100.0] * 10
    wishes: dict[Side, list[str]] = {"up": ["high"], "down": ["low"], "": ["high", "low"]}
    for only, told in wishes.items():
        aim = replace(HALF, only=only)
        finders = [fed(conditions(aim), [value] * 10, before=flat) for value in (200.0, 25.0)]
        assert [each.direction for found in finders for each in found] == told
    turned = conditions(replace(HALF, only="up"))
    assert fed(turned, [200.0] * 10, before=flat)[0].open
    (over,) = fed(turned, [25.0] * 5, begin=10, before=flat[:5])
    assert over.ended


def test_a_watch_that_was_there_before_one_way_could_be_asked_for_is_the_same_one() -> None:
    aim = Aim(WatchKind.CHANGE, "cost", Scope("checkout", "production"), change=0.5)
    row = {name: value for name, value in asdict(aim).items() if name != "only"}
    assert TypeAdapter(Aim).validate_python(row) == aim
    assert id_of(aim, "T1", "C1") == "wch-1ee838e439"
    assert len({id_of(each, "T1", "C1") for each in (aim, replace(aim, only="up"), replace(aim, only="down"))}) == 3


# ---------------------------------------------------------------- whatever comes

SAMPLES = st.lists(st.sampled_from([0.0, 0.0195, 0.03, 1.0, NAN, math.inf]), min_size=1, max_size=60)
AIMS = st.sampled_from([OVER, SILENT, HALF, Aim(WatchKind.THRESHOLD, above=0.02, below=0.01)])


def ends(found: Sequence[Finding]) -> list[Finding]:
    return [each for each in found if not each.open]


@given(SAMPLES, AIMS, st.lists(st.integers(0, 60)))
def test_however_the_samples_are_cut_and_kept_in_between_the_events_are_the_same(
    values: list[float], aim: Aim, cuts: list[int]
) -> None:
    before = [0.02] * len(values)
    whole = conditions(aim)
    at_once = fed(whole, values, before=before)
    finder = conditions(aim)
    over: list[Finding] = []
    found: tuple[Finding, ...] = ()
    places = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    for begin, end in pairwise(places):
        found = fed(finder, values[begin:end], begin=begin, before=before[begin:end])
        over += ends(found)
        finder = conditions(aim, json.loads(json.dumps(finder.dump())))
    assert sorted(over, key=repr) == sorted(ends(at_once), key=repr)
    assert [each for each in found if each.open] == [each for each in at_once if each.open]


@given(SAMPLES, AIMS)
def test_each_event_ends_once_after_it_was_told(values: list[float], aim: Aim) -> None:
    finder = conditions(aim)
    live: dict[Key, Finding] = {}
    for number, value in enumerate(values):
        told = fed(finder, [value], begin=number, before=[0.02])
        for each in ends(told):
            began = live.pop(each.key)
            assert each.since == began.since <= each.seen <= at(number)
        now = {each.key: each for each in told if each.open}
        assert live.keys() <= now.keys()
        live = now


def test_a_damaged_state_is_refused_with_a_way_on() -> None:
    with pytest.raises(InvalidInput, match="begins anew"):
        conditions(OVER, {"began": "never", "last": 3})
