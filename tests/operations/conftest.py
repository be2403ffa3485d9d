"""An app that watches telemetry which answers as a test says."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import App
from bot.observatory.observatory import Observatory
from bot.watch.alerts import AlertStore
from bot.watch.desk import AlertDesk
from bot.watch.replaying import Replays
from bot.watch.scans import Scans
from bot.watch.watches import WatchStore
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import MakeApp, MovedClock
from tests.observatory.fakes import Answers, watching
from tests.operations.working import LATENCY, Furnished


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def furnished(make_app: MakeApp, clock: MovedClock) -> Furnished:
    """`await furnished(answers)`: an app that watches telemetry which answers so."""

    async def make(answers: Answers | None = None, **more: Any) -> App:
        app: App = await make_app()
        observatory = watching(LATENCY if answers is None else answers, **more)
        watches, alerts = WatchRepository(app.database, app.keys), AlertRepository(app.database, app.keys)
        put = app.resources.put
        put(Observatory, observatory)
        put(WatchStore, watches)
        put(AlertStore, alerts)
        put(AlertDesk, AlertDesk(alerts, watches, clock))
        put(Replays, Scans(observatory))
        return app

    return make


@pytest.fixture
async def app(furnished: Furnished) -> App:
    made: App = await furnished()
    return made
