"""Reads the events of a streamed message; a call whose arguments are no JSON is a broken call, not an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.agent.model import Ending, Finished, Message, Opaque, Part, ToolCall, Usage, Words
from bot.errors import Unavailable
from bot.ports import Json
from integrations.http.body import quoted
from integrations.models.access import Access
from integrations.models.names import own_name

MOST_CHARACTERS: Final = 8_000_000
"""Of one answer: several times what the longest can have."""
ENDINGS: Final = {
    "tool_use": Ending.TOOLS,
    "max_tokens": Ending.LENGTH,
    "model_context_window_exceeded": Ending.LENGTH,
    "pause_turn": Ending.LENGTH,  # of tools that run at the provider; we offer none, so it would be half an answer
    "refusal": Ending.REFUSED,
}


def call(id_: str, wire: str, text: str) -> ToolCall:
    """A call as the model wrote it."""
    try:
        arguments = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        return ToolCall(id_, own_name(wire), {}, f"The arguments are no JSON ({error}): {quoted(text)}.")
    if not isinstance(arguments, dict):
        return ToolCall(id_, own_name(wire), {}, f"The arguments are no object: {quoted(text)}.")
    return ToolCall(id_, own_name(wire), arguments)


@dataclass(slots=True)
class _Block:
    start: Mapping[str, Any]
    pieces: list[str] = field(default_factory=list)
    signature: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Reading:
    """One answer, as far as it has come."""

    def __init__(self, access: Access, digest: str) -> None:
        self._access = access
        self._digest = digest
        self._blocks: dict[int, _Block] = {}
        self._usage: dict[str, int] = {}
        self._model = access.model
        self._reason = ""
        self._read = 0
        self._stopped = False

    def take(self, event: Any) -> str:
        """The text that an event speaks; kinds of events that we do not know say nothing."""
        match event.type:
            case "message_start":
                self._model = str(event.message.model or self._model)
                self._count(event.message.usage)
            case "content_block_start":
                return self._start(event.index, event.content_block)
            case "content_block_delta":
                return self._grow(self._blocks[event.index], event.delta)
            case "message_delta":
                self._reason = event.delta.stop_reason or self._reason
                self._count(event.usage)
            case "message_stop":
                self._stopped = True
        return ""

    def _count(self, usage: Any) -> None:
        """Counts are totals so far; one that is not told stays as it was."""
        for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            if (count := getattr(usage, name, None)) is not None:
                self._usage[name] = int(count)

    def _start(self, index: int, start: Any) -> str:
        block = self._blocks[index] = _Block(start.to_dict())
        first = {"text": "text", "thinking": "thinking"}.get(start.type, "")
        if first and (text := block.start.get(first)):
            block.pieces.append(text)
            return text if start.type == "text" else ""
        return ""

    def _grow(self, block: _Block, delta: Any) -> str:
        text = {"text_delta": "text", "input_json_delta": "partial_json", "thinking_delta": "thinking"}.get(delta.type)
        if text:
            piece = str(getattr(delta, text))
            block.pieces.append(piece)
            self._read += len(piece)
            if self._read > MOST_CHARACTERS:
                raise Unavailable(
                    f"{self._access.who} went on for more than {MOST_CHARACTERS:,} characters and was stopped.",
                    mend="Check what stands at that address.",
                )
            return piece if delta.type == "text_delta" else ""
        if delta.type == "signature_delta":
            block.signature = delta.signature
        return ""

    def finished(self) -> Finished:
        if not self._stopped or not self._reason:
            raise Unavailable(
                f"{self._access.who}: the stream was cut after {self._read:,} characters.",
                mend="Try again; if it happens often, check what stands between the bot and it.",
            )
        parts = [part for _, block in sorted(self._blocks.items()) if (part := self._part(block))]
        ending = ENDINGS.get(self._reason, Ending.END)
        if ending is Ending.TOOLS and not any(isinstance(part, ToolCall) for part in parts):
            ending = Ending.END
        if ending is not Ending.TOOLS:
            parts = [part for part in parts if not isinstance(part, ToolCall)]
        return Finished(Message("assistant", tuple(parts)), ending, self._spent(), self._model)

    def _spent(self) -> Usage:
        count = self._usage.get
        return self._access.price.of(
            Usage(
                input=count("input_tokens", 0),
                output=count("output_tokens", 0),
                cache_read=count("cache_read_input_tokens", 0),
                cache_write=count("cache_creation_input_tokens", 0),
            )
        )

    def _part(self, block: _Block) -> Part | None:
        match block.start["type"]:
            case "text":
                return Words(block.text) if block.text else None
            case "tool_use":
                text = block.text or json.dumps(block.start.get("input") or {})
                return call(str(block.start["id"]), str(block.start["name"]), text)
            case "thinking":
                return self._opaque({"type": "thinking", "thinking": block.text, "signature": block.signature})
        return self._opaque(dict(block.start))

    def _opaque(self, block: dict[str, Json]) -> Opaque:
        return Opaque(self._access.model, {"after": self._digest, "block": block})
