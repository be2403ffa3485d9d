"""The state of services at a glance: what counts as failing, what as silent, and what was changed."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from bot.observatory.standing import State, deployed, overview, state_of
from bot.telemetry.signals import Series, Window
from bot.telemetry.vocabulary import Scope
from tests.conftest import START
from tests.observatory.fakes import (
    CATALOGUE,
    DOWN,
    HOUR,
    FakeChanges,
    Shape,
    deploy,
    line,
    lines,
    watching,
)

CHECKOUT = next(each for each in CATALOGUE.services if each.name == "checkout")  # promises 1 s
NOW = START.timestamp()
WELL = {"latency": 0.4, "error_rate": 0.0, "throughput": 10.0, "cpu": 0.3}


def state(**signals: Shape | float) -> tuple[State, str]:
    """Of checkout; what is not said is well."""
    found: dict[str, dict[str, Series]] = {}
    for name, shape in {**WELL, **signals}.items():
        made = (line(shape) if isinstance(shape, float) else shape)(HOUR, 30)
        found[name] = {"checkout": made[0]} if made else {}
    told = state_of(CHECKOUT, found, "2.0.0", START, "UTC")
    return told.state, told.why


@pytest.mark.parametrize(
    ("signals", "expected", "why"),
    [
        ({}, "good", ""),
        ({"error_rate": 0.009}, "good", ""),
        ({"error_rate": 0.01}, "warn", "1 % of requests fail"),
        ({"error_rate": 0.05}, "bad", "5 % of requests fail"),
        ({"cpu": 0.79}, "good", ""),
        ({"cpu": 0.8}, "warn", "CPU at 80 % of its limit"),
        ({"cpu": 0.96}, "bad", "CPU at 96 % of its limit"),
        ({"latency": 1.0}, "good", ""),
        ({"latency": 1.1}, "warn", "p95 1.1 s, where 1 s is promised"),
        ({"latency": 2.1}, "bad", "p95 2.1 s, where 1 s is promised"),
        ({"latency": 2.1, "cpu": 0.8}, "bad", "CPU at 80 % of its limit; p95 2.1 s, where 1 s is promised"),
        ({"latency": 2.1, "throughput": 0.1}, "good", ""),
        ({"error_rate": 0.25, "throughput": 0.1}, "good", ""),
        ({"latency": 2.1, "throughput": lines()}, "bad", "p95 2.1 s, where 1 s is promised"),
    ],
)
def test_a_state_has_its_reason(signals: dict[str, Shape | float], expected: State, why: str) -> None:
    assert state(**signals) == (expected, why)


@pytest.mark.parametrize(("factor", "expected"), [(1.4, "good"), (1.6, "warn"), (3.1, "bad")])
def test_slower_within_the_hour_is_said_also_below_what_is_promised(factor: float, expected: State) -> None:
    level = 0.2
    found, _ = state(latency=line(lambda times: np.where(times > NOW - 600, level * factor, level)))
    assert found == expected


def test_what_was_is_not_what_is() -> None:
    """Errors of half an hour ago are over; and who says nothing since then is not well."""
    over = line(lambda times: np.where(times < NOW - 1_800, 0.5, 0.0))
    assert state(error_rate=over) == ("good", "")
    stopped = line(lambda times: np.where(times < NOW - 1_800, 0.4, np.nan))
    assert state(**dict.fromkeys(WELL, stopped)) == ("warn", "nothing measured since 14:59")


def test_one_signal_less_is_no_silence() -> None:
    assert state(latency=line(lambda times: np.where(times < NOW - 1_800, 0.4, np.nan))) == ("good", "")


def test_nothing_measured_at_all_is_unknown() -> None:
    assert state(**dict.fromkeys(WELL, lines())) == ("unknown", "")
    nan = line(lambda times: np.full(len(times), np.nan))
    assert state(**dict.fromkeys(WELL, nan)) == ("unknown", "")


# ---------------------------------------------------------------- an environment


async def test_the_worst_stand_first_and_only_who_runs_there() -> None:
    shapes = lines(*(line(0.2 if name == "cart" else 0.0, service=name) for name in ("checkout", "cart", "ghost")))
    found = await overview(watching({"status=~": shapes}), "production", START, "UTC")
    assert found.services[0].name == "cart"
    assert found.services[0].state == "bad"
    assert {each.name for each in found.services} == {each.name for each in CATALOGUE.services}
    assert found.summary == "Production: 1 failing, 14 not measured, 1 of 16 services well."
    assert found.findings == ("cart is failing: 20 % of requests fail",)


async def test_metrics_that_are_down_are_no_calm() -> None:
    found = await overview(watching({"": DOWN}), "production", START, "UTC")
    assert found.summary == f"How production is cannot be told: {DOWN.message}."
    assert {each.state for each in found.services} == {"unknown"}


async def test_one_signal_that_is_down_leaves_the_others() -> None:
    shapes = lines(*(line(0.0, service=each.name) for each in CATALOGUE.services))
    found = await overview(watching({"histogram_quantile": DOWN, "": shapes}), "production", START, "UTC")
    assert found.summary == "All 16 services of production are well."
    assert {each.name: each.state for each in found.sources} == {"metrics": "down", "prometheus": "fresh"}


async def test_deploys_that_are_down_are_said_and_versions_left_out() -> None:
    shapes = lines(*(line(0.0, service=each.name) for each in CATALOGUE.services))
    found = await overview(watching({"": shapes}, changes=FakeChanges(trouble=DOWN)), "production", START, "UTC")
    assert {each.version for each in found.services} == {""}
    assert next(each.state for each in found.sources if each.name == "deploys") == "down"


# ---------------------------------------------------------------- deploys


async def test_changes_are_told_newest_first_with_a_way_to_see_what_they_did() -> None:
    changes = FakeChanges([deploy(90, version="1.9.0"), deploy(20), deploy(50, "cart", "5.0.0")])
    found = await deployed(watching(changes=changes), Scope(environment="production"), HOUR, START, "UTC")
    assert (
        found.summary
        == "2 changes of all services in production in the hour; the last: deploy of checkout 2.0.0, 20 min ago."
    )
    assert [each.service for each in found.changes] == ["checkout", "cart"]
    (step,) = found.steps
    assert step.values["window"] == "2026-03-18T15:10:00Z/2026-03-18T16:10:00Z"
    assert step.values["against"] == "before"


async def test_no_change_is_said() -> None:
    found = await deployed(watching(changes=FakeChanges()), Scope("cart", "staging"), HOUR, START, "UTC")
    assert found.summary == "No change of cart in staging in the hour."
    assert found.steps == ()


async def test_hundreds_of_changes_are_bounded() -> None:
    changes = FakeChanges([deploy(minutes / 10, version=f"{minutes}") for minutes in range(1, 500)])
    window = Window(START - timedelta(hours=2), START)
    found = await deployed(watching(changes=changes), Scope(environment="production"), window, START, "UTC")
    assert len(found.changes) == 50
    assert found.summary.startswith("499 changes")
