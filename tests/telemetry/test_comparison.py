from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bot.telemetry import rows
from bot.telemetry.comparison import Comparison, compare, compare_rows, phrase
from bot.telemetry.signals import Floats, Series
from tests.telemetry.test_rows import wandering

NAN, INF = float("nan"), float("inf")
few = arrays(np.float64, st.integers(0, 25), elements=st.one_of(st.integers(-3, 3).map(float), st.just(NAN)))


def of(before: Floats | Sequence[float], after: Floats | Sequence[float]) -> Comparison:
    sides = [np.array(values, dtype=np.float64) for values in (before, after)]
    return compare(*(Series({}, np.arange(len(values), dtype=np.float64), values) for values in sides))


def normal(seed: int, *shape: int) -> Floats:
    return np.random.default_rng(seed).normal(size=shape)


def test_a_small_case_by_hand() -> None:
    # Pairs with the second greater: 3 (of 1), 2.5 (of 2: one tie), 1 (of 4) of 9; ties 2³ - 2 = 6.
    found = of([1, 2, 4], [2, 3, 5])
    assert found.effect == pytest.approx(2 * 6.5 / 9 - 1)
    variance = 9 / 12 * (7 - 6 / (6 * 5))
    assert found.p == pytest.approx(float(rows.two_sided(np.array([(6.5 - 4.5 - 0.5) / variance**0.5]))[0]))
    assert (found.median_before, found.median_after, found.difference, found.relative) == (2, 3, 1, 0.5)
    assert found.mean_before == pytest.approx(7 / 3)
    assert found.mean_after == pytest.approx(10 / 3)


@given(few, few)
def test_the_effect_is_what_counting_every_pair_gives(before: Floats, after: Floats) -> None:
    found = of(before, after)
    one, other = before[np.isfinite(before)], after[np.isfinite(after)]
    assert (found.count_before, found.count_after) == (len(one), len(other))
    if len(one) and len(other):
        assert found.effect == pytest.approx(np.sign(other[:, np.newaxis] - one).mean(), abs=1e-12)
    else:
        assert (found.effect, found.p, found.change) == (None, None, "unclear")


def test_nothing_and_one_sample_are_not_clear() -> None:
    for sides in (([], []), ([1], [2]), ([NAN] * 9, [1] * 9), ([1, 2, 3, 4], [9] * 40)):
        found = of(*sides)
        assert found.change == "unclear"
        assert phrase(found) == "not clear: too few samples"


def test_worse_and_better_hang_on_what_the_metric_means() -> None:
    found = of(1 + 0.1 * normal(1, 60), 1.35 + 0.1 * normal(2, 60))
    assert [found.verdict(higher) for higher in ("worse", "better", "neither")] == ["worse", "better", "higher"]
    assert phrase(found, "worse").startswith("clearly worse, +3")
    back = of(1.35 + 0.1 * normal(2, 60), 1 + 0.1 * normal(1, 60))
    assert [back.verdict(higher) for higher in ("worse", "better", "neither")] == ["better", "worse", "lower"]


def test_a_negligible_effect_is_about_the_same_however_small_p_is() -> None:
    found = of(100 + 10 * normal(3, 40_000), 101 + 10 * normal(4, 40_000))
    assert (found.p or 0) < 1e-9
    assert abs(found.effect or 0) < 0.147
    assert phrase(found, "worse") == "about the same"


def test_a_tenth_of_a_percent_is_about_the_same_however_clear_it_is() -> None:
    found = of(8e9 + 1e4 * normal(5, 60), 8.008e9 + 1e4 * normal(6, 60))
    assert found.effect == pytest.approx(1)
    assert phrase(found, "worse") == "about the same"


def test_a_constant_beside_another() -> None:
    assert of([5] * 30, [5] * 30).change == "same"
    assert of([0] * 30, [0] * 30).change == "same"
    assert phrase(of([5] * 30, [6] * 30)) == "clearly higher, +20 %"
    from_nothing = of([0] * 30, [6] * 30)
    assert from_nothing.relative is None
    assert phrase(from_nothing) == "clearly higher"


def test_rare_events_are_told_by_their_means() -> None:
    found = of([0] * 59 + [1], [0, 0, 1] * 20)
    assert (found.median_before, found.median_after) == (0, 0)
    assert found.change == "higher"
    assert found.relative == pytest.approx(19.0)


def test_some_noise_and_little_of_it_is_not_clear() -> None:
    found = of([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7])
    assert phrase(found) == "not clear: it may be chance"


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8, 0.95])
def test_noise_that_wanders_is_seldom_called_different(memory: float) -> None:
    dice = np.random.default_rng(8)
    found = compare_rows(wandering(dice, memory, 800, 240) + 50, wandering(dice, memory, 800, 240) + 50)
    assert (found.p < 0.01).mean() < 0.02


def test_trouble_in_the_last_third_is_seen() -> None:
    before, after = normal(9, 100, 120) + 50, normal(10, 100, 120) + 50
    after[:, 80:] += 20
    assert (compare_rows(before, after).change == 1).mean() > 0.9


def test_lengths_may_differ_and_infinities_are_dropped() -> None:
    found = of([1, 2, 3, 4, 5, INF], [11, 12, -INF, 13, 14, 15, 16, 17])
    assert (found.count_before, found.count_after, found.effect) == (5, 7, 1)


def test_numbers_near_the_ends_of_what_a_float_holds() -> None:
    found = of([1.6e308] * 6, [-1.7e308] * 6)
    assert found.effect == -1
    assert found.median_after == -1.7e308


def test_no_rows() -> None:
    assert len(compare_rows(np.empty((0, 4)), np.empty((0, 5))).p) == 0
    assert compare_rows(np.empty((2, 0)), np.empty((2, 0))).change.tolist() == [3, 3]


@given(few, few, st.integers(-30, 30))
def test_the_unit_does_not_matter(before: Floats, after: Floats, power: int) -> None:
    was, found = of(before, after), of(before * 2.0**power, after * 2.0**power)
    assert (found.effect, found.p, found.change, found.relative) == (was.effect, was.p, was.change, was.relative)


@given(few, few)
def test_the_other_way_round_is_the_opposite(before: Floats, after: Floats) -> None:
    was, found = of(before, after), of(after, before)
    if was.effect is not None:
        assert found.effect == pytest.approx(-was.effect)
        assert found.p == pytest.approx(was.p)


@given(few, few, st.lists(st.integers(0, 7), max_size=5))
def test_gaps_at_the_end_change_nothing(before: Floats, after: Floats, gaps: list[int]) -> None:
    if len(before) + len(gaps) >= 8:  # samples are put into blocks by their columns
        return
    was, found = of(before, after), of(np.append(before, [NAN] * len(gaps)), after)
    assert (found.effect, found.p, found.count_before) == (was.effect, was.p, was.count_before)
