from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from bot.telemetry.vocabulary import Scope
from bot.watch.alerts import AlertState, Judgement, Lesson
from bot.watch.watches import Aim, Progress, Tuning, WatchKind, WatchState
from storage.database import Database
from storage.models import WatchRow
from storage.repositories import AlertRepository, WatchRepository
from storage.repositories.rows import table
from tests.conftest import START
from tests.storage.test_repositories import RING
from tests.watch.made import SCAN, alert

MINUTE = timedelta(minutes=1)
FIRST = Progress(SCAN.id, START, b"\x00\xff" * 50_000, looked_at=START, took=0.5)
SECOND = replace(FIRST, until=START + MINUTE, looked_at=START + MINUTE, state=b"2")


@pytest.fixture
def watches(database: Database) -> WatchRepository:
    return WatchRepository(database, RING)


@pytest.fixture
def alerts(database: Database) -> AlertRepository:
    return AlertRepository(database, RING)


async def test_a_watch_comes_back_as_it_was_made(watches: WatchRepository) -> None:
    aim = Aim(
        WatchKind.THRESHOLD,
        "errors",
        Scope("payments", "production", version="2.3"),
        0.99,
        'rate(x{a="é"}[5m])',
        above=0.02,
        pattern="Out of \ud800memory",
        for_seconds=300,
    )
    watch = replace(
        SCAN, id="wat-2", name="payments errors", aim=aim, paused_until=START, tuned=1.5, every=37.5, sensitivity="low",
        tunings=(Tuning("payments", "errors", 0.5),), tuned_at=START,
    )  # fmt: skip
    assert await watches.add(watch) == watch
    kept = replace(watch, aim=replace(aim, pattern="Out of ?memory"))
    assert await watches.get("wat-2") == kept, "what cannot be stored is replaced, and nothing else"
    assert await watches.add(replace(watch, name="another")) == kept
    assert await watches.get("wat-3") is None


async def test_watches_are_found_by_state_channel_and_person_the_newest_first(watches: WatchRepository) -> None:
    for number, (channel, person, state) in enumerate(
        [("C1", "ada", "active"), ("C1", "bob", "paused"), ("C2", "ada", "deleted")]
    ):
        made = START + number * MINUTE
        await watches.add(
            replace(
                SCAN, id=f"wat-{number}", channel=channel, created_by=person, state=WatchState(state), created_at=made
            )
        )

    async def ids(**wanted: object) -> list[str]:
        return [each.id for each in await watches.find(**wanted)]  # type: ignore[arg-type]

    assert await ids() == ["wat-2", "wat-1", "wat-0"]
    assert await ids(states=(WatchState.ACTIVE, WatchState.PAUSED)) == ["wat-1", "wat-0"]
    assert await ids(channel="C1", created_by="ada") == ["wat-0"]
    assert await ids(limit=1) == ["wat-2"]


async def test_of_two_who_change_a_watch_at_once_one_is_told_that_the_other_was_quicker(
    watches: WatchRepository,
) -> None:
    await watches.add(SCAN)
    changes = [SCAN.changed(tuned=float(number)) for number in range(6)]
    swapped = await asyncio.gather(*(watches.swap(SCAN, change) for change in changes))
    assert sorted(swapped) == [False] * 5 + [True]
    assert await watches.get(SCAN.id) == changes[swapped.index(True)]


async def test_a_judgement_is_kept_with_all_that_it_taught_or_not_at_all(
    watches: WatchRepository, alerts: AlertRepository
) -> None:
    other = replace(SCAN, id="wat-2")
    for each in (SCAN, other):
        await watches.add(each)
    first = alert(1)
    await alerts.swap(None, first)
    word = Judgement("ada", "noise", START, (Lesson(SCAN.id, "checkout", "latency", 0.5, 0.5),))
    after = first.changed(START, judgements=(word,))
    quieter = [(each, each.taught({("checkout", "latency"): 0.5})) for each in (SCAN, other)]
    renamed = other.changed(name="renamed")
    assert await watches.swap(other, renamed)
    assert not await watches.judged(first, after, quieter), "one of them is not what it was"
    assert (await alerts.get("alt-1"), await watches.get(SCAN.id)) == (first, SCAN)
    moved = first.changed(START, acknowledged_by="bob")
    assert await alerts.swap(first, moved)
    assert not await watches.judged(first, after, quieter[:1]), "nor is the alert"
    assert await watches.get(SCAN.id) == SCAN
    judged = moved.changed(START, judgements=(word,))
    kept = await asyncio.gather(*(watches.judged(moved, judged, quieter[:1]) for _ in range(4)))
    assert sorted(kept) == [False] * 3 + [True]
    assert (await alerts.get("alt-1"), await watches.get(SCAN.id)) == (judged, quieter[0][1])


async def test_a_look_is_kept_by_one_of_many_with_all_that_came_of_it(
    watches: WatchRepository, alerts: AlertRepository
) -> None:
    await watches.add(SCAN)
    assert await watches.progress(SCAN.id) is None
    for before, after in ((None, FIRST), (FIRST, SECOND)):
        saw = await alerts.find()
        new = [alert(len(saw) * 10 + number) for number in range(6)]
        kept = await asyncio.gather(*(watches.commit(before, after, saw, [each]) for each in new))
        assert sorted(kept) == [False] * 5 + [True]
        assert await watches.progress(SCAN.id) == after
        assert await alerts.find() == [new[kept.index(True)], *saw]


async def test_how_far_many_are_is_read_without_what_they_carry(watches: WatchRepository) -> None:
    far = [FIRST, replace(SECOND, watch="wat-2", failures=3, trouble="no answer")]
    for each in far:
        await watches.add(replace(SCAN, id=each.watch))
        assert await watches.commit(None, each, (), ())
    plain = {each.watch: replace(each, state=b"") for each in far}
    assert await watches.reached(["wat-2", SCAN.id, "wat-3"]) == plain
    assert await watches.reached([SCAN.id]) == {SCAN.id: plain[SCAN.id]}
    assert await watches.reached([]) == {}


async def test_a_look_that_failed_is_counted_once(watches: WatchRepository) -> None:
    await watches.add(SCAN)
    assert await watches.commit(None, FIRST, (), ())
    failed = replace(FIRST, failures=1, trouble="no answer", looked_at=START + MINUTE)
    kept = await asyncio.gather(*(watches.commit(FIRST, failed, (), ()) for _ in range(6)))
    assert sorted(kept) == [False] * 5 + [True]
    assert await watches.progress(SCAN.id) == failed


async def test_watches_of_one_group_that_look_at_once_do_not_open_an_alert_each(
    watches: WatchRepository, alerts: AlertRepository
) -> None:
    group = [replace(SCAN, id=f"wat-{number}") for number in range(6)]
    for each in group:
        await watches.add(each)
    kept = await asyncio.gather(
        *(watches.commit(None, replace(FIRST, watch=each.id), (), [alert(number)]) for number, each in enumerate(group))
    )
    assert sorted(kept) == [False] * 5 + [True]
    assert len(await alerts.find()) == 1
    assert [await watches.progress(each.id) is not None for each in group] == kept, "the others have got no further"


async def test_a_look_that_saw_an_alert_as_it_is_no_more_is_not_kept(
    watches: WatchRepository, alerts: AlertRepository
) -> None:
    await watches.add(SCAN)
    saw, elsewhere = alert(1), alert(2, group="another")
    assert await alerts.swap(None, saw)
    assert await alerts.swap(None, elsewhere)
    after = saw.changed(START, acknowledged_by="ada")
    assert await alerts.swap(saw, after)
    over = saw.changed(START, state=AlertState.RESOLVED, resolved_at=START)
    assert not await watches.commit(None, FIRST, [saw, elsewhere], [over])
    assert not await watches.commit(None, FIRST, [], [alert(3)]), "the new one may belong to one that is there"
    assert await watches.progress(SCAN.id) is None
    assert await watches.commit(None, FIRST, [], []), "who found nothing needs to know nothing"
    ended = after.changed(START, state=AlertState.RESOLVED, resolved_at=START)
    assert await watches.commit(FIRST, SECOND, [after, elsewhere], [ended, alert(3)])
    assert await alerts.find(group=SCAN.group) == [alert(3), ended]
    back = ended.changed(START, state=AlertState.FIRING, reopened=1)
    third = replace(SECOND, until=START + 2 * MINUTE)
    assert not await watches.commit(SECOND, third, [alert(3), after], [back]), "nor one that was over before"
    assert await watches.commit(SECOND, third, [alert(3), ended], [back])


async def test_a_look_of_a_watch_that_sleeps_is_not_kept(watches: WatchRepository, alerts: AlertRepository) -> None:
    for number, (state, until, kept) in enumerate(
        [
            (WatchState.DELETED, None, False),
            (WatchState.PAUSED, None, False),
            (WatchState.PAUSED, START + MINUTE, False),
            (WatchState.PAUSED, START, True),
        ]
    ):
        watch = await watches.add(replace(SCAN, id=f"wat-{number}", state=state, paused_until=until))
        assert await watches.commit(None, replace(FIRST, watch=watch.id), [], [alert(number)]) is kept
    assert [each.id for each in await alerts.find()] == ["alt-3"]


async def test_deleted_watches_go_when_nothing_was_looked_at_since_and_take_their_progress_along(
    watches: WatchRepository, database: Database
) -> None:
    for number, state in enumerate((WatchState.DELETED, WatchState.DELETED, WatchState.ACTIVE)):
        watch = await watches.add(replace(SCAN, id=f"wat-{number}"))
        looked = START + number * timedelta(days=1)
        assert await watches.commit(None, Progress(watch.id, looked, looked_at=looked), (), ())
        assert await watches.swap(watch, watch.changed(state=state))
    assert await watches.purge(START + timedelta(hours=1)) == 1
    assert {each.id for each in await watches.find()} == {"wat-1", "wat-2"}
    assert await watches.progress("wat-0") is None
    assert await watches.purge(START + timedelta(days=9)) == 1
    async with database.writing() as connection:
        await connection.execute(delete(table(WatchRow)))
    assert await watches.progress("wat-2") is None
