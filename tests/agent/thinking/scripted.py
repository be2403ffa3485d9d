"""A language model that says what a test wrote down, and remembers what it was given."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.agent.model import (
    Ending,
    Finished,
    Message,
    Part,
    Piece,
    Prompt,
    Spoken,
    ToolCall,
    ToolResult,
    Usage,
    Words,
)

USAGE = Usage(input=1_000, output=100, usd=0.01)


@dataclass(frozen=True)
class Says:
    """One message: words, calls, and how it goes wrong."""

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    usage: Usage = USAGE
    ending: Ending | None = None
    error: Exception | None = None
    """Raised before anything is said, or, with text, after it."""
    cut: bool = False
    held: asyncio.Event | None = None
    """After the text, it goes on when this is set."""
    piece: int = 7
    broken: str = ""


@dataclass
class Scripted:
    """`turns` one after the other; one that is a function reads the prompt first."""

    turns: list[Says | Callable[[Prompt], Says]]
    name: str = "scripted"
    prompts: list[Prompt] = field(default_factory=list)
    speaking: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0

    async def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        check(prompt)
        self.prompts.append(prompt)
        assert self.turns, f"{self.name} was asked once too often: {prompt.messages[-1]}"
        turn = self.turns.pop(0)
        says = turn if isinstance(turn, Says) else turn(prompt)
        try:
            if says.error and not says.text:
                raise says.error
            for at in range(0, len(says.text), says.piece):
                yield Spoken(says.text[at : at + says.piece])
            self.speaking.set()
            if says.held:
                await says.held.wait()
            if says.error:
                raise says.error
            if says.cut:
                return
            number = len(self.prompts)
            calls = [
                ToolCall(f"call-{number}-{at}", name, values, says.broken)
                for at, (name, values) in enumerate(says.calls)
            ]
            words: list[Part] = [Words(says.text)] if says.text else []
            ending = says.ending or (Ending.TOOLS if calls else Ending.END)
            yield Finished(Message("assistant", (*words, *calls)), ending, says.usage, self.name)
        finally:
            self.closed += 1

    async def count(self, prompt: Prompt) -> int:
        return len(str(prompt))

    async def close(self) -> None:
        """Nothing is open."""


def scripted(*turns: Any, name: str = "scripted") -> Scripted:
    return Scripted(list(turns), name)


def check(prompt: Prompt) -> None:
    """What the real ones refuse."""
    roles = [message.role for message in prompt.messages]
    assert roles[0] == roles[-1] == "user", roles
    assert all(one != other for one, other in itertools.pairwise(roles)), roles
    asked: list[str] = []
    for message in prompt.messages:
        answered = [part.id for part in message.parts if isinstance(part, ToolResult)]
        assert answered == asked, (answered, asked)
        assert message.parts
        assert all(part.text.strip() for part in message.parts if isinstance(part, Words))
        asked = [part.id for part in message.parts if isinstance(part, ToolCall)]
    assert not asked
    names = [tool.name for tool in prompt.tools]
    assert names == sorted(set(names))


def results(prompt: Prompt) -> list[ToolResult]:
    """Those of the newest message."""
    return [part for part in prompt.messages[-1].parts if isinstance(part, ToolResult)]


def words(prompt: Prompt) -> str:
    """All the text of the prompt but the system's."""
    parts = [part for message in prompt.messages for part in message.parts]
    return "\n".join(
        part.text if isinstance(part, Words) else part.content
        for part in parts
        if isinstance(part, (Words, ToolResult))
    )
