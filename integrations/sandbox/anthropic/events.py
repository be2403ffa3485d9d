"""A reply as the Messages API gives it: whole, or as the events of a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from integrations.sandbox.anthropic.caching import Read
from integrations.sandbox.anthropic.playing import Reply

Event = dict[str, Any]
PIECE: Final = re.compile(r"\s*\S{1,12}|\s+")
"""What comes in one event: a word, or a part of a long one."""
JSON_PIECE: Final = 24
MOST_PIECES: Final = 400


def usage(read: Read, output: int) -> Event:
    return {
        "input_tokens": read.fresh,
        "cache_creation_input_tokens": read.written,
        "cache_read_input_tokens": read.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": read.written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "global",
    }


def blocks(reply: Reply, number: int, signature: str) -> Iterator[Event]:
    """The content; the input of a call is its text, which need not be JSON."""
    if reply.think:
        yield {"type": "thinking", "thinking": reply.think, "signature": signature}
    if reply.say:
        yield {"type": "text", "text": reply.say}
    for at, call in enumerate(reply.calls, start=1):
        yield {"type": "tool_use", "id": f"toolu_{number:018d}{at:06d}", "name": call.name, "input": call.arguments}


def message(reply: Reply, number: int, model: str, read: Read, signature: str) -> Event:
    content = [*blocks(reply, number, signature)]
    for block in content:
        if block["type"] == "tool_use":
            block["input"] = _object(block["input"])
    return _head(number, model) | {
        "content": content,
        "stop_reason": reply.stop_reason,
        "usage": usage(read, reply.tokens),
    }


def _object(text: str) -> Any:
    """A whole message holds an object, whatever a script has for arguments."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _head(number: int, model: str) -> Event:
    return {
        "id": f"msg_{number:024d}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def events(reply: Reply, number: int, model: str, read: Read, signature: str) -> Iterator[Event]:
    """All of a stream that goes well."""
    yield {"type": "message_start", "message": _head(number, model) | {"usage": usage(read, 1)}}
    yield {"type": "ping"}
    for index, block in enumerate(blocks(reply, number, signature)):
        start, deltas = _streamed(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stopped = {"stop_reason": reply.stop_reason, "stop_sequence": None, "stop_details": None}
    yield {"type": "message_delta", "delta": stopped, "usage": usage(read, reply.tokens)}
    yield {"type": "message_stop"}


def _streamed(block: Event) -> tuple[Event, list[Event]]:
    match block["type"]:
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
        case "text":
            return {"type": "text", "text": ""}, [
                {"type": "text_delta", "text": piece} for piece in pieces(block["text"])
            ]
    parts = ["", *json_pieces(block["input"])]
    return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]


def pieces(text: str) -> list[str]:
    return PIECE.findall(text)


def json_pieces(text: str) -> list[str]:
    size = max(JSON_PIECE, -(-len(text) // MOST_PIECES))
    return [text[at : at + size] for at in range(0, len(text), size)]


def spoken(event: Event) -> int:
    """Characters of text that an event speaks, of either protocol."""
    choices = event.get("choices")
    if choices:
        return len(choices[0]["delta"].get("content") or "")
    return len(event.get("delta", {}).get("text", ""))
