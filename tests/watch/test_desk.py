from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict, InvalidInput, NotFound
from bot.keyring import Keyring
from bot.watch.alerts import Alert, AlertState, Origin, Silence
from bot.watch.desk import AlertDesk
from bot.watch.finding import Finding
from bot.watch.watches import Watch, WatchKind
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import KEYS, MovedClock
from tests.watch.scenes import START, Room, finding, minute, watch

SLOW = finding("checkout", "latency")
LEAK = finding("index", "memory")


class Hearing:
    """A listener."""

    def __init__(self) -> None:
        self.heard: list[Alert] = []

    async def __call__(self, alert: Alert) -> None:
        self.heard.append(alert)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(minute(5))


@pytest.fixture
def desk(database: Database, clock: MovedClock) -> AlertDesk:
    keys = Keyring.parse(KEYS)
    return AlertDesk(AlertRepository(database, keys), WatchRepository(database, keys), clock)


@pytest.fixture
def heard(desk: AlertDesk) -> list[Alert]:
    hearing = Hearing()
    desk.listeners.append(hearing)
    return hearing.heard


async def fired(desk: AlertDesk, *findings: Finding, by: Watch | None = None) -> list[Alert]:
    """Alerts as a look makes and keeps them."""
    room = Room()
    room.look(1, *(findings or (SLOW,)), by=by)
    await desk.watches.add(by or watch())
    for each in room.firing:
        assert await desk.alerts.swap(None, each)
    return room.firing


def silence(**fields: object) -> Silence:
    return replace(Silence("sil-1", minute(60), "ada", START), **fields)  # type: ignore[arg-type]


async def test_who_acknowledges_first_looks_at_it(desk: AlertDesk, heard: list[Alert]) -> None:
    (alert,) = await fired(desk)
    seen = await desk.acknowledge(alert.id, "ada")
    assert (seen.acknowledged_by, seen.acknowledged_at, seen.version) == ("ada", minute(5), 2)
    assert await desk.acknowledge(alert.id, "ada") == seen
    assert await desk.acknowledge(alert.id, "bob") == seen
    assert heard == [seen]
    back = await desk.unacknowledge(alert.id)
    assert (back.acknowledged_by, back.acknowledged_at, back.version) == ("", None, 3)
    assert await desk.unacknowledge(alert.id) == back
    assert await desk.get(alert.id) == back


async def test_what_is_over_is_not_acknowledged(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    over = await desk.resolve(alert.id)
    assert (over.state, over.resolved_at, over.open) == (AlertState.RESOLVED, minute(5), alert.open)
    assert await desk.resolve(alert.id) == over
    with pytest.raises(Conflict, match="over"):
        await desk.acknowledge(alert.id, "ada")


async def test_an_alert_that_is_not_there_is_said_so(desk: AlertDesk) -> None:
    with pytest.raises(NotFound, match="alr-none") as raised:
        await desk.acknowledge("alr-none", "ada")
    assert "alerts.list" in raised.value.mend


async def test_a_crowd_that_presses_at_once_moves_it_once(desk: AlertDesk, heard: list[Alert]) -> None:
    (alert,) = await fired(desk)
    crowd = [f"p{number}" for number in range(12)]
    seen = await asyncio.gather(*(desk.acknowledge(alert.id, person) for person in crowd))
    assert len({each.acknowledged_by for each in seen}) == 1
    assert len(heard) == 1
    await asyncio.gather(*(desk.judge(alert.id, person, "noise") for person in crowd))
    kept = await desk.get(alert.id)
    assert sorted(each.person for each in kept.judgements) == sorted(crowd)
    assert kept.version == 2 + len(crowd)


async def test_a_listener_that_fails_undoes_nothing(desk: AlertDesk, heard: list[Alert]) -> None:
    async def broken(_: Alert) -> None:
        raise RuntimeError("no card")

    desk.listeners.insert(0, broken)
    (alert,) = await fired(desk)
    seen = await desk.acknowledge(alert.id, "ada")
    assert heard == [seen]


async def test_an_analysis_names_another_origin(desk: AlertDesk, heard: list[Alert]) -> None:
    (alert,) = await fired(desk)
    told = await desk.suspect(alert.id, [Origin("payments", 0.9, "its traces")])
    assert told.origins == (Origin("payments", 0.9, "its traces"),)
    assert told.title.endswith("payments is the likely origin (its traces)")
    assert await desk.suspect(alert.id, told.origins) == told
    assert len(heard) == 1


# ---------------------------------------------------------------- useful, noise


async def tuned(desk: AlertDesk, name: str = "scan") -> float:
    found = await desk.watches.get(name)
    assert found
    return found.tuned


async def test_noise_makes_the_watch_quieter_and_says_so(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    judged = await desk.judge(alert.id, "ada", "noise")
    assert judged.effects == ("scan now takes more: what is 3.2 times as rare as at first",)
    assert await tuned(desk) == 0.5
    again = await desk.judge(alert.id, "ada", "noise")
    assert (again.effects, again.alert) == ((), judged.alert)
    assert await tuned(desk) == 0.5


async def test_a_change_of_mind_takes_the_first_back(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    for person in ("ada", "bob"):
        await desk.judge(alert.id, person, "noise")
    judged = await desk.judge(alert.id, "bob", "useful")
    assert await tuned(desk) == 0.25
    assert judged.effects == ("scan now takes less: what is 1.8 times as rare as at first",)
    assert [(each.person, each.verdict) for each in judged.alert.judgements] == [("ada", "noise"), ("bob", "useful")]
    assert (await desk.judge(alert.id, "ada", "useful")).effects == ("scan speaks as soon as at first",)
    assert await tuned(desk) == 0.0


async def test_there_is_an_end_to_how_quiet_a_watch_becomes(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    said = [(await desk.judge(alert.id, f"p{number}", "noise")).effects for number in range(7)]
    assert await tuned(desk) == 3.0
    assert said[-1] == ("scan is as quiet as it can be",)


async def test_all_watches_that_found_it_are_meant(desk: AlertDesk) -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(1, finding("checkout", "logs"), by=watch("logs"))
    for name in ("scan", "logs"):
        await desk.watches.add(watch(name))
    await desk.alerts.swap(None, room.one())
    assert len((await desk.judge(room.one().id, "ada", "noise")).effects) == 2
    assert (await tuned(desk, "scan"), await tuned(desk, "logs")) == (0.5, 0.5)


async def test_a_limit_that_somebody_set_stays(desk: AlertDesk) -> None:
    (alert,) = await fired(desk, by=watch("mine", WatchKind.THRESHOLD))
    judged = await desk.judge(alert.id, "ada", "noise")
    assert judged.effects == ("mine goes by a limit that somebody set, which stays",)
    assert await tuned(desk, "mine") == 0.0


# ---------------------------------------------------------------- silences


async def test_a_silence_says_before_what_it_hides(desk: AlertDesk, heard: list[Alert]) -> None:
    await fired(desk, SLOW, LEAK)
    old = replace((await desk.alerts.find())[0], id="alr-old", findings=(replace(SLOW, ended=minute(0)),))
    over = replace(old, state=AlertState.RESOLVED, resolved_at=minute(0))
    await desk.alerts.swap(None, over)
    ancient = replace(over, id="alr-ancient", changed_at=minute(0) - timedelta(days=8))
    await desk.alerts.swap(None, ancient)
    preview = await desk.preview(silence(service="checkout"))
    assert [each.services for each in preview.now] == [("checkout",)]
    assert preview.last_week == 2
    assert heard == []
    assert all(each.shown for each in await desk.alerts.find())
    assert await desk.preview(silence(service="checkout", channel="C0ELSE")) == type(preview)((), 0)


async def test_a_silence_hides_at_once_and_shows_again_when_it_is_ended(desk: AlertDesk, heard: list[Alert]) -> None:
    await fired(desk, SLOW, LEAK)
    wanted = silence(service="checkout")
    assert [each.services for each in (await desk.silence(wanted)).now] == [("checkout",)]
    assert [(each.services, each.silence) for each in heard] == [(("checkout",), "sil-1")]
    await desk.silence(wanted)
    assert len(heard) == 1, "the same press again"
    assert (await desk.unsilence("sil-1")).ended_at == minute(5)
    assert [each.silence for each in heard] == ["sil-1", ""]
    await desk.unsilence("sil-1")
    assert len(heard) == 2
    with pytest.raises(NotFound, match="sil-none"):
        await desk.unsilence("sil-none")


@pytest.mark.parametrize(
    ("fields", "why"), [({"until": START, "service": "checkout"}, "over"), ({}, "everything everywhere")]
)
async def test_a_silence_must_make_sense(desk: AlertDesk, fields: dict, why: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(InvalidInput, match=why):
        await desk.silence(silence(**fields))
    assert not await desk.alerts.silences(minute(5))


# ---------------------------------------------------------------- a watch that looks no more


async def test_what_a_retired_watch_found_is_over(desk: AlertDesk, heard: list[Alert]) -> None:
    mine = watch("mine", WatchKind.THRESHOLD)
    (alert,) = await fired(desk, by=mine)
    await desk.retire(mine)
    over = await desk.get(alert.id)
    assert (over.state, over.open, over.findings[0].ended) == (AlertState.RESOLVED, (), minute(5))
    await desk.retire(mine)
    assert heard == [over]


async def test_what_others_of_the_group_found_goes_on(desk: AlertDesk) -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(1, finding("checkout", "logs"), by=watch("logs"))
    await desk.alerts.swap(None, room.one())
    await desk.retire(watch("logs"))
    left = await desk.get(room.one().id)
    assert (left.state, [each.watch for each in left.open]) == (AlertState.FIRING, ["scan"])
