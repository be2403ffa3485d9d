"""What was changed: read from a deploy API, and made out from versions where there is none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pytest

from bot.errors import InvalidInput, Unavailable
from bot.resilience import Breaker, RetryPolicy, Shield
from bot.telemetry.signals import Change, Read, Samples, Series, Window
from bot.telemetry.sources import Changes, Metrics
from integrations.deploys.adapter import Deploys
from integrations.deploys.changes import VersionChanges, VersionMetric, took_over
from integrations.http.backend import Backend
from tests.integrations.hostile import Hostile, hostile

AT = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)
HOUR = Window.last(3600, AT)


async def no_wait(_: float) -> None:
    """Retries at once."""


@asynccontextmanager
async def api(server: Hostile, answer: object) -> AsyncIterator[Changes]:
    server.body = answer if isinstance(answer, str) else json.dumps(answer)
    shield = Shield(Breaker("deploys"), RetryPolicy(), 30.0, sleep=no_wait)
    changes = Deploys(Backend(url=server.url), shield, clock=lambda: AT)
    try:
        yield changes
    finally:
        await changes.close()


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with hostile() as running:
        yield running


def deploy(**more: object) -> dict[str, object]:
    return {
        "id": "d-1",
        "service": "checkout",
        "environment": "production",
        "at": "2026-03-18T15:04:00Z",
    } | more


async def test_a_deploy_is_read_whole(server: Hostile) -> None:
    told = deploy(
        finished_at="2026-03-18T17:06:10+02:00", kind="rollback", version="2.14.0", before="2.15.0",
        by="release-train", title="back to 2.14.0", more="ignored",
    )  # fmt: skip
    async with api(server, {"deploys": [told]}) as changes:
        (change,) = (await changes.changes(HOUR, service="checkout", environment="production")).value
    assert change == Change(
        "d-1", datetime(2026, 3, 18, 15, 4, tzinfo=UTC), "rollback", "checkout", "production", "back to 2.14.0",
        "2.14.0", "2.15.0", "release-train", datetime(2026, 3, 18, 15, 6, 10, tzinfo=UTC),
    )  # fmt: skip
    query = server.asked[0].query
    assert (query["start"], query["end"]) == ("2026-03-18T14:30:00+00:00", "2026-03-18T15:30:00+00:00")
    assert (query["service"], query["environment"]) == ("checkout", "production")


async def test_a_deploy_needs_little_and_what_was_not_asked_for_is_left_out(server: Hostile) -> None:
    told = [
        deploy(id="b", at="2026-03-18T15:00:00", kind="upgrade"),
        deploy(id="a", at="2026-03-18T14:40:00Z"),
        deploy(id="late", at="2026-03-18T15:30:00Z"),
        deploy(id="other", service="search"),
    ]
    async with api(server, {"deploys": told}) as changes:
        read = await changes.changes(HOUR, service="checkout")
    assert [(change.id, change.kind, change.finished_at) for change in read.value] == [
        ("a", "deploy", None),
        ("b", "other", None),
    ]
    assert read.value[0].title == "deploy of checkout"


async def test_a_list_that_was_cut_says_so(server: Hostile) -> None:
    async with api(server, {"deploys": [deploy()], "cut": True}) as changes:
        assert (await changes.changes(HOUR)).cut
    async with api(server, {"deploys": [deploy(id=str(i)) for i in range(1_001)]}) as changes:
        read = await changes.changes(HOUR)
    assert (len(read.value), read.cut) == (1_000, True)


async def test_versions_are_by_service_and_environment(server: Hostile) -> None:
    told = [
        {"service": "checkout", "environment": env, "version": v} for env, v in (("production", "1"), ("staging", "2"))
    ]
    async with api(server, {"versions": told}) as changes:
        assert (await changes.versions()).value == {("checkout", "production"): "1", ("checkout", "staging"): "2"}
        assert (await changes.versions("staging")).value == {("checkout", "staging"): "2"}
        assert await changes.ready() == "deploy API, 2 versions"


@pytest.mark.parametrize("answer", [[], {}, {"deploys": [{}]}, {"deploys": [deploy(at="noon")]}, {"deploys": 3}])
async def test_deploys_of_another_shape_are_refused(server: Hostile, answer: object) -> None:
    async with api(server, answer) as changes:
        with pytest.raises(Unavailable, match="a shape that is not its own"):
            await changes.changes(HOUR)


async def test_a_refusal_is_passed_on(server: Hostile) -> None:
    server.way = "400"
    async with api(server, {"error": "no such environment"}) as changes:
        with pytest.raises(InvalidInput, match="no such environment"):
            await changes.changes(HOUR)


def running(**counts: Sequence[float]) -> tuple[Series, ...]:
    """How many instances of each version run at each minute; 0 is no sample."""
    series = []
    for version, held in counts.items():
        times = np.array([60.0 * i for i, count in enumerate(held) if count], dtype=float)
        labels = {"service": "checkout", "env": "production", "version": version.lstrip("v").replace("_", ".")}
        series.append(Series(labels, times, np.array([count for count in held if count], dtype=float)))
    return tuple(series)


def seen(*series: Series) -> list[tuple[object, ...]]:
    return [
        (
            change.kind,
            change.before,
            change.version,
            change.at.timestamp(),
            change.finished_at and change.finished_at.timestamp(),
        )
        for change in took_over(series, VersionMetric())
    ]


def test_a_version_that_takes_over_was_deployed_when_it_was_first_seen() -> None:
    assert seen(*running(v2_9=[3, 3, 2, 1, 0, 0], v2_10=[0, 0, 1, 2, 3, 3])) == [("deploy", "2.9", "2.10", 120, 240)]


def test_going_back_is_a_rollback() -> None:
    told = running(v1=[3, 3, 0, 0, 2, 3], v2=[0, 0, 3, 3, 1, 0])
    assert seen(*told) == [("deploy", "1", "2", 120, 120), ("rollback", "2", "1", 240, 300)]


def test_a_canary_that_went_away_a_gap_and_one_version_are_no_changes() -> None:
    assert seen(*running(v1=[3, 3, 3, 3], v2=[0, 1, 1, 0])) == []
    assert seen(*running(v1=[3, 0, 0, 3])) == []
    assert seen(*running(v1=[3, 3])) == []
    assert seen() == []


def test_a_long_canary_is_a_change_when_it_takes_over() -> None:
    assert seen(*running(v1=[3, 3, 3, 1], v2=[1, 1, 1, 3])) == [("deploy", "1", "2", 180, None)]


class OnlyMetrics:
    """Metrics that give what they are told to."""

    name = "prometheus"

    def __init__(self, *series: Series) -> None:
        self.series = series
        self.asked: list[tuple[str, object, object]] = []

    async def range(self, query: str, window: Window, step: float) -> Read[Samples]:
        self.asked.append((query, window, step))
        return Read(Samples("matrix", self.series), self.name, AT, query, warnings=("partial",))

    async def instant(self, query: str, at: datetime) -> Read[Samples]:
        self.asked.append((query, at, None))
        return Read(Samples("vector", self.series), self.name, AT, query)

    async def ready(self) -> str:
        return "Prometheus 3.4.0"


def derived(metrics: OnlyMetrics, told_by: VersionMetric) -> VersionChanges:
    return VersionChanges(cast(Metrics, metrics), told_by, clock=lambda: AT)  # the rest is not asked


async def test_changes_are_made_out_from_the_metric_of_an_installation() -> None:
    metrics = OnlyMetrics(*running(v1=[3, 3, 0, 0], v2=[0, 0, 3, 3]))
    changes = derived(metrics, VersionMetric("app_info", "release", "app", "stage"))
    window = Window.last(600, datetime.fromtimestamp(600, UTC))
    read = await changes.changes(window, service='a"b', environment="production")
    assert metrics.asked[0] == (
        'count by (app, stage, release) (app_info{release!="", app="a\\"b", stage="production"})',
        Window(window.start - timedelta(seconds=120), window.end),
        60,
    )
    assert read.warnings == ("partial",)
    assert await changes.ready() == "app_info in Prometheus 3.4.0"


async def test_a_change_before_the_window_is_not_told() -> None:
    changes = derived(OnlyMetrics(*running(v1=[3, 3, 0, 0], v2=[0, 0, 3, 3])), VersionMetric())
    at: Callable[[float], datetime] = lambda seconds: datetime.fromtimestamp(seconds, UTC)  # noqa: E731
    assert [change.version for change in (await changes.changes(Window(at(120), at(600)))).value] == ["2"]
    assert (await changes.changes(Window(at(121), at(600)))).value == ()


async def test_a_month_is_looked_at_in_steps_that_are_not_too_many() -> None:
    metrics = OnlyMetrics()
    await derived(metrics, VersionMetric()).changes(Window.last(30 * 86_400, AT))
    assert metrics.asked[0][2] == 1320


async def test_of_two_versions_the_one_that_most_run_is_running() -> None:
    both = running(v2_9=[1], v2_10=[1])
    changes = derived(OnlyMetrics(*both), VersionMetric())
    assert (await changes.versions()).value == {("checkout", "production"): "2.10"}
    changes = derived(OnlyMetrics(*running(v2_9=[2], v2_10=[1])), VersionMetric())
    assert (await changes.versions()).value == {("checkout", "production"): "2.9"}
