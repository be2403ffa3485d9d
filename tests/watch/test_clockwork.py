from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.app import utc_now
from bot.errors import Unavailable
from bot.ports import Durable, DurableFunction, DurableState, Json
from bot.watch.clockwork import KIND, Beat, Clockwork
from bot.watch.looks.look import Sight
from bot.watch.relating import Ground
from bot.watch.rounds import Rounds
from bot.watch.watches import Progress, Watch, WatchState
from integrations.dbos.adapter import DbosDurable
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import START, MovedClock
from tests.storage.test_repositories import RING
from tests.watch.made import SCAN

QUICK = 0.05
DAY = timedelta(days=1)


class Ticks:
    """A durable engine that only writes down what it is to start."""

    def __init__(self) -> None:
        self.started: list[tuple[str, Json]] = []
        self.launched = 0
        self.broken = False

    def register(self, kind: str, function: DurableFunction) -> None:
        assert kind == KIND

    async def launch(self) -> None:
        self.launched += 1
        if self.broken:
            raise Unavailable("the database is away")

    async def start(self, kind: str, run_id: str, payload: Json) -> None:
        assert kind == KIND
        self.started.append((run_id, payload))

    @property
    def of(self) -> Counter[str]:
        return Counter(run_id.split(":")[1] for run_id, _ in self.started)


class Looks:
    """What was looked at: the end of each look, and where the one before had ended."""

    def __init__(self, watches: WatchRepository, alerts: AlertRepository) -> None:
        self.spans: list[tuple[datetime | None, datetime]] = []

        async def survey(_watch: Watch, _at: datetime) -> Ground:
            return Ground()

        self.rounds = Rounds(watches, alerts, watches.commit, self._look, survey, utc_now)

    async def _look(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        self.spans.append((progress.until if progress else None, until))
        return Sight((), b"")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def what_is_under_way() -> None:
    """Ticks that were handed to the loop before."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
def watches(database: Database) -> WatchRepository:
    return WatchRepository(database, RING)


@pytest.fixture
def looks(watches: WatchRepository, database: Database) -> Looks:
    return Looks(watches, AlertRepository(database, RING))


def wound(watches: WatchRepository, ticks: Ticks, looks: Looks, clock: Callable[[], datetime] = utc_now) -> Clockwork:
    return Clockwork(watches, cast("Durable", ticks), ticks.launch, looks.rounds, clock)


@given(seconds=st.floats(1.6e9, 2.1e9), every=st.floats(1, 1e6), name=st.uuids())
def test_the_next_beat_lies_on_the_grid_and_is_never_further_than_one_interval(
    seconds: float, every: float, name: object
) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    watch = replace(SCAN, id=str(name), every=every)
    after = Beat(watch).get_next_fire_time(None, now)
    a_little = timedelta(milliseconds=1)
    assert now < after <= now + timedelta(seconds=every) + a_little
    assert abs(watch.due(after + a_little) - after) < a_little, "at which every replica is to look"
    assert Beat(watch).get_next_fire_time(after - timedelta(days=9), now) == after, "however many were missed"


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_replicas_name_a_tick_alike_whenever_within_the_interval_they_get_to_it(
    watches: WatchRepository, looks: Looks
) -> None:
    due = SCAN.due(START)
    runs = set()
    for late in (0, 1, 30, 59):
        ticks = Ticks()
        await wound(watches, ticks, looks, MovedClock(due + timedelta(seconds=late))).tick(SCAN)
        ((run_id, payload),) = ticks.started
        assert payload == {"watch": SCAN.id, "at": due.isoformat()}
        runs.add(run_id)
    assert runs == {f"watch:{SCAN.id}:{int(due.timestamp())}"}
    await wound(watches, ticks, looks, MovedClock(due + timedelta(seconds=60))).tick(SCAN)
    assert ticks.started[-1][0] not in runs


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_jobs_follow_the_watches_wherever_these_are_changed(watches: WatchRepository, looks: Looks) -> None:
    steady, paused, slow = (
        replace(SCAN, id=name, every=every)
        for name, every in (("steady", QUICK), ("paused", QUICK), ("slow", 1_000_000.0))
    )
    for watch in (steady, paused, slow):
        await watches.add(watch)
    ticks = Ticks()
    clockwork = wound(watches, ticks, looks)
    clockwork.start()
    try:
        await until(lambda: ticks.of["steady"] > 2 and ticks.of["paused"] > 2)
        assert ticks.of["slow"] == 1, "its newest tick is made up for, in case that nobody was there"
        quicker = slow.changed(every=QUICK)
        await watches.swap(slow, quicker)
        await watches.swap(paused, paused.changed(state=WatchState.PAUSED))
        await watches.add(replace(SCAN, id="new", every=QUICK))
        await clockwork.refresh()
        await what_is_under_way()
        before = ticks.of
        await until(lambda: ticks.of["slow"] > 3 and ticks.of["new"] > 3 and ticks.of["steady"] > before["steady"] + 3)
        assert ticks.of["paused"] == before["paused"]
        pause = paused.changed(state=WatchState.PAUSED)
        await watches.swap(pause, pause.changed(paused_until=utc_now()))
        await watches.swap(quicker, quicker.changed(state=WatchState.DELETED))
        await clockwork.refresh()
        await what_is_under_way()
        before = ticks.of
        await until(lambda: ticks.of["paused"] > before["paused"] + 3)
        assert ticks.of["slow"] == before["slow"], "a pause ends by itself; what is deleted is gone"
    finally:
        clockwork.rest()
    await what_is_under_way()
    before = ticks.of
    await clockwork.refresh()
    await asyncio.sleep(3 * QUICK)
    assert ticks.of == before


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_database_that_is_away_stops_no_clock(
    watches: WatchRepository, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watches.add(replace(SCAN, every=QUICK))
    ticks = Ticks()
    clockwork = wound(watches, ticks, looks)
    clockwork.start()
    try:
        await until(lambda: bool(ticks.started))

        async def away(**_: object) -> list[Watch]:
            raise Unavailable("the database is away")

        monkeypatch.setattr(watches, "find", away)
        with capture_logs() as logs:
            ticks.broken = True
            await clockwork.refresh()
            await until(lambda: len(logs) > 3)
            ticks.broken = False
            before = len(ticks.started)
            await until(lambda: len(ticks.started) > before)
    finally:
        clockwork.rest()
    assert {each["event"] for each in logs} == {"watches_not_read", "tick_not_started"}


async def test_a_tick_becomes_one_run_that_looks_once_and_is_forgotten_after_a_day(
    watches: WatchRepository, looks: Looks, database_url: str, tmp_path: Path
) -> None:
    await watches.add(SCAN)
    durable = DbosDurable(database_url, tmp_path, "r1")
    clock = MovedClock()
    launched = asyncio.Lock()

    async def launch() -> None:
        async with launched:
            if durable._launched is None:
                await durable.launch()

    clockwork = Clockwork(watches, durable, launch, looks.rounds, clock)
    due = SCAN.due(clock())
    try:
        for _ in range(3):
            await asyncio.gather(*(clockwork.tick(SCAN) for _ in range(3)))
            clock.move(seconds=1)
        run_id = f"watch:{SCAN.id}:{int(due.timestamp())}"
        assert await durable.result(run_id, 20) == {"alerts": [], "skipped": "", "trouble": ""}
        clock.move(minutes=1)
        await clockwork.tick(SCAN)
        await durable.result(f"watch:{SCAN.id}:{int(SCAN.due(clock()).timestamp())}", 20)
        assert looks.spans == [(None, due), (due, due + timedelta(minutes=1))]
        assert {each.state for each in await durable.list(kind=KIND)} == {DurableState.DONE}
        assert await clockwork.forget(datetime.now(UTC) + DAY - timedelta(minutes=5)) == 0
        assert await clockwork.forget(datetime.now(UTC) + DAY + timedelta(minutes=5)) == 2
        await watches.swap(SCAN, SCAN.changed(name="changed"))
        await clockwork.tick(SCAN)
        await durable.result(f"watch:{SCAN.id}:{int(SCAN.due(clock()).timestamp())}", 20)
        assert len(looks.spans) == 2, "a tick that is forgotten is still known to the watch"
    finally:
        await durable.close()


async def test_a_look_that_cannot_be_kept_fails_its_run_and_not_the_next(
    watches: WatchRepository, looks: Looks, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watches.add(SCAN)
    durable = DbosDurable(database_url, tmp_path, "r1")
    clock = MovedClock()

    async def launch() -> None:
        """It is launched."""

    clockwork = Clockwork(watches, durable, launch, looks.rounds, clock)
    await durable.launch()
    try:

        async def away(_: str) -> Watch:
            raise Unavailable("the database is away")

        with monkeypatch.context() as broken, capture_logs() as logs:
            broken.setattr(watches, "get", away)
            await clockwork.tick(SCAN)
            with pytest.raises(Unavailable, match="away"):
                await durable.result(f"watch:{SCAN.id}:{int(SCAN.due(clock()).timestamp())}", 20)
        assert [each["event"] for each in logs] == ["look_failed"]
        clock.move(minutes=1)
        await clockwork.tick(SCAN)
        await durable.result(f"watch:{SCAN.id}:{int(SCAN.due(clock()).timestamp())}", 20)
        assert len(looks.spans) == 1
    finally:
        await durable.close()
