"""What goes wrong on purpose: slow and failing calls, lost sockets, events twice and out of order."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from bot.errors import InvalidInput

HELD_SECONDS = (0.02, 0.3)  # how long a reordered delivery is held back


@dataclass(slots=True)
class Levels:
    """How often each thing happens; all are off at first and can be turned while it runs."""

    latency_ms: float = 0
    """Each Web API call waits up to twice so long, on average so long."""
    error_rate: float = 0
    """Share of Web API calls that end in HTTP 503, half of them after they took effect."""
    rate_limit: float = 0
    """Share of Web API calls that end in HTTP 429."""
    drop_sockets: float = 0
    """Share of envelopes around which the socket is cut, half of them before they were sent."""
    duplicates: float = 0
    """Share of deliveries that come twice."""
    reorder: float = 0
    """Share of deliveries that others overtake."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How one Web API call fails: an HTTP status, or Slack's `error` with status 200."""

    status: int = 503
    error: str = ""
    retry_after: int = 1
    after_effect: bool = False  # the call does its work and only the answer is lost


class Faults:
    """The dice, seeded, so that a run can be had again."""

    def __init__(self, seed: int | None = None) -> None:
        self._dice = random.Random(seed)  # noqa: S311  chance, no secret
        self._levels = Levels()
        self._planned: list[tuple[str, Failure]] = []

    def set(self, **levels: float) -> dict[str, float]:
        """Turn some of them; the others stay."""
        for name, value in levels.items():
            if name not in {field.name for field in fields(Levels)}:
                known = ", ".join(field.name for field in fields(Levels))
                raise InvalidInput(f"There is no fault {name!r}.", mend=f"Use one of {known}.")
            most = 60_000 if name == "latency_ms" else 1
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise InvalidInput(f"{name} is {value!r}.", mend=f"Use a number from 0 to {most}.")
            setattr(self._levels, name, value)
        return self.as_json()

    def clear(self) -> None:
        self._levels = Levels()
        self._planned.clear()

    def as_json(self) -> dict[str, Any]:
        return asdict(self._levels)

    def fail(
        self,
        method: str,
        *,
        times: int = 1,
        status: int = 503,
        error: str = "",
        retry_after: int = 1,
        after_effect: bool = False,
    ) -> None:
        """The next `times` calls of this Web API method fail, whatever the dice say."""
        failure = Failure(200 if error else status, error, retry_after, after_effect)
        self._planned.extend([(method, failure)] * times)

    def latency(self) -> float:
        """Seconds that this call is late."""
        return self._dice.uniform(0, 2) * self._levels.latency_ms / 1000 if self._levels.latency_ms else 0

    def failure(self, method: str) -> Failure | None:
        """How this call fails, if it does."""
        for planned in self._planned:
            if planned[0] == method:
                self._planned.remove(planned)
                return planned[1]
        if self._happens(self._levels.rate_limit):
            return Failure(429)
        if self._happens(self._levels.error_rate):
            return Failure(503, after_effect=self._happens(0.5))
        return None

    def cut(self) -> str | None:
        """Whether the socket is cut "before" or "after" this envelope is sent."""
        if not self._happens(self._levels.drop_sockets):
            return None
        return "before" if self._happens(0.5) else "after"

    def twice(self) -> bool:
        return self._happens(self._levels.duplicates)

    def held(self) -> float:
        """Seconds that this delivery is held back, so that others overtake it."""
        return self._dice.uniform(*HELD_SECONDS) if self._happens(self._levels.reorder) else 0

    def _happens(self, share: float) -> bool:
        return share > 0 and self._dice.random() < share
