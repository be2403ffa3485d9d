"""From surprising samples to events: when one opens, how long it stays, when it is over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bot.watch.tracking import CALM, HELD, Tracker

STEP = 60.0


def run(values: Sequence[float], beyond: Sequence[int], tracker: Tracker | None = None) -> list[tuple[str, int]]:
    """What happens at which sample: `beyond` is 1 above, -1 below, 0 calm; what is expected is 1."""
    tracker = tracker or Tracker(1)
    happened = []
    was = False
    for place, (value, side) in enumerate(zip(values, beyond, strict=True)):
        opened, ended = tracker.feed(
            place * STEP,
            STEP,
            np.array([value]),
            expected=np.array([1.0]),
            high=np.array([side > 0]),
            low=np.array([side < 0]),
            score=np.array([9.0 if side else 0.0]),
            calm=np.array([side == 0]),
            kind=np.array([2], dtype=np.int8),
        )
        if opened.size and not was:
            happened.append(("open", place))
        was = bool(opened.size)
        if ended.size:
            happened.append(("end", place))
            tracker.close(ended)
            was = False
    return happened


def test_one_odd_sample_is_no_event() -> None:
    assert run([1, 9, 1, 1, 9, 1, 1], [0, 1, 0, 0, 1, 0, 0]) == []


def test_two_of_three_open_one_and_it_began_with_the_first() -> None:
    tracker = Tracker(1)
    assert run([1, 9, 1, 9], [0, 1, 0, 1], tracker) == [("open", 3)]
    assert tracker.rows["since"][0] == STEP


def test_up_and_down_in_turns_are_not_two_of_one_kind() -> None:
    assert run([1, 9, -9, 9, -9], [0, 1, -1, 0, 0]) == []


def test_it_is_over_after_so_many_calm_ones() -> None:
    values, beyond = [1, 9, 9, *[1] * 6], [0, 1, 1, *[0] * 6]
    assert run(values, beyond) == [("open", 2), ("end", 2 + CALM)]


def test_a_detector_that_got_used_to_it_does_not_end_it() -> None:
    """The level stays; only nobody is surprised any more."""
    values, beyond = [1, 9, 9, *[9] * 60], [0, 1, 1, *[0] * 60]
    assert run(values, beyond) == [("open", 2)]


def test_a_level_that_lasts_for_hours_is_the_new_one() -> None:
    samples = int(HELD / STEP) + 10
    happened = run([1, 9, 9, *[9] * samples], [0, 1, 1, *[0] * samples])
    assert [what for what, _ in happened] == ["open", "end"]


@pytest.mark.parametrize("missing", [0, 1, 5])
def test_samples_that_are_not_there_say_nothing(missing: int) -> None:
    gap = [float("nan")] * missing
    assert run([9, *gap, 9], [1, *[0] * missing, 1]) == [("open", missing + 1)]


def test_what_is_open_goes_on_in_another_process() -> None:
    one = Tracker(1)
    run([1, 9, 9], [0, 1, 1], one)
    other = Tracker.load(one.dump())
    assert run([1] * 6, [0] * 6, other) == [("open", 0), ("end", CALM - 1)]


def test_rows_can_be_taken_in_another_order() -> None:
    tracker = Tracker(1)
    run([1, 9, 9], [0, 1, 1], tracker)
    taken = tracker.take(np.array([-1, 0]))
    assert taken.rows["side"].tolist() == [0, 1]


def test_it_is_over_when_it_is_back_even_if_a_detector_wonders() -> None:
    """After an hour what was unusual is expected, and its end is a surprise downwards."""
    values, beyond = [1, 9, 9, *[9] * 90, *[1] * 6], [0, 1, 1, *[0] * 90, *[-1] * 6]
    assert run(values, beyond)[:2] == [("open", 2), ("end", 92 + CALM)]


def test_more_than_half_of_the_way_back_is_over_where_nothing_is_odd() -> None:
    """What is usual may have moved meanwhile."""
    assert run([1, 9, 9, *[4.5] * 6], [0, 1, 1, *[0] * 6])[-1] == ("end", 2 + CALM)
    assert run([1, 9, 9, *[4.5] * 6], [0, 1, 1, *[1] * 6]) == [("open", 2)]
    assert run([1, 9, 9, *[5.5] * 6], [0, 1, 1, *[0] * 6]) == [("open", 2)]


def test_the_way_back_does_not_show_it() -> None:
    tracker = Tracker(1)
    run([1, 9, 9, 8, 2, 1], [0, 1, 1, 1, -1, -1], tracker)
    assert tracker.rows["value"].tolist() == [8]


def feed(tracker: Tracker, place: int, value: float, expected: float, *, odd: bool) -> None:
    one = np.array([odd])
    tracker.feed(
        place * STEP,
        STEP,
        np.array([value]),
        expected=np.array([expected]),
        high=one,
        low=np.array([False]),
        score=np.array([9.0 * odd]),
        calm=~one,
        kind=np.array([2], dtype=np.int8),
    )


def test_what_was_expected_before_it_left_is_usual() -> None:
    """A detector expects more after the first odd sample; and what it expects before it judges is nothing."""
    tracker = Tracker(1)
    for place, (value, expected) in enumerate([(1, 1.0), (1, np.nan), (5, 1.2), (9, 3.0)]):
        feed(tracker, place, value, expected, odd=value > 1)
    assert (tracker.rows["side"].tolist(), tracker.rows["expected"].tolist()) == ([1], [1.0])


@pytest.mark.parametrize(("gap", "usual"), [(3, 1.0), (100, 3.0)])
def test_what_was_expected_long_ago_is_not(gap: int, usual: float) -> None:
    tracker = Tracker(1)
    feed(tracker, 0, 1, 1.0, odd=False)
    for place in (gap, gap + 1):
        feed(tracker, place, 9, 3.0, odd=True)
    assert tracker.rows["expected"].tolist() == [usual]
