from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from storage.turns import Turns


async def worker(turns: Turns, name: int, said: list[int], inside: list[int], *, urgent: bool = False) -> None:
    async with turns.take(urgent=urgent):
        inside.append(name)
        assert len(inside) == 1
        await asyncio.sleep(0)
        said.append(name)
        inside.remove(name)


async def test_everybody_has_a_turn_in_the_order_they_came() -> None:
    turns, said, inside = Turns(), [], []  # type: ignore[var-annotated]
    await asyncio.gather(*(worker(turns, name, said, inside) for name in range(20)))
    assert said == list(range(20))


async def test_the_urgent_wait_for_nobody_but_whoever_is_in() -> None:
    turns, said, inside = Turns(), [], []  # type: ignore[var-annotated]
    await asyncio.gather(*(worker(turns, name, said, inside, urgent=name >= 8) for name in range(10)))
    assert said == [0, 8, 9, 1, 2, 3, 4, 5, 6, 7]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), max_size=25))
async def test_whoever_goes_away_while_waiting_keeps_nobody(people: list[tuple[bool, bool, int]]) -> None:
    turns, said, inside = Turns(), [], []  # type: ignore[var-annotated]
    tasks = [
        asyncio.create_task(worker(turns, name, said, inside, urgent=urgent))
        for name, (urgent, _, _) in enumerate(people)
    ]
    for task, (_, leaves, after) in zip(tasks, people, strict=True):
        if leaves:
            for _ in range(after):
                await asyncio.sleep(0)
            task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [name for name, each in enumerate(done) if each is None and name not in said] == []
    async with asyncio.timeout(30), turns.take():
        pass
