"""How a call to the outside survives its failures: timeouts, retries, breakers and fallbacks.

    Shield.call                 one call, as the rest of the bot makes it
    └── Breaker.guard             refuses while the dependency rests; a call counts once, after all its tries
        └── retry                   tries again what may work the second time
            └── with_timeout          ends a try that hangs
    fall_through                the next best answer when the best is not to be had

Switch the retries of an SDK off before you put it under `retry`. A breaker belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import math
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final, Generic, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from bot.errors import CircuitOpen, Exhausted, Interrupted, Refusal, Retryable, TimedOut, Unavailable

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]
Monotonic = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]
OnRetry = Callable[[int, float, BaseException], None]
"""Told the number of the try that failed, counted from 1, the wait before the next one, and the error."""


def retryable(error: BaseException) -> bool:
    """Whether the same call may work if made again soon, which is not so while a breaker is open."""
    passing = Retryable | ConnectionError | TimeoutError | socket.gaierror
    return isinstance(error, passing) and not isinstance(error, CircuitOpen)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


async def with_timeout(awaitable: Awaitable[T], seconds: float, what: str) -> T:
    """What `awaitable` gives; it is cancelled, and TimedOut raised, when that takes longer."""
    try:
        async with asyncio.timeout(seconds) as scope:
            return await awaitable
    except TimeoutError as error:
        if not scope.expired():
            raise
        raise TimedOut(
            f"{what} gave no answer within {seconds:.4g} s.",
            mend="Try again; if it happens often, ask for less at once or allow more time.",
        ) from error


class RetryPolicy(BaseModel):
    """How often and how patiently a call is tried; times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    attempts: int = Field(default=3, ge=1, description="calls in total, the first one included")
    initial: float = Field(default=0.1, gt=0, description="the wait after the first try")
    maximum: float = Field(default=10.0, gt=0, description="of a wait that the other side did not ask for")
    multiplier: float = Field(default=2.0, ge=1)
    jitter: float = Field(default=0.1, ge=0, le=1, description="the share of a wait left to chance, +/-")
    deadline: float | None = Field(default=None, gt=0, description="for all tries and waits together")

    def delay(self, attempt: int, rnd: Callable[[], float]) -> float:
        """The wait after try number `attempt`, counted from 0; `rnd` gives numbers in [0, 1)."""
        try:
            wait = min(self.initial * float(self.multiplier**attempt), self.maximum)
        except OverflowError:
            wait = self.maximum
        return min(wait * (1 + self.jitter * (2 * rnd() - 1)), self.maximum)


async def retry(
    call: Call[T],
    policy: RetryPolicy,
    *,
    what: str = "The call",
    clock: Monotonic = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    rnd: Callable[[], float] = random.random,
    on_retry: OnRetry | None = None,
) -> T:
    """What `call` gives in the end; Exhausted when no try worked, any other error at once as it is.

    Waits at least as long as the error's `retry_after` asks. Past `policy.deadline` no wait begins, and
    the try under way is ended.
    """
    started = clock()

    async def one_try() -> T:
        if policy.deadline is None:
            return await call()
        return await with_timeout(call(), max(0.0, started + policy.deadline - clock()), what)

    def wait(tried: RetryCallState) -> float:
        error = _failure(tried)
        asked = error.retry_after if isinstance(error, Retryable) else None
        return max(policy.delay(tried.attempt_number - 1, rnd), asked or 0.0)

    def stop(tried: RetryCallState) -> bool:
        next_try = clock() - started + tried.upcoming_sleep
        late = policy.deadline is not None and next_try >= policy.deadline
        return late or tried.attempt_number >= policy.attempts

    def tell(tried: RetryCallState) -> None:
        if on_retry:
            on_retry(tried.attempt_number, tried.upcoming_sleep, _failure(tried))

    def give_up(tried: RetryCallState) -> NoReturn:
        error, attempts = _failure(tried), tried.attempt_number
        late = f", and a wait of {tried.upcoming_sleep:.4g} s would pass the deadline of {policy.deadline} s"
        raise Exhausted(
            f"{what} failed in {attempts} of {policy.attempts} tries within {clock() - started:.4g} s"
            f"{late if attempts < policy.attempts else ''} (the last time with {_named(error)}).",
            cause=error,
            attempts=attempts,
            mend="Check that the system behind it is up and can be reached, then try again.",
        ) from error

    return await AsyncRetrying(
        retry=retry_if_exception(retryable),
        wait=wait,
        stop=stop,
        sleep=sleep,
        before_sleep=tell,
        retry_error_callback=give_up,
    )(one_try)


def _failure(tried: RetryCallState) -> BaseException:
    error = tried.outcome.exception() if tried.outcome else None
    assert error is not None, "tenacity asks only after a try that failed"
    return error


class BreakerState(StrEnum):
    """Closed lets every call through, open none, half-open a few on trial."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerSettings(BaseModel):
    """When a breaker opens, and how it closes again."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    failure_threshold: int = Field(default=5, ge=1, description="failures in a row that open it")
    recovery_seconds: float = Field(default=30.0, gt=0, description="its rest; also how long a trial may hang")
    trials: int = Field(default=3, ge=1, description="calls let through half-open; all must succeed to close it")


Counted = Literal["admitted", "refused", "succeeded", "failed", "abandoned", "opened"]


@dataclass(frozen=True, slots=True)
class BreakerStatus:
    """A breaker as it stands; `failures` are in a row, `totals` since it was made."""

    name: str
    state: BreakerState
    failures: int
    threshold: int
    retry_after: float
    last_error: str
    totals: Mapping[Counted, int]


OnChange = Callable[[BreakerStatus, BreakerState], None]
"""Told how a breaker stands now, and the state that it was in before."""


def _judge(error: BaseException | None) -> Literal["succeeded", "failed", "abandoned"]:
    """What the end of a call says of the dependency: one that answers "no" is well."""
    match error:
        case Exhausted():
            return _judge(error.cause)
        case CircuitOpen() | Interrupted():
            return "abandoned"  # something else was asked, or nobody knows
        case None | Exception():
            return "failed" if error and retryable(error) else "succeeded"
        case _:
            return "abandoned"  # cancelled


class Breaker:
    """Leaves a dependency alone for a while after it failed too often in a row.

    A change of state takes their say from the calls under way; they count in the totals only. A trial
    gives its slot back however it ends; one that hangs loses slot and say to the next call.
    """

    def __init__(
        self,
        name: str,
        *,
        failure_threshold: int = 5,
        recovery_seconds: float = 30.0,
        trials: int = 3,
        clock: Monotonic = time.monotonic,
        on_change: OnChange | None = None,
    ) -> None:
        self.name = name
        self.settings = BreakerSettings(
            failure_threshold=failure_threshold, recovery_seconds=recovery_seconds, trials=trials
        )
        self._clock = clock
        self._on_change = on_change
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._rests_until = 0.0
        self._have_a_say: dict[object, float] = {}  # calls let in since the last change, and when they hang
        self._answered = 0
        self._last_error = ""
        self._totals: Counter[Counted] = Counter()

    @property
    def state(self) -> BreakerState:
        """As the last call left it; an open breaker becomes half-open with the next call it lets in."""
        return self._state

    def retry_after(self) -> float:
        """Seconds until a call is let in, at the latest; 0 when it would be now."""
        until = -math.inf
        if self._state is BreakerState.OPEN:
            until = self._rests_until
        elif self._state is BreakerState.HALF_OPEN and len(self._have_a_say) + self._answered >= self.settings.trials:
            until = min(self._have_a_say.values())
        return max(0.0, until - self._clock())

    def status(self) -> BreakerStatus:
        """A copy that later calls do not change."""
        return BreakerStatus(
            name=self.name,
            state=self._state,
            failures=self._failures,
            threshold=self.settings.failure_threshold,
            retry_after=self.retry_after(),
            last_error=self._last_error,
            totals=self._totals.copy(),
        )

    def reset(self) -> None:
        """Close it by hand; calls under way have no say in the new state."""
        self._move(BreakerState.CLOSED)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Let the block run, or raise CircuitOpen; how the block ends is the one thing that is counted."""
        ticket = self._admit()
        try:
            yield
        except BaseException as error:
            self._settle(ticket, error)
            raise
        self._settle(ticket, None)

    async def call(self, call: Call[T]) -> T:
        """`guard` for a single call."""
        async with self.guard():
            return await call()

    def _admit(self) -> object:
        if wait := self.retry_after():
            self._totals["refused"] += 1
            why = f"rests after {self._failures} failures in a row (the last: {self._last_error})"
            if self._state is BreakerState.HALF_OPEN:
                why = f"is being tried out, and all {self.settings.trials} trial calls are taken"
            raise CircuitOpen(f"{self.name} {why}.", mend=f"Try again in {wait:.4g} s.", retry_after=wait)
        if self._state is BreakerState.OPEN:
            self._move(BreakerState.HALF_OPEN)
        self._totals["admitted"] += 1
        now, ticket = self._clock(), object()
        if self._state is BreakerState.HALF_OPEN:
            self._have_a_say = {trial: hangs_at for trial, hangs_at in self._have_a_say.items() if hangs_at > now}
        self._have_a_say[ticket] = now + self.settings.recovery_seconds
        return ticket

    def _settle(self, ticket: object, error: BaseException | None) -> None:
        has_a_say = self._have_a_say.pop(ticket, None) is not None
        verdict = _judge(error)
        self._totals[verdict] += 1
        if error and verdict == "failed":
            self._last_error = _named(error)
        if has_a_say and verdict == "failed":
            self._failed()
        elif has_a_say and verdict == "succeeded":
            self._succeeded()

    def _succeeded(self) -> None:
        if self._state is BreakerState.CLOSED:
            self._failures = 0
            return
        self._answered += 1
        if self._answered >= self.settings.trials:
            self._move(BreakerState.CLOSED)

    def _failed(self) -> None:
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or self._failures >= self.settings.failure_threshold:
            self._move(BreakerState.OPEN)

    def _move(self, state: BreakerState) -> None:
        before, self._state = self._state, state
        self._have_a_say.clear()
        self._answered = 0
        if state is BreakerState.CLOSED:
            self._failures = 0
        if state is BreakerState.OPEN:
            self._rests_until = self._clock() + self.settings.recovery_seconds
            self._totals["opened"] += 1
        if state is not before and self._on_change:
            self._on_change(self.status(), before)


class Breakers:
    """One breaker for each dependency, made when first asked for."""

    def __init__(
        self,
        settings: Mapping[str, BreakerSettings] = MappingProxyType({}),
        *,
        default: BreakerSettings = BreakerSettings(),  # noqa: B008  frozen
        clock: Monotonic = time.monotonic,
        on_change: OnChange | None = None,
    ) -> None:
        self._settings = settings
        self._default = default
        self._clock = clock
        self._on_change = on_change
        self._breakers: dict[str, Breaker] = {}

    def get(self, name: str) -> Breaker:
        """The breaker of the dependency `name`, always the same one."""
        if name not in self._breakers:
            settings = self._settings.get(name, self._default).model_dump()
            self._breakers[name] = Breaker(name, **settings, clock=self._clock, on_change=self._on_change)
        return self._breakers[name]

    def snapshot(self) -> dict[str, BreakerStatus]:
        """How each stands, by name."""
        return {name: self._breakers[name].status() for name in sorted(self._breakers)}


@dataclass(frozen=True, slots=True)
class Shield:
    """A breaker around retries around a timeout for each try, so that a failed call counts once."""

    breaker: Breaker
    policy: RetryPolicy
    timeout: float
    clock: Monotonic = time.monotonic
    sleep: Sleep = asyncio.sleep
    rnd: Callable[[], float] = random.random
    on_retry: OnRetry | None = None

    async def call(self, call: Call[T], what: str) -> T:
        """What `call` gives; `what` names it in errors."""

        async def bounded() -> T:
            return await with_timeout(call(), self.timeout, what)

        async with self.breaker.guard():
            return await retry(
                bounded,
                self.policy,
                what=what,
                clock=self.clock,
                sleep=self.sleep,
                rnd=self.rnd,
                on_retry=self.on_retry,
            )


class _Nothing(Enum):
    NOTHING = "nothing"


NOTHING: Final = _Nothing.NOTHING
"""What a strategy returns that works, and has no answer: a cache miss."""

Strategy = tuple[str, Call[T | _Nothing]]


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value, the strategy that gave it, and why those before it did not: an error, or None for NOTHING."""

    value: T
    strategy: str
    causes: Mapping[str, Exception | None]

    @property
    def degraded(self) -> bool:
        """Not the first choice."""
        return bool(self.causes)


async def fall_through(first: Strategy[T], *others: Strategy[T]) -> Answer[T]:
    """The first answer among strategies asked in order; Unavailable with every cause when there is none.

    A Refusal ends it: what somebody may not have, a fallback must not hand out.
    """
    causes: dict[str, Exception | None] = {}
    for name, strategy in (first, *others):
        try:
            value = await strategy()
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001  kept, and reported with the others
            causes[name] = error
        else:
            if value is not NOTHING:
                return Answer(value, name, causes)
            causes[name] = None
    told = "; ".join(f"{name}: {_named(error) if error else 'has none'}" for name, error in causes.items())
    errors = [error for error in causes.values() if error]
    waits = [error.retry_after for error in errors if isinstance(error, Retryable) and error.retry_after]
    raise Unavailable(
        f"None of {len(causes)} ways gave an answer ({told}).",
        mend="Mend the first of them, or try again later.",
        retry_after=min(waits, default=None),
    ) from (ExceptionGroup("every way failed", errors) if errors else None)
