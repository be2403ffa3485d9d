"""Pictures are drawn one after the other beside the loop, the same one once, and not without bound."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from bot.errors import Unavailable
from bot.telemetry.charts.desk import FRESH, KEPT, Desk, picture
from bot.telemetry.charts.looks import ThemeName
from bot.telemetry.charts.shapes import Chart, Tiles
from tests.telemetry.charts import CHARTS


class Hand:
    """Draws when it is let, and remembers what."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.threads: set[str] = set()
        self.may = Event()
        self.now = 0.0

    def draw(self, chart: Chart, theme: ThemeName) -> bytes:
        assert self.may.wait(20)
        if chart.title == "broken":
            raise RuntimeError(chart.title)
        self.drawn.append(f"{chart.title} {theme}")
        self.threads.add(current_thread().name)
        return f"{chart.title} {theme}".encode()

    def clock(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def desk(hand: Hand) -> Iterator[Desk]:
    made = Desk(hand.draw, waiting=50, clock=hand.clock)
    yield made
    hand.may.set()
    made.close()


def chart(title: str) -> Tiles:
    return Tiles(title=title, tiles=())


async def test_fifty_askers_are_served_by_one_thread_beside_the_loop(desk: Desk, hand: Hand) -> None:
    asked = [asyncio.create_task(desk.picture(chart(f"c{at}"))) for at in range(50)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in asked)
    hand.may.set()
    assert await asyncio.gather(*asked) == [f"c{at} light".encode() for at in range(50)]
    assert len(hand.threads) == 1


async def test_more_than_may_wait_are_told_so(desk: Desk, hand: Hand) -> None:
    asked = [asyncio.create_task(desk.picture(chart(f"c{at}"))) for at in range(50)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="50 pictures wait"):
        await desk.picture(chart("one more"))
    again = asyncio.create_task(desk.picture(chart("c7")))
    hand.may.set()
    assert await again == b"c7 light"
    await asyncio.gather(*asked)


async def test_the_same_is_drawn_once_within_a_minute(desk: Desk, hand: Hand) -> None:
    hand.may.set()
    await asyncio.gather(*(desk.picture(chart("a")) for _ in range(20)))
    hand.now = FRESH - 1
    await desk.picture(chart("a"))
    assert hand.drawn == ["a light"]
    hand.now = FRESH
    await desk.picture(chart("a"))
    await desk.picture(chart("a"), "dark")
    assert hand.drawn == ["a light", "a light", "a dark"]


async def test_only_the_last_few_are_kept(desk: Desk, hand: Hand) -> None:
    hand.may.set()
    for at in range(KEPT + 1):
        await desk.picture(chart(f"c{at}"))
    await desk.picture(chart(f"c{KEPT}"))
    await desk.picture(chart("c0"))
    assert len(hand.drawn) == KEPT + 2


async def test_who_leaves_does_not_take_the_picture_from_others(desk: Desk, hand: Hand) -> None:
    leaving, staying = (asyncio.create_task(desk.picture(chart("a"))) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    hand.may.set()
    assert await staying == b"a light"


async def test_a_failure_is_told_and_not_kept(desk: Desk, hand: Hand) -> None:
    hand.may.set()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            await desk.picture(chart("broken"))
    assert await desk.picture(chart("a")) == b"a light"


async def test_a_real_picture() -> None:
    drawn = await picture(CHARTS["amounts"], theme="dark")
    assert drawn.startswith(b"\x89PNG")
    assert await picture(CHARTS["amounts"], theme="dark") is drawn
