from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import pairwise
from time import perf_counter

import pytest
from sqlalchemy import event, text
from structlog.testing import capture_logs

from bot.agent.inbox import Delivery
from bot.errors import ConfigurationError, NotFound
from bot.keyring import Keyring
from storage.database import Database
from storage.repositories import AnswerRepository, DeliveryRepository, ReplicaRepository
from tests.conftest import KEY, KEYS, START

RING = Keyring.parse(KEYS)
LATER = START + timedelta(hours=1)
ODD = {"text": "Grüße 🎉 \ud83c <@U1> \x00 'quoted' \"twice\"", "n": [1, None, {"a": 1.5}]}


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[DeliveryRepository]]:
    """Two processes' worth: a pool of connections each."""
    databases = [Database(database_url) for _ in range(2)]
    yield [DeliveryRepository(each, RING) for each in databases]
    for each in databases:
        await each.close()


@pytest.fixture
def inbox(database: Database) -> DeliveryRepository:
    return DeliveryRepository(database, RING)


def some(*ids: str, after: float = 0.0) -> list[Delivery]:
    """A second apart from each other."""
    return [
        Delivery(each, "event", {"said": each}, START + timedelta(seconds=after + number))
        for number, each in enumerate(ids)
    ]


def ids(deliveries: object) -> list[str]:
    return [each.id for each in deliveries]  # type: ignore[attr-defined]


async def column(database: Database, name: str) -> dict[str, object]:
    async with database.reading() as connection:
        rows = await connection.execute(text(f"SELECT id, {name} FROM deliveries"))
        return {row[0]: row[1] for row in rows}


# ---------------------------------------------------------------- adding


async def test_an_id_is_new_for_exactly_one_of_many_that_add_it_at_once(replicas: list[DeliveryRepository]) -> None:
    dice = random.Random(7)
    names = [f"e{number:03}" for number in range(300)]
    batches = [[*dice.sample(names, 250), *dice.choices(names, k=10)] for _ in range(16)]
    fresh = await asyncio.gather(*(replicas[n % 2].add(some(*batch), f"r{n % 2}") for n, batch in enumerate(batches)))
    assert Counter(each for found in fresh for each in found) == Counter({each for batch in batches for each in batch})
    assert await replicas[0].waiting() == 300


async def test_of_duplicates_in_one_batch_the_first_is_kept(inbox: DeliveryRepository) -> None:
    first, second = Delivery("a", "event", {"n": 1}, START), Delivery("a", "event", {"n": 2}, LATER)
    assert await inbox.add([first, second], "r1") == {"a"}
    assert await inbox.adopt("r2", ["r2"]) == [replace(first, again=True)]


async def test_what_is_there_already_stays_as_it_is(inbox: DeliveryRepository) -> None:
    (kept,) = some("a")
    assert await inbox.add([kept], "r1") == {"a"}
    assert await inbox.add([replace(kept, payload={"forged": True}), *some("b", after=5)], "r2") == {"b"}
    assert await inbox.adopt("r3", ["r2", "r3"]) == [replace(kept, again=True)]


async def test_nothing_is_nothing(inbox: DeliveryRepository) -> None:
    assert await inbox.add([], "r1") == frozenset()
    await inbox.done([], START)
    assert await inbox.adopt("r2", []) == []
    assert await inbox.waiting() == 0
    assert await inbox.purge(LATER) == 0


async def test_content_and_instant_come_back_as_they_were(inbox: DeliveryRepository) -> None:
    for number, hours in enumerate((5.5, -9, 0)):
        there = (START + timedelta(microseconds=7)).astimezone(timezone(timedelta(hours=hours)))
        given = Delivery(f"e{number}", "view_submission", ODD, there, attempts=2)
        await inbox.add([given], "r1")
        (back,) = await inbox.adopt("r2", ["r2"])
        assert back == replace(given, again=True)
        await inbox.done([given.id], LATER)
    with pytest.raises(ValueError, match="no time zone"):
        await inbox.add([Delivery("e", "event", {}, START.replace(tzinfo=None))], "r1")


# ---------------------------------------------------------------- handled


async def test_what_is_handled_loses_its_content_and_is_known_until_it_is_purged(
    database: Database, inbox: DeliveryRepository
) -> None:
    await inbox.add(some("a", "b", "c"), "r1")
    await inbox.done(["a", "b", "never heard of"], START)
    assert {key: bool(sealed) for key, sealed in (await column(database, "payload_sealed")).items()} == {
        "a": False,
        "b": False,
        "c": True,
    }
    assert await inbox.waiting() == 1
    assert await inbox.add(some("a", "b", "c", "d"), "r2") == {"d"}
    assert ids(await inbox.adopt("r3", ["r2", "r3"])) == ["c"], "what is handled is not taken up again"

    await inbox.done(["a"], LATER)
    assert await inbox.purge(START) == 0
    assert await inbox.purge(START + timedelta(microseconds=1)) == 2, "a second end does not count"
    assert await inbox.add(some("a", "b", "c", "d"), "r1") == {"a", "b"}


async def test_what_is_open_is_never_purged(inbox: DeliveryRepository) -> None:
    await inbox.add(some("a"), "r1")
    assert await inbox.purge(START + timedelta(days=10_000)) == 0
    assert await inbox.waiting() == 1


async def test_purging_ends_where_there_is_more_than_one_batch(
    inbox: DeliveryRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.repositories.rows.PURGED_AT_ONCE", 4)
    for count in (7, 8):
        names = [f"e{number}" for number in range(count)]
        await inbox.add(some(*names), "r1")
        await inbox.done(names, START)
        assert await inbox.purge(LATER) == count


async def test_another_attempt_is_counted(inbox: DeliveryRepository) -> None:
    await inbox.add(some("a", "b"), "r1")
    assert sorted(await asyncio.gather(*(inbox.again("a") for _ in range(4)))) == [2, 3, 4, 5]
    assert {each.id: each.attempts for each in await inbox.adopt("r2", ["r2"])} == {"a": 5, "b": 1}
    with pytest.raises(NotFound, match="'z'"):
        await inbox.again("z")


# ---------------------------------------------------------------- adopting


async def test_of_two_that_race_for_what_was_left_each_row_goes_to_one(replicas: list[DeliveryRepository]) -> None:
    names = [f"e{number:03}" for number in range(60)]
    await replicas[0].add(some(*names), "gone")
    await replicas[0].add(some("mine", after=100), "r0")
    live = ["r0", "r1"]
    taken: Counter[str] = Counter()
    while await replicas[0].waiting() > 1:
        got = await asyncio.gather(*(replicas[n % 2].adopt(live[n % 2], live, limit=7) for n in range(6)))
        taken.update(each for batch in got for each in ids(batch))
        assert {each.attempts for batch in got for each in batch} <= {1}
        await replicas[0].done([each for batch in got for each in ids(batch)], START)
    assert taken == Counter(names)


async def test_what_a_live_one_has_stays_with_it(inbox: DeliveryRepository) -> None:
    await inbox.add(some("a"), "r1")
    await inbox.add(some("b"), "r2")
    assert await inbox.adopt("r1", ["r1", "r2"]) == []
    assert await inbox.adopt("r1", ["r2"]) == [], "its own is no legacy"
    assert ids(await inbox.adopt("r1", ["r1"])) == ["b"]
    assert ids(await inbox.adopt("r3", ["r3"])) == ["a", "b"]


async def test_one_that_came_to_life_after_the_roll_call_keeps_what_it_has(
    database: Database, inbox: DeliveryRepository
) -> None:
    directory = ReplicaRepository(database)
    await inbox.add(some("a"), "gone")
    live = ["r1"]
    await directory.beat("new", "host", START)
    await inbox.add(some("b"), "new")
    assert ids(await inbox.adopt("r1", live)) == ["a"]
    await directory.leave("new")
    assert ids(await inbox.adopt("r1", live)) == ["b"]


async def test_the_oldest_come_first_and_a_batch_keeps_its_order(inbox: DeliveryRepository) -> None:
    dice = random.Random(3)
    at_once = [Delivery(f"{dice.random()}", "event", {"n": number}, START) for number in range(20)]
    await inbox.add(some("late", after=60), "r1")
    await inbox.add(at_once, "r1")
    assert ids(await inbox.adopt("r2", ["r2"], limit=5)) == ids(at_once)[:5]
    rest = await inbox.adopt("r2", ["r2"])
    assert ids(rest) == [*ids(at_once)[5:], "late"]
    assert all(one.received_at <= next_.received_at for one, next_ in pairwise(rest))


async def test_one_that_is_damaged_does_not_keep_the_others(database: Database, inbox: DeliveryRepository) -> None:
    await inbox.add(some("a", "b", "c"), "r1")
    async with database.writing() as connection:
        await connection.execute(text("UPDATE deliveries SET payload_sealed = 'v1.test.AAAA' WHERE id = 'a'"))
    with capture_logs() as logs:
        assert ids(await inbox.adopt("r2", ["r2"], limit=2)) == ["b"]
    assert [(log["event"], log["delivery"]) for log in logs] == [("delivery_damaged", "a")]
    assert ids(await inbox.adopt("r2", ["r2"])) == ["c"]
    assert await inbox.waiting() == 3, "it is seen to be waiting"


async def test_where_the_key_is_missing_they_stay_for_one_that_has_it(
    database: Database, inbox: DeliveryRepository
) -> None:
    await inbox.add(some("a"), "r1")
    with pytest.raises(ConfigurationError, match="'test'"):
        await DeliveryRepository(database, Keyring.parse(f"other:{KEY}")).adopt("r2", ["r2"])
    assert await column(database, "replica") == {"a": "r1"}
    assert ids(await inbox.adopt("r3", ["r2", "r3"])) == ["a"]


# ---------------------------------------------------------------- many


async def test_five_thousand_are_kept_and_handled_in_seconds(inbox: DeliveryRepository) -> None:
    payload = {"event": {"type": "message", "text": "x" * 1_000}}
    everything = [
        Delivery(f"Ev{number:05}", "event", payload, START + timedelta(milliseconds=number)) for number in range(5_000)
    ]
    began = perf_counter()
    for start in range(0, 5_000, 32):
        batch = everything[start : start + 32]
        assert len(await inbox.add(batch, "r1")) == len(batch)
    for start in range(0, 4_000, 32):
        await inbox.done(ids(everything[start : start + 32]), START)
    assert await inbox.waiting() == 1_000
    taken: list[str] = []
    while found := await inbox.adopt("r2", ["r2"]):
        taken += ids(found)
    assert taken == ids(everything[4_000:])
    assert await inbox.purge(LATER) == 4_000
    assert perf_counter() - began < 60, (
        "it takes two or three on a quiet machine; a scan for each row would take minutes"
    )


async def test_what_is_asked_again_and_again_reads_an_index(database: Database, inbox: DeliveryRepository) -> None:
    await inbox.add(some("a"), "r1")
    said: list[tuple[str, object]] = []

    def listen(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        said.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    await inbox.waiting()
    await inbox.adopt("r2", ["r2"])
    await inbox.done(["a"], START)
    await inbox.purge(START)
    await AnswerRepository(database, RING).stopping("r1")
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)
    said = [each for each in said if not each[0].startswith("BEGIN")]
    async with database.writing() as connection:
        if not database.sqlite:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))  # as where there are many rows
        for statement, parameters in said:
            explained = f"EXPLAIN {'QUERY PLAN ' if database.sqlite else ''}{statement}"
            found = await connection.exec_driver_sql(explained, parameters)  # type: ignore[arg-type]
            plan = "\n".join(str(row[-1]) for row in found)
            assert "Index" in plan or "USING" in plan, (statement, plan)
            assert not re.search(r"SCAN (deliveries|answers)$|Seq Scan on (deliveries|answers)", plan, re.MULTILINE)
    assert len(said) == 6
