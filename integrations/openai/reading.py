"""Reads the chunks of a streamed completion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from bot.agent.model import Ending, Finished, Message, Part, ToolCall, Usage, Words
from bot.errors import Unavailable
from integrations.anthropic.reading import MOST_CHARACTERS, call
from integrations.models.access import Access

ENDINGS: Final = {"length": Ending.LENGTH, "content_filter": Ending.REFUSED}


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)


class Reading:
    """One answer, as far as it has come."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._model = access.model
        self._texts: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._usage = Usage()
        self._reason = ""
        self._refused = False
        self._read = 0

    def take(self, chunk: Any) -> str:
        """The text that a chunk speaks."""
        self._model = chunk.model or self._model
        if chunk.usage:
            self._count(chunk.usage)
        spoken = ""
        for choice in (chunk.choices or ())[:1]:
            self._reason = choice.finish_reason or self._reason
            delta = choice.delta
            self._refused |= bool(delta.refusal)
            spoken = (delta.content or "") + (delta.refusal or "")
            for piece in delta.tool_calls or ():
                self._grow(piece)
        self._texts.append(spoken)
        self._bound(len(spoken))
        return spoken

    def _count(self, usage: Any) -> None:
        """What was read from the cache is among the tokens of the prompt."""
        details = usage.prompt_tokens_details
        cached = int((details and details.cached_tokens) or 0)
        self._usage = Usage(int(usage.prompt_tokens) - cached, int(usage.completion_tokens), cached)

    def _grow(self, piece: Any) -> None:
        call = self._calls.setdefault(piece.index, _Call())
        call.id = piece.id or call.id
        if piece.function:
            call.name = piece.function.name or call.name
            call.pieces.append(piece.function.arguments or "")
            self._bound(len(call.pieces[-1]))

    def _bound(self, more: int) -> None:
        self._read += more
        if self._read > MOST_CHARACTERS:
            raise Unavailable(
                f"{self._access.who} went on for more than {MOST_CHARACTERS:,} characters and was stopped.",
                mend="Check what stands at that address.",
            )

    def finished(self) -> Finished:
        if not self._reason:
            raise Unavailable(
                f"{self._access.who}: the stream was cut after {self._read:,} characters.",
                mend="Try again; if it happens often, check what stands between the bot and it.",
            )
        text = "".join(self._texts)
        parts: list[Part] = [Words(text)] if text else []
        ending = Ending.REFUSED if self._refused else ENDINGS.get(self._reason, Ending.END)
        if ending is Ending.END and self._calls:  # some servers say "stop" after calls too
            ending = Ending.TOOLS
            parts += self._called()
        return Finished(Message("assistant", tuple(parts)), ending, self._access.price.of(self._usage), self._model)

    def _called(self) -> list[ToolCall]:
        calls = sorted(self._calls.items())
        return [call(found.id or f"call_{index}", found.name, "".join(found.pieces)) for index, found in calls]
