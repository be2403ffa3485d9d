"""A prompt as the Messages API takes it: cached as far as it goes, and with no thought that would be refused.

A thinking block is bound to all that stood before it. Where that has changed since, newer models refuse the request;
so each block keeps a digest of what it was thought after, and is left out when that is no longer so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.agent.model import Message, Opaque, Prompt, Tool, ToolCall, ToolResult, Words
from integrations.models.names import wire_name

Block = dict[str, Any]
CACHED: Final = {"type": "ephemeral"}
UNCACHED: Final = frozenset({"thinking", "redacted_thinking"})
BREAKPOINTS: Final = 2
"""In the conversation: where this request ends and where the last one did. The cache looks back only 20 blocks."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request that come from a prompt, and the digest that its thoughts will be bound to."""

    fields: Mapping[str, Any]
    digest: str


def asked(prompt: Prompt, model: str) -> Asked:
    """`fields` are those that count_tokens takes too."""
    fields: dict[str, Any] = {}
    if prompt.system.strip():
        fields["system"] = [{"type": "text", "text": prompt.system}]
    if prompt.tools:
        fields["tools"] = [_tool(tool) for tool in prompt.tools]
    messages, digest = _conversation(prompt.messages, model, _digest("", fields))
    for part in (fields.get("system"), fields.get("tools")):
        if part:
            part[-1]["cache_control"] = CACHED
    _cache(messages)
    return Asked(fields | {"messages": messages}, digest)


def _tool(tool: Tool) -> Block:
    return {"name": wire_name(tool.name), "description": tool.description, "input_schema": dict(tool.schema)}


def _digest(before: str, said: object) -> str:
    return hashlib.sha256((before + json.dumps(said, sort_keys=True)).encode()).hexdigest()[:32]


def _conversation(messages: Sequence[Message], model: str, digest: str) -> tuple[list[Block], str]:
    """Alternating, with nothing empty in it: the API refuses both."""
    found: list[Block] = []
    for role, said in _merged(messages):
        blocks = [block for part in said if (block := _block(part, model, digest))]
        blocks.sort(key=lambda block: block["type"] != "tool_result")  # results stand before words
        if not blocks:
            continue
        if found and found[-1]["role"] == role:  # what stood between held nothing
            found[-1]["content"] += blocks
        else:
            found.append({"role": role, "content": blocks})
        digest = _digest(digest, blocks)
    return found, digest


def _merged(messages: Sequence[Message]) -> list[tuple[str, list[object]]]:
    merged: list[tuple[str, list[object]]] = []
    for message in messages:
        if merged and merged[-1][0] == message.role:
            merged[-1][1].extend(message.parts)
        else:
            merged.append((message.role, list(message.parts)))
    return merged


def _block(part: object, model: str, digest: str) -> Block | None:
    match part:
        case Words(text):
            return {"type": "text", "text": text} if text.strip() else None
        case ToolCall(id_, name, arguments):
            return {"type": "tool_use", "id": id_, "name": wire_name(name), "input": dict(arguments)}
        case ToolResult(id_, content, failed):
            result: Block = {"type": "tool_result", "tool_use_id": id_, "content": content}
            return result | {"is_error": True} if failed else result
        case Opaque(provider, data) if provider == model and data.get("after") == digest:
            return dict(data["block"]) if isinstance(data["block"], Mapping) else None
    return None


def _cache(messages: Sequence[Block]) -> None:
    """On the last block of the last two messages of the user: the growing conversation is read from the cache."""
    users = [message for message in messages if message["role"] == "user"]
    for message in users[-BREAKPOINTS:]:
        if message["content"][-1]["type"] not in UNCACHED:
            message["content"][-1] = message["content"][-1] | {"cache_control": CACHED}
