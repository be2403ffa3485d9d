"""How often a method may be called: Slack's tiers, one message a second in a channel, and how long to wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a minute in the long run, and `burst` at once."""

    per_minute: float
    burst: int
    for_each_channel: bool = False


def tier(number: int, burst: int | None = None) -> Rate:
    """Slack promises at least so many a minute, and looks at whole minutes."""
    return Rate(PER_MINUTE[number], burst or PER_MINUTE[number])


_OFTEN = Rate(600, 100)
_MESSAGES = Rate(60, 5, for_each_channel=True)
_ALL_MESSAGES = Rate(300, 60)

RATES: dict[str, tuple[Rate, ...]] = {
    "api.test": (_OFTEN,),
    "auth.test": (_OFTEN,),
    "apps.connections.open": (tier(1, burst=10),),
    "assistant.threads.setStatus": (_OFTEN,),
    "chat.appendStream": (tier(4),),
    "chat.delete": (tier(3),),
    "chat.getPermalink": (_OFTEN,),
    "chat.postEphemeral": (tier(4),),
    "chat.postMessage": (_MESSAGES, _ALL_MESSAGES),
    "chat.startStream": (tier(2),),
    "chat.stopStream": (tier(2),),
    "chat.update": (tier(3),),
    "bookmarks.add": (tier(2),),
    "bookmarks.edit": (tier(2),),
    "bookmarks.remove": (tier(2),),
    "conversations.archive": (tier(2),),
    "conversations.create": (tier(2),),
    "conversations.list": (tier(2),),
    "conversations.members": (tier(4),),
    "conversations.rename": (tier(2),),
    "conversations.setPurpose": (tier(2),),
    "conversations.setTopic": (tier(2),),
    "conversations.unarchive": (tier(2),),
    "emoji.list": (tier(2),),
    "files.completeUploadExternal": (tier(4),),
    "files.getUploadURLExternal": (tier(4),),
    "files.info": (tier(4),),
    "pins.add": (tier(2),),
    "pins.list": (tier(2),),
    "pins.remove": (tier(2),),
    "reactions.remove": (tier(2),),
    "usergroups.list": (tier(2),),
    "usergroups.users.list": (tier(2),),
    "users.info": (tier(4),),
    "users.list": (tier(2),),
    "views.open": (tier(4),),
    "views.publish": (tier(4),),
    "views.push": (tier(4),),
    "views.update": (tier(4),),
}
OTHERS = (tier(3),)


class Limits:
    """Buckets that fill with time; `scale` 2 allows twice as much, and `enabled=False` everything."""

    def __init__(
        self, *, scale: float = 1.0, enabled: bool = True, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.scale = scale
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[str, int, str], tuple[float, float]] = {}  # → (tokens, when)

    def wait(self, method: str, channel: str = "") -> int | None:
        """None: go on. Otherwise the whole seconds to wait, and nothing was taken."""
        if not self.enabled:
            return None
        now = self._clock()
        taken: dict[tuple[str, int, str], tuple[float, float]] = {}
        longest = 0.0
        for place, rate in enumerate(RATES.get(method, OTHERS)):
            key = (method, place, channel if rate.for_each_channel else "")
            burst, speed = max(1.0, rate.burst * self.scale), rate.per_minute * self.scale / 60
            tokens, when = self._buckets.get(key, (burst, now))
            tokens = min(burst, tokens + (now - when) * speed)
            if tokens < 1 - 1e-6:
                longest = max(longest, (1 - tokens) / speed)
            taken[key] = (tokens - 1, now)
        if longest:
            return max(1, math.ceil(longest))
        self._buckets.update(taken)
        return None
