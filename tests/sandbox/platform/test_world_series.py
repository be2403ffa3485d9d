"""What Prometheus would have scraped agrees with the cells, with itself, and with what instances did."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput
from integrations.sandbox.platform.prometheus.engine import evaluate, instant
from integrations.sandbox.platform.prometheus.storage import Matcher, RawSeries, stale
from integrations.sandbox.platform.world import World
from integrations.sandbox.platform.world.metrics import METRICS, REQUEST_BUCKETS
from integrations.sandbox.platform.world.reading import offset

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = int(NOW.timestamp() // 60)
HOUR = 3_600_000
COUNTERS = [metric.name for metric in METRICS if metric.kind == "counter"]


@pytest.fixture(scope="module")
def world() -> World:
    world = World(born=NOW)
    world.act("deploy", "checkout", "production", NOW - timedelta(hours=2, seconds=11), version="7.7.7")
    world.act("restart", "checkout", "production", NOW - timedelta(hours=1, seconds=5))
    world.inject("bad_deploy", "inference-gateway", "production", NOW - timedelta(minutes=50))
    return world


def select(world: World, start: int = NOW_MS - 3 * HOUR, end: int = NOW_MS, **labels: str) -> list[RawSeries]:
    """Without the markers of what has ended."""
    found = [(one, ~stale(one.values)) for one in recorded(world, start, end, **labels)]
    return [RawSeries(one.labels, one.times[kept], one.values[kept]) for one, kept in found if kept.any()]


def recorded(world: World, start: int = NOW_MS - 3 * HOUR, end: int = NOW_MS, **labels: str) -> list[RawSeries]:
    matchers = [Matcher("__name__" if name == "name" else name, "=", value) for name, value in labels.items()]
    return [one for block in world.select(matchers, start, end) for one in block.series()]


def total_increase(series: list[RawSeries]) -> float:
    total = 0.0
    for one in series:
        steps = np.diff(one.values)
        total += steps[steps > 0].sum()
    return total


@pytest.mark.parametrize("name", COUNTERS)
def test_counters_fall_only_where_a_process_starts(world: World, name: str) -> None:
    service = "inference-gateway" if name.startswith("llm") else "cart" if name.startswith("cache") else "checkout"
    found = select(world, NOW_MS - 30 * HOUR, name=name, service=service, env="production")
    assert found
    starts = defaultdict(set)
    for run in world.instances(service, "production", NOW_MS / 1000 - 31 * 3600, NOW_MS / 1000):
        starts[run.name].add(run.start)
    for one in found:
        assert (np.diff(one.times) > 0).all()
        for place in np.flatnonzero(np.diff(one.values) < 0):
            before, after = one.times[place : place + 2] / 1000
            assert any(before < start <= after for start in starts[one.labels["instance"]])


def test_a_restart_and_the_nightly_recycle_are_resets(world: World) -> None:
    found = select(
        world, NOW_MS - 24 * HOUR, name="http_requests_total", service="checkout", env="production", version="7.7.7"
    )
    assert all((np.diff(one.values) < 0).sum() == 1 for one in found if one.labels["status"] == "200")
    night = select(
        world, NOW_MS - 24 * HOUR, name="http_requests_total", service="cart", env="production", status="200"
    )
    assert all((np.diff(one.values) < 0).sum() == 1 for one in night)


@pytest.mark.parametrize("service", ["checkout", "inference-gateway", "postgres-main"])
def test_histograms_agree_with_themselves(world: World, service: str) -> None:
    def by_route(name: str) -> dict[tuple[str, str, str], RawSeries]:
        found = select(world, name=name, service=service, env="production")
        return {(one.labels["instance"], one.labels["endpoint"], one.labels.get("le", "")): one for one in found}

    buckets = by_route("http_request_duration_seconds_bucket")
    counts, sums = by_route("http_request_duration_seconds_count"), by_route("http_request_duration_seconds_sum")
    assert len(buckets) == len(counts) * len(REQUEST_BUCKETS)
    bounds = np.array([0.0, *(float(le) for le in REQUEST_BUCKETS[:-1])])
    for (instance, endpoint, _), count in counts.items():
        rows = np.stack([buckets[instance, endpoint, le].values for le in REQUEST_BUCKETS])
        assert (np.diff(rows, axis=0) >= 0).all()
        assert np.array_equal(rows[-1], count.values)
        assert np.array_equal(rows, np.floor(rows))
        least = (np.diff(np.vstack([np.zeros(rows.shape[1]), rows]), axis=0) * bounds[:, None]).sum(axis=0)
        assert (sums[instance, endpoint, ""].values >= least - len(bounds)).all()


@settings(max_examples=30, deadline=None)
@given(
    service=st.sampled_from(("frontend", "checkout", "auth-service", "redis-cache", "inference-gateway")),
    ago=st.integers(20, 20 * 60),
    minutes=st.integers(30, 240),
)
def test_rates_from_counters_agree_with_the_cells(service: str, ago: int, minutes: int) -> None:
    world = World(born=NOW)
    end = NOW_MS - ago * 60_000
    start = end - minutes * 60_000
    found = select(world, start, end, name="http_requests_total", service=service, env="production")
    cells = world.cells(service, "production", start // 60_000, end // 60_000)
    covered = np.mean([(one.times[-1] - one.times[0]) / 1000 for one in found])
    if any((np.diff(one.values) < 0).any() for one in found) or len({one.times[0] for one in found}) > 4:
        return  # a reset in the range: that is `rate`'s business
    assert total_increase(found) / covered == pytest.approx(cells.rate.mean(), rel=0.02)
    failed = [one for one in found if one.labels["status"].startswith("5")]
    expected = float((cells.rate * cells.errors).mean())
    if expected * covered > 2_000:
        assert total_increase(failed) / covered == pytest.approx(expected, rel=0.02)


def test_a_quantile_from_buckets_agrees_with_the_cells(world: World) -> None:
    found = select(
        world, NOW_MS - HOUR, name="http_request_duration_seconds_bucket", service="payments", env="production"
    )
    below = {le: total_increase([one for one in found if one.labels["le"] == le]) for le in REQUEST_BUCKETS}
    cells = world.cells("payments", "production", MINUTE - 60, MINUTE)
    shares = {endpoint.name: endpoint.share for endpoint in world.endpoints("payments")}
    for le in ("0.05", "0.1", "0.25"):
        expected = sum(
            shares[name] / (1 + (median.mean() / float(le)) ** cells.tail.mean())
            for name, median in cells.endpoint_median.items()
        )
        assert below[le] / below["+Inf"] == pytest.approx(expected, rel=0.02)


def test_versions_differ_instance_by_instance_while_a_deploy_rolls_out(world: World) -> None:
    begin = datetime(2026, 3, 4, 14, 10, tzinfo=UTC)
    versions = [
        {
            run.version
            for run in world.instances_at("inference-gateway", "production", begin + timedelta(seconds=seconds))
        }
        for seconds in (-1, 45, 121)
    ]
    assert [len(seen) for seen in versions] == [1, 2, 1]
    assert versions[0] != versions[2]


def test_a_bad_version_is_slow_and_the_good_one_is_not(world: World) -> None:
    begin = int(datetime(2026, 3, 4, 14, 10, tzinfo=UTC).timestamp() * 1000)

    def mean(version: str) -> float:
        place = {"service": "inference-gateway", "env": "production", "version": version}
        sums, counts = (
            total_increase(
                select(world, begin, begin + 4 * 60_000, name=f"http_request_duration_seconds_{what}", **place)
            )
            for what in ("sum", "count")
        )
        return sums / counts

    good = world.version_at("inference-gateway", "production", NOW - timedelta(hours=1))
    assert mean(world.version_at("inference-gateway", "production", NOW)) > 1.8 * mean(good)


# ---------------------------------------------------------------- what has ended


def test_whoever_is_gone_is_marked_once_at_the_next_scrape(world: World) -> None:
    """checkout was deployed two hours ago and restarted since; a restart ends nothing."""
    running = {run.name for run in world.instances_at("checkout", "production", NOW)}
    for name in ("up", "http_requests_total", "container_memory_working_set_bytes"):
        for one in recorded(world, name=name, service="checkout", env="production"):
            ends = stale(one.values)
            assert not np.isnan(one.values[~ends]).any()
            assert np.flatnonzero(ends).tolist() == ([] if one.labels["instance"] in running else [len(ends) - 1])
            assert set(np.diff(one.times)) == {30_000}


@pytest.mark.parametrize("metric", ["up", "container_memory_working_set_bytes", "queue_depth", "build_info"])
def test_a_deploy_and_fewer_or_more_replicas_count_nobody_twice(metric: str) -> None:
    world = World(born=NOW)
    world.act("deploy", "checkout", "production", NOW - timedelta(minutes=50, seconds=11), version="7.7.7")
    world.act("scale", "checkout", "production", NOW - timedelta(minutes=40), replicas=2)
    world.act("scale", "checkout", "production", NOW - timedelta(minutes=30), replicas=6)
    world.act("restart", "checkout", "production", NOW - timedelta(minutes=20))
    world.act("rollback", "checkout", "production", NOW - timedelta(minutes=10))
    runs = world.instances("checkout", "production", NOW.timestamp() - 7_200, NOW.timestamp())
    counts = evaluate(
        f'count({metric}{{service="checkout", env="production"}})', world, NOW_MS - HOUR, NOW_MS, 7_000
    ).series[0]
    for at, count in zip(counts.times.tolist(), counts.values.tolist(), strict=True):
        scraped = [
            (run, (at - offset(world.seed, run)) // 30_000 * 30 + offset(world.seed, run) / 1000) for run in runs
        ]
        assert count == sum(run.start <= when < run.end for run, when in scraped)
    assert set(counts.values) >= {2.0, 4.0, 6.0}
    assert counts.values.max() == 6.0


def test_a_window_of_samples_has_no_markers(world: World) -> None:
    for one in instant('up{service="checkout", env="production"}[2h]', world, NOW_MS - HOUR).series:
        assert set(one.values) == {1.0}


@pytest.mark.parametrize("cut", [0, 1, 15_000, 29_999])
def test_a_marker_is_found_by_a_range_that_holds_nothing_else(world: World, cut: int) -> None:
    ended = next(
        one for one in recorded(world, name="up", service="checkout", env="production") if stale(one.values)[-1]
    )
    at = int(ended.times[-1])
    for start, end in ((at - cut, at), (at, at + cut)):
        found = recorded(world, start, end, name="up", instance=ended.labels["instance"])
        assert [one.times.tolist() for one in found] == [[at]]
        assert stale(found[0].values).all()
    assert recorded(world, at + 1, at + HOUR, name="up", instance=ended.labels["instance"]) == []


def test_only_what_matches_is_worked_out_and_given(world: World) -> None:
    matchers = [
        Matcher("__name__", "=~", "http_requests_t.*"),
        Matcher("service", "=~", "checkout|cart"),
        Matcher("env", "!=", "production"),
        Matcher("status", "!~", "2..|4.."),
        Matcher("absent", "=", ""),
    ]
    found = [one for block in world.select(matchers, NOW_MS - HOUR, NOW_MS) for one in block.series()]
    assert {one.labels["service"] for one in found} == {"checkout", "cart"}
    assert {one.labels["env"] for one in found} == {"staging", "development"}
    assert {one.labels["status"] for one in found} == {"500", "503", "504"}
    assert all(one.labels["job"] == one.labels["service"] for one in found)
    assert list(world.select([Matcher("service", "=", "nobody")], NOW_MS - HOUR, NOW_MS)) == []
    unversioned = next(world.select([Matcher("version", "=", "")], NOW_MS - HOUR, NOW_MS))
    assert all("version" not in one.labels for one in unversioned.series())


def test_series_labels_and_values_are_those_of_select(world: World) -> None:
    matchers = [Matcher("service", "=", "chat-api"), Matcher("env", "=", "staging")]
    found = [dict(labels) for block in world.select(matchers, NOW_MS - HOUR, NOW_MS) for labels in block.labels]
    assert found == world.series(matchers, NOW_MS - HOUR, NOW_MS)
    assert len({tuple(sorted(labels.items())) for labels in found}) == len(found)
    assert set(world.label_names(matchers, NOW_MS - HOUR, NOW_MS)) == {name for labels in found for name in labels}
    models = {labels["model"] for labels in found if "model" in labels}
    assert set(world.label_values("model", matchers, NOW_MS - HOUR, NOW_MS)) == models
    assert set(world.label_values("__name__", [], NOW_MS - HOUR, NOW_MS)) == set(world.names())
    assert world.metadata()["http_request_duration_seconds"].type == "histogram"


def test_samples_lie_in_the_range_ends_included(world: World) -> None:
    one = select(world, name="up", service="cart", env="development")[0]
    again = select(world, int(one.times[3]), int(one.times[5]), name="up", service="cart", env="development")
    assert again[0].times.tolist() == one.times[3:6].tolist()
    assert (
        select(world, int(one.times[3]) + 1, int(one.times[4]) - 1, name="up", service="cart", env="development") == []
    )


def test_a_hostile_range_is_cut_or_refused_before_it_is_worked_out(world: World) -> None:
    with pytest.raises(InvalidInput, match="too many samples"):
        world.select([Matcher("__name__", "=~", ".+")], 0, NOW_MS)
    assert list(world.select([Matcher("__name__", "=", "up")], NOW_MS, NOW_MS - HOUR)) == []
