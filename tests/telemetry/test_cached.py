"""The ports with a cache before them: the same question at nearly the same time is one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import InvalidInput, Unavailable
from bot.telemetry.cache import Cache
from bot.telemetry.cached import CachedChanges, CachedLogs, CachedMetrics, CachedTraces, aligned
from bot.telemetry.signals import Change, LogLine, Read, Span, Trace, Window
from bot.telemetry.sources import Changes, Logs, Metrics, Traces

NOW = datetime(2026, 3, 18, 15, 30, 7, tzinfo=UTC)
HOUR = Window.last(3600, NOW)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class Backend:
    """Every method of every port: notes what it was asked, and gives `value`."""

    clock: Clock
    name: str = "backend"
    value: Any = ()
    error: Exception | None = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    closed: bool = False

    async def _answer(self, *asked: Any) -> Read[Any]:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return Read(self.value, self.name, self.clock())

    async def ready(self) -> str:
        return "Backend 1.0"

    async def close(self) -> None:
        self.closed = True

    async def instant(self, query: str, at: datetime) -> Read[Any]:
        return await self._answer(query, at)

    async def range(self, query: str, window: Window, step: float) -> Read[Any]:
        return await self._answer(query, window, step)

    async def lines(self, query: str, window: Window, *, limit: int, newest_first: bool) -> Read[Any]:
        return await self._answer(query, window, limit, newest_first)

    async def names(self) -> Read[Any]:
        return await self._answer("names")

    async def labels(self, match: Sequence[str] | Window = ()) -> Read[Any]:
        return await self._answer(match)

    async def values(self, label: str, match: Sequence[str] | Window = ()) -> Read[Any]:
        return await self._answer(label, match)

    async def meanings(self, metric: str = "") -> Read[Any]:
        return await self._answer(metric)

    async def search(self, query: str, window: Window, *, limit: int) -> Read[Any]:
        return await self._answer(query, window, limit)

    async def trace(self, trace_id: str) -> Read[Any]:
        return await self._answer(trace_id)

    async def changes(self, window: Window, *, service: str, environment: str) -> Read[Any]:
        return await self._answer(window, service, environment)

    async def versions(self, environment: str = "") -> Read[Any]:
        return await self._answer(environment)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(clock: Clock) -> Backend:
    return Backend(clock)


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return Cache(clock)


@pytest.fixture
def metrics(backend: Backend, cache: Cache) -> Metrics:
    return CachedMetrics(cast(Metrics, backend), cache)


@pytest.fixture
def logs(backend: Backend, cache: Cache) -> Logs:
    return CachedLogs(cast(Logs, backend), cache)


@pytest.fixture
def traces(backend: Backend, cache: Cache) -> Traces:
    return CachedTraces(cast(Traces, backend), cache)


@pytest.fixture
def changes(backend: Backend, cache: Cache) -> Changes:
    return CachedChanges(cast(Changes, backend), cache)


def clocked(hour: int, minute: int, second: int = 0) -> datetime:
    return NOW.replace(hour=hour, minute=minute, second=second)


async def test_a_range_is_widened_to_whole_steps(metrics: Metrics, backend: Backend) -> None:
    await metrics.range("up", HOUR, 60)
    assert backend.asked == [("up", Window(clocked(14, 30), clocked(15, 31)), 60)]


async def test_the_last_hour_is_asked_for_once_a_step(metrics: Metrics, backend: Backend, clock: Clock) -> None:
    for _ in range(3):
        await metrics.range("up", Window.last(3600, clock.now), 60)
        clock.move(20)
    assert len(backend.asked) == 1
    assert (await metrics.range("up", Window.last(3600, clock.now), 60)).cached is False
    await metrics.range("up", Window.last(3600, clock.now), 30)
    await metrics.range("down", Window.last(3600, clock.now), 60)
    assert len(backend.asked) == 4


@pytest.mark.parametrize(
    ("ended", "step", "fresh"), [(0, 60, 60), (0, 1, 15), (0, 3600, 300), (299, 60, 60), (301, 60, 300)]
)
async def test_what_touches_now_is_fresh_for_a_step_and_the_past_for_longer(
    metrics: Metrics, backend: Backend, clock: Clock, ended: float, step: float, fresh: float
) -> None:
    window = HOUR.shifted(-ended)
    await metrics.range("up", window, step)
    clock.move(fresh - 1)
    assert (await metrics.range("up", window, step)).cached
    clock.move(1)
    assert not (await metrics.range("up", window, step)).cached


async def test_a_moment_that_is_now_is_one_for_15_seconds_and_a_past_one_is_exact(
    metrics: Metrics, backend: Backend
) -> None:
    for seconds in (0, 7, 8):
        await metrics.instant("up", NOW + timedelta(seconds=seconds))
    assert [at for _, at in backend.asked] == [clocked(15, 30), clocked(15, 30, 15)]
    past = NOW - timedelta(hours=1)
    await metrics.instant("up", past)
    assert backend.asked[-1] == ("up", past)


async def test_while_it_is_down_the_hour_before_this_step_is_served(
    metrics: Metrics, backend: Backend, clock: Clock
) -> None:
    await metrics.range("up", HOUR, 60)
    backend.error = Unavailable("down")
    read = await metrics.range("up", Window.last(3600, clock.move(600)), 60)
    assert (read.stale, read.at) == (True, NOW)
    assert "this is from 2026-03-18 15:30:07 UTC" in read.warnings[0]
    with pytest.raises(Unavailable):
        await metrics.range("up", Window.last(7200, clock.now), 60)


async def test_a_step_that_is_none_is_for_the_backend_to_refuse(metrics: Metrics, logs: Logs, backend: Backend) -> None:
    backend.error = InvalidInput("no step")
    for source in (metrics, logs):
        for step in (0, -1, 1e-12):
            with pytest.raises(InvalidInput):
                await source.range("up", HOUR, step)


async def test_two_sources_of_one_name_do_not_answer_for_each_other(cache: Cache, clock: Clock) -> None:
    ours, theirs = Backend(clock, value=("ours",)), Backend(clock, value=("theirs",))
    for backend in (ours, theirs):
        assert (await CachedMetrics(cast(Metrics, backend), cache).names()).value == backend.value


async def test_names_are_kept_for_five_minutes(metrics: Metrics, backend: Backend, clock: Clock) -> None:
    async def ask_all() -> None:
        await metrics.names()
        await metrics.labels()
        await metrics.labels(["up"])
        await metrics.values("service")
        await metrics.values("service", ["up"])
        await metrics.meanings()
        await metrics.meanings("up")

    await ask_all()
    clock.move(299)
    await ask_all()
    assert len(backend.asked) == 7
    clock.move(1)
    await ask_all()
    assert len(backend.asked) == 14


def line(at: datetime) -> LogLine:
    return LogLine(at, "x")


async def test_lines_outside_the_window_that_was_asked_for_are_left_out(logs: Logs, backend: Backend) -> None:
    backend.value = tuple(map(line, (NOW, NOW - timedelta(seconds=1), HOUR.start, HOUR.start - timedelta(seconds=1))))
    read = await logs.lines("{}", HOUR, limit=50)
    assert backend.asked == [("{}", Window(clocked(14, 30), clocked(15, 30, 15)), 50, True)]
    assert read.value == backend.value[1:3]
    assert (await logs.lines("{}", HOUR, limit=50)).cached
    assert not (await logs.lines("{}", HOUR, limit=51)).cached


async def test_lines_of_the_past_and_the_oldest_lines_are_asked_for_exactly(logs: Logs, backend: Backend) -> None:
    await logs.lines("{}", HOUR.before(), limit=50)
    await logs.lines("{}", HOUR, limit=50, newest_first=False)
    assert [asked[1] for asked in backend.asked] == [HOUR.before(), HOUR]


async def test_counts_labels_and_values_of_logs_are_kept(logs: Logs, backend: Backend, clock: Clock) -> None:
    for _ in range(2):
        window = Window.last(3600, clock.now)
        await logs.range("rate({}[1m])", window, 60)
        await logs.instant("rate({}[1m])", clock.now)
        await logs.labels(window)
        await logs.values("service", window)
        clock.move(5)
    wide = Window(clocked(14, 30), clocked(15, 35))
    assert backend.asked[2:] == [(wide,), ("service", wide)]


async def test_traces_are_searched_once_for_15_seconds(traces: Traces, backend: Backend, clock: Clock) -> None:
    await traces.search("{}", HOUR, limit=5)
    await traces.search("{}", Window.last(3600, clock.move(5)), limit=5)
    await traces.values("resource.service.name", HOUR)
    assert [asked[0] for asked in backend.asked] == ["{}", "resource.service.name"]


@pytest.mark.parametrize(("ended", "fresh"), [(10, 15), (301, 300)])
async def test_a_trace_that_may_still_grow_is_kept_briefly(
    traces: Traces, backend: Backend, clock: Clock, ended: float, fresh: float
) -> None:
    end = NOW.timestamp() - ended
    backend.value = Trace("ab", (Span("1", None, "s", "n", end - 1, end),))
    await traces.trace("ab")
    clock.move(fresh - 1)
    assert (await traces.trace("ab")).cached
    clock.move(1)
    assert not (await traces.trace("ab")).cached


def change(at: datetime) -> Change:
    return Change(at.isoformat(), at, "deploy", "checkout", "production", "x")


async def test_changes_are_those_of_the_window_that_was_asked_for(changes: Changes, backend: Backend) -> None:
    backend.value = tuple(map(change, (HOUR.start - timedelta(seconds=1), HOUR.start, NOW)))
    read = await changes.changes(HOUR, service="checkout")
    assert read.value == backend.value[1:2]
    assert (await changes.changes(HOUR, service="checkout")).cached
    assert not (await changes.changes(HOUR, environment="staging")).cached


async def test_versions_are_kept_briefly(changes: Changes, backend: Backend, clock: Clock) -> None:
    known: Mapping[tuple[str, str], str] = {("checkout", "production"): "1"}
    backend.value = known
    assert (await changes.versions()).value == known
    assert (await changes.versions()).cached
    clock.move(15)
    assert not (await changes.versions()).cached


async def test_what_is_not_a_question_goes_through(metrics: Metrics, backend: Backend) -> None:
    assert (metrics.name, await metrics.ready()) == ("backend", "Backend 1.0")
    await metrics.close()
    assert backend.closed


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.integers(0, 10**7), st.sampled_from([0.5, 1, 15, 60, 7, 3600, 86_400]))
def test_a_widened_window_holds_the_window_and_is_the_same_when_widened_again(
    offset: int, milliseconds: int, step: float
) -> None:
    start = NOW + timedelta(milliseconds=offset)
    window = Window(start, start + timedelta(milliseconds=milliseconds))
    wide = aligned(window, step)
    assert wide.start <= window.start
    assert window.end <= wide.end
    assert wide.seconds < window.seconds + 2 * step
    assert aligned(wide, step) == wide
