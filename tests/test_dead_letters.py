"""Work that could not be done is kept until one person decides on it, once."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import App
from bot.dead_letters import DeadLetter, DeadLetters, LetterState
from bot.errors import Conflict, NotFound, Unavailable
from storage.repositories.dead_letters import DeadLetterRepository
from tests.conftest import START, MakeApp, MovedClock


@pytest.fixture
def box(app: App, clock: MovedClock) -> DeadLetters:
    return DeadLetters(DeadLetterRepository(app.database, app.keys), clock)


async def put(box: DeadLetters, **more: str) -> DeadLetter:
    return await box.put("work", {"what": ["a", 1]}, "it broke", attempts=3, trace_id="t", **more)


async def test_a_letter_is_kept_whole(box: DeadLetters) -> None:
    letter = await put(box)
    assert list(await box.find()) == [letter]
    assert (letter.payload, letter.attempts, letter.created_at) == ({"what": ["a", 1]}, 3, START)
    assert letter.id.startswith("dl-")


async def test_the_same_failure_told_twice_is_one_letter(box: DeadLetters) -> None:
    first = await put(box, letter_id="dl-run-1")
    assert await put(box, letter_id="dl-run-1") == first
    assert len(await box.find()) == 1


async def test_a_retry_takes_the_work_up_once_and_says_who(box: DeadLetters, clock: MovedClock) -> None:
    taken: list[DeadLetter] = []

    async def retry(letter: DeadLetter) -> None:
        taken.append(letter)

    box.handle("work", retry)
    letter = await put(box)
    clock.move(minutes=1)
    closed = await box.retry(letter.id, "sre")
    assert taken == [letter]
    assert (closed.state, closed.closed_by, closed.closed_at) == (LetterState.RETRIED, "sre", clock())
    for again in (box.retry(letter.id, "devops"), box.discard(letter.id, "devops", "x")):
        with pytest.raises(Conflict, match="was retried already, by sre"):
            await again
    assert len(taken) == 1
    assert list(await box.find()) == []
    assert list(await box.find(None)) == [closed]


async def test_of_many_who_retry_at_once_one_does(make_app: MakeApp, clock: MovedClock) -> None:
    taken: list[str] = []
    boxes = []
    for _ in range(2):
        app: App = await make_app()
        box = DeadLetters(DeadLetterRepository(app.database, app.keys), clock)

        async def retry(letter: DeadLetter) -> None:
            taken.append(letter.id)

        box.handle("work", retry)
        boxes.append(box)
    letter = await put(boxes[0])
    found = await asyncio.gather(
        *(box.retry(letter.id, f"p{number}") for box in boxes for number in range(4)), return_exceptions=True
    )
    assert taken == [letter.id]
    assert sum(isinstance(each, DeadLetter) for each in found) == 1
    assert sum(isinstance(each, Conflict) for each in found) == 7


async def test_a_retry_that_cannot_be_started_leaves_the_letter_open(box: DeadLetters) -> None:
    async def fails(_: DeadLetter) -> None:
        raise Unavailable("the engine is away")

    box.handle("work", fails)
    letter = await put(box)
    with pytest.raises(Unavailable):
        await box.retry(letter.id, "sre")
    (again,) = await box.find()
    assert (again.state, again.closed_by, again.closed_at, again.note) == (LetterState.OPEN, None, None, "")
    with pytest.raises(Unavailable):
        await box.retry(letter.id, "devops")


async def test_what_nobody_can_take_up_is_told_and_stays_open(box: DeadLetters) -> None:
    letter = await put(box)
    with pytest.raises(Conflict, match="nothing here can retry 'work'"):
        await box.retry(letter.id, "sre")
    with pytest.raises(NotFound, match="dl-nowhere"):
        await box.discard("dl-nowhere", "sre", "why")
    assert list(await box.find()) == [letter]


async def test_a_letter_that_is_let_go_stays_on_record(box: DeadLetters) -> None:
    letter = await put(box)
    gone = await box.discard(letter.id, "sre", "nobody wants it")
    assert list(await box.find(LetterState.DISCARDED)) == [gone]
    assert gone.note == "nobody wants it"
    assert len(await box.find(None, limit=1)) == 1
