"""The same script behind Chat Completions: requests checked and read, replies as chunks or whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from integrations.sandbox.anthropic.checking import Refused, Wire
from integrations.sandbox.anthropic.events import Event, json_pieces, pieces
from integrations.sandbox.anthropic.heard import Heard, heard
from integrations.sandbox.anthropic.playing import Reply, tokens


class Function(Wire):
    """What is called, and with what."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    arguments: str


class CallMade(Wire):
    """A call in an earlier answer."""

    id: str
    type: Literal["function"]
    function: Function


class Said(Wire):
    """A message of whatever role."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | None = None
    tool_calls: list[CallMade] = Field(default_factory=list)
    tool_call_id: str | None = None


class Offered(Wire):
    """A function that may be called."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    strict: bool | None = None


class Tool(Wire):
    """The only kind of tool there is."""

    type: Literal["function"]
    function: Offered


class StreamOptions(Wire):
    """What else a stream tells."""

    include_usage: bool = False


class Asked(Wire):
    """The request; a reasoning model knows no temperature but its own."""

    model: str
    messages: list[Said] = Field(min_length=1)
    tools: list[Tool] = Field(default_factory=list)
    max_completion_tokens: int | None = Field(None, ge=1)
    response_format: dict[str, Any] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None


def checked(body: Any) -> Asked:
    try:
        asked = Asked.model_validate(body)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise Refused(f"Invalid value at '{'.'.join(map(str, detail['loc']))}': {detail['msg']}.") from error
    waiting: list[str] = []
    for at, message in enumerate(asked.messages):
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise Refused(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'."
                )
            waiting.remove(message.tool_call_id)
            continue
        if waiting:
            raise Refused(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}"
            )
        if message.content is None and not message.tool_calls:
            raise Refused(f"Invalid value for 'content' of messages[{at}]: expected a string, got null.")
        waiting = [call.id for call in message.tool_calls]
    if waiting:
        raise Refused(f"The following tool_call_ids did not have response messages: {', '.join(waiting)}")
    return asked


def understood(asked: Asked) -> Heard:
    """As a script sees it."""
    system = "\n".join(said.content or "" for said in asked.messages if said.role in {"system", "developer"})
    turns: list[tuple[str, list[dict[str, Any]]]] = []
    for said in asked.messages:
        if said.role == "tool":
            content = said.content or ""
            block: dict[str, Any] = {"type": "tool_result", "tool_use_id": said.tool_call_id, "content": content}
            block["is_error"] = content.startswith("This failed")
            if turns[-1][0] != "user":
                turns.append(("user", []))
            turns[-1][1].append(block)
        elif said.role in {"user", "assistant"}:
            text = [{"type": "text", "text": said.content}] if said.content else []
            calls = [
                {"type": "tool_use", "id": call.id, "name": call.function.name, "input": {}} for call in said.tool_calls
            ]
            turns.append((said.role, [*text, *calls]))
    return heard(system, turns or [("user", [])], [tool.function.name for tool in asked.tools])


def finish_reason(reply: Reply) -> str:
    reasons = {"tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}
    return reasons.get(reply.stop_reason, "stop")


def _calls(reply: Reply, number: int) -> list[Event]:
    return [
        {
            "index": at,
            "id": f"call_{number:012d}{at:04d}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for at, call in enumerate(reply.calls)
    ]


def _usage(asked: Asked, reply: Reply) -> Event:
    read = tokens(json.dumps(asked.model_dump(mode="json")))
    return {"prompt_tokens": read, "completion_tokens": reply.tokens, "total_tokens": read + reply.tokens}


def completion(asked: Asked, reply: Reply, number: int, created: int) -> Event:
    calls = [{key: value for key, value in call.items() if key != "index"} for call in _calls(reply, number)]
    said: Event = {"role": "assistant", "content": reply.say or None} | ({"tool_calls": calls} if calls else {})
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish_reason(reply)}
    head = _head(asked, number, created) | {"object": "chat.completion"}
    return head | {"choices": [choice], "usage": _usage(asked, reply)}


def _head(asked: Asked, number: int, created: int) -> Event:
    return {
        "id": f"chatcmpl-{number:024d}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": asked.model,
        "service_tier": "default",
    }


def chunks(asked: Asked, reply: Reply, number: int, created: int) -> Iterator[Event]:
    """All of a stream that goes well, but for its `[DONE]`."""
    head = _head(asked, number, created)
    counted = asked.stream_options is not None and asked.stream_options.include_usage

    def chunk(delta: Event, reason: str | None = None) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return head | {"choices": [choice]} | ({"usage": None} if counted else {})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(reply.say):
        yield chunk({"content": piece})
    for call in _calls(reply, number):
        text = call["function"]["arguments"]
        yield chunk({"tool_calls": [call | {"function": call["function"] | {"arguments": ""}}]})
        for piece in json_pieces(text):
            part = {"index": call["index"], "function": {"arguments": piece}}
            yield chunk({"tool_calls": [part]})
    yield chunk({}, finish_reason(reply))
    if counted:
        yield head | {"choices": [], "usage": _usage(asked, reply)}
