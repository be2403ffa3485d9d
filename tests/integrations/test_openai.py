"""What speaks like OpenAI: its messages, its usage, and servers that do it their own way."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.agent.model import Ending, Message, Prompt, ToolCall, ToolResult, Words
from bot.errors import RateLimited, Terminal
from integrations.models.access import Access
from integrations.openai.adapter import OpenAI
from integrations.openai.asking import asked
from integrations.sandbox.anthropic.server import ScriptedModel
from tests.sandbox.anthropic.stage import Waits, access_to, calls, heard, prompt, shield, text_of


def test_results_become_messages_of_their_own_before_words() -> None:
    call = ToolCall("c1", "logs.search", {"contains": "x"})
    said = [
        Message("user", (Words("a"), Words("b"))),
        Message("assistant", (call,)),
        Message("user", (Words("go on"), ToolResult("c1", "gone", failed=True))),
    ]
    messages = asked(Prompt("Be brief.", said))["messages"]
    function = {"name": "logs__search", "arguments": '{"contains": "x"}'}
    assert messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a\n\nb"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "This failed: gone"},
        {"role": "user", "content": "go on"},
    ]


async def test_usage_comes_at_the_end_of_the_stream() -> None:
    async with ScriptedModel("otherwise: {say: twelve letters}") as server:
        model = OpenAI(access_to(server, "openai"), shield(Waits()))
        _, finished = await heard(model, prompt("x"))
        await model.close()
    assert server.bodies[0]["stream_options"] == {"include_usage": True}
    assert finished.usage.output == 4
    assert finished.usage.usd == pytest.approx((finished.usage.input * 1 + finished.usage.output * 5) / 1e6)


async def streamed(chunks: list[str] | int, body: Any = None) -> tuple[str, Any]:
    """What the adapter makes of a server that says `chunks`, or answers with a status."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if isinstance(chunks, int):
            return web.json_response(body, status=chunks)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(f"data: {chunk}\n\n".encode())
        return response

    application = web.Application()
    application.router.add_post("/v1/chat/completions", answer)
    async with TestServer(application) as server:
        at = Access("vLLM", "openai", str(server.make_url("/v1")), *_rest())
        model = OpenAI(at, shield(Waits()))
        try:
            return await heard(model, prompt("x"))
        finally:
            await model.close()


def _rest() -> tuple[Any, ...]:
    access = access_to(ScriptedModel(), "openai")
    return access.key, "qwen", access.price


def chunk(delta: str, reason: str = "null", more: str = "") -> str:
    choice = f'{{"index": 0, "delta": {delta}, "finish_reason": {reason}}}'
    return (
        f'{{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "qwen", "choices": [{choice}]{more}}}'
    )


async def test_a_server_that_says_stop_after_calls_and_gives_no_ids_has_called() -> None:
    call = '{"tool_calls": [{"index": 0, "function": {"name": "logs__search", "arguments": "{}"}}]}'
    _, finished = await streamed([chunk(call), chunk("{}", '"stop"')])
    assert (finished.ending, calls(finished)) == (Ending.TOOLS, [ToolCall("call_0", "logs.search", {})])


async def test_a_refusal_is_spoken_and_called_that() -> None:
    spoken, finished = await streamed([chunk('{"refusal": "I will not."}'), chunk("{}", '"stop"'), "[DONE]"])
    assert (spoken, text_of(finished), finished.ending) == ("I will not.", "I will not.", Ending.REFUSED)


async def test_what_was_cached_is_not_counted_twice() -> None:
    usage = '"usage": {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105, '
    usage += '"prompt_tokens_details": {"cached_tokens": 80}}'
    last = f'{{"id": "1", "object": "x", "created": 1, "model": "qwen", "choices": [], {usage}}}'
    _, finished = await streamed([chunk('{"content": "x"}'), chunk("{}", '"stop"'), last, "[DONE]"])
    assert (finished.usage.input, finished.usage.cache_read, finished.usage.output) == (20, 80, 5)


@pytest.mark.parametrize(
    ("body", "error", "match"),
    [
        ({"error": {"message": "no credit", "type": "x", "code": "insufficient_quota"}}, Terminal, "no credit"),
        ({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}, RateLimited, "slow"),
    ],
)
async def test_an_empty_purse_is_not_a_full_road(body: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        await streamed(429, body)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "too much", "type": "invalid_request_error", "code": "context_length_exceeded"}},
        {"object": "error", "message": "This model's maximum context length is 4096 tokens", "code": 400},
    ],
)
async def test_too_long_is_known_in_whatever_words(body: object) -> None:
    with pytest.raises(Terminal, match="too long for qwen"):
        await streamed(400, body)


async def test_redirects_are_not_followed() -> None:
    with pytest.raises(Terminal, match="redirects to"):
        await streamed(307, {})
