"""What every Changes must do, over the deploy API of the simulated platform and over its metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import InvalidInput
from bot.telemetry.signals import Window
from bot.telemetry.sources import Changes
from integrations.deploys.adapter import Deploys
from integrations.deploys.changes import VersionChanges
from integrations.http.backend import Backend
from integrations.prometheus.adapter import Prometheus
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World

AT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
WEEKS = Window.last(14 * 86_400, AT)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform(World(born=AT), clock=lambda: AT) as running:
        yield running


@pytest.fixture
async def known(platform: Platform) -> AsyncIterator[Changes]:
    deploys = Deploys(Backend(url=platform.deploys_url))
    yield deploys
    await deploys.close()


@pytest.fixture
async def seen(platform: Platform) -> AsyncIterator[Changes]:
    metrics = Prometheus(Backend(url=platform.prometheus_url))
    yield VersionChanges(metrics, clock=lambda: AT)
    await metrics.close()


async def test_deploys_are_of_the_window_the_service_and_the_environment(known: Changes) -> None:
    read = await known.changes(WEEKS, service="checkout", environment="production")
    assert read.value
    assert [change.at for change in read.value] == sorted(change.at for change in read.value)
    for change in read.value:
        assert (change.service, change.environment) == ("checkout", "production")
        assert change.at in WEEKS
        assert change.finished_at is None or change.finished_at >= change.at
    everything = await known.changes(WEEKS)
    assert set(read.value) < set(everything.value)
    assert {change.environment for change in everything.value} >= {"production", "staging"}


async def test_versions_are_those_of_the_last_deploys(known: Changes) -> None:
    versions = (await known.versions()).value
    assert len({service for service, _ in versions}) == 16
    last = {(change.service, change.environment): change.version for change in (await known.changes(WEEKS)).value}
    for place, version in last.items():
        assert versions[place] == version


async def test_both_say_what_they_are(known: Changes, seen: Changes) -> None:
    assert (await known.ready()).startswith("deploy API")
    assert (await seen.ready()).startswith("build_info in Prometheus")


async def test_the_metrics_show_what_the_deploy_api_knows(known: Changes, seen: Changes) -> None:
    where = {"service": "checkout", "environment": "production"}
    window = Window(WEEKS.start, AT - timedelta(hours=1))
    deploys = [
        change
        for change in (await known.changes(window, **where)).value
        if change.kind in {"deploy", "rollback"} and change.before != change.version
    ]
    made_out = (await seen.changes(window, **where)).value
    assert [(change.before, change.version) for change in made_out] == [
        (change.before, change.version) for change in deploys
    ]
    for change, deploy in zip(made_out, deploys, strict=True):
        assert change.kind == deploy.kind
        assert abs(change.at - deploy.at) <= timedelta(minutes=30)


async def test_the_metrics_show_the_versions_that_run(known: Changes, seen: Changes) -> None:
    for environment in ("production", "staging"):
        assert (await seen.versions(environment)).value == (await known.versions(environment)).value


async def test_an_unknown_service_is_refused(known: Changes) -> None:
    with pytest.raises(InvalidInput, match="no such service"):
        await known.changes(WEEKS, service="no such service")
