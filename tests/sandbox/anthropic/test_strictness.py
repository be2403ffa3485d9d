"""The stand-in refuses what the real APIs refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.errors import ConfigurationError
from integrations.sandbox.anthropic.server import ScriptedModel

MODEL = "claude-sonnet-5-5"
HEADERS = {"x-api-key": "key", "anthropic-version": "2026-10-21"}
TOOL = {"name": "logs__search", "input_schema": {"type": "object"}}
USE = {"type": "tool_use", "id": "t1", "name": "logs__search", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
CACHED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}


def said(role: str, *blocks: dict[str, Any] | str) -> dict[str, Any]:
    content = blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else list(blocks)
    return {"role": role, "content": content}


ASKED: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": [said("user", "hello")]}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel("otherwise: {say: Hello yourself.}", key="key", window=50_000) as found:
        yield found


@pytest.fixture
async def wire(server: ScriptedModel) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, headers=HEADERS) as found:
        yield found


WRONG = [
    ({"temperature": 0.2}, "temperature: Extra inputs are not permitted"),
    ({"top_p": 1}, "top_p: Extra inputs are not permitted"),
    ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
    ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    ({"messages": []}, "messages: List should have at least 1 item"),
    ({"messages": [said("system", "x")]}, "messages.0.role: Input should be 'user' or 'assistant'"),
    ({"messages": [said("assistant", "x"), said("user", "x")]}, 'first message must use the "user" role'),
    ({"messages": [said("user", "x"), said("user", "y")]}, "roles must alternate"),
    ({"messages": [said("user", "x"), said("assistant", "y")]}, "does not support assistant message prefill"),
    ({"messages": [said("user", "")]}, "text content blocks must be non-empty"),
    ({"messages": [said("user", " \n")]}, "must contain non-whitespace text"),
    ({"messages": [{"role": "user", "content": []}]}, "messages.0: all messages must have non-empty content"),
    ({"system": [{"type": "text", "text": ""}]}, "text content blocks must be non-empty"),
    ({"messages": [said("user", {"type": "text", "text": "x", "size": 1})]}, "messages.0.content.0.text.size: Extra"),
    ({"messages": [said("user", {"type": "song"})]}, "messages.0.content.0: Input tag 'song'"),
    ({"messages": [said("user", USE)]}, "`tool_use` blocks can not be in `user` messages"),
    (
        {"messages": [said("user", "x"), said("assistant", RESULT), said("user", "y")]},
        "`tool_result` blocks can not be in `assistant` messages",
    ),
    (
        {"messages": [said("user", "x"), said("assistant", USE), said("user", "y")]},
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1.",
    ),
    (
        {"messages": [said("user", "x"), said("assistant", USE, USE | {"id": "t2"}), said("user", RESULT)]},
        "immediately after: t2.",
    ),
    ({"messages": [said("user", RESULT)]}, "unexpected `tool_use_id` found in `tool_result` blocks: t1."),
    (
        {"messages": [said("user", "x"), said("assistant", USE), said("user", RESULT, RESULT)]},
        "each tool_use must have a single result",
    ),
    (
        {
            "messages": [
                said("user", "x"),
                said("assistant", USE),
                said("user", {"type": "text", "text": "y"}, RESULT),
            ]
        },
        "`tool_result` blocks must come before other content",
    ),
    (
        {"messages": [said("user", "x"), said("assistant", USE, USE), said("user", RESULT)]},
        "`tool_use` ids must be unique",
    ),
    ({"tools": [TOOL | {"name": "logs.search"}]}, "tools.0.custom.name: String should match pattern"),
    ({"tools": [TOOL | {"name": "x" * 129}]}, "tools.0.custom.name: String should match pattern"),
    ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
    ({"tools": [{"name": "x", "input_schema": {}}]}, "tools.0.custom.input_schema.type: Field required"),
    ({"tools": [TOOL, TOOL]}, "tools: Tool names must be unique."),
    ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "forced tool use is not supported"),
    ({"system": [CACHED] * 5}, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
    ({"system": "x" * 210_000}, "prompt is too long: 52510 tokens > 50000 maximum"),
    (
        {
            "messages": [
                said("user", "x"),
                said("assistant", {"type": "thinking", "thinking": "", "signature": "forged"}),
                said("user", "y"),
            ]
        },
        "messages.1: Invalid `signature` in `thinking` block",
    ),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[words[:60] for _, words in WRONG])
async def test_a_wrong_request_is_refused_in_the_words_of_the_real_one(
    change: dict[str, Any], words: str, wire: httpx.AsyncClient
) -> None:
    answer = await wire.post("/v1/messages", json=ASKED | change)
    error = answer.json()
    assert words in error["error"]["message"]
    assert (answer.status_code, error["type"], error["error"]["type"]) == (400, "error", "invalid_request_error")
    assert error["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"x-api-key": ""}, 401, "authentication_error"),
        ({"x-api-key": "other"}, 401, "authentication_error"),
        ({"anthropic-version": ""}, 400, "invalid_request_error"),
        ({"anthropic-version": "1999-01-01"}, 400, "invalid_request_error"),
        ({"x-api-key": "", "Authorization": "Bearer key"}, 200, None),
        ({"anthropic-version": "2023-06-01"}, 200, None),
        ({"Origin": "https://example.com"}, 403, None),
        ({"Host": "example.com"}, 403, None),
    ],
)
async def test_who_asks_and_in_what_version(
    headers: dict[str, str], status: int, kind: str | None, wire: httpx.AsyncClient
) -> None:
    answer = await wire.post("/v1/messages", json=ASKED, headers=headers)
    assert answer.status_code == status
    if kind:
        assert answer.json()["error"]["type"] == kind


async def test_a_body_that_is_no_json_is_refused(wire: httpx.AsyncClient) -> None:
    assert (await wire.post("/v1/messages", content=b"{")).status_code == 400


async def test_an_unknown_model_and_an_unknown_path_are_not_found(wire: httpx.AsyncClient) -> None:
    answers = [await wire.post("/v1/messages", json=ASKED | {"model": "gpt-4"}), await wire.get("/v1/nothing")]
    assert [(answer.status_code, answer.json()["error"]["type"]) for answer in answers] == [
        (404, "not_found_error")
    ] * 2


async def test_more_than_32_mb_are_too_large(wire: httpx.AsyncClient) -> None:
    answer = await wire.post("/v1/messages", content=b" " * (32 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "request_too_large")


async def test_a_message_may_come_whole(wire: httpx.AsyncClient) -> None:
    message = (await wire.post("/v1/messages", json=ASKED)).json()
    assert message["content"] == [{"type": "text", "text": "Hello yourself."}]
    assert (message["role"], message["stop_reason"], message["model"]) == ("assistant", "end_turn", MODEL)
    assert message["usage"]["output_tokens"] == 4


async def test_a_stream_has_the_events_of_the_real_one_in_their_order(wire: httpx.AsyncClient) -> None:
    answer = await wire.post("/v1/messages", json=ASKED | {"stream": True})
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert [name for name in names if name != "content_block_delta"] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_models_are_listed_and_tokens_counted(wire: httpx.AsyncClient) -> None:
    listed = (await wire.get("/v1/models")).json()
    assert MODEL in [model["id"] for model in listed["data"]]
    counted = await wire.post("/v1/messages/count_tokens", json={key: ASKED[key] for key in ("model", "messages")})
    assert counted.json()["input_tokens"] > 5
    assert (await wire.post("/v1/messages/count_tokens", json=ASKED)).status_code == 400


FUNCTION = {"name": "logs__search", "arguments": "{}"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": FUNCTION}]}
COMPLETION: dict[str, Any] = {"model": "any", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": 0.2}, "'temperature': Extra inputs are not permitted."),
        ({"messages": [CALL]}, "did not have response messages: c1"),
        ({"messages": [CALL, {"role": "user", "content": "x"}]}, "did not have response messages: c1"),
        ({"messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}, "must be a response to"),
        ({"messages": [{"role": "user"}]}, "expected a string, got null"),
        ({"tools": [{"type": "function", "function": {"name": "logs.search"}}]}, "String should match pattern"),
        ({"messages": [{"role": "user", "content": "x" * 210_000}]}, "prompt is too long"),
    ],
)
async def test_wrong_completions_are_refused(change: dict[str, Any], words: str, wire: httpx.AsyncClient) -> None:
    answer = await wire.post("/v1/chat/completions", json=COMPLETION | change)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


async def test_a_completion_may_come_whole(wire: httpx.AsyncClient) -> None:
    answer = (await wire.post("/v1/chat/completions", json=COMPLETION)).json()
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Hello yourself."}
    assert answer["usage"]["completion_tokens"] == 4


def test_it_listens_to_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match=r"'0\.0\.0\.0'"):
        ScriptedModel(host="0.0.0.0")
