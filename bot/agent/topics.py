"""What a thread hangs on before anybody spoke in it, and so what "this" is there: the alert that began it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from bot.door.outcomes import Origin
from bot.ports import Json

ALERT: Final = "alert"


@dataclass(frozen=True, slots=True)
class Topic:
    """What is meant there by what is not named."""

    values: Mapping[str, Json] = field(default_factory=dict)
    """By the name of the field: whatever operation has such a field, and needs it, is about this."""
    asked: str = ""
    """An operation with its values, as if it had been asked first: what later sentences leave out stands in it."""
    fact: str = ""
    """For a model, in words of ours alone."""


class TopicSource(Protocol):
    """Knows what some threads hang on."""

    async def of(self, origin: Origin) -> Topic | None:
        """Of an origin that names a channel and a thread."""
        ...


class Topics:
    """Asks all that know of threads."""

    def __init__(self) -> None:
        self._sources: list[TopicSource] = []

    def add(self, source: TopicSource) -> None:
        self._sources.append(source)

    async def of(self, origin: Origin) -> Topic:
        """Empty where the thread is about nothing but what is said in it."""
        if origin.channel and origin.thread:
            for source in self._sources:
                if (found := await source.of(origin)) is not None:
                    return found
        return Topic()
