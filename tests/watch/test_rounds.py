from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.errors import Unavailable
from bot.watch import rounds as rounds_module
from bot.watch.alerts import Alert, AlertState, Silence
from bot.watch.finding import Family, Finding
from bot.watch.looks.look import Sight
from bot.watch.relating import Ground
from bot.watch.rounds import Rounds, deadline, rests
from bot.watch.settling import Policy
from bot.watch.watches import Progress, Watch, WatchState
from storage.database import Database
from storage.repositories import AlertRepository, WatchRepository
from tests.conftest import START, MovedClock
from tests.storage.test_repositories import RING
from tests.watch.made import SCAN, found

MINUTE = timedelta(minutes=1)
DEAD = Unavailable("prometheus does not answer.")


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def settle(
    known: Sequence[Alert], reported: Sequence[Finding], watch: Watch, ground: Ground, _: Policy, now: datetime
) -> Sequence[Alert]:
    """The life in short: one alert for all that a watch says, over when it says nothing."""
    mine = next((each for each in known if each.group == watch.group and each.state is AlertState.FIRING), None)
    findings = tuple(reported)
    silence = ground.silences[0].id if ground.silences else ""
    if mine is None:
        new = Alert(
            id=f"alt-{now:%H%M}",
            group=watch.group,
            fingerprint="f",
            channel=watch.channel,
            environment="production",
            state=AlertState.FIRING,
            severity="high",
            title="t",
            findings=findings,
            opened_at=now,
            changed_at=now,
            silence=silence,
        )
        return [new] if findings else []
    if not findings:
        return [mine.changed(now, state=AlertState.RESOLVED, resolved_at=now)]
    return [] if findings == mine.findings else [mine.changed(now, findings=findings)]


class Stage:
    """A replica with its rounds, and what the platform shows to it."""

    def __init__(self, database: Database, clock: MovedClock) -> None:
        self.watches = WatchRepository(database, RING)
        self.alerts = AlertRepository(database, RING)
        self.sees: list[Finding] = []
        self.trouble: Exception | str = ""
        self.comes: datetime | None = None
        self.looked: list[tuple[Progress | None, datetime]] = []
        self.told: list[Alert] = []
        self.meanwhile: list[Callable[[], Awaitable[object]]] = []
        self.rounds = Rounds(
            self.watches, self.alerts, self.watches.commit, self._look, self._survey, clock, settle=settle
        )
        self.rounds.listeners.append(self._hear)

    async def _look(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        self.looked.append((progress, until))
        if isinstance(self.trouble, Exception):
            raise self.trouble
        return Sight(tuple(self.sees), f"state at {until:%H:%M}".encode(), self.trouble, self.comes)

    async def _survey(self, _watch: Watch, _at: datetime) -> Ground:
        if self.meanwhile:
            await self.meanwhile.pop()()
        return Ground()

    async def _hear(self, alert: Alert) -> None:
        self.told.append(alert)

    async def progress(self) -> Progress:
        found = await self.watches.progress(SCAN.id)
        assert found
        return found


@pytest.fixture
async def stage(database: Database, clock: MovedClock) -> Stage:
    made = Stage(database, clock)
    await made.watches.add(SCAN)
    return made


async def test_what_a_look_finds_is_kept_with_how_far_it_came_and_told(stage: Stage) -> None:
    stage.sees = [found()]
    looked = await stage.rounds.look(SCAN.id, at(0))
    assert [each.findings for each in looked.alerts] == [(found(),)]
    assert stage.told == list(looked.alerts) == await stage.alerts.find()
    first = Progress(SCAN.id, at(0), b"state at 15:30", looked_at=at(0))
    assert await stage.progress() == first
    stage.sees = []
    (over,) = (await stage.rounds.look(SCAN.id, at(1))).alerts
    assert over.state is AlertState.RESOLVED
    assert stage.looked == [(None, at(0)), (first, at(1))], "it goes on where it stopped"
    assert [each.version for each in stage.told] == [1, 2]


async def test_a_tick_that_is_repeated_changes_nothing(stage: Stage, database: Database, clock: MovedClock) -> None:
    stage.sees = [found()]
    await stage.rounds.look(SCAN.id, at(1))
    before = await stage.progress()
    elsewhere = Stage(database, clock)
    elsewhere.sees = [found("payments")]
    for replica in (stage, elsewhere):
        for tick in (at(1), at(0)):
            again = await replica.rounds.look(SCAN.id, tick)
            assert again.skipped
            assert not again.alerts
    assert (len(stage.looked), elsewhere.looked, len(stage.told), elsewhere.told) == (1, [], 1, [])
    assert await stage.progress() == before
    stage.trouble = DEAD
    assert (await stage.rounds.look(SCAN.id, at(2))).trouble
    assert (await elsewhere.rounds.look(SCAN.id, at(2))).skipped == "it has looked up to then"
    assert (await stage.progress()).failures == 1, "nor is one that failed counted twice"


@pytest.mark.parametrize(
    ("state", "until", "skipped"),
    [
        (WatchState.PAUSED, None, "it is paused"),
        (WatchState.PAUSED, at(5), "it is paused"),
        (WatchState.PAUSED, at(1), ""),
        (WatchState.DELETED, None, "it is deleted"),
    ],
)
async def test_a_watch_that_sleeps_does_not_look(
    stage: Stage, state: WatchState, until: datetime | None, skipped: str
) -> None:
    await stage.watches.swap(SCAN, SCAN.changed(state=state, paused_until=until))
    assert (await stage.rounds.look(SCAN.id, at(1))).skipped == skipped
    assert bool(stage.looked) == (not skipped)


async def test_a_watch_that_there_is_not_does_not_look(stage: Stage) -> None:
    assert (await stage.rounds.look("wat-9", at(0))).skipped == "there is no such watch"


# ---------------------------------------------------------------- trouble


async def test_a_backend_in_trouble_is_asked_less_and_less_often(stage: Stage) -> None:
    stage.trouble = DEAD
    for minute in range(60):
        looked = await stage.rounds.look(SCAN.id, at(minute))
        assert bool(looked.skipped) == (stage.looked[-1][1] != at(minute))
        assert "prometheus does not answer" in (looked.skipped or looked.trouble)
    assert [until for _, until in stage.looked] == [at(minute) for minute in (0, 2, 6, 14, 29, 44, 59)]
    stage.trouble = ""
    for minute in (74, 75):
        await stage.rounds.look(SCAN.id, at(minute))
    assert await stage.progress() == Progress(SCAN.id, at(75), b"state at 16:45", looked_at=at(75))


@given(every=st.floats(1, 1e6), failures=st.integers(1, 10_000))
def test_no_backend_is_left_alone_for_ever(every: float, failures: int) -> None:
    watch = replace(SCAN, every=every)
    progress = Progress(SCAN.id, START, failures=failures, looked_at=START)
    assert rests(watch, progress, START + timedelta(seconds=every * 0.999))
    assert not rests(watch, progress, START + timedelta(seconds=max(900.0, every) + 0.001))


async def test_while_it_sees_nothing_what_it_saw_last_stays_and_its_blindness_is_told_once_it_lasts(
    stage: Stage,
) -> None:
    stage.sees = [found()]
    await stage.rounds.look(SCAN.id, at(0))
    stage.sees, stage.trouble = [], DEAD
    for minute in (1, 3):
        await stage.rounds.look(SCAN.id, at(minute))
        assert await stage.alerts.find() == stage.told[:1], "two looks that fail are worth no word"
    looked = await stage.rounds.look(SCAN.id, at(7))
    ((old, blind),) = [each.findings for each in looked.alerts]
    assert old == found()
    assert (blind.family, blind.subject.signal, blind.subject.detail) == (Family.ABSENCE, "watch", SCAN.name)
    assert (blind.since, blind.watch) == (at(0), SCAN.id)
    assert "prometheus does not answer" in blind.words
    assert (await stage.progress()).state == b"state at 15:30", "it goes on from what it knew"
    await stage.rounds.look(SCAN.id, at(15))
    assert [each.subject.signal for each in stage.told[-1].findings] == ["latency", "watch"], "it is said once"
    stage.trouble, stage.sees = "", [found()]
    (again,) = (await stage.rounds.look(SCAN.id, at(30))).alerts
    assert again.findings == (found(),)
    assert stage.looked[-1][0] == replace(await stage.progress(), **failed(4))  # type: ignore[arg-type]


def failed(times: int) -> dict[str, object]:
    return {
        "until": at(0),
        "state": b"state at 15:30",
        "failures": times,
        "trouble": str(DEAD),
        "looked_at": at(15),
    }


async def test_many_failures_within_a_moment_are_no_blindness(stage: Stage) -> None:
    quick = SCAN.changed(every=5.0)
    await stage.watches.swap(SCAN, quick)
    await stage.rounds.look(SCAN.id, at(0))
    stage.trouble = DEAD
    for second in range(5, 301, 5):
        await stage.rounds.look(SCAN.id, START + timedelta(seconds=second))
    assert (await stage.progress()).failures == 5
    assert stage.told == []
    await stage.rounds.look(SCAN.id, START + timedelta(seconds=315))
    assert len(stage.told) == 1


async def test_a_look_that_sees_a_part_goes_on_with_it_and_says_what_is_missing(stage: Stage) -> None:
    stage.sees, stage.trouble = [found()], "loki does not answer"
    looked = await stage.rounds.look(SCAN.id, at(0))
    assert (len(looked.alerts), looked.trouble) == (1, "loki does not answer")
    kept = await stage.progress()
    assert (kept.until, kept.failures, kept.trouble) == (at(0), 0, "loki does not answer")


async def test_a_watch_that_breaks_is_logged_and_seen_as_blind(stage: Stage) -> None:
    stage.trouble = ValueError("seven is not a colour")
    with capture_logs() as logs:
        looked = await stage.rounds.look(SCAN.id, at(0))
    assert [each["event"] for each in logs] == ["watch_broke"]
    assert "seven is not a colour" in looked.trouble
    assert (await stage.progress()).failures == 1


async def test_a_look_that_takes_too_long_is_given_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds_module, "LONGEST", 0.01)
    monkeypatch.setattr(rounds_module, "SHORTEST", 0.01)

    async def never(watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        await asyncio.Event().wait()
        raise AssertionError

    stage.rounds._look = never
    assert (await stage.rounds.look(SCAN.id, at(0))).trouble == "no answer within 0.01 s"


@given(every=st.floats(1, 1e6))
def test_a_look_is_over_before_the_next_one_is_due_where_that_is_time_enough(every: float) -> None:
    assert 10 <= deadline(every) <= 60
    assert every < 12 or deadline(every) < every


# ---------------------------------------------------------------- others


async def test_who_acknowledges_during_a_look_loses_nothing_and_it_does_not_look_twice(stage: Stage) -> None:
    stage.sees = [found()]
    (first,) = (await stage.rounds.look(SCAN.id, at(0))).alerts
    stage.meanwhile = [lambda: stage.alerts.swap(first, first.changed(at(1), acknowledged_by="ada"))]
    stage.sees = [found(), found("payments")]
    (after,) = (await stage.rounds.look(SCAN.id, at(1))).alerts
    assert (after.acknowledged_by, len(after.findings), after.version) == ("ada", 2, 3)
    assert await stage.alerts.find() == [after]
    assert len(stage.looked) == 2


@pytest.mark.parametrize("state", [WatchState.PAUSED, WatchState.DELETED])
async def test_a_watch_that_is_stopped_during_a_look_opens_no_alert(stage: Stage, state: WatchState) -> None:
    stage.sees = [found()]
    stage.meanwhile = [lambda: stage.watches.swap(SCAN, SCAN.changed(state=state))]
    assert (await stage.rounds.look(SCAN.id, at(0))).skipped == f"it is {state}"
    assert await stage.alerts.find() == []


async def test_watches_of_one_group_that_find_the_same_at_once_make_one_alert(stage: Stage) -> None:
    other = replace(SCAN, id="wat-2")
    await stage.watches.add(other)
    stage.sees = [found()]
    stage.meanwhile = [lambda: stage.rounds.look(other.id, at(1))]
    await stage.rounds.look(SCAN.id, at(1))
    assert len(await stage.alerts.find()) == 1


async def test_an_earlier_look_of_another_replica_is_built_upon(
    stage: Stage, database: Database, clock: MovedClock
) -> None:
    elsewhere = Stage(database, clock)
    elsewhere.sees = stage.sees = [found()]
    stage.meanwhile = [lambda: elsewhere.rounds.look(SCAN.id, at(0))]
    looked = await stage.rounds.look(SCAN.id, at(1))
    assert not looked.skipped
    before = Progress(SCAN.id, at(0), b"state at 15:30", looked_at=at(0))
    assert stage.looked == [(None, at(1)), (before, at(1))]
    assert len(await stage.alerts.find()) == 1


async def test_replicas_that_look_at_once_keep_one_look(stage: Stage, database: Database, clock: MovedClock) -> None:
    replicas = [stage, *(Stage(database, clock) for _ in range(3))]
    for each in replicas:
        each.sees = [found()]
    looked = await asyncio.gather(*(each.rounds.look(SCAN.id, at(0)) for each in replicas))
    assert sorted(len(each.alerts) for each in looked) == [0, 0, 0, 1]
    assert len(await stage.alerts.find()) == 1
    assert sum(len(each.told) for each in replicas) == 1


async def test_of_looks_that_wait_for_their_turn_only_the_newest_is_done(stage: Stage) -> None:
    gate, entered = asyncio.Event(), asyncio.Event()
    look = stage.rounds._look

    async def slow(watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        entered.set()
        await gate.wait()
        return await look(watch, progress, until)

    stage.rounds._look = slow
    ticks = [asyncio.create_task(stage.rounds.look(SCAN.id, at(0)))]
    await entered.wait()
    ticks += [asyncio.create_task(stage.rounds.look(SCAN.id, at(minute))) for minute in (1, 2, 3)]
    await asyncio.sleep(0)
    gate.set()
    looked = await asyncio.gather(*ticks)
    assert [bool(each.skipped) for each in looked] == [False, True, True, False]
    assert [until for _, until in stage.looked] == [at(0), at(3)]


async def test_silences_are_part_of_the_ground(stage: Stage) -> None:
    await stage.alerts.silence(Silence("sil-1", at(60), "ada", at(0)))
    stage.sees = [found()]
    (quiet,) = (await stage.rounds.look(SCAN.id, at(1))).alerts
    assert quiet.silence == "sil-1"


async def test_a_listener_that_fails_keeps_the_others_from_nothing(stage: Stage) -> None:
    async def fails(_: Alert) -> None:
        raise DEAD

    stage.rounds.listeners.insert(0, fails)
    stage.sees = [found()]
    with capture_logs() as logs:
        assert (await stage.rounds.look(SCAN.id, at(0))).alerts
    assert [each["event"] for each in logs] == ["alert_not_told"]
    assert len(stage.told) == 1


async def test_where_nothing_was_and_nothing_is_the_platform_is_not_surveyed(stage: Stage) -> None:
    async def asked(_watch: Watch, _at: datetime) -> Ground:
        raise AssertionError

    stage.rounds._survey = asked
    assert not (await stage.rounds.look(SCAN.id, at(0))).skipped


async def test_a_look_that_did_not_come_far_goes_on_from_there_and_says_nothing_of_now(stage: Stage) -> None:
    stage.sees = [found()]
    await stage.rounds.look(SCAN.id, at(0))
    stage.sees, stage.comes = [found("search")], at(30)
    looked = await stage.rounds.look(SCAN.id, at(60))
    (alert,) = await stage.alerts.find()
    assert looked.alerts == ()
    assert [each.subject.service for each in alert.open] == ["checkout"]
    progress = await stage.progress()
    assert (progress.until, progress.looked_at, progress.failures) == (at(30), at(60), 0)


async def test_what_came_and_went_long_ago_is_no_news(stage: Stage) -> None:
    stage.sees = [found(ended=at(-40)), found("search", ended=at(-5))]
    (alert,) = (await stage.rounds.look(SCAN.id, at(0))).alerts
    assert [each.subject.service for each in alert.findings] == ["search"]
