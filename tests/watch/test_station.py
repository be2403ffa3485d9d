"""Everything that watches, put together: what the settings switch on, and what another system says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.watch import keeping
from bot.watch.alerts import Alert, AlertState
from bot.watch.finding import Family, Finding, Subject
from bot.watch.outside import Report
from bot.watch.station import BUILT_IN, Station
from bot.watch.watches import SCANS, WatchKind, WatchState
from tests.conftest import START, MovedClock, settings_for

HERE = "C0OPS"


@pytest.fixture
async def app(database_url: str, tmp_path: Path, clock: MovedClock) -> AsyncIterator[App]:
    sources = {f"{name}_url": "http://127.0.0.1:9" for name in ("prometheus", "loki", "tempo")}
    wanted = {"watch_channel": HERE, "watch_environments": "production, staging", **sources}
    made = App(settings_for(database_url, tmp_path, **wanted), clock=clock)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def station(app: App, monkeypatch: pytest.MonkeyPatch) -> Station:
    """Nobody looks: that is a matter of tests/watch/test_clockwork.py."""
    monkeypatch.setattr(app.station.clockwork, "start", lambda: None)
    await app.station.start("T1")
    return app.station


async def test_one_line_of_settings_switches_all_scans_on(station: Station) -> None:
    found = await station.stores.watches.find()
    assert {(each.aim.metric, each.aim.scope.environment, each.every) for each in found} == {
        (name, environment, every) for name, every in SCANS.items() for environment in ("production", "staging")
    }
    assert {(each.channel, each.workspace, each.created_by) for each in found} == {(HERE, "T1", BUILT_IN)}


async def test_a_scan_that_somebody_deleted_stays_so(station: Station) -> None:
    watches = station.stores.watches
    one = (await watches.find())[0]
    await keeping.remove(watches, one.id)
    await station.start("T1")
    kept = await watches.get(one.id)
    assert kept is not None
    assert kept.state is WatchState.DELETED


def said(*findings: Finding, minutes: float = 0) -> Report:
    return Report("Alertmanager", START + timedelta(minutes=minutes), findings, "https://alerts.example.com")


DISK = Finding(
    Subject("checkout", "production", "DiskFull"), Family.OUTSIDE, "", START, START, "/ is full", size=11.0, sure=0.9
)


async def standing(station: Station) -> list[Alert]:
    return list(await station.stores.alerts.find(channel=HERE))


async def test_what_another_system_says_has_the_same_life(station: Station) -> None:
    heard: list[Alert] = []

    async def hear(alert: Alert) -> None:
        heard.append(alert)

    station.listen(hear)
    await station.hear(said(DISK))
    await station.hear(said(DISK, minutes=1))
    (alert,) = await standing(station)
    assert (alert.state, alert.channel, alert.source) == (AlertState.FIRING, HERE, "Alertmanager")
    assert alert.link == "https://alerts.example.com"
    assert "DiskFull" in alert.title
    assert heard[0].id == alert.id
    await station.hear(said(replace(DISK, ended=START + timedelta(minutes=2)), minutes=3))
    (alert,) = await standing(station)
    assert alert.state is AlertState.RESOLVED


async def test_what_it_does_not_mention_goes_on(station: Station) -> None:
    other = replace(DISK, subject=Subject("search", "production", "Slow"))
    await station.hear(said(DISK))
    await station.hear(said(other, minutes=1))
    assert sum(len(each.open) for each in await standing(station)) == 2


async def test_nobody_looks_for_it(station: Station) -> None:
    await station.hear(said(DISK))
    (watch,) = [each for each in await station.stores.watches.find() if each.aim.kind is WatchKind.OUTSIDE]
    assert not watch.awake(START)
