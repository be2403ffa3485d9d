"""Timeouts, retries, breakers and fallbacks, on a clock that only the tests move."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import ValidationError

from bot.errors import (
    CircuitOpen,
    ConfigurationError,
    Exhausted,
    Interrupted,
    InvalidInput,
    NotFound,
    RateLimited,
    Refusal,
    TimedOut,
    Unavailable,
)
from bot.resilience import (
    NOTHING,
    Breaker,
    Breakers,
    BreakerSettings,
    BreakerState,
    BreakerStatus,
    RetryPolicy,
    Shield,
    Strategy,
    fall_through,
    retry,
    retryable,
    with_timeout,
)

T = TypeVar("T")
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
DOWN = Unavailable("Prometheus answered 503.")
BAD = InvalidInput("'rate(' is not PromQL.")


@dataclass
class Time:
    """A clock, and a sleep that moves it."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Dependency:
    """Plays one outcome a call, the last one for ever; each call takes `seconds`."""

    outcomes: list[BaseException | str]
    clock: Time = field(default_factory=Time)
    seconds: float = 0.0
    calls: int = 0

    async def __call__(self) -> str:
        outcome = self.outcomes[min(self.calls, len(self.outcomes) - 1)]
        self.calls += 1
        self.clock.now += self.seconds
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def middle() -> float:
    """The draw that leaves a wait as it is."""
    return 0.5


def at_once(steps: Coroutine[Any, Any, T]) -> T:
    """Run what never waits, without a loop."""
    try:
        steps.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    steps.close()
    pytest.fail("it waited")


async def let_run() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@contextmanager
def loop_on(clock: Time) -> Iterator[None]:
    """The timers of the running loop follow `clock`."""
    with mock.patch.object(asyncio.get_running_loop(), "time", clock):
        yield


async def hang() -> str:
    await asyncio.Event().wait()
    return "never"


def breaker_on(clock: Time, **numbers: Any) -> Breaker:
    return Breaker("prometheus", clock=clock, **numbers)


async def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable):
            await breaker.call(Dependency([DOWN]))


async def succeed(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        assert await breaker.call(Dependency(["up"])) == "up"


# ---------------------------------------------------------------- the wait between tries

MODULES = {  # RES-05: initial, maximum, attempts, jitter
    "test-bench": RetryPolicy(initial=0.1, maximum=10, attempts=3, jitter=0),
    "observatory": RetryPolicy(initial=0.1, maximum=10, attempts=3, jitter=0.1),
    "incident": RetryPolicy(initial=0.05, maximum=5, attempts=5, jitter=0),
    "orchestrator": RetryPolicy(initial=0.2, maximum=15, attempts=4, jitter=0),
    "enterprise": RetryPolicy(initial=2, maximum=60, attempts=3, jitter=0.1),
}
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 8),
    initial=st.floats(0.001, 100),
    maximum=st.floats(0.001, 100),
    multiplier=st.floats(1, 10),
    jitter=st.floats(0, 1),
)
draws = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("module", "waits"),
    [
        ("test-bench", [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]),
        ("observatory", [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]),
        ("incident", [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]),
        ("orchestrator", [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15, 15]),
        ("enterprise", [2, 4, 8, 16, 32, 60, 60]),
    ],
)
def test_res_05_waits_double_from_the_initial_one_up_to_the_maximum(module: str, waits: list[float]) -> None:
    policy = MODULES[module]
    assert [policy.delay(attempt, middle) for attempt in range(len(waits))] == pytest.approx(waits)


@pytest.mark.parametrize(("draw", "wait"), [(0.0, 0.18), (0.5, 0.2), (0.75, 0.21), (0.999_999, 0.22)])
def test_res_06_jitter_moves_a_wait_by_at_most_its_share_either_way(draw: float, wait: float) -> None:
    assert MODULES["observatory"].delay(1, lambda: draw) == pytest.approx(wait, rel=1e-5)


@given(policies, st.integers(0, 5000), draws)
def test_a_wait_is_never_negative_never_above_the_maximum_and_within_its_jitter(
    policy: RetryPolicy, attempt: int, draw: float
) -> None:
    wait = policy.delay(attempt, lambda: draw)
    plain = policy.delay(attempt, middle)
    assert 0 <= wait <= policy.maximum
    assert plain * (1 - policy.jitter) * 0.999_999 <= wait <= plain * (1 + policy.jitter) * 1.000_001


@given(policies, st.integers(0, 100))
def test_without_luck_a_wait_never_shrinks_from_try_to_try(policy: RetryPolicy, attempt: int) -> None:
    assert policy.delay(attempt, middle) <= policy.delay(attempt + 1, middle)


def test_a_power_too_large_for_a_float_is_the_maximum() -> None:
    assert MODULES["test-bench"].delay(100_000, middle) == 10


def test_t85_jitter_never_lifts_a_wait_of_ten_seconds_to_eleven() -> None:
    assert MODULES["observatory"].delay(20, lambda: 0.999_999) == 10


def test_t85_the_third_wait_is_eight_times_the_first_not_an_exclusive_or() -> None:
    assert RetryPolicy(initial=1, jitter=0).delay(3, middle) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"initial": 0},
        {"maximum": -1},
        {"multiplier": 0.5},
        {"jitter": 1.1},
        {"deadline": 0},
        {"initial": float("nan")},
        {"maximum": float("inf")},
        {"max_retries": 3},
    ],
)
def test_t85_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


# ---------------------------------------------------------------- what is tried again


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("down"),
        TimedOut("slow"),
        RateLimited("slower"),
        ConnectionResetError(),
        TimeoutError(),
        socket.gaierror(),
    ],
    ids=repr,
)
def test_what_may_work_the_second_time_is_retryable(error: Exception) -> None:
    assert retryable(error)


@pytest.mark.parametrize(
    "error",
    [
        CircuitOpen("resting", retry_after=3),
        BAD,
        NotFound("no such run"),
        Refusal("no"),
        ConfigurationError("no URL"),
        Interrupted("half done"),
        Exhausted("3 tries", cause=DOWN, attempts=3),
        ValueError("x"),
        FileNotFoundError("x"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_everything_else_is_not_retryable(error: BaseException) -> None:
    assert not retryable(error)


async def test_a_call_that_works_is_made_once_and_nobody_waits() -> None:
    clock, works = Time(), Dependency(["up"])
    assert await retry(works, RetryPolicy(), clock=clock, sleep=clock.sleep) == "up"
    assert (works.calls, clock.slept) == (1, [])


@settings(deadline=None)
@given(st.integers(1, 6), st.lists(st.sampled_from(["down", "bad", "up"]), min_size=6, max_size=6))
async def test_retry_makes_the_calls_and_the_waits_that_the_rules_say(attempts: int, plan: list[str]) -> None:
    clock, played = Time(), Dependency([{"down": DOWN, "bad": BAD}.get(name, "up") for name in plan])
    policy = RetryPolicy(attempts=attempts, initial=1, maximum=4, jitter=0)
    downs = next((i for i, name in enumerate(plan) if name != "down"), len(plan))
    result: object
    try:
        result = await retry(played, policy, clock=clock, sleep=clock.sleep, rnd=middle)
    except (Exhausted, InvalidInput) as error:
        result = error
    if downs >= attempts:
        assert isinstance(result, Exhausted)
        assert (result.cause, result.attempts, result.__cause__) == (DOWN, attempts, DOWN)
    else:
        assert result is (BAD if plan[downs] == "bad" else "up")
    assert played.calls == min(downs + 1, attempts)
    assert clock.slept == [1, 2, 4, 4, 4, 4][: played.calls - 1]


async def test_exhausted_quotes_what_how_often_how_long_and_the_last_cause() -> None:
    clock = Time()
    played = Dependency([ConnectionRefusedError("port 9090")], clock, seconds=2)
    with pytest.raises(Exhausted) as caught:
        await retry(played, MODULES["test-bench"], what="query_range", clock=clock, sleep=clock.sleep)
    assert caught.value.message == (
        "query_range failed in 3 of 3 tries within 6.3 s (the last time with ConnectionRefusedError: port 9090)."
    )
    assert "try again" in caught.value.mend


async def test_each_retry_is_told_with_the_number_the_wait_and_the_error() -> None:
    clock = Time()
    told: list[tuple[int, float, BaseException]] = []
    played = Dependency([DOWN, TimeoutError(), "up"])
    policy = RetryPolicy(initial=1, jitter=0)
    await retry(
        played,
        policy,
        clock=clock,
        sleep=clock.sleep,
        on_retry=lambda number, wait, error: told.append((number, wait, error)),
    )
    assert told == [(1, 1, played.outcomes[0]), (2, 2, played.outcomes[1])]


async def test_an_open_circuit_is_not_tried_again_by_the_retry_above_it() -> None:
    clock, resting = Time(), Dependency([CircuitOpen("resting", retry_after=5)])
    with pytest.raises(CircuitOpen):
        await retry(resting, RetryPolicy(), clock=clock, sleep=clock.sleep)
    assert (resting.calls, clock.slept) == (1, [])


async def test_a_cancelled_try_is_not_tried_again() -> None:
    clock, cancelled = Time(), Dependency([asyncio.CancelledError()])
    with pytest.raises(asyncio.CancelledError):
        await retry(cancelled, RetryPolicy(), clock=clock, sleep=clock.sleep)
    assert (cancelled.calls, clock.slept) == (1, [])


async def test_cancelling_the_wait_between_two_tries_ends_it() -> None:
    async def wait(seconds: float) -> None:
        await hang()

    down = Dependency([DOWN])
    task = asyncio.create_task(retry(down, RetryPolicy(), sleep=wait))
    await let_run()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert down.calls == 1


@given(st.floats(0, 100), policies, draws)
@settings(deadline=None)
async def test_t85_retry_after_is_honoured_and_never_shortens_a_wait(
    asked: float, policy: RetryPolicy, draw: float
) -> None:
    clock, limited = Time(), Dependency([RateLimited("429", retry_after=asked)])
    with pytest.raises(Exhausted):
        await retry(limited, policy, clock=clock, sleep=clock.sleep, rnd=lambda: draw)
    expected = [policy.delay(attempt, lambda: draw) for attempt in range(policy.attempts - 1)]
    assert clock.slept == [max(wait, asked) for wait in expected]


async def test_a_retry_after_past_the_deadline_gives_up_at_once() -> None:
    clock, limited = Time(), Dependency([RateLimited("429", retry_after=60)])
    with pytest.raises(Exhausted, match=r"1 of 3 tries .*60 s would pass the deadline of 30.0 s") as caught:
        await retry(limited, RetryPolicy(deadline=30), clock=clock, sleep=clock.sleep)
    assert (caught.value.attempts, caught.value.cause) == (1, limited.outcomes[0])
    assert clock.slept == []


@given(policies, st.floats(0.01, 300), st.floats(0, 50), draws)
@settings(deadline=None)
async def test_no_try_begins_at_or_after_the_deadline(
    policy: RetryPolicy, deadline: float, seconds: float, draw: float
) -> None:
    clock = Time(now=0)
    begun: list[float] = []

    async def slow() -> str:
        begun.append(clock.now)
        clock.now += seconds
        raise DOWN

    patient = policy.model_copy(update={"deadline": deadline})
    with pytest.raises(Exhausted) as caught:
        await retry(slow, patient, clock=clock, sleep=clock.sleep, rnd=lambda: draw)
    assert caught.value.attempts == len(begun) <= policy.attempts
    assert max(begun) < deadline
    if len(begun) < policy.attempts:
        assert clock.now + policy.delay(len(begun) - 1, lambda: draw) >= deadline


async def test_the_deadline_ends_the_try_under_way() -> None:
    clock = Time()
    with loop_on(clock):
        task = asyncio.create_task(retry(hang, RetryPolicy(deadline=8), what="query_range", clock=clock))
        await let_run()
        clock.now += 8
        await let_run()
        assert task.done()
        with pytest.raises(Exhausted) as caught:
            await task
    assert isinstance(caught.value.cause, TimedOut)
    assert "query_range gave no answer within 8 s" in caught.value.message


# ---------------------------------------------------------------- timeout


async def test_an_answer_in_time_is_handed_on() -> None:
    assert await with_timeout(Dependency(["up"])(), 5, "health check") == "up"


async def test_a_call_that_hangs_is_cancelled_and_the_error_quotes_what_and_how_long() -> None:
    clock, ended = Time(), asyncio.Event()

    async def hanging() -> None:
        try:
            await hang()
        finally:
            ended.set()

    with loop_on(clock):
        task = asyncio.create_task(with_timeout(hanging(), 30, "query_range"))
        await let_run()
        assert not task.done()
        clock.now += 30
        await let_run()
        assert task.done()
        with pytest.raises(TimedOut, match="query_range gave no answer within 30 s") as caught:
            await task
    assert ended.is_set()
    assert caught.value.mend


async def test_a_timeout_of_the_call_itself_is_not_taken_for_ours() -> None:
    inner = TimeoutError("the socket's own")
    with pytest.raises(TimeoutError) as caught:
        await with_timeout(Dependency([inner])(), 30, "query_range")
    assert caught.value is inner


async def test_being_cancelled_is_not_a_timeout() -> None:
    task = asyncio.create_task(with_timeout(hang(), 30, "query_range"))
    await let_run()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# ---------------------------------------------------------------- breaker, against a model

Ending = Literal["up", "down", "bad", "cancelled"]
ENDINGS: dict[Ending, BaseException | None] = {
    "up": None,
    "down": DOWN,
    "bad": BAD,
    "cancelled": asyncio.CancelledError(),
}


NO_SAY = -1


@dataclass(eq=False)
class ModelCall:
    era: int
    began: int


@dataclass
class Model:
    """The rules of the breaker as one would tell them, over whole seconds and the calls under way."""

    threshold: int
    recovery: int
    trials: int
    state: BreakerState = CLOSED
    era: int = 0
    failures: int = 0
    successes: int = 0
    opened_at: int = 0
    under_way: list[ModelCall] = field(default_factory=list)

    def enter(self, state: BreakerState, now: int) -> None:
        self.state, self.era, self.successes, self.opened_at = state, self.era + 1, 0, now
        self.failures = 0 if state is CLOSED else self.failures

    def on_trial(self) -> list[int]:
        """When the calls began that have a say."""
        return [call.began for call in self.under_way if call.era == self.era]

    def wait(self, now: int) -> int:
        if self.state is OPEN:
            return max(0, self.opened_at + self.recovery - now)
        if self.state is HALF_OPEN and len(self.on_trial()) + self.successes == self.trials:
            return max(0, min(self.on_trial()) + self.recovery - now)
        return 0

    def admit(self, now: int) -> ModelCall | None:
        if self.wait(now):
            return None
        if self.state is OPEN:
            self.enter(HALF_OPEN, now)
        for each in self.under_way if self.state is HALF_OPEN else []:
            each.era = each.era if now - each.began < self.recovery else NO_SAY
        self.under_way.append(ModelCall(self.era, now))
        return self.under_way[-1]

    def end(self, call: ModelCall, ending: Ending, now: int) -> None:
        self.under_way.remove(call)
        if call.era != self.era or ending == "cancelled":
            return
        if ending == "down":
            self.failures += 1
            if self.state is HALF_OPEN or self.failures >= self.threshold:
                self.enter(OPEN, now)
        elif self.state is CLOSED:
            self.failures = 0
        else:
            self.successes += 1
            if self.successes >= self.trials:
                self.enter(CLOSED, now)


class BreakerMachine(RuleBasedStateMachine):
    """Random calls that begin, end and hang in any order; model and breaker must agree on all of it."""

    @initialize(threshold=st.integers(1, 4), recovery=st.integers(1, 20), trials=st.integers(1, 4))
    def begin(self, threshold: int, recovery: int, trials: int) -> None:
        self.clock = Time(now=0)
        self.changes: list[tuple[BreakerState, BreakerState]] = []
        self.breaker = Breaker(
            "prometheus",
            failure_threshold=threshold,
            recovery_seconds=recovery,
            trials=trials,
            clock=self.clock,
            on_change=self.told,
        )
        self.model = Model(threshold, recovery, trials)
        self.calls: list[tuple[AbstractAsyncContextManager[None], ModelCall]] = []
        self.refused = 0

    def told(self, status: BreakerStatus, before: BreakerState) -> None:
        self.changes.append((before, status.state))

    @property
    def now(self) -> int:
        return int(self.clock.now)

    @rule()
    def admit(self) -> None:
        guard, wait, call = self.breaker.guard(), self.breaker.retry_after(), self.model.admit(self.now)
        if call:
            assert wait == 0
            at_once(guard.__aenter__())
            self.calls.append((guard, call))
            return
        with pytest.raises(CircuitOpen) as caught:
            at_once(guard.__aenter__())
        assert caught.value.retry_after == wait > 0
        self.refused += 1

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 99), ending=st.sampled_from(list(ENDINGS)))
    def end(self, which: int, ending: Ending) -> None:
        guard, call = self.calls.pop(which % len(self.calls))
        error = ENDINGS[ending]
        assert not at_once(guard.__aexit__(type(error) if error else None, error, None))
        self.model.end(call, ending, self.now)

    @rule(seconds=st.integers(1, 25))
    def advance(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def reset(self) -> None:
        self.breaker.reset()
        self.model.enter(CLOSED, self.now)

    @invariant()
    def agrees_with_the_model(self) -> None:
        status = self.breaker.status()
        assert (status.state, status.failures) == (self.model.state, self.model.failures)
        assert self.breaker.state is status.state

    @invariant()
    def counts_every_call_once(self) -> None:
        totals = self.breaker.status().totals
        ended = sum(totals[verdict] for verdict in ("succeeded", "failed", "abandoned"))
        assert totals["admitted"] == ended + len(self.calls)
        assert totals["refused"] == self.refused

    @invariant()
    def has_no_more_trials_than_allowed(self) -> None:
        if self.model.state is HALF_OPEN:
            assert len(self.model.on_trial()) + self.model.successes <= self.model.trials

    @invariant()
    def says_how_long_to_wait(self) -> None:
        assert self.breaker.retry_after() == self.model.wait(self.now)

    @invariant()
    def moves_only_along_the_drawn_arrows(self) -> None:
        arrows = {(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, OPEN), (HALF_OPEN, CLOSED), (OPEN, CLOSED)}
        assert set(self.changes) <= arrows
        assert all(one[1] is two[0] for one, two in zip(self.changes, self.changes[1:], strict=False))


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestBreakerAgreesWithItsModel = BreakerMachine.TestCase


# ---------------------------------------------------------------- breaker, by example


@pytest.mark.parametrize(
    ("module", "threshold", "reset"),
    [("test-bench", 5, 60), ("observatory", 5, 60), ("incident-manager", 3, 30), ("orchestrator", 5, 120)],
)
async def test_res_02_each_module_opens_and_tries_again_by_its_own_numbers(
    module: str, threshold: int, reset: int
) -> None:
    clock = Time()
    numbers = BreakerSettings(failure_threshold=threshold, recovery_seconds=reset)
    breaker = Breakers({module: numbers}, clock=clock).get(module)
    await fail(breaker, threshold - 1)
    assert breaker.state is CLOSED
    await fail(breaker)
    assert breaker.state is OPEN
    clock.now += reset - 1
    with pytest.raises(CircuitOpen):
        await succeed(breaker)
    clock.now += 1
    await succeed(breaker)
    assert breaker.state is HALF_OPEN


async def test_res_03_five_failures_open_thirty_seconds_rest_three_successes_close() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 18
    with pytest.raises(CircuitOpen) as caught:
        await succeed(breaker)
    assert caught.value.retry_after == breaker.retry_after() == 12
    assert str(caught.value) == (
        "prometheus rests after 5 failures in a row (the last: Unavailable: Prometheus answered 503.). "
        "Try again in 12 s."
    )
    clock.now += 12
    await succeed(breaker, 2)
    assert breaker.state is HALF_OPEN
    await succeed(breaker)
    assert breaker.state is CLOSED


async def test_res_04_a_success_between_failures_starts_the_count_again() -> None:
    breaker = breaker_on(Time())
    await fail(breaker, 4)
    await succeed(breaker)
    await fail(breaker, 4)
    assert breaker.state is CLOSED


async def test_res_04_every_change_is_told_with_the_count_and_the_threshold() -> None:
    clock = Time()
    told: list[tuple[str, str, str, int, int]] = []
    breaker = Breaker(
        "loki",
        failure_threshold=2,
        clock=clock,
        on_change=lambda now, before: told.append((now.name, before, now.state, now.failures, now.threshold)),
    )
    await fail(breaker, 2)
    clock.now += 30
    await succeed(breaker, 3)
    breaker.reset()
    assert told == [
        ("loki", "closed", "open", 2, 2),
        ("loki", "open", "half-open", 2, 2),
        ("loki", "half-open", "closed", 0, 2),
    ]


async def test_t81_one_failure_half_open_opens_again_for_the_full_time() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    await succeed(breaker, 2)
    await fail(breaker)
    assert (breaker.state, breaker.retry_after()) == (OPEN, 30)


async def test_t81_one_success_half_open_does_not_close() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    await succeed(breaker)
    assert breaker.state is HALF_OPEN


async def trials_under_way(breaker: Breaker, count: int) -> tuple[list[asyncio.Task[str]], asyncio.Event]:
    gate = asyncio.Event()

    async def until_let_go() -> str:
        await gate.wait()
        return "up"

    tasks = [asyncio.create_task(breaker.call(until_let_go)) for _ in range(count)]
    await let_run()
    return tasks, gate


async def test_t83_of_ten_calls_at_once_half_open_three_are_let_in_and_close_it() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    tasks, gate = await trials_under_way(breaker, 10)
    refused = [task for task in tasks if task.done()]
    assert len(refused) == 7
    for task in refused:
        with pytest.raises(CircuitOpen, match="all 3 trial calls are taken"):
            task.result()
    gate.set()
    assert await asyncio.gather(*(task for task in tasks if task not in refused)) == ["up"] * 3
    assert breaker.state is CLOSED


async def test_t83_a_trial_that_succeeded_keeps_its_slot_until_the_verdict() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    await succeed(breaker)
    tasks, gate = await trials_under_way(breaker, 3)
    assert [task.done() for task in tasks] == [False, False, True]
    assert isinstance(tasks[2].exception(), CircuitOpen)
    gate.set()
    await asyncio.gather(*tasks[:2])
    assert breaker.state is CLOSED


async def test_t83_a_cancelled_trial_gives_its_slot_back_and_says_nothing() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    tasks, _gate = await trials_under_way(breaker, 3)
    with pytest.raises(CircuitOpen):
        await succeed(breaker)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (breaker.state, breaker.status().totals["abandoned"]) == (HALF_OPEN, 3)
    await succeed(breaker, 3)
    assert breaker.state is CLOSED


async def test_t83_trials_that_hang_do_not_block_for_ever() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    tasks, gate = await trials_under_way(breaker, 3)
    clock.now += 29
    with pytest.raises(CircuitOpen) as caught:
        await succeed(breaker)
    assert caught.value.retry_after == 1
    clock.now += 1
    await succeed(breaker, 3)
    assert breaker.state is CLOSED
    gate.set()
    await asyncio.gather(*tasks)


async def test_a_trial_that_hung_and_lost_its_slot_has_no_say_when_it_ends_after_all() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    tasks, gate = await trials_under_way(breaker, 2)
    clock.now += 30
    await succeed(breaker)
    gate.set()
    await asyncio.gather(*tasks)
    assert breaker.state is HALF_OPEN
    await succeed(breaker, 2)
    assert breaker.state is CLOSED


async def test_the_oldest_trial_says_how_long_to_wait_when_all_slots_are_taken() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    old, _gate = await trials_under_way(breaker, 1)
    clock.now += 10
    young, _gate = await trials_under_way(breaker, 2)
    clock.now += 5
    assert breaker.retry_after() == 15
    for task in old + young:
        task.cancel()
    await asyncio.gather(*old, *young, return_exceptions=True)
    assert breaker.retry_after() == 0


async def test_the_successes_of_a_round_that_failed_do_not_count_in_the_next() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    await succeed(breaker, 2)
    await fail(breaker)
    clock.now += 30
    await succeed(breaker, 2)
    assert breaker.state is HALF_OPEN


async def test_a_slow_trial_that_nobody_waited_for_keeps_its_say() -> None:
    clock = Time()
    breaker = breaker_on(clock, trials=1)
    await fail(breaker, 5)
    clock.now += 30
    tasks, gate = await trials_under_way(breaker, 1)
    clock.now += 90
    gate.set()
    await asyncio.gather(*tasks)
    assert breaker.state is CLOSED


async def test_after_a_reopening_failure_the_trials_still_under_way_hold_no_slot_of_the_next_round() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    await fail(breaker, 5)
    clock.now += 30
    tasks, gate = await trials_under_way(breaker, 2)
    await fail(breaker)
    clock.now += 30
    await succeed(breaker, 2)
    gate.set()
    await asyncio.gather(*tasks)
    assert breaker.state is HALF_OPEN
    await succeed(breaker)
    assert breaker.state is CLOSED


@pytest.mark.parametrize("error", [BAD, NotFound("no run 7"), Refusal("403"), ValueError("x")], ids=repr)
async def test_t84_an_error_of_the_client_never_opens_and_counts_as_an_answer(error: Exception) -> None:
    breaker = breaker_on(Time())
    for _ in range(3):
        await fail(breaker, 4)
        with pytest.raises(type(error)):
            await breaker.call(Dependency([error]))
    status = breaker.status()
    assert (status.state, status.failures, status.totals["succeeded"]) == (CLOSED, 0, 3)


async def test_t84_an_error_of_the_client_is_an_answer_half_open_too() -> None:
    clock = Time()
    breaker = breaker_on(clock, trials=1)
    await fail(breaker, 5)
    clock.now += 30
    with pytest.raises(InvalidInput):
        await breaker.call(Dependency([BAD]))
    assert breaker.state is CLOSED


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("slow"),
        ConnectionResetError("reset"),
        socket.gaierror("no such host"),
        RateLimited("429"),
        Exhausted("3 tries", cause=DOWN, attempts=3),
    ],
    ids=repr,
)
async def test_t84_no_answer_counts_as_a_failure(error: Exception) -> None:
    breaker = breaker_on(Time(), failure_threshold=1)
    with pytest.raises(type(error)):
        await breaker.call(Dependency([error]))
    assert breaker.state is OPEN


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), KeyboardInterrupt(), CircuitOpen("another one rests"), Interrupted("?")],
    ids=repr,
)
async def test_t84_what_says_nothing_of_the_dependency_neither_fails_nor_succeeds(
    error: BaseException,
) -> None:
    breaker = breaker_on(Time())
    await fail(breaker, 4)
    with pytest.raises(type(error)):
        await breaker.call(Dependency([error]))
    status = breaker.status()
    assert (status.state, status.failures, status.totals["abandoned"]) == (CLOSED, 4, 1)


async def test_a_late_failure_of_an_older_state_does_not_reopen_what_closed_since() -> None:
    clock = Time()
    breaker = breaker_on(clock, failure_threshold=1, trials=1)
    late = breaker.guard()
    await late.__aenter__()
    await fail(breaker)
    clock.now += 30
    await succeed(breaker)
    await late.__aexit__(type(DOWN), DOWN, None)
    status = breaker.status()
    assert (status.state, status.failures, status.totals["failed"]) == (CLOSED, 0, 2)


async def test_late_successes_of_an_older_state_do_not_close_what_opened_since() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    tasks, gate = await trials_under_way(breaker, 5)
    await fail(breaker, 5)
    clock.now += 30
    await succeed(breaker)
    gate.set()
    await asyncio.gather(*tasks)
    assert breaker.state is HALF_OPEN


async def test_calls_under_way_when_somebody_resets_have_no_say_afterwards() -> None:
    breaker = breaker_on(Time(), failure_threshold=1)
    late = breaker.guard()
    await late.__aenter__()
    await fail(breaker)
    breaker.reset()
    await late.__aexit__(type(DOWN), DOWN, None)
    assert (breaker.state, breaker.retry_after()) == (CLOSED, 0)
    await succeed(breaker)


async def test_the_status_is_a_copy_that_tells_all() -> None:
    breaker = breaker_on(Time(), failure_threshold=1)
    await succeed(breaker)
    await fail(breaker)
    with pytest.raises(CircuitOpen):
        await succeed(breaker)
    status = breaker.status()
    assert status == BreakerStatus(
        name="prometheus",
        state=OPEN,
        failures=1,
        threshold=1,
        retry_after=30,
        last_error="Unavailable: Prometheus answered 503.",
        totals={"admitted": 2, "succeeded": 1, "failed": 1, "refused": 1, "opened": 1},
    )
    breaker.reset()
    await succeed(breaker)
    assert status.totals["succeeded"] == 1


@pytest.mark.parametrize("wrong", [{"failure_threshold": 0}, {"recovery_seconds": 0}, {"trials": 0}], ids=str)
def test_a_breaker_that_could_never_work_is_not_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        breaker_on(Time(), **wrong)


async def test_t107_one_sick_dependency_leaves_the_others_alone() -> None:
    clock = Time()
    changes: list[str] = []
    breakers = Breakers(
        {"loki": BreakerSettings(failure_threshold=1)},
        clock=clock,
        on_change=lambda status, before: changes.append(status.name),
    )
    await fail(breakers.get("loki"))
    await succeed(breakers.get("prometheus"))
    assert breakers.get("loki") is breakers.get("loki")
    assert {name: status.state for name, status in breakers.snapshot().items()} == {
        "loki": OPEN,
        "prometheus": CLOSED,
    }
    assert breakers.get("prometheus").settings == BreakerSettings()
    assert changes == ["loki"]


# ---------------------------------------------------------------- breaker around retry around timeout


def shield_on(clock: Time, breaker: Breaker, **policy: Any) -> Shield:
    return Shield(
        breaker,
        RetryPolicy(**{"jitter": 0, **policy}),
        timeout=30,
        clock=clock,
        sleep=clock.sleep,
        rnd=middle,
    )


async def test_t29_a_call_that_fails_in_all_its_tries_counts_once() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    shield = shield_on(clock, breaker)
    down = Dependency([DOWN])
    for failed in range(1, 6):
        assert breaker.state is CLOSED
        with pytest.raises(Exhausted):
            await shield.call(down, "query_range")
        assert (down.calls, breaker.status().failures) == (3 * failed, failed)
    assert breaker.state is OPEN


async def test_t29_a_query_that_the_backend_rejects_is_asked_once_and_opens_nothing() -> None:
    clock = Time()
    breaker = breaker_on(clock, failure_threshold=1)
    bad = Dependency([BAD])
    for _ in range(5):
        with pytest.raises(InvalidInput):
            await shield_on(clock, breaker).call(bad, "query_range")
    assert (bad.calls, breaker.state) == (5, CLOSED)


async def test_a_call_that_works_on_its_second_try_counts_as_a_success() -> None:
    clock = Time()
    breaker = breaker_on(clock)
    retries: list[int] = []
    shield = Shield(
        breaker,
        RetryPolicy(),
        30,
        clock=clock,
        sleep=clock.sleep,
        on_retry=lambda number, wait, error: retries.append(number),
    )
    assert await shield.call(Dependency([DOWN, "up"]), "query_range") == "up"
    assert breaker.status().totals == {"admitted": 1, "succeeded": 1}
    assert retries == [1]


async def test_an_open_breaker_refuses_without_a_call_or_a_wait() -> None:
    clock = Time()
    breaker = breaker_on(clock, failure_threshold=1)
    await fail(breaker)
    up = Dependency(["up"])
    with pytest.raises(CircuitOpen):
        await shield_on(clock, breaker).call(up, "query_range")
    assert (up.calls, clock.slept) == (0, [])


async def test_t82_the_timeout_ends_each_try_that_hangs() -> None:
    clock = Time()
    breaker = breaker_on(clock, failure_threshold=1)
    tries = 0

    async def hanging() -> str:
        nonlocal tries
        tries += 1
        return await hang()

    with loop_on(clock):
        task = asyncio.create_task(shield_on(clock, breaker, attempts=2).call(hanging, "query_range"))
        for expected in (1, 2):
            await let_run()
            assert (tries, task.done()) == (expected, False)
            clock.now += 30
        await let_run()
        assert task.done()
        with pytest.raises(Exhausted, match=r"2 of 2 tries .* query_range gave no answer within 30 s"):
            await task
    assert breaker.state is OPEN


# ---------------------------------------------------------------- fallbacks


def way(name: str, outcome: object) -> Strategy[object]:
    async def ask() -> Any:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return name, ask


async def test_the_first_choice_is_not_degraded_and_no_other_is_asked() -> None:
    cached = Dependency(["old"])
    answer = await fall_through(("live", Dependency(["new"])), ("cache", cached))
    assert (answer.value, answer.strategy, answer.degraded, cached.calls) == ("new", "live", False, 0)


async def test_t86_a_cache_miss_falls_through_to_the_next_strategy() -> None:
    answer = await fall_through(way("live", DOWN), way("cache", NOTHING), way("static", "about 3"))
    assert (answer.value, answer.strategy, answer.degraded) == ("about 3", "static", True)
    assert answer.causes == {"live": DOWN, "cache": None}


@pytest.mark.parametrize("value", [None, 0, "", False])
async def test_t86_an_empty_answer_is_an_answer(value: object) -> None:
    answer = await fall_through(way("live", value), way("cache", "old"))
    assert (answer.value, answer.strategy) == (value, "live")


async def test_t86_when_none_answers_every_cause_is_told() -> None:
    resting = CircuitOpen("loki rests.", retry_after=12)
    limited = RateLimited("429", retry_after=7)
    ways = way("live", resting), way("cache", NOTHING), way("other", limited), way("bug", TypeError())
    with pytest.raises(Unavailable) as caught:
        await fall_through(*ways)
    assert caught.value.message == (
        "None of 4 ways gave an answer "
        "(live: CircuitOpen: loki rests.; cache: has none; other: RateLimited: 429; bug: TypeError)."
    )
    assert caught.value.retry_after == 7
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    assert caught.value.__cause__.exceptions[:2] == (resting, limited)


async def test_when_nobody_has_any_there_is_no_error_to_blame() -> None:
    with pytest.raises(Unavailable, match="cache: has none") as caught:
        await fall_through(way("cache", NOTHING))
    assert (caught.value.__cause__, caught.value.retry_after) == (None, None)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Refusal("not your tenant")], ids=repr)
async def test_neither_a_cancellation_nor_a_refusal_falls_through(error: BaseException) -> None:
    cached = Dependency(["old"])
    with pytest.raises(type(error)):
        await fall_through(way("live", error), ("cache", cached))
    assert cached.calls == 0


@given(st.lists(st.sampled_from([DOWN, BAD, ValueError("x"), NOTHING, "a", "b"]), min_size=1, max_size=6))
@settings(deadline=None)
async def test_the_answer_is_the_first_there_is_and_the_causes_are_all_before_it(outcomes: list[Any]) -> None:
    ways = [way(str(place), outcome) for place, outcome in enumerate(outcomes)]
    first = next((place for place, outcome in enumerate(outcomes) if isinstance(outcome, str)), len(outcomes))
    call: Callable[[], Awaitable[Any]] = lambda: fall_through(*ways)  # noqa: E731
    if first == len(outcomes):
        with pytest.raises(Unavailable):
            await call()
        return
    answer = await call()
    assert (answer.value, answer.strategy) == (outcomes[first], str(first))
    assert list(answer.causes) == [str(place) for place in range(first)]
    assert answer.degraded is (first > 0)
