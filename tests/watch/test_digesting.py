"""The digest: told once, at its time, to channels that watches speak in; and to nobody where nobody listens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import cast

import pytest

from bot.agent.events import Picture
from bot.errors import Unavailable
from bot.ports import Durable, DurableFunction, DurableRun, Json
from bot.watch.digesting import AGAIN, KIND, LATE, Digesting
from bot.watch.digests import Digest
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import MovedClock
from tests.storage.test_repositories import RING
from tests.watch.made import SCAN, alert

MONDAY = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)  # nine o'clock in Berlin, in winter


class Engine:
    """Runs what is started at once, and each id once."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.slept: list[float] = []

    def register(self, kind: str, function: DurableFunction) -> None:
        assert kind == KIND
        self._function = function

    async def start(self, kind: str, run_id: str, payload: Json) -> None:
        assert kind == KIND
        if run_id not in self.ran:
            self.ran.append(run_id)
            await self._function(cast("DurableRun", self), payload)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def step(self, _name: str, function: DurableFunction, *args: Json) -> Json:
        return await function(*args)  # type: ignore[arg-type]


class Desk:
    """Where digests arrive."""

    def __init__(self, database: Database, clock: MovedClock) -> None:
        self.engine = Engine()
        self.watches, self.alerts = WatchRepository(database, RING), AlertRepository(database, RING)
        self.digesting = self.another(clock)
        self.told: list[tuple[str, str, Digest, Picture | None]] = []
        self.digesting.tell = self.tell

    def another(self, clock: MovedClock) -> Digesting:
        durable = cast("Durable", self.engine)
        return Digesting(self.watches, self.alerts, durable, clock, at=time(9), timezone="Europe/Berlin")

    async def tell(self, channel: str, digest: Digest, title: str, picture: Picture | None) -> None:
        self.told.append((channel, title, digest, picture))


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
async def desk(database: Database, clock: MovedClock) -> Desk:
    clock.now = MONDAY
    made = Desk(database, clock)
    await made.watches.add(replace(SCAN, created_at=MONDAY - timedelta(days=30)))
    return made


async def test_on_mondays_the_day_and_the_week_are_told(desk: Desk) -> None:
    await desk.digesting.round(())
    assert [(channel, title) for channel, title, _, _ in desk.told] == [("C1", "The last day"), ("C1", "The last week")]
    assert [digest.window.end for _, _, digest, _ in desk.told] == [MONDAY, MONDAY]


async def test_of_a_day_on_which_nobody_looked_nothing_is_told(desk: Desk, clock: MovedClock) -> None:
    new = replace(SCAN, id="wch-new", name="new", channel="C2", created_at=MONDAY + timedelta(minutes=1))
    await desk.watches.add(new)
    clock.move(minutes=5)
    await desk.digesting.round(())
    assert {channel for channel, *_ in desk.told} == {"C1"}


async def test_on_other_days_only_the_day_is(desk: Desk, clock: MovedClock) -> None:
    clock.move(days=1, minutes=5)
    await desk.digesting.round(())
    assert [title for _, title, _, _ in desk.told] == ["The last day"]


async def test_it_is_told_once_however_often_and_by_however_many_it_is_looked_at(desk: Desk, clock: MovedClock) -> None:
    other = desk.another(clock)
    other.tell = desk.tell
    for _ in range(3):
        await desk.digesting.round(())
        await other.round(())
        clock.move(minutes=10)
    assert len(desk.told) == 2


async def test_it_tells_what_was(desk: Desk, clock: MovedClock) -> None:
    await desk.alerts.swap(None, alert(opened_at=MONDAY - timedelta(hours=3), changed_at=MONDAY - timedelta(hours=2)))
    await desk.alerts.swap(None, alert(2, channel="C2", opened_at=MONDAY - timedelta(hours=3)))
    await desk.digesting.round(())
    _, _, digest, picture = desk.told[0]
    assert [each.id for each in digest.alerts] == ["alt-1"]
    assert picture is not None
    assert picture.png.startswith(b"\x89PNG")


@pytest.mark.parametrize("late", [LATE + timedelta(minutes=1), timedelta(hours=20)])
async def test_what_is_late_is_not_told(desk: Desk, clock: MovedClock, late: timedelta) -> None:
    clock.now = MONDAY + late
    await desk.digesting.round(())
    assert desk.told == []


async def test_direct_messages_and_channels_without_watches_are_left_alone(desk: Desk) -> None:
    await desk.watches.swap(SCAN, SCAN.changed(channel="D1"))
    await desk.digesting.round(())
    assert desk.told == []


async def test_without_a_face_nobody_is_told(desk: Desk) -> None:
    desk.digesting.tell = None
    await desk.digesting.round(())
    assert desk.engine.ran == []


async def test_what_could_not_be_told_is_tried_again_until_it_is_too_late(desk: Desk) -> None:
    tried: list[str] = []

    async def away(channel: str, digest: Digest, title: str, picture: Picture | None) -> None:
        tried.append(title)
        if len(tried) == 3:
            await desk.tell(channel, digest, title, picture)
        else:
            raise Unavailable("Slack is away")

    desk.digesting.tell = away
    await desk.digesting.round(())
    assert tried[:3] == ["The last day"] * 3
    assert [title for _, title, _, _ in desk.told] == ["The last day"]
    assert len(tried) == 3 + LATE // AGAIN
    assert desk.engine.slept == [AGAIN.total_seconds()] * (2 + LATE // AGAIN)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 16, 7, 59, tzinfo=UTC), datetime(2026, 3, 15, 8, 0, tzinfo=UTC)),
        (datetime(2026, 3, 16, 8, 0, tzinfo=UTC), datetime(2026, 3, 16, 8, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 7, 30, tzinfo=UTC), datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 6, 0, tzinfo=UTC), datetime(2026, 3, 28, 8, 0, tzinfo=UTC)),  # the clock leaps
    ],
)
def test_it_is_due_by_the_clock_on_the_wall(desk: Desk, now: datetime, due: datetime) -> None:
    assert desk.digesting.due(now) == due
