"""When a send may go: rates as Slack counts them, the pauses that it asked for, and a fair line before both.

Nothing here waits or looks at a clock: whoever asks says what time it is.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Tier = Literal["tier1", "tier2", "tier3", "tier4", "status", "posting"]
TIERS: Final[Mapping[str, Tier]] = {
    "chat.postMessage": "posting",
    "chat.postEphemeral": "tier4",
    "chat.update": "tier3",
    "chat.startStream": "tier2",
    "chat.appendStream": "tier4",
    "chat.stopStream": "tier2",
    "conversations.history": "tier3",
    "conversations.replies": "tier3",
    "conversations.open": "tier3",
    "files.completeUploadExternal": "tier4",
    "views.open": "tier4",
    "views.update": "tier4",
    "views.publish": "tier4",
    "assistant.threads.setStatus": "status",
    "assistant.threads.setTitle": "tier4",
    "assistant.threads.setSuggestedPrompts": "tier4",
    "response_url": "tier4",
}
"""By Slack's documentation; each method has a bucket of its own in its tier, and what is not listed is of tier 2."""
NEW_MESSAGES: Final = frozenset({"chat.postMessage", "chat.startStream", "files.completeUploadExternal"})
"""What puts a message into a channel, of which a channel takes about one a second."""
SEVERAL: Final = 3
"""So many channels that refuse a method at the same time mean that the method itself is at its limit."""
MANY: Final = 512
"""So many buckets are kept before the full ones are forgotten."""


class Rate(BaseModel):
    """At most `burst` at once, and `per_minute` in the long run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per_minute: float = Field(gt=0)
    burst: int = Field(ge=1)


class Rates(BaseModel):
    """How fast we send; Slack's own limits, of which it documents the lower end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier1: Rate = Rate(per_minute=1, burst=1)
    tier2: Rate = Rate(per_minute=20, burst=10)
    tier3: Rate = Rate(per_minute=50, burst=25)
    tier4: Rate = Rate(per_minute=100, burst=50)
    status: Rate = Rate(per_minute=600, burst=30)
    posting: Rate = Field(default=Rate(per_minute=300, burst=30), description="messages in the whole workspace")
    channel: Rate = Field(default=Rate(per_minute=60, burst=3), description="new messages in one channel")

    def times(self, factor: float) -> Rates:
        """For a workspace whose limits are others, or has none."""
        return Rates(
            **{
                name: Rate(per_minute=rate.per_minute * factor, burst=max(1, round(rate.burst * factor)))
                for name, rate in self
            }
        )


class Bucket:
    """Tokens that come back one by one; kept as the time at which all of them are back."""

    __slots__ = ("_every", "_full_at", "_slack")

    def __init__(self, rate: Rate) -> None:
        self._every = 60 / rate.per_minute
        self._slack = (rate.burst - 1) * self._every
        self._full_at = -math.inf

    def when(self, now: float, ahead: int = 0) -> float:
        """The earliest time for one more, when `ahead` others go before it."""
        return max(now, max(self._full_at, now) + ahead * self._every - self._slack)

    def take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._every

    def full(self, now: float) -> bool:
        return self._full_at <= now


@dataclass(frozen=True, slots=True, order=True)
class Ticket:
    """A place in the line: by the time of joining, later for those who yield."""

    due: float
    number: int
    method: str
    channel: str | None


class Pace:
    """The line: who may go goes in order, and who has to wait for a channel or a method holds up no other."""

    def __init__(self, rates: Rates | None = None) -> None:
        self._rates = rates or Rates()
        self._methods: dict[str, Bucket] = {}
        self._channels: dict[str, Bucket] = {}
        self._paused_methods: dict[str, float] = {}
        self._paused_channels: dict[str, float] = {}
        self._line: list[Ticket] = []
        self._numbers = count()

    def join(self, method: str, channel: str | None, now: float, *, yields: float = 0.0) -> Ticket:
        """Get in line; `yields` seconds' worth of others may go first, with a negative one it goes before them."""
        ticket = Ticket(now + yields, next(self._numbers), method, channel if method in NEW_MESSAGES else None)
        insort(self._line, ticket)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        place = bisect_left(self._line, ticket)
        if place < len(self._line) and self._line[place] is ticket:
            del self._line[place]

    def release(self, now: float) -> tuple[list[Ticket], float]:
        """Who goes now, and is counted; and when it is worth to ask again, at the earliest."""
        going: list[Ticket] = []
        staying: list[Ticket] = []
        again = math.inf
        of_methods: dict[str, float] = {}
        for ticket in self._line:
            free = of_methods.get(ticket.method)
            if free is None:
                free = of_methods[ticket.method] = self._method_free(ticket.method, now)
            if free <= now:
                free = self._channel_free(ticket.channel, now)
            if free <= now:
                self._take(ticket, now)
                del of_methods[ticket.method]
                going.append(ticket)
            else:
                again = min(again, free)
                staying.append(ticket)
        self._line = staying
        self._forget(now)
        return going, again

    def release_one(self, ticket: Ticket, now: float) -> float:
        """For a newcomer while no other may go yet: `now` if this one goes, else when it may, at the earliest."""
        free = max(self._method_free(ticket.method, now), self._channel_free(ticket.channel, now))
        if free <= now:
            self.leave(ticket)
            self._take(ticket, now)
        return free

    def delay(self, method: str, channel: str | None, now: float) -> float:
        """How long a send that joined now would wait, as far as can be seen."""
        bound = channel if method in NEW_MESSAGES else None
        same_method = sum(ticket.method == method for ticket in self._line)
        same_channel = sum(ticket.channel == bound for ticket in self._line) if bound else 0
        free = max(self._method_free(method, now, same_method), self._channel_free(bound, now, same_channel))
        return free - now

    def pause(self, method: str, channel: str | None, now: float, seconds: float) -> Literal["method", "channel"]:
        """Slack asked to wait: with a new message it may mean the channel, until several say the same at once."""
        until = now + seconds
        if method in NEW_MESSAGES and channel:
            self._paused_channels = {each: till for each, till in self._paused_channels.items() if till > now}
            self._paused_channels[channel] = max(until, self._paused_channels.get(channel, until))
            if len(self._paused_channels) < SEVERAL:
                return "channel"
        self._paused_methods[method] = max(until, self._paused_methods.get(method, until))
        return "method"

    def _take(self, ticket: Ticket, now: float) -> None:
        self._methods.setdefault(ticket.method, self._of(ticket.method)).take(now)
        if ticket.channel:
            self._channels.setdefault(ticket.channel, Bucket(self._rates.channel)).take(now)

    def _method_free(self, method: str, now: float, before: int = 0) -> float:
        bucket = self._methods.get(method) or self._of(method)
        return max(bucket.when(now, before), self._paused_methods.get(method, now))

    def _channel_free(self, channel: str | None, now: float, before: int = 0) -> float:
        if channel is None:
            return now
        bucket = self._channels.get(channel) or Bucket(self._rates.channel)
        return max(bucket.when(now, before), self._paused_channels.get(channel, now))

    def _of(self, method: str) -> Bucket:
        rate: Rate = getattr(self._rates, TIERS.get(method, "tier2"))
        return Bucket(rate)

    def _forget(self, now: float) -> None:
        if len(self._channels) > MANY:
            self._channels = {name: bucket for name, bucket in self._channels.items() if not bucket.full(now)}
