"""The world is a pure function: of time, seed and events, and of nothing that was asked before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput
from bot.telemetry.signals import Window
from integrations.sandbox.platform.prometheus.storage import Matcher
from integrations.sandbox.platform.world import Event, World

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = int(NOW.timestamp() // 60)
WORLD = World(born=NOW)
MIXED = (
    Event("latency-1", NOW - timedelta(hours=5), "latency", "search", "production", NOW - timedelta(hours=4), 3.0),
    Event("deploy-2", NOW - timedelta(hours=3), "deploy", "checkout", "production", version="9.9.9"),
    Event("scale-3", NOW - timedelta(hours=2, seconds=17), "scale", "cart", "production", replicas=7),
    Event("memory-leak-4", NOW - timedelta(hours=2), "memory_leak", "payments", "production", size=30.0),
    Event("restart-5", NOW - timedelta(minutes=20), "restart", "payments", "production"),
)
METRICS = (
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "queue_depth",
    "process_start_time_seconds",
)


def read(
    world: World, name: str, service: str, start_ms: int, end_ms: int
) -> dict[tuple[tuple[str, str], ...], object]:
    matchers = [Matcher("__name__", "=", name), Matcher("service", "=", service), Matcher("env", "=", "production")]
    return {
        tuple(sorted(one.labels.items())): dict(
            zip(one.times.tolist(), one.values.view(np.uint64).tolist(), strict=True)
        )
        for block in world.select(matchers, start_ms, end_ms)
        for one in block.series()
    }


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(METRICS),
    service=st.sampled_from(("checkout", "payments", "cart", "search")),
    start=st.integers(-36 * 60, -10),
    cut=st.floats(0, 1),
    length=st.integers(1, 8 * 60),
)
def test_a_sample_does_not_depend_on_the_range_it_was_asked_in(
    name: str, service: str, start: int, cut: float, length: int
) -> None:
    world = World(events=MIXED, born=NOW)
    first, last = NOW_MS + start * 60_000, NOW_MS + (start + length) * 60_000
    middle = first + int((last - first) * cut)
    whole = read(world, name, service, first, last)
    for part in (
        read(World(events=MIXED, born=NOW), name, service, middle, last),
        read(world, name, service, first, middle),
    ):
        for labels, samples in part.items():
            assert isinstance(samples, dict)
            known = whole[labels]
            assert isinstance(known, dict)
            assert samples.items() <= known.items()


def test_two_worlds_of_one_seed_agree_and_of_two_seeds_do_not() -> None:
    one, same, other = (
        World(seed, MIXED, born=NOW).cells("checkout", "production", MINUTE - 600, MINUTE) for seed in (3, 3, 4)
    )
    assert np.array_equal(one.rate, same.rate)
    assert np.array_equal(one.median, same.median)
    assert not np.array_equal(one.rate, other.rate)


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(
        ("bad_deploy", "latency", "error_burst", "memory_leak", "traffic_surge", "noisy_neighbour", "deploy", "scale",
         "restart", "rollback")
    ),
    service=st.sampled_from(("checkout", "payments", "cart")),
    ago=st.floats(1, 6 * 3600),
)  # fmt: skip
def test_nothing_changes_before_its_cause(kind: str, service: str, ago: float) -> None:
    at = NOW - timedelta(seconds=ago)
    before, world = World(born=NOW), World(born=NOW)
    how: dict[str, dict[str, object]] = {"deploy": {"version": "8.0.0"}, "scale": {"replicas": 9}}
    if kind in {"deploy", "scale", "restart", "rollback"}:
        world.act(kind, service, "production", at, **how.get(kind, {}))  # type: ignore[arg-type]
    else:
        world.inject(kind, service, "production", at)
    end = int(at.timestamp() * 1000)
    for name in ("http_requests_total", "container_memory_working_set_bytes", "http_request_duration_seconds_sum"):
        assert read(world, name, service, end - 3_600_000, end) == read(before, name, service, end - 3_600_000, end)


def test_what_was_asked_before_an_event_is_not_kept_after_it() -> None:
    world = World(born=NOW)
    quiet = world.cells("checkout", "production", MINUTE - 30, MINUTE)
    world.inject("latency", "checkout", "production", NOW - timedelta(minutes=20))
    slow = world.cells("checkout", "production", MINUTE - 30, MINUTE)
    assert np.array_equal(slow.median[:10], quiet.median[:10])
    assert slow.median[-1] > 2 * quiet.median[-1]


def test_days_differ_from_nights_and_weekdays_from_weekends() -> None:
    monday = int(datetime(2026, 2, 23, tzinfo=UTC).timestamp() // 60)
    rate = WORLD.cells("frontend", "production", monday, monday + 7 * 1440).rate.reshape(7, 24, 60).mean(axis=2)
    assert rate[1, 14] > 1.8 * rate[1, 3]
    assert rate[:5, 14].min() > 1.1 * rate[5:, 14].max()


def test_an_ordinary_day_is_plausible() -> None:
    for service in WORLD.services:
        cells = WORLD.cells(service, "production", MINUTE - 1440, MINUTE)
        profile = WORLD.nature.profiles[service]
        assert 0.00001 < cells.errors.mean() < 0.003, service
        assert 0.2 < cells.cpu.mean() / profile.cores < 0.65, service
        assert 0.45 < cells.memory.mean() / (profile.memory * 2**20) < 0.75, service
        assert cells.load.max() < 0.95, service
        assert cells.gpu.max() < 0.9, service
    checkout = WORLD.cells("checkout", "production", MINUTE - 1440, MINUTE)
    p95 = checkout.median * 19 ** (1 / checkout.tail)
    assert 0.28 < p95.mean() < 0.45
    chat = WORLD.cells("chat-api", "production", MINUTE - 1440, MINUTE)
    assert 0.6 < chat.median.mean() < 1.2


def test_smaller_environments_are_smaller() -> None:
    rates = [WORLD.cells("checkout", env, MINUTE - 60, MINUTE).rate.mean() for env in WORLD.environments]
    assert rates[0] > 10 * rates[1] > 20 * rates[2]


def test_quiet_times_meet_the_objectives_comfortably() -> None:
    for entry in WORLD.nature.catalogue.services:
        cells = WORLD.cells(entry.name, "production", MINUTE - 1440, MINUTE)
        for objective in entry.slos:
            allowed = 1 - objective.objective / 100
            bad = cells.errors
            if objective.threshold_ms is not None:
                shares = {endpoint.name: endpoint.share for endpoint in WORLD.endpoints(entry.name)}
                bad = sum(
                    shares[name] / (1 + (objective.threshold_ms / 1000 / median) ** cells.tail)
                    for name, median in cells.endpoint_median.items()
                )  # type: ignore[assignment]
            spent = float(np.average(bad, weights=cells.rate))
            assert spent < 0.75 * allowed, (entry.name, objective.name, spent / allowed)


def test_the_past_has_incidents_and_the_last_day_has_none() -> None:
    past = WORLD.ledger.effects("production", MINUTE - 40 * 1440, MINUTE - 1440)
    incidents = [effect for effect in past if effect.id.startswith("incident")]
    assert 8 <= len(incidents) <= 14
    assert not WORLD.ledger.effects("production", MINUTE - 1440, MINUTE + 10 * 1440)
    assert any(
        change.kind == "rollback" for change in WORLD.deploys(Window(NOW - timedelta(days=60), NOW), "", "production")
    )


def test_endpoints_call_exactly_what_the_catalogue_says() -> None:
    for service in WORLD.services:
        assert {call.callee for _, call in WORLD.calls(service)} == set(WORLD.graph[service])
        endpoints = WORLD.endpoints(service)
        assert sum(endpoint.share for endpoint in endpoints) == pytest.approx(1)
        assert sum(endpoint.share * endpoint.factor for endpoint in endpoints) == pytest.approx(1)


def test_cells_are_the_mean_of_their_endpoints() -> None:
    cells = WORLD.cells("api-gateway", "production", MINUTE - 90, MINUTE - 30)
    shares = {endpoint.name: endpoint.share for endpoint in WORLD.endpoints("api-gateway")}
    mixed = sum(shares[name] * median for name, median in cells.endpoint_median.items())
    assert mixed == pytest.approx(cells.median)
    assert len(cells.minutes) == len(cells.rate) == 60


def test_no_minutes_give_no_cells_and_too_many_are_refused() -> None:
    assert len(WORLD.cells("cart", "production", MINUTE, MINUTE).rate) == 0
    with pytest.raises(InvalidInput, match="days are too many"):
        WORLD.cells("cart", "production", MINUTE - 1440 * 4000, MINUTE)


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(("bad_deploy", "latency", "noisy_neighbour", "deploy", "scale", "restart", "memory_leak")),
    ago=st.floats(1, 30 * 3600),
    name=st.sampled_from(METRICS),
)
def test_whoever_was_asked_before_an_event_answers_like_one_who_was_not(kind: str, ago: float, name: str) -> None:
    """What is kept of the days is that of the days as they are now."""
    world = World(born=NOW)
    hours = (3, 40)
    for hour in hours:
        read(world, name, "checkout", NOW_MS - hour * 3_600_000, NOW_MS)
    if kind in {"deploy", "scale", "restart"}:
        how: dict[str, dict[str, object]] = {"deploy": {"version": "8.0.0"}, "scale": {"replicas": 9}}
        world.act(kind, "checkout", "production", NOW - timedelta(seconds=ago), **how.get(kind, {}))  # type: ignore[arg-type]
    else:
        world.inject(kind, "checkout", "production", NOW - timedelta(seconds=ago))
    fresh = World(events=world.events, born=NOW)
    for hour in hours:
        start = NOW_MS - hour * 3_600_000
        assert read(world, name, "checkout", start, NOW_MS) == read(fresh, name, "checkout", start, NOW_MS)


def test_many_at_once_are_told_what_one_by_one_would_be() -> None:
    asked = [(name, service) for name in METRICS for service in ("checkout", "payments", "cart")]

    def told(world: World) -> list[object]:
        with ThreadPoolExecutor(max_workers=4) as pool:
            return list(pool.map(lambda each: read(world, each[0], each[1], NOW_MS - 6 * 3_600_000, NOW_MS), asked))

    alone = World(events=MIXED, born=NOW)
    assert told(World(events=MIXED, born=NOW)) == [read(alone, *each, NOW_MS - 6 * 3_600_000, NOW_MS) for each in asked]
