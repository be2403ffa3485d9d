from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

import storage.rotation
from bot.agent.answers import Answer, Feedback
from bot.agent.events import Text
from bot.agent.inbox import Delivery
from bot.agent.suspended import Suspended
from bot.agent.threads import Key, Message
from bot.dead_letters import DeadLetter
from bot.door.runs import Run, RunState
from bot.errors import ConfigurationError, Tampered
from bot.guard.approvals import Approval, ApprovalState, Route
from bot.guard.canonical import parameters_hash
from bot.guard.risk import Risk
from bot.keyring import Keyring
from bot.memory.relevance import Kind
from bot.memory.store import Kept, Tier
from bot.watch.alerts import Silence
from bot.watch.watches import Progress
from storage.database import Database
from storage.models import Base
from storage.repositories import (
    AlertRepository,
    AnswerRepository,
    ApprovalRepository,
    ConversationRepository,
    DeadLetterRepository,
    DeliveryRepository,
    MemoryRepository,
    RunRepository,
    SuspendedRepository,
    WatchRepository,
)
from storage.rotation import rotate
from tests.conftest import KEYS, START
from tests.watch.made import SCAN, alert

RING = Keyring.parse(KEYS)
NEW = f"k2:{base64.b64encode(b'2' * 32).decode()}"
PLANTED = "rosebud"
SEALED = {
    f"{table.name}.{column.name.removesuffix('_sealed')}": (table, column)
    for table in Base.metadata.sorted_tables
    for column in table.columns
    if column.name.endswith("_sealed")
}


async def dump(database: Database) -> str:
    out = []
    async with database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            out += [f"{table.name} {tuple(row)!r}" for row in await connection.execute(table.select())]
    return "\n".join(out)


async def fill(database: Database, ring: Keyring = RING, number: int = 1) -> None:
    """One row in every table that seals a column, each with the planted word in it."""
    parameters: dict[str, Any] = {"text": PLANTED}
    await ApprovalRepository(database, ring).add(
        Approval(
            id=f"apr-{number}",
            operation="x.do",
            parameters=parameters,
            parameters_hash=parameters_hash("x.do", parameters),
            risk=Risk.WRITE,
            environment=None,
            service=None,
            why=f"why {PLANTED}",
            preview=f"preview {PLANTED}",
            requester="ada",
            requester_kind="person",
            route=Route("test"),
            approvers="SRE",
            quorum=1,
            self_approval=False,
            created_at=START,
            expires_at=START,
            escalate_at=START,
            escalate_to="sre",
            state=ApprovalState.APPROVED,
            outcome={"said": PLANTED},
        )
    )
    conversations = ConversationRepository(database, ring)
    session = await conversations.open(
        "T1", "C1", f"{number}", by="ada", now=START, expires_at=START + timedelta(days=1)
    )
    await conversations.say(session.id, Message("ada", "user", f"I said {PLANTED}", START))
    about = Kept(
        Kind.FINDING,
        Tier.LONG,
        f"channel:T1:C{number}",
        f"about {PLANTED}",
        3,
        0.6,
        START,
        "ada",
        vector=np.ones(256, np.float16),
    )
    await MemoryRepository(database, ring).add([about])
    here = Key("T1", "C1", f"{number}")
    await SuspendedRepository(database, ring).put(
        Suspended("question", here, "ada", {"said": PLANTED}, created_at=START, expires_at=START + timedelta(days=1))
    )
    runs = RunRepository(database, ring)
    run, _ = await runs.claim(Run(f"run-{number}", f"k{number}", "x.do", "ada", "t", START, "r1", "h"))
    await runs.finish(
        Run(
            **{
                **{name: getattr(run, name) for name in Run.__slots__},
                "state": RunState.DONE,
                "outcome": {"said": PLANTED},
            }
        )
    )
    await DeadLetterRepository(database, ring).add(
        DeadLetter(
            id=f"dl-{number}", kind="x", payload={"say": PLANTED}, error="e", attempts=1, trace_id="t", created_at=START
        )
    )
    await DeliveryRepository(database, ring).add([Delivery(f"ev-{number}", "event", {"text": PLANTED}, START)], "r1")
    answers = AnswerRepository(database, ring)
    await answers.open(
        Answer(
            id=f"ans-{number}",
            key=f"k{number}",
            workspace="T1",
            channel="C1",
            thread=None,
            person="ada",
            private=False,
            replica="r1",
            created_at=START,
            question=f"what is {PLANTED}?",
            events=(Text(f"{PLANTED} is a sledge"),),
        )
    )
    await answers.rate(Feedback(f"ans-{number}", "ada", "down", START, "wrong", f"{PLANTED} is a word"))
    watches = WatchRepository(database, ring)
    await watches.add(replace(SCAN, id=f"wat-{number}", name=PLANTED))
    await watches.commit(None, Progress(f"wat-{number}", START, PLANTED.encode(), looked_at=START), (), ())
    alerts = AlertRepository(database, ring)
    await alerts.swap(None, alert(number, title=f"{PLANTED} is slow"))
    await alerts.silence(Silence(f"sil-{number}", START, "ada", START - timedelta(hours=1), reason=PLANTED))


async def read(database: Database, ring: Keyring, number: int = 1) -> list[object]:
    approval = await ApprovalRepository(database, ring).get(f"apr-{number}")
    run = await RunRepository(database, ring).get(f"run-{number}")
    letter = await DeadLetterRepository(database, ring).get(f"dl-{number}")
    messages = await ConversationRepository(database, ring).messages_of("ada")
    deliveries = await DeliveryRepository(database, ring).adopt(uuid.uuid4().hex, live=())
    answer = await AnswerRepository(database, ring).get(f"ans-{number}")
    (feedback,) = await AnswerRepository(database, ring).feedback(f"ans-{number}")
    watch = await WatchRepository(database, ring).get(f"wat-{number}")
    progress = await WatchRepository(database, ring).progress(f"wat-{number}")
    alerts = AlertRepository(database, ring)
    told = await alerts.get(f"alt-{number}")
    silences = await alerts.silences(START - timedelta(minutes=1))
    assert watch
    assert progress
    assert told
    assert answer
    assert approval
    assert run
    assert letter
    return [
        approval.parameters["text"],
        approval.why,
        approval.preview,
        approval.outcome,
        run.outcome,
        letter.payload,
        messages[-1].content,
        next(each.payload for each in deliveries if each.id == f"ev-{number}"),
        answer.question,
        answer.events,
        feedback.correction,
        watch.name,
        progress.state,
        told.title,
        next(each.reason for each in silences if each.id == f"sil-{number}"),
    ]


async def test_what_people_said_and_wanted_is_not_readable_in_the_database(
    database: Database, database_url: str
) -> None:
    await fill(database)
    assert all(PLANTED in str(value) for value in await read(database, RING))
    found = await dump(database)
    assert found.count("v1.test.") == len(SEALED)
    assert PLANTED not in found
    if database.sqlite:
        path = Path(database_url.removeprefix("sqlite+aiosqlite:///"))
        for file in path.parent.glob("copilot.db*"):
            assert PLANTED.encode() not in file.read_bytes()


async def test_another_keyring_reads_nothing_and_says_which_key_is_missing(database: Database) -> None:
    await fill(database)
    other = Keyring.parse(NEW)
    for deed in (
        ApprovalRepository(database, other).get("apr-1"),
        RunRepository(database, other).get("run-1"),
        DeadLetterRepository(database, other).get("dl-1"),
        ConversationRepository(database, other).messages_of("ada"),
        DeliveryRepository(database, other).adopt("r2", live=()),
        AnswerRepository(database, other).get("ans-1"),
        AnswerRepository(database, other).feedback("ans-1"),
        WatchRepository(database, other).get("wat-1"),
        AlertRepository(database, other).find(),
        AlertRepository(database, other).silences(START - timedelta(minutes=1)),
    ):
        with pytest.raises(ConfigurationError, match="'test'") as error:
            await deed
        assert "LLM_COPILOT_ENCRYPTION_KEYS" in error.value.mend
    with pytest.raises(Tampered):
        await read(database, Keyring.parse(NEW.replace("k2:", "test:")))


@pytest.mark.parametrize("swap", [("why", "preview"), ("parameters", "outcome")])
async def test_values_that_change_places_do_not_decrypt(database: Database, swap: tuple[str, str]) -> None:
    await fill(database)
    one, other = swap
    async with database.writing() as connection:
        await connection.execute(
            text(f"UPDATE approvals SET {one}_sealed = {other}_sealed, {other}_sealed = {one}_sealed")
        )
    with pytest.raises(Tampered, match="approvals"):
        await ApprovalRepository(database, RING).get("apr-1")


async def test_one_damaged_approval_does_not_hide_the_others(database: Database) -> None:
    await fill(database, number=1)
    await fill(database, number=2)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE approvals SET why_sealed = preview_sealed WHERE id = 'apr-1'"))
    store = ApprovalRepository(database, RING)
    assert [each.id for each in await store.find()] == ["apr-2"]
    with pytest.raises(Tampered, match="approvals"):
        await store.get("apr-1")


async def test_rotation_writes_every_sealed_value_anew_and_then_the_old_key_can_go(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.rotation, "BATCH", 2)
    for number in range(1, 6):
        await fill(database, number=number)
    before = await read(database, RING)
    both = Keyring.parse(f"{NEW},{KEYS}")
    assert await rotate(database, both) == dict.fromkeys(SEALED, 5)
    assert "v1.test." not in await dump(database)
    assert await read(database, Keyring.parse(NEW)) == before
    assert await rotate(database, both) == dict.fromkeys(SEALED, 0), "once is enough"


async def test_a_rotation_that_was_interrupted_goes_on_where_it_stopped(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.rotation, "BATCH", 2)
    for number in range(1, 6):
        await fill(database, number=number)
    both, left = Keyring.parse(f"{NEW},{KEYS}"), 8
    encrypt = both.encrypt

    def dying(value: str, purpose: str) -> str:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return encrypt(value, purpose)

    monkeypatch.setattr(both, "encrypt", dying)
    with pytest.raises(KeyboardInterrupt):
        await rotate(database, both)
    assert all(PLANTED in str(value) for value in await read(database, both, 3)), "in between both keys read"
    monkeypatch.setattr(both, "encrypt", encrypt)
    counts = await rotate(database, both)
    assert sum(counts.values()) == 5 * len(SEALED) - 7, "whole batches stay; the one that was cut is done again"
    assert "v1.test." not in await dump(database)


async def test_rotation_stops_at_a_value_that_it_cannot_read_and_loses_nothing(database: Database) -> None:
    await fill(database)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE runs SET outcome_sealed = 'v1.test.AAAA'"))
    with pytest.raises(Tampered, match=r"runs\.outcome"):
        await rotate(database, Keyring.parse(f"{NEW},{KEYS}"))
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT outcome_sealed FROM runs"))).scalar() == "v1.test.AAAA"
