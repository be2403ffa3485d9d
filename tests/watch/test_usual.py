"""How rarely chance gives so much more than usual."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.watch.usual import SURELY, Rate, Usual

START = datetime(2026, 3, 2, tzinfo=UTC)
SURE = Usual(count=6_000.0, of=60_000.0, looks=1_000.0, misfit=1_000.0)


def test_with_a_long_record_it_is_the_tail_of_dice() -> None:
    tail = 1.0 - sum(math.exp(-3.0) * 3.0**k / math.factorial(k) for k in range(15))
    assert SURE.surprise(15, 30.0) == pytest.approx(-math.log10(tail), abs=0.15)
    assert SURE.surprise_of_none(30.0) == pytest.approx(3.0 / math.log(10), rel=0.01)


@given(st.floats(0, 1e6), st.floats(0.1, 1e6), st.floats(0, 1e7), st.floats(0.1, 1e5))
def test_it_is_a_finite_number_that_grows_with_the_count(count: float, of: float, known: float, seen: float) -> None:
    record = Usual(known, of, 50.0, 60.0)
    little, more = record.surprise(count, seen), record.surprise(2 * count + 10, seen)
    assert 0.0 <= little <= more <= SURELY
    assert record.surprise(record.rate * seen, seen) == 0.0


def test_a_short_record_is_surprised_by_less() -> None:
    short, long = Usual(2.0, 60.0, 1.0, 1.0), Usual(200.0, 6_000.0, 100.0, 100.0)
    assert short.surprise(30, 60.0) < long.surprise(30, 60.0)
    assert Usual().surprise(1_000, 60.0) == 0.0


def test_counts_that_come_in_bursts_surprise_less() -> None:
    dice = np.random.default_rng(1)
    even, bursty = Usual(), Usual()
    for _ in range(200):
        even = even.learned(float(dice.poisson(30)), 60.0, 0.99)
        bursty = bursty.learned(float(dice.poisson(30 * dice.gamma(2, 0.5))), 60.0, 0.99)
    assert even.bursts < 1.6
    assert bursty.bursts > 5
    assert bursty.surprise(90, 60.0) < 4
    assert even.surprise(90, 60.0) > 10


@pytest.mark.parametrize("rate", [0.05, 2.0, 40.0])
def test_a_surprise_comes_as_rarely_as_it_says(rate: float) -> None:
    dice = np.random.default_rng(3)
    record = Usual()
    for _ in range(500):
        record = record.learned(float(dice.poisson(rate)), 1.0, 1.0)
    drawn = dice.poisson(rate, 20_000)
    for size in (1.0, 2.0):
        shown = np.mean([record.surprise(float(count), 1.0) >= size for count in drawn])
        assert shown <= 1.3 * 10**-size + 0.001


def test_what_stands_out_is_not_learned_from_and_a_burst_is() -> None:
    fields: dict[str, Any] = {"fewest": 5, "limit": 6.0, "kept": 1.0}
    rate, at = Rate(Usual(200.0, 6_000.0, 100.0, 100.0)), START
    for count in (40.0, 40.0, 40.0, 40.0):
        at += timedelta(minutes=1)
        rate = rate.after(at, count, 60.0, **fields)
    assert rate.high
    assert rate.since == START + timedelta(minutes=1)
    assert rate.usual.rate == pytest.approx(200 / 6_000)
    burst = Rate(Usual(200.0, 6_000.0, 100.0, 100.0)).after(START, 9.0, 60.0, **fields)
    for number in range(8):
        burst = burst.after(START + number * timedelta(minutes=1), 1.0, 60.0, **fields)
        assert not burst.high
    assert burst.usual.count > 211
    assert burst.looks == 0


def begun(*counts: float, seconds: float = 300.0) -> float:
    """In how many looks from the first on it began; 30 a minute is usual."""
    rate, look = Rate(Usual(30_000.0, 60_000.0, 200.0, 250.0)), timedelta(seconds=seconds)
    for place, count in enumerate(counts):
        start = START + place * look
        rate = rate.after(start + look, count, seconds, 1.0, fewest=5, limit=6.0, start=start)
    assert rate.high
    assert rate.since
    return (rate.since - START) / look


def test_looks_that_were_odd_by_chance_are_not_the_beginning() -> None:
    assert begun(600, 600) == 0.0
    assert begun(150, 230, 160, 600, 600) == 3.0
    assert 2.7 < begun(150, 150, 230, 600, 600) <= 3.0, "of the odd look, at most as much as it has too many"


def test_of_the_look_with_which_it_began_only_so_much_counts_as_it_has_too_many() -> None:
    assert begun(150, 510, 600, 600) == pytest.approx(1.2, abs=0.01)
    assert begun(150, 420, 600, 600) == pytest.approx(1.4, abs=0.01)
    assert begun(150, 240, 600, 600) == 2.0, "so few more may be chance"


@given(st.floats(0.0, 0.95), st.integers(0, 2**32 - 1))
def test_it_is_said_to_have_begun_when_it_did_to_half_a_look(within: float, seed: int) -> None:
    dice = np.random.default_rng(seed)
    quiet = [float(dice.poisson(150)) for _ in range(6)]
    first = float(dice.poisson(150 + (1.0 - within) * 600))
    found = begun(*quiet, first, *(float(dice.poisson(750)) for _ in range(3)))
    assert found == pytest.approx(6 + within, abs=0.45)
