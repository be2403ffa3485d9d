"""Refuses what the Messages API refuses, in its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from integrations.sandbox.anthropic.binding import unbound
from integrations.sandbox.anthropic.playing import tokens

MOST_BREAKPOINTS: Final = 4
MODELS: Final = (
    "claude-fable-5-2",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-opus-5",
    "claude-sonnet-5",
)
VERSIONS: Final = frozenset({"2023-06-01", "2026-10-21"})


class Refused(Exception):
    """An answer with a status of 4xx."""

    def __init__(self, message: str, kind: str = "invalid_request_error", status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.message, self.kind, self.status = message, kind, int(status)


class Wire(BaseModel):
    """Takes no field that it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CacheControl(Wire):
    """For five minutes, or an hour."""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class Cached(Wire):
    """May end a prefix that is cached."""

    cache_control: CacheControl | None = None


class Text(Cached):
    """Words."""

    type: Literal["text"]
    text: str


Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")]
Id = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]


class ToolUse(Cached):
    """A call."""

    type: Literal["tool_use"]
    id: Id
    name: Name
    input: dict[str, Any]


def _blocks(value: Any) -> Any:
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


class ToolResult(Cached):
    """What came of it."""

    type: Literal["tool_result"]
    tool_use_id: Id
    content: Annotated[list[Text], BeforeValidator(lambda value: _blocks(value) if value else [])] = Field(
        default_factory=list
    )
    is_error: bool = False


class Thinking(Wire):
    """A thought, signed."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinking(Wire):
    """A thought that nobody may read."""

    type: Literal["redacted_thinking"]
    data: str


Block = Annotated[Text | ToolUse | ToolResult | Thinking | RedactedThinking, Field(discriminator="type")]


class Turn(Wire):
    """A message."""

    role: Literal["user", "assistant"]
    content: Annotated[list[Block], BeforeValidator(_blocks)]


class InputSchema(BaseModel):
    """Any JSON schema of an object."""

    model_config = ConfigDict(extra="allow")

    type: Literal["object"]


class Tool(Cached):
    """A tool of ours."""

    name: Name
    description: str = ""
    input_schema: InputSchema
    strict: bool = False
    type: Literal["custom"] | None = None


class Format(Wire):
    """The shape of the whole answer."""

    type: Literal["json_schema"]
    shape: dict[str, Any] = Field(alias="schema")


class OutputConfig(Wire):
    """How the answer is given."""

    format: Format | None = None
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


class ToolChoice(Wire):
    """Whether tools may be called."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Counted(Wire):
    """The request of count_tokens."""

    model: str
    messages: list[Turn] = Field(min_length=1)
    system: Annotated[list[Text], BeforeValidator(_blocks)] = Field(default_factory=list)
    tools: list[Tool] = Field(default_factory=list)
    tool_choice: ToolChoice | None = None
    output_config: OutputConfig | None = None
    thinking: dict[str, Any] | None = None


class Asked(Counted):
    """The request for a message; it knows no temperature, top_p or top_k any more."""

    max_tokens: int = Field(ge=1, le=128_000)
    stream: bool = False
    stop_sequences: list[str] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)


def checked(body: Any, *, count: bool = False) -> Counted:
    """The request; Refused with the first thing that is wrong."""
    if not isinstance(body, Mapping):
        raise Refused("The request body is not valid JSON: expected an object")
    try:
        asked = (Counted if count else Asked).model_validate(body)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = [str(part) for part in detail["loc"]]
        if where[:1] == ["tools"] and len(where) > 2:  # noqa: PLR2004  the real one names the kind of tool there
            where.insert(2, "custom")
        raise Refused(f"{'.'.join(where)}: {detail['msg']}") from error
    if asked.model not in MODELS:
        raise Refused(f"model: {asked.model}", "not_found_error", HTTPStatus.NOT_FOUND)
    for wrong in _wrongs(asked):
        raise Refused(wrong)
    if (at := unbound(body)) is not None:
        raise Refused(f"messages.{at}: Invalid `signature` in `thinking` block: what stands before it has changed")
    return asked


def _wrongs(asked: Counted) -> Iterator[str]:
    names = Counter(tool.name for tool in asked.tools)
    if any(count > 1 for count in names.values()):
        yield "tools: Tool names must be unique."
    if asked.tool_choice and asked.tool_choice.type in {"any", "tool"}:
        yield "tool_choice: forced tool use is not supported for this model."
    blocks = [*asked.tools, *asked.system, *(block for turn in asked.messages for block in turn.content)]
    marked = sum(getattr(block, "cache_control", None) is not None for block in blocks)
    if marked > MOST_BREAKPOINTS:
        yield f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. Found {marked}."
    texts = [block.text for block in blocks if isinstance(block, Text)]
    if "" in texts:
        yield "messages: text content blocks must be non-empty"
    if any(not text.strip() for text in texts):
        yield "messages: text content blocks must contain non-whitespace text"
    yield from _wrong_turns(asked.messages)


def _wrong_turns(turns: list[Turn]) -> Iterator[str]:
    if turns[0].role != "user":
        yield 'messages: first message must use the "user" role'
    if turns[-1].role != "user":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."
    for at, turn in enumerate(turns):
        if at and turn.role == turns[at - 1].role:
            role = turn.role
            yield f'messages: roles must alternate between "user" and "assistant", but found multiple "{role}" roles'
        if not turn.content:
            yield f"messages.{at}: all messages must have non-empty content"
        for block in turn.content:
            if (turn.role == "user") != isinstance(block, ToolResult) and not isinstance(block, Text):
                yield f"messages.{at}: `{block.type}` blocks can not be in `{turn.role}` messages"
        yield from _wrong_calls(at, turn, turns[at - 1] if at else None)


def _wrong_calls(at: int, turn: Turn, before: Turn | None) -> Iterator[str]:
    calls = [block.id for block in turn.content if isinstance(block, ToolUse)]
    waiting = [block.id for block in before.content if isinstance(block, ToolUse)] if before else []
    results = [block.tool_use_id for block in turn.content if isinstance(block, ToolResult)]
    if missing := [id_ for id_ in waiting if id_ not in results]:
        yield (
            f"messages.{at - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
            "next message."
        )
    if stray := [id_ for id_ in results if id_ not in waiting]:
        yield (
            f"messages.{at}.content: unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(stray)}. "
            "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
        )
    if len({*results}) < len(results):
        yield f"messages.{at}: each tool_use must have a single result"
    if any(isinstance(block, ToolResult) for block in turn.content[len(results) :]):
        yield f"messages.{at}: `tool_result` blocks must come before other content"
    if len({*calls}) < len(calls):
        yield f"messages.{at}: `tool_use` ids must be unique"


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Of all that the model reads."""
    return sum(tokens(str(body.get(part) or "")) for part in ("system", "tools", "messages"))
