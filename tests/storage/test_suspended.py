from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.agent.suspended import Suspended
from bot.agent.threads import Key
from storage.database import Database
from storage.repositories import SuspendedRepository
from tests.conftest import START
from tests.storage.test_repositories import RING

HERE = Key("T1", "C1", "1.0")
QUESTION = Suspended(
    "question", HERE, "U1", {"understood": "deploy cart"}, created_at=START, expires_at=START + timedelta(hours=1)
)
GATE = replace(QUESTION, kind="approval", about="apr-1")


async def test_a_question_stands_for_whom_it_was_put_to_until_it_is_old(database: Database) -> None:
    store = SuspendedRepository(database, RING)
    await store.put(QUESTION)
    assert await store.question(HERE, "U1", START) == QUESTION
    assert await store.question(HERE, "U2", START) is None
    assert await store.question(replace(HERE, thread="2.0"), "U1", START) is None
    assert await store.question(HERE, "U1", START + timedelta(hours=2)) is None
    assert await store.purge(START + timedelta(hours=2)) == 1
    assert not await store.settle(HERE, "U1")


async def test_a_new_question_replaces_the_one_before(database: Database) -> None:
    store = SuspendedRepository(database, RING)
    await store.put(QUESTION)
    newer = replace(QUESTION, payload={"understood": "scale cart"}, created_at=START + timedelta(minutes=1))
    await store.put(newer)
    assert await store.question(HERE, "U1", START) == newer


async def test_of_many_answers_one_settles_the_question(database: Database) -> None:
    store = SuspendedRepository(database, RING)
    await store.put(QUESTION)
    assert sorted(await asyncio.gather(*(store.settle(HERE, "U1") for _ in range(6)))) == [False] * 5 + [True]


async def test_what_waits_at_a_gate_goes_to_one_replica_and_to_another_when_that_is_dead(database: Database) -> None:
    store = SuspendedRepository(database, RING)
    await store.put(GATE)
    assert await store.at_gates() == [GATE]
    live = ["r0", "r1", "r2", "r3"]
    claims = await asyncio.gather(*(store.claim("apr-1", replica, live) for replica in live))
    (won,) = [replica for replica, claim in zip(live, claims, strict=True) if claim]
    assert await store.claim("apr-1", won, live) is None
    left = [each for each in live if each != won]
    assert await store.claim("apr-1", left[0], left) == GATE
    await store.done("apr-1")
    assert await store.at_gates() == []


async def test_what_waits_is_sealed(database: Database) -> None:
    await SuspendedRepository(database, RING).put(QUESTION)
    async with database.reading() as connection:
        rows = (await connection.exec_driver_sql("SELECT payload_sealed FROM suspended")).all()
    assert "deploy" not in str(rows)
