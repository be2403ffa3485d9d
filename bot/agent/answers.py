"""Answers on record: for details, feedback, Stop, and for going on after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

from pydantic import TypeAdapter, ValidationError

from bot.agent.events import Event, Picture
from bot.guard.canonical import plain
from bot.ports import Json

Liking = Literal["up", "down"]


class AnswerState(StrEnum):
    """How an answer stands."""

    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Answer:
    """One turn: what was asked, where the answer stands, and the events it is made of."""

    id: str
    key: str
    workspace: str
    channel: str
    thread: str | None
    person: str
    private: bool
    replica: str
    created_at: datetime
    question: str = ""
    events: tuple[Event, ...] = ()
    ts: str | None = None
    state: AnswerState = AnswerState.RUNNING
    finished_at: datetime | None = None

    def visible_to(self, person: str, channel: str | None) -> bool:
        """To whoever asked, and, unless it was private, to those who read the channel it stands in."""
        return person == self.person or (not self.private and channel == self.channel)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thought of an answer."""

    answer: str
    person: str
    verdict: Liking
    at: datetime
    reason: str = ""
    correction: str = ""


class AnswerStore(Protocol):
    """Keeps answers and what people thought of them."""

    async def open(self, answer: Answer) -> Answer:
        """Keep it; the same key gives back the one that is kept already."""
        ...

    async def posted(self, answer_id: str, channel: str, ts: str) -> None: ...

    async def finish(self, answer: Answer) -> None: ...

    async def get(self, answer_id: str) -> Answer | None: ...

    async def at(self, channel: str, ts: str) -> Answer | None:
        """The answer that this message is."""
        ...

    async def in_thread(self, channel: str, thread: str, limit: int) -> Sequence[Answer]:
        """Those that stand in a thread, the newest first."""
        ...

    async def stop(self, answer_id: str) -> bool:
        """Ask whichever replica gives it to stop; False if it has ended."""
        ...

    async def stopping(self, replica: str) -> Sequence[str]: ...

    async def rate(self, feedback: Feedback) -> None:
        """The newest word of a person on an answer counts."""
        ...

    async def unrate(self, answer_id: str, person: str) -> None: ...

    async def feedback(self, answer_id: str) -> Sequence[Feedback]: ...

    async def purge(self, before: datetime) -> int: ...


_ADAPTERS: Final[dict[type[Event], TypeAdapter[Any]]] = {}


def _adapter(kind: type[Event]) -> TypeAdapter[Any]:
    """Made once: that takes longer than packing a thousand events."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _name(kind: type[Event]) -> str:
    """A plug-in may call a kind of its own `Table`, too."""
    return kind.__name__ if kind.__module__ == Event.__module__ else f"{kind.__module__}.{kind.__qualname__}"


def _kinds(base: type[Event] = Event) -> Iterator[tuple[str, type[Event]]]:
    for kind in base.__subclasses__():
        yield _name(kind), kind
        yield from _kinds(kind)


def pack(events: Sequence[Event]) -> list[Json]:
    """As JSON; the bytes of pictures are left out, they are in the channel."""
    return [
        {
            "kind": _name(type(event)),
            "data": plain(
                _adapter(type(event)).dump_python(
                    replace(event, png=b"") if isinstance(event, Picture) else event, mode="json"
                )
            ),
        }
        for event in events
    ]


def unpack(packed: Sequence[Mapping[str, Any]]) -> tuple[Event, ...]:
    """What this version knows; a kind whose plug-in is gone is left out, and so is one that has changed since."""
    kinds = dict(_kinds())
    found: list[Event] = []
    for each in packed:
        if kind := kinds.get(str(each.get("kind"))):
            with suppress(ValidationError):
                found.append(_adapter(kind).validate_python(each.get("data")))
    return tuple(found)


def record(answer: Answer) -> dict[str, Json]:
    return {"question": plain(answer.question), "events": pack(answer.events)}
