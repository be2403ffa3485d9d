"""How often one may ask: a token bucket for each person, channel and workspace.

A bucket is one number, the theoretical arrival time of GCRA (the token bucket written without a
counter): it can live in a dict or in one column of a table, and refills without anybody's help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.errors import RateLimited

MEMORY_SIZE = 50_000
GRAIN = 1e-5  # seconds; a float that counts from 1970 is no finer than a quarter of a microsecond


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` calls at once, and `per_minute` of them in the long run."""

    per_minute: float
    burst: int

    @property
    def interval(self) -> float:
        return 60.0 / self.per_minute

    @property
    def tolerance(self) -> float:
        return self.interval * self.burst


def arrive(arrival: float | None, now: float, rate: Rate) -> tuple[float, float]:
    """The new arrival time, and the seconds to wait: 0 if the call may pass."""
    after = max(arrival if arrival is not None else now, now) + rate.interval
    wait = after - now - rate.tolerance
    return after, wait if wait > GRAIN else 0.0


class Buckets(Protocol):
    """Where the buckets are: this process, or the database when several replicas share them."""

    async def take(self, rates: Mapping[str, Rate], now: float) -> Mapping[str, float]:
        """Take a token from each bucket, or from none; returns the empty ones with the seconds to wait."""
        ...


class MemoryBuckets:
    """The buckets of one process."""

    def __init__(self) -> None:
        self._arrivals: dict[str, float] = {}

    async def take(self, rates: Mapping[str, Rate], now: float) -> Mapping[str, float]:
        moved: dict[str, float] = {}
        waits: dict[str, float] = {}
        for key, rate in rates.items():
            after, wait = arrive(self._arrivals.get(key), now, rate)
            if wait > 0:
                waits[key] = wait
            else:
                moved[key] = after
        if not waits:
            if len(self._arrivals) >= MEMORY_SIZE:
                self._arrivals = {key: arrival for key, arrival in self._arrivals.items() if arrival > now}
            self._arrivals.update(moved)
        return waits


@dataclass(frozen=True, slots=True)
class Limits:
    """The rates in force."""

    buckets: Buckets
    person: Rate
    channel: Rate
    workspace: Rate

    async def take(self, person: str, channel: str | None, workspace: str | None, now: datetime) -> None:
        """Raises RateLimited with the time to wait when any of the three buckets is empty."""
        rates = {f"person:{person}": self.person}
        if channel:
            rates[f"channel:{channel}"] = self.channel
        if workspace:
            rates[f"workspace:{workspace}"] = self.workspace
        waits = await self.buckets.take(rates, now.timestamp())
        if waits:
            scope, wait = max(waits.items(), key=lambda item: item[1])
            rate = rates[scope]
            raise RateLimited(
                f"this {scope.partition(':')[0]} has asked {rate.burst} times at once, or more than "
                f"{rate.per_minute:g} times a minute",
                mend=f"Try again in {_seconds(wait)}.",
                retry_after=wait,
            )


def _seconds(wait: float) -> str:
    return "1 second" if wait <= 1 else f"{int(wait) + 1} seconds"
