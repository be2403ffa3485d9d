"""The cache: one request for all who ask, nothing wrong kept, and something old rather than nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import CircuitOpen, CopilotError, Exhausted, InvalidInput, RateLimited, Terminal, TimedOut, Unavailable
from bot.telemetry.cache import Cache
from bot.telemetry.signals import LogLine, Read, Samples, Series, Span, Trace, Window

NOW = datetime(2026, 3, 18, 15, 30, 7, tzinfo=UTC)
HOUR = Window.last(3600, NOW)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Backend:
    """Answers with the number of its call, or fails; may be held back until `go`."""

    clock: Clock
    calls: int = 0
    ended: int = 0
    error: Exception | None = None
    read: dict[str, Any] = field(default_factory=dict)
    go: asyncio.Event | None = None

    async def __call__(self) -> Read[tuple[str, ...]]:
        self.calls += 1
        number = self.calls
        try:
            if self.go:
                await self.go.wait()
        finally:
            self.ended += 1
        if self.error:
            raise self.error
        return replace(Read((f"answer {number}",), "prometheus", self.clock()), **self.read)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return Cache(clock)


@pytest.fixture
def backend(clock: Clock) -> Backend:
    return Backend(clock)


async def settle() -> None:
    """Lets every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_answer_is_kept_for_as_long_as_it_is_fresh(cache: Cache, backend: Backend, clock: Clock) -> None:
    first = await cache.get(("up",), backend, 300, HOUR)
    clock.move(299)
    again = await cache.get(("up",), backend, 300, HOUR)
    assert (first.cached, again.cached, again.value, again.at) == (False, True, ("answer 1",), NOW)
    clock.move(1)
    assert (await cache.get(("up",), backend, 300, HOUR)).value == ("answer 2",)
    assert (await cache.get(("up",), backend, 300, HOUR.before())).value == ("answer 3",)
    assert (await cache.get(("down",), backend, 300, HOUR)).value == ("answer 4",)


async def test_the_answer_may_say_how_long_it_is_fresh(cache: Cache, backend: Backend, clock: Clock) -> None:
    await cache.get(("up",), backend, len)
    clock.move(1)
    assert (await cache.get(("up",), backend, len)).value == ("answer 2",)


@pytest.mark.parametrize("flaw", [{"cut": True}, {"warnings": ("partial",)}, {"stale": True}])
async def test_what_is_not_whole_is_not_kept_as_final(
    cache: Cache, backend: Backend, clock: Clock, flaw: dict[str, Any]
) -> None:
    backend.read = flaw
    await cache.get(("up",), backend, 300)
    clock.move(14)
    assert (await cache.get(("up",), backend, 300)).cached
    clock.move(1)
    assert not (await cache.get(("up",), backend, 300)).cached


async def test_many_who_ask_at_once_make_one_request(cache: Cache, backend: Backend) -> None:
    backend.go = asyncio.Event()
    asking = [asyncio.create_task(cache.get(("up",), backend, 300)) for _ in range(50)]
    await settle()
    backend.go.set()
    answers = await asyncio.gather(*asking)
    assert backend.calls == 1
    assert {read.value for read in answers} == {("answer 1",)}


async def test_who_asked_first_may_leave_and_the_others_get_the_answer(cache: Cache, backend: Backend) -> None:
    backend.go = asyncio.Event()
    asking = [asyncio.create_task(cache.get(("up",), backend, 300)) for _ in range(3)]
    await settle()
    asking[0].cancel()
    await settle()
    assert asking[0].cancelled()
    backend.go.set()
    assert [(await task).value for task in asking[1:]] == [("answer 1",)] * 2
    assert backend.calls == 1


async def test_a_request_that_nobody_waits_for_is_ended(cache: Cache, backend: Backend) -> None:
    backend.go = asyncio.Event()
    asking = [asyncio.create_task(cache.get(("up",), backend, 300)) for _ in range(3)]
    await settle()
    for task in asking:
        task.cancel()
    await settle()
    assert (backend.calls, backend.ended) == (1, 1)
    backend.go.set()
    assert (await cache.get(("up",), backend, 300)).value == ("answer 2",)


@pytest.mark.parametrize("error", [InvalidInput("no"), Terminal("no"), Unavailable("down"), ValueError("a bug")])
async def test_an_error_reaches_all_who_asked_and_is_not_kept(cache: Cache, backend: Backend, error: Exception) -> None:
    backend.error, backend.go = error, asyncio.Event()
    asking = [asyncio.create_task(cache.get(("up",), backend, 300)) for _ in range(3)]
    await settle()
    backend.go.set()
    assert await asyncio.gather(*asking, return_exceptions=True) == [error] * 3
    backend.error = None
    assert (await cache.get(("up",), backend, 300)).value == ("answer 2",)


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("down"),
        TimedOut("slow"),
        RateLimited("too often"),
        CircuitOpen("rests"),
        Exhausted("3 tries", cause=Unavailable("down"), attempts=3),
    ],
)
async def test_while_the_backend_is_down_the_last_answer_is_served_and_marked(
    cache: Cache, backend: Backend, clock: Clock, error: CopilotError
) -> None:
    await cache.get(("up",), backend, 15, HOUR)
    clock.move(7200)
    backend.error = error
    read = await cache.get(("up",), backend, 15, HOUR)
    assert (read.value, read.stale, read.cached, read.at) == (("answer 1",), True, True, NOW)
    assert "prometheus does not answer now" in read.warnings[0]
    assert str(error) in read.warnings[0]
    assert "from 2026-03-18 15:30:07 UTC" in read.warnings[0]
    backend.error = None
    fresh = await cache.get(("up",), backend, 15, HOUR)
    assert (fresh.stale, fresh.warnings) == (False, ())


async def test_a_refused_question_is_not_answered_with_something_old(
    cache: Cache, backend: Backend, clock: Clock
) -> None:
    await cache.get(("up",), backend, 15)
    clock.move(60)
    backend.error = InvalidInput("no such metric")
    with pytest.raises(InvalidInput):
        await cache.get(("up",), backend, 15)


@pytest.mark.parametrize(("later", "served"), [(60, True), (3600, True), (3601, False), (-60, False)])
async def test_a_window_that_ended_up_to_an_hour_before_stands_in(
    cache: Cache, backend: Backend, later: float, *, served: bool
) -> None:
    await cache.get(("up",), backend, 15, HOUR)
    await cache.get(("up",), backend, 15, HOUR.before())
    backend.error = Unavailable("down")
    if served:
        read = await cache.get(("up",), backend, 15, HOUR.shifted(later))
        assert (read.value, read.stale) == (("answer 1",), True)
    else:
        with pytest.raises(Unavailable):
            await cache.get(("up",), backend, 15, HOUR.shifted(later))
    with pytest.raises(Unavailable):
        await cache.get(("another",), backend, 15, HOUR)


async def test_the_answer_that_was_not_asked_for_longest_goes_first(clock: Clock, backend: Backend) -> None:
    cache = Cache(clock, entries=3)
    for name in ("a", "b", "c", "a", "d"):
        await cache.get((name,), backend, 300)
    assert [(await cache.get((name,), backend, 300)).cached for name in ("a", "c", "d")] == [True] * 3
    assert not (await cache.get(("b",), backend, 300)).cached
    assert len(cache) == 3


def samples(count: int) -> Samples:
    return Samples("matrix", (Series({}, np.zeros(count), np.zeros(count)),))


async def test_large_answers_push_out_others_and_a_huge_one_is_not_kept(clock: Clock) -> None:
    cache = Cache(clock, most_bytes=1_000_000)

    async def ask(name: str, count: int) -> bool:
        async def call() -> Read[Samples]:
            return Read(samples(count), "prometheus", clock())

        return (await cache.get((name,), call, 300)).cached

    for name in "abcde":
        await ask(name, 14_000)
    assert (len(cache), cache.weight) == (4, 4 * 225_000)
    assert not await ask("huge", 1_000_000)
    assert not await ask("huge", 1_000_000)
    assert await ask("e", 14_000)
    assert not await ask("a", 14_000)


@pytest.mark.parametrize(
    ("value", "least"),
    [
        ((LogLine(NOW, "x" * 10_000),) * 3, 30_000),
        (Trace("a", (Span("1", None, "s", "n", 0, 1),) * 10), 10_000),
        ({("a", "b"): "c"}, 100),
        (("a", "b"), 100),
        (3, 100),
    ],
)
async def test_every_kind_of_answer_weighs_something(cache: Cache, value: object, least: int) -> None:
    async def call() -> Read[object]:
        return Read(value, "x", NOW)

    await cache.get(("up",), call, 300)
    assert cache.weight >= least


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(-2, 2), st.integers(0, 30_000), st.booleans()), max_size=60
    )
)
def test_whatever_is_asked_the_bounds_hold(asked: Sequence[tuple[str, int, int, bool]]) -> None:
    clock = Clock()
    cache = Cache(clock, entries=4, most_bytes=1_000_000)

    async def run() -> None:
        for name, shift, count, fails in asked:

            async def call(count: int = count, fails: bool = fails) -> Read[Samples]:  # noqa: FBT001  bound here
                if fails:
                    raise Unavailable("down")
                return Read(samples(count), "prometheus", clock())

            window = HOUR.shifted(shift * 60)
            try:
                read = await cache.get((name,), call, 15, window)
            except Unavailable:
                assert fails
            else:
                assert read.cached or not fails
            clock.move(10)
            assert len(cache) <= 4
            assert cache.weight == sum(kept.weight for kept in cache._kept.values()) <= 1_000_000
            assert set(cache._latest.values()) <= set(cache._kept)
            assert not cache._flights

    asyncio.run(run())
