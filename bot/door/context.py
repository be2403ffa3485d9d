"""What an operation is given while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from bot.door.outcomes import Origin
from bot.errors import NotFound
from bot.guard.people import Identity

T = TypeVar("T")
Progress = Callable[[str], Awaitable[None]]
Charge = Callable[[float, int], Awaitable[None]]


async def _silent(_: str) -> None:
    """Nobody watches."""


async def _free(_: float, __: int) -> None:
    """Nothing is booked."""


class Resources:
    """What operations work with, by its type: stores, desks, clients. Filled once, by the app."""

    def __init__(self, things: Mapping[type, object] | None = None) -> None:
        self._things = dict(things or {})

    def put(self, kind: type[T], thing: T) -> None:
        self._things[kind] = thing

    def get(self, kind: type[T]) -> T:
        try:
            return self._things[kind]  # type: ignore[return-value]
        except KeyError:
            raise NotFound(
                f"this installation has no {kind.__name__}", mend="See `llm-copilot check config`."
            ) from None


@dataclass(frozen=True, slots=True)
class Context:
    """Who asked, from where, and what there is to work with.

    `idempotency_key` goes along with every side effect, so that a repeated run takes effect once.
    """

    identity: Identity
    origin: Origin
    run_id: str
    idempotency_key: str
    now: datetime
    resources: Resources
    progress: Progress = field(default=_silent)
    charge: Charge = field(default=_free)

    def get(self, kind: type[T]) -> T:
        return self.resources.get(kind)
