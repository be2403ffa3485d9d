"""What people do with watches and alerts, by the door: run an operation, be refused, have some to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from bot.app import App
from bot.door.outcomes import Done
from bot.telemetry.signals import Floats
from bot.watch.alerts import AlertState, AlertStore
from bot.watch.finding import Family, Finding, Subject
from bot.watch.station import BUILT_IN
from bot.watch.watches import Aim, Watch, WatchKind, WatchStore
from tests.conftest import START, invoke
from tests.observatory.fakes import Answers, line
from tests.watch.made import alert, found

NOW = START.timestamp()
HERE = {"service": "checkout", "metric": "latency"}


def now_and_then(times: Floats) -> Floats:
    """A quarter of a second; two hours of 3 s on each of two days."""
    slow = [(times > NOW - days * 86_400) & (times < NOW - days * 86_400 + 7_200) for days in (2, 4)]
    values: Floats = np.where(slow[0] | slow[1], 3.0, 0.25)
    return values


Furnished = Callable[..., Any]
LATENCY: Answers = {"http_request_duration_seconds_bucket": line(now_and_then)}


async def run(app: App, name: str, /, who: str = "sre", **values: Any) -> Any:
    outcome = await invoke(app, who, name, **values)
    assert isinstance(outcome, Done), outcome
    return outcome.output


async def refused(app: App, name: str, /, who: str = "sre", **values: Any) -> str:
    outcome = await invoke(app, who, name, **values)
    assert not isinstance(outcome, Done)
    return str(outcome)


async def listening(app: App) -> str:
    """Alertmanager's watch, as the station makes it."""
    aim = Aim(WatchKind.OUTSIDE, "Alertmanager", query="https://alerts.example.com")
    name = "What Alertmanager says"
    made = Watch("outside:C1", name, aim, "C1", BUILT_IN, START, workspace="T1")
    return (await app.resources.get(WatchStore).add(made)).id


def disk_full(**fields: Any) -> Finding:
    """Of no service, and of no environment that is known."""
    made = found("", "DiskFull", watch="outside:C1", **fields)
    return replace(made, subject=Subject("", "", "DiskFull", "a"), family=Family.OUTSIDE)


async def watch(app: App, /, **values: Any) -> str:
    (made,) = (await run(app, "watches.create", **{**HERE, **values}))["watches"]
    return str(made["id"])


async def kept(app: App, name: str) -> Watch:
    found = await app.resources.get(WatchStore).get(name)
    assert found is not None
    return found


async def raise_some(app: App) -> None:
    alerts = app.resources.get(AlertStore)
    for each in (
        alert(-60, severity="low"),
        alert(-30, found("cart", "error_rate", START - timedelta(minutes=30)), severity="critical", title="cart fails"),
        alert(-90, state=AlertState.RESOLVED, resolved_at=START - timedelta(minutes=80)),
        alert(-10, channel="D7"),
    ):
        await alerts.swap(None, each)
