"""A prompt as Chat Completions take it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bot.agent.model import Message, Prompt, ToolCall, ToolResult, Words
from integrations.models.names import wire_name

Said = dict[str, Any]


def asked(prompt: Prompt) -> Said:
    """The fields of a request that come from a prompt."""
    system = [{"role": "system", "content": prompt.system}] if prompt.system.strip() else []
    fields: Said = {"messages": [*system, *_conversation(prompt.messages)]}
    if prompt.tools:
        fields["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": wire_name(tool.name),
                    "description": tool.description,
                    "parameters": dict(tool.schema),
                },
            }
            for tool in prompt.tools
        ]
    if prompt.schema is not None:
        shape = {"name": "answer", "schema": dict(prompt.schema)}
        fields["response_format"] = {"type": "json_schema", "json_schema": shape}
    return fields


def _conversation(messages: Sequence[Message]) -> Iterator[Said]:
    for message in messages:
        text = "\n\n".join(part.text for part in message.parts if isinstance(part, Words) and part.text.strip())
        calls = [_call(part) for part in message.parts if isinstance(part, ToolCall)]
        for part in message.parts:
            if isinstance(part, ToolResult):
                content = f"This failed: {part.content}" if part.failed else part.content
                yield {"role": "tool", "tool_call_id": part.id, "content": content}
        if calls:
            yield {"role": message.role, "content": text or None, "tool_calls": calls}
        elif text:
            yield {"role": message.role, "content": text}


def _call(call: ToolCall) -> Said:
    function = {"name": wire_name(call.name), "arguments": json.dumps(dict(call.arguments))}
    return {"id": call.id, "type": "function", "function": function}
