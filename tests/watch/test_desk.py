from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.errors import Conflict, InvalidInput, NotFound
from bot.keyring import Keyring
from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import Alert, AlertState, Origin, Silence, Verdict
from bot.watch.desk import AlertDesk, Judged
from bot.watch.finding import Family, Finding
from bot.watch.keeping import tune
from bot.watch.watches import EVERYWHERE, MOST_PLACES, QUIETEST, Aim, Watch, WatchKind
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import KEYS, MovedClock
from tests.watch.scenes import START, Room, finding, minute, watch

SLOW = finding("checkout", "latency")
LEAK = finding("index", "memory")
NARROW = replace(watch("mine"), aim=Aim(WatchKind.ANOMALY, "latency", Scope("checkout", "production")))


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


# ---------------------------------------------------------------- useful, noise


LATENCY = ("checkout", "latency")


async def learned(desk: AlertDesk, name: str = "scan") -> dict[tuple[str, str], float]:
    """Where that watch is quieter than at first."""
    found = await desk.watches.get(name)
    assert found
    return {place: more for place, more in found.learned.items() if more}


async def test_noise_makes_what_the_title_is_about_quieter_and_nothing_else(desk: AlertDesk) -> None:
    leaky = finding("checkout", "error_rate", size=30)
    (alert,) = await fired(desk, SLOW, leaky, finding("payments", "latency", size=2))
    judged = await desk.judge(alert.id, "ada", "noise")
    assert judged.alert.title.startswith("checkout fails more than usual: error rate"), "it goes by what people read"
    assert await learned(desk) == {("checkout", "error_rate"): 0.5}, "and not by all signals of that service"
    (said,) = judged.effects
    assert said.startswith("from now on, error rate of checkout must be about 3 times as unusual as at")
    assert said.endswith("before I speak up (watch “scan”)")


async def test_the_same_word_again_changes_nothing_and_says_the_same(desk: AlertDesk, heard: list[Alert]) -> None:
    (alert,) = await fired(desk)
    judged = await desk.judge(alert.id, "ada", "noise")
    assert await desk.judge(alert.id, "ada", "noise") == judged
    assert (await learned(desk), len(heard)) == ({LATENCY: 0.5}, 1)


async def test_an_origin_as_good_as_known_is_what_is_meant(desk: AlertDesk) -> None:
    (alert,) = await fired(desk, SLOW, finding("payments", "latency"))
    sure = alert.changed(minute(5), origins=(Origin("payments", 0.9),))
    assert await desk.alerts.swap(alert, sure)
    await desk.judge(alert.id, "ada", "noise")
    assert await learned(desk) == {("payments", "latency"): 0.5}
    over = await desk.resolve(alert.id)
    ended = over.changed(minute(6), findings=tuple(replace(each, ended=minute(6)) for each in over.findings))
    assert await desk.alerts.swap(over, ended)
    await desk.judge(alert.id, "bob", "noise")
    assert await learned(desk) == {("payments", "latency"): 1.0}, "also when it is over"


async def test_a_watch_of_one_thing_is_quieter_as_a_whole(desk: AlertDesk) -> None:
    (alert,) = await fired(desk, by=NARROW)
    judged = await desk.judge(alert.id, "ada", "noise")
    assert await learned(desk, "mine") == {EVERYWHERE: 0.5}
    assert judged.effects[0].startswith("from now on, this must be about 3 times as unusual as at first")


async def test_a_change_of_mind_takes_the_first_back(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    for person in ("ada", "bob"):
        await desk.judge(alert.id, person, "noise")
    judged = await desk.judge(alert.id, "bob", "useful")
    assert await learned(desk) == {LATENCY: 0.25}
    (said,) = judged.effects
    assert said.startswith("from now on, I speak of latency of checkout sooner again: when it is about 2 times as un")
    assert "must be" not in said
    assert [(each.person, each.verdict) for each in judged.alert.judgements] == [("ada", "noise"), ("bob", "useful")]
    (said,) = (await desk.judge(alert.id, "ada", "useful")).effects
    assert said == "from now on, I speak of latency of checkout as soon as at first (watch “scan”)"
    assert await learned(desk) == {}


@pytest.mark.parametrize("words", list(product(("noise", "useful"), repeat=2)))
@pytest.mark.parametrize("before", [0.0, 0.25, 2.75, 3.0])
async def test_who_takes_a_word_back_finds_it_as_it_was(
    desk: AlertDesk, words: tuple[Verdict, ...], before: float
) -> None:
    (alert,) = await fired(desk)
    first = await desk.watches.get("scan")
    assert first
    assert await desk.watches.swap(first, first.taught({LATENCY: before, ("cart", "cpu"): 1.0}))
    was = await learned(desk)
    for word in words:
        await desk.judge(alert.id, "ada", word)
    judged = await desk.judge(alert.id, "ada", "none")
    assert await learned(desk) == was
    assert [(each.person, each.verdict) for each in judged.alert.judgements] == [("ada", "none")]
    assert (await desk.judge(alert.id, "ada", "none")).alert == judged.alert


async def test_who_said_nothing_takes_nothing_back(desk: AlertDesk, heard: list[Alert]) -> None:
    (alert,) = await fired(desk)
    assert await desk.judge(alert.id, "ada", "none") == Judged(alert, ())
    assert heard == []


async def test_useful_at_first_changes_nothing_and_noise_after_it_counts_whole(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    assert (await desk.judge(alert.id, "ada", "useful")).effects == ()
    await desk.judge(alert.id, "ada", "noise")
    assert await learned(desk) == {LATENCY: 0.5}


async def test_what_was_tuned_by_hand_since_is_not_undone(desk: AlertDesk, clock: MovedClock) -> None:
    (alert,) = await fired(desk)
    for person in ("ada", "bob"):
        await desk.judge(alert.id, person, "noise")
    await desk.judge(alert.id, "bob", "useful")
    clock.move(seconds=60)
    await tune(desk.watches, "scan", clock())
    assert await learned(desk) == {}
    clock.move(seconds=60)
    await desk.judge(alert.id, "bob", "none")
    assert await learned(desk) == {}, "what `useful` took off was gone already"


async def test_there_is_an_end_to_how_quiet_a_watch_becomes(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    said = [(await desk.judge(alert.id, f"p{number}", "noise")).effects for number in range(7)]
    assert await learned(desk) == {LATENCY: QUIETEST}
    assert "about 1,000 times as unusual as at first (feedback makes it no quieter)" in said[-1][0]


async def test_it_learns_of_so_many_places_and_forgets_those_of_long_ago(desk: AlertDesk) -> None:
    (alert,) = await fired(desk)
    first = await desk.watches.get("scan")
    assert first
    many = {(f"s{number}", "latency"): 1.0 for number in range(MOST_PLACES)}
    assert await desk.watches.swap(first, first.taught(many))
    await desk.judge(alert.id, "ada", "noise")
    now = await learned(desk)
    assert (len(now), now[LATENCY], ("s0", "latency") in now) == (MOST_PLACES, 0.5, False)


async def test_all_watches_that_found_it_are_meant_and_no_others(desk: AlertDesk) -> None:
    room = Room()
    room.look(1, SLOW)
    room.look(1, SLOW, by=watch("other"))
    room.look(1, finding("checkout", "logs"), by=watch("logs"))
    for name in ("scan", "other", "logs"):
        await desk.watches.add(watch(name))
    await desk.alerts.swap(None, room.one())
    assert len((await desk.judge(room.one().id, "ada", "noise")).effects) == 2
    assert [await learned(desk, each) for each in ("scan", "other", "logs")] == [{LATENCY: 0.5}, {LATENCY: 0.5}, {}]


async def test_a_limit_that_somebody_set_stays(desk: AlertDesk) -> None:
    (alert,) = await fired(desk, by=watch("mine", WatchKind.THRESHOLD))
    judged = await desk.judge(alert.id, "ada", "noise")
    assert judged.effects == ("“mine” goes by a limit that somebody set, which stays",)
    assert await learned(desk, "mine") == {}


async def test_what_is_gone_is_told_however_rare_that_is(desk: AlertDesk) -> None:
    (alert,) = await fired(desk, finding("checkout", "latency", family=Family.ABSENCE))
    judged = await desk.judge(alert.id, "ada", "noise")
    assert judged.effects == ("“scan” says in any case that something is gone: silence it, if it may be",)
    assert await learned(desk) == {}


async def test_a_word_and_what_it_teaches_are_kept_together_or_not_at_all(
    desk: AlertDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alert,) = await fired(desk)
    exchange = AlertRepository.exchange

    async def dies(self: AlertRepository, *what: Any) -> bool:
        assert await exchange(self, *what)
        raise KeyboardInterrupt

    monkeypatch.setattr(AlertRepository, "exchange", dies)
    with pytest.raises(KeyboardInterrupt):
        await desk.judge(alert.id, "ada", "noise")
    monkeypatch.undo()
    assert ((await desk.get(alert.id)).judgements, await learned(desk)) == ((), {})
    await desk.judge(alert.id, "ada", "noise")
    assert await learned(desk) == {LATENCY: 0.5}


async def test_a_word_that_meets_a_change_of_the_watch_counts_once(
    desk: AlertDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alert,) = await fired(desk)
    judged, others = WatchRepository.judged, iter([True])

    async def late(self: WatchRepository, *what: Any) -> bool:
        if next(others, False):
            now = await self.get("scan")
            assert now
            assert await self.swap(now, now.taught({LATENCY: 1.0}))
        return await judged(self, *what)

    monkeypatch.setattr(WatchRepository, "judged", late)
    await desk.judge(alert.id, "ada", "noise")
    assert await learned(desk) == {LATENCY: 1.5}
    assert len((await desk.get(alert.id)).judgements) == 1


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
    assert [each.ended_at for each in await desk.unsilence("sil-1")] == [minute(5)]
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
    assert over.unwatched
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


# ---------------------------------------------------------------- what has become part of another


async def test_what_is_done_to_an_alert_that_joined_another_is_done_there(desk: AlertDesk, heard: list[Alert]) -> None:
    first, second, third = await fired(desk, SLOW, LEAK, finding("batch", "cost"))
    await desk.judge(third.id, "ada", "noise")
    (lesson,) = (await desk.get(third.id)).judgements[0].lessons
    for joined, into in ((third, second), (second, first)):
        was, other = await desk.get(joined.id), await desk.get(into.id)
        part = {"state": AlertState.RESOLVED, "findings": (), "judgements": (), "part_of": into.id}
        assert await desk.alerts.swap(was, was.changed(minute(6), **part))
        assert await desk.alerts.swap(other, other.changed(minute(6), judgements=was.judgements))
    heard.clear()
    judged = await desk.judge(third.id, "ada", "none")
    assert (judged.alert.id, await learned(desk)) == (first.id, {})
    assert judged.effects[0].startswith(f"from now on, I speak of {lesson.signal} of {lesson.service} as soon as at f")
    assert (await desk.acknowledge(third.id, "ada")).id == first.id
    assert {each.id for each in heard} == {first.id}
