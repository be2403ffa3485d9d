"""The port of language models: a conversation goes in, pieces of an answer come out as they are made.

What a model asks for is done by others. Providers raise the errors of `bot.errors`: `Unavailable` where they are
down or overloaded, `RateLimited`, `TimedOut`, `Terminal` where asking again will not help.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from bot.ports import Json


@dataclass(frozen=True, slots=True)
class Words:
    """Text, by a person or by the model."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants done; `arguments` are its own, and not yet judged."""

    id: str
    name: str
    arguments: Mapping[str, Json]
    broken: str = ""
    """Why the arguments cannot be read. Such a call is not made: this goes back as its failed result."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of it; all results of a message of the model go back together."""

    id: str
    content: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Opaque:
    """A part that only its provider understands, and wants back as it was (thinking, for instance)."""

    provider: str
    data: Mapping[str, Json]


Part = Words | ToolCall | ToolResult | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    """One message; the roles alternate, and the user has the first word."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """An operation as a model sees it."""

    name: str
    description: str
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that the model is given. `system` and `tools` stay the same from call to call, so that they are cached."""

    system: str
    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    max_tokens: int = 4_000
    schema: Mapping[str, Json] | None = None
    """The shape that the whole answer must have, where it is to be JSON."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took, in tokens and in money."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        return self.input + self.output + self.cache_read + self.cache_write

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.usd + other.usd,
        )


class Ending(StrEnum):
    """Why the model stopped."""

    END = "end"
    TOOLS = "tools"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Piece:
    """The base of what comes out."""


@dataclass(frozen=True, slots=True)
class Spoken(Piece):
    """A piece of text, as it comes."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished(Piece):
    """The last piece: the message as a whole, why it ended, and what it took. Without it, the stream was cut.

    The message holds calls if, and only if, it ended with TOOLS: what broke off within a call calls nothing.
    """

    message: Message
    ending: Ending
    usage: Usage = field(default_factory=Usage)
    model: str = ""


class LanguageModel(Protocol):
    """A model behind an API."""

    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt) -> AsyncIterator[Piece]:
        """Ends with `Finished`, or raises. What was spoken before an error is no answer."""
        ...

    async def count(self, prompt: Prompt) -> int:
        """How many tokens it would read."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Priced(Protocol):
    """A model that says beforehand what it costs."""

    @property
    def price(self) -> tuple[float, float]:
        """US dollars for a million tokens: those that it reads, and those that it writes."""
        ...
