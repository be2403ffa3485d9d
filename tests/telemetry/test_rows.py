from __future__ import annotations

import math

import numpy as np
import pytest

from bot.telemetry.rows import chunks, independent, likeness, scaled, step, two_sided
from bot.telemetry.signals import Floats


def wandering(rng: np.random.Generator, memory: float, rows: int, columns: int) -> Floats:
    """Noise of which each sample remembers the one before."""
    noise: Floats = rng.normal(size=(rows, columns))
    noise[:, 0] /= math.sqrt(1 - memory**2)
    for column in range(1, columns):
        noise[:, column] += memory * noise[:, column - 1]
    return noise


def worth(values: Floats) -> Floats:
    return independent(scaled(values)[0], np.isfinite(values))


def test_chance_as_the_error_function_has_it() -> None:
    scores = np.linspace(-36, 36, 999)
    exact = [math.erfc(abs(score) / math.sqrt(2)) for score in scores]
    assert two_sided(scores) == pytest.approx(exact, rel=1e-6)
    assert two_sided(np.array([0.0, 1e9])) == pytest.approx([1.0, 0.0])


def test_chunks_cover_all_rows_once_and_give_one_for_none() -> None:
    assert [index for chunk in chunks(10_000, 1_440) for index in range(10_000)[chunk]] == list(range(10_000))
    assert list(chunks(0, 5)) == [slice(0, (1 << 18) // 5)]


def test_scaling_is_exact_and_survives_zeros() -> None:
    values = np.array([[0.0, 0.0], [3.0, -5.0], [1e300, 1e-7]])
    unit, factor = scaled(values)
    assert (unit * factor[:, np.newaxis] == values).all()
    assert np.abs(unit).max() <= 2


def test_the_best_step_by_hand() -> None:
    fit, explained = step(np.array([[1.0, 1, 1, 5, 5], [1, 2, 1, 2, 1]]), np.ones((2, 5)))
    assert fit[0] == pytest.approx([1, 1, 1, 5, 5])
    assert explained[0] == pytest.approx(1.0)
    assert explained[1] < 0.5


def test_independent_samples_are_worth_themselves() -> None:
    noise = np.random.default_rng(1).normal(size=(200, 600))
    assert np.median(worth(noise)) == pytest.approx(600, rel=0.15)


def test_samples_that_remember_are_worth_less() -> None:
    found = np.median(worth(wandering(np.random.default_rng(2), 0.8, 200, 2_000)))
    assert found == pytest.approx(2_000 * (1 - 0.8) / (1 + 0.8), rel=0.25)


def test_a_great_step_is_no_memory() -> None:
    noise = np.random.default_rng(3).normal(size=(100, 600))
    noise[:, 400:] += 10
    assert np.median(worth(noise)) > 400


def test_a_constant_is_worth_its_samples() -> None:
    assert worth(np.full((1, 300), 0.1)) == pytest.approx([300])
    assert worth(np.empty((2, 0))).tolist() == [0, 0]


def test_too_few_blocks_say_nothing_of_likeness() -> None:
    assert likeness(np.array([[1.0, 1, -1, -1]]), np.ones((1, 4), dtype=np.bool_), 1.0).tolist() == [0.0]
