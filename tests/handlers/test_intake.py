from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from bot.agent.inbox import LETTERS, Delivery
from bot.dead_letters import DeadLetters
from bot.errors import Conflict, Unavailable
from bot.keyring import Keyring
from handlers.intake import ATTEMPTS, CRASHES, Intake
from storage.database import Database
from storage.repositories import DeadLetterRepository, DeliveryRepository
from tests.conftest import KEYS, MovedClock

RING = Keyring.parse(KEYS)
Make = Callable[..., Intake]


def says(text: str, *, channel: str = "C1", ts: str | None = None, thread: str | None = None) -> dict[str, Any]:
    event = {"type": "message", "channel": channel, "channel_type": "im", "user": "U1", "text": text}
    return {
        "type": "event_callback",
        "team_id": "T1",
        "event": {**event, "ts": ts or text, **({"thread_ts": thread} if thread else {})},
    }


@pytest.fixture
async def make(database: Database, clock: MovedClock) -> AsyncIterator[Make]:
    """`make(handle)`: an intake of one process; several share the database."""
    async with AsyncExitStack() as stack:

        def intake(handle: Callable[[Delivery], Awaitable[None]], replica: str = "r1") -> Intake:
            letters = DeadLetters(DeadLetterRepository(database, RING), clock)
            made = Intake(
                DeliveryRepository(database, RING),
                handle,
                letters,
                replica=replica,
                clock=clock,
                metrics=CollectorRegistry(),
                pause=0,
            )
            stack.push_async_callback(made.close, 5)
            return made

        yield intake


class Heard:
    """What was handled, and a way to wait for it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.again: list[bool] = []
        self._news = asyncio.Event()

    async def __call__(self, delivery: Delivery) -> None:
        await asyncio.sleep(0)
        self.texts.append(delivery.payload["event"]["text"])
        self.again.append(delivery.again)
        self._news.set()

    async def all(self, count: int) -> list[str]:
        async with asyncio.timeout(30):
            while len(self.texts) < count:
                self._news.clear()
                await self._news.wait()
        return self.texts


async def test_what_comes_many_times_at_once_is_handled_once(make: Make, database: Database) -> None:
    heard = Heard()
    first, second = make(heard), make(heard, "r2")
    fresh = await asyncio.gather(*(each.receive(says("a")) for each in (first, second) for _ in range(10)))
    assert sum(fresh) == 1
    assert await heard.all(1) == ["a"]
    await first.close(5)
    await second.close(5)
    assert heard.texts == ["a"]
    assert await DeliveryRepository(database, RING).waiting() == 0


async def test_it_returns_before_it_is_handled_however_slow_that_is(make: Make) -> None:
    waiting = asyncio.Event()

    async def slow(_: Delivery) -> None:
        await waiting.wait()

    intake = make(slow)
    assert await asyncio.wait_for(intake.receive(says("a")), 30)
    assert await asyncio.wait_for(intake.receive(says("b")), 30)
    waiting.set()


async def test_a_thread_is_handled_in_its_order_and_others_do_not_wait_for_it(make: Make) -> None:
    held, heard = asyncio.Event(), Heard()

    async def handle(delivery: Delivery) -> None:
        if delivery.payload["event"]["text"] == "1":
            await held.wait()
        await heard(delivery)

    intake = make(handle)
    for number in ("1", "2", "3"):
        await intake.receive(says(number, thread="0"))
    await intake.receive(says("elsewhere"))
    assert await heard.all(1) == ["elsewhere"]
    held.set()
    assert await heard.all(4) == ["elsewhere", "1", "2", "3"]


async def test_what_a_dead_process_left_is_taken_up_by_one_other(make: Make) -> None:
    stuck = asyncio.Event()

    async def never(_: Delivery) -> None:
        await stuck.wait()

    dead = make(never, "dead")
    for number in range(5):
        await dead.receive(says(str(number)))
    heard = Heard()
    others = [make(heard, "r2"), make(heard, "r3")]
    taken = await asyncio.gather(*(each.adopt(["r2", "r3"]) for each in others))
    assert sum(taken) == 5
    assert sorted(await heard.all(5)) == ["0", "1", "2", "3", "4"]
    assert heard.again == [True] * 5
    for task in dead._tasks:
        task.cancel()


async def test_what_cannot_be_kept_is_not_acknowledged(make: Make, database: Database) -> None:
    intake = make(Heard())
    await intake.receive(says("a"))
    await intake.close(5)
    with pytest.raises(Unavailable, match="shutting down"):
        await intake.receive(says("b"))


async def test_what_fails_is_tried_again_and_then_wants_a_decision(
    make: Make, database: Database, clock: MovedClock
) -> None:
    tries: list[str] = []
    enough = asyncio.Event()

    async def fail(delivery: Delivery) -> None:
        tries.append(delivery.id)
        if len(tries) == ATTEMPTS:
            enough.set()
        raise Conflict("no way", mend="None.")

    intake = make(fail)
    await intake.receive(says("a"))
    await asyncio.wait_for(enough.wait(), 30)
    await intake.close(5)
    found = await DeadLetters(DeadLetterRepository(database, RING), clock).find()
    assert len(tries) == ATTEMPTS
    assert found[0].kind == LETTERS
    assert "no way" in found[0].error


async def test_what_killed_its_process_again_and_again_is_taken_for_the_cause(
    make: Make, database: Database, clock: MovedClock
) -> None:
    inbox = DeliveryRepository(database, RING)
    await inbox.add([Delivery("message:T1:C1:a", "event:message", says("a"), clock())], "dead")
    for _ in range(CRASHES):
        await inbox.again("message:T1:C1:a")
    heard = Heard()
    intake = make(heard, "r2")
    await intake.adopt(["r2"])
    await asyncio.sleep(0)  # it has begun
    await intake.close(5)
    found = await DeadLetters(DeadLetterRepository(database, RING), clock).find()
    assert "each time the process died" in found[0].error
    assert heard.texts == []
