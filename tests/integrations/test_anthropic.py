"""Claude: caching, thoughts, stop reasons and errors of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from bot.agent.model import Ending, Finished, Message, Opaque, Prompt, ToolCall, ToolResult, Usage, Words
from bot.errors import Terminal
from integrations.anthropic.adapter import Claude
from integrations.anthropic.asking import asked as as_asked
from integrations.models.failing import asked_to_wait
from integrations.sandbox.anthropic.checking import checked
from integrations.sandbox.anthropic.server import ScriptedModel
from tests.sandbox.anthropic.stage import LONG, TOOLS, Waits, access_to, answered, heard, prompt, shield

LOOK_TWICE = """
    rules:
      - {when: {said: 'slow'}, do: {think: First the numbers., call: [{tool: metrics.query}]}}
      - {when: {turn: 2}, do: {think: Now the logs., call: [{tool: logs.search}]}}
    otherwise: {say: It is the database.}
"""
MODEL = "claude-sonnet-5-5"

Play = Callable[..., Awaitable[tuple[ScriptedModel, Claude]]]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    async with AsyncExitStack() as stack:

        async def make(script: str, clock: Any = None, **changes: Any) -> tuple[ScriptedModel, Claude]:
            server = await stack.enter_async_context(ScriptedModel(script, **({"clock": clock} if clock else {})))
            claude = Claude(access_to(server, **changes), shield(Waits()))
            stack.push_async_callback(claude.close)
            return server, claude

        yield make


async def investigated(claude: Claude) -> tuple[Prompt, list[Finished]]:
    """A conversation of three calls."""
    conversation, found = prompt("why slow?"), []
    for result in ("412 ms", "timeouts", ""):
        found.append((await heard(claude, conversation))[1])
        if result:
            conversation = answered(conversation, found[-1], result)
    return conversation, found


# ---------------------------------------------------------------- the cache


async def test_what_was_sent_before_is_read_from_the_cache(play: Play) -> None:
    _, claude = await play(LOOK_TWICE)
    _, found = await investigated(claude)
    usages = [finished.usage for finished in found]
    assert usages[0].cache_read == 0
    assert usages[0].cache_write > 2_000
    for before, after in pairwise(usages):
        assert after.cache_read == before.cache_read + before.cache_write
        assert 0 < after.cache_write < 200
    assert [usage.input for usage in usages] == [0, 0, 0]


async def test_the_cache_is_read_however_many_results_came_at_once(play: Play) -> None:
    _, claude = await play("otherwise: {say: x}")
    asked = prompt("many")
    _, first = await heard(claude, asked)
    made = tuple(ToolCall(f"c{at}", "logs.search", {}) for at in range(30))
    results = tuple(ToolResult(f"c{at}", "nothing") for at in range(30))
    grown = [*asked.messages, Message("assistant", made), Message("user", results)]
    _, second = await heard(claude, replace(asked, messages=grown))
    assert second.usage.cache_read == first.usage.cache_write


async def test_the_cache_forgets_after_five_minutes(play: Play) -> None:
    now = [0.0]
    _, claude = await play("otherwise: {say: x}", clock=lambda: now[0])
    reads = []
    for later in (0.0, 299.0, 598.0, 899.0):
        now[0] = later
        reads.append((await heard(claude, prompt("x")))[1].usage.cache_read > 0)
    assert reads == [False, True, True, False]


async def test_never_more_marks_than_the_api_takes(play: Play) -> None:
    server, claude = await play(LOOK_TWICE)
    await investigated(claude)
    marks = [str(body).count("'cache_control'") for body in server.bodies]
    assert marks == [3, 4, 4]


async def test_money_counts_what_was_cached_at_its_price(play: Play) -> None:
    _, claude = await play("otherwise: {say: x}")
    _, finished = await heard(claude, prompt("x"))
    written, read = finished.usage, (await heard(claude, prompt("x")))[1].usage
    assert written.usd == pytest.approx((written.cache_write * 2 * 1.25 + written.output * 10) / 1e6)
    assert read.usd == pytest.approx((read.cache_read * 2 * 0.05 + read.output * 10) / 1e6)


# ---------------------------------------------------------------- thoughts


async def test_thoughts_go_back_as_they_were(play: Play) -> None:
    server, claude = await play(LOOK_TWICE)
    await investigated(claude)
    kinds = [block["type"] for message in server.bodies[-1]["messages"] for block in message["content"]]
    assert kinds == ["text", "thinking", "tool_use", "tool_result", "thinking", "tool_use", "tool_result"]


@pytest.mark.parametrize(
    "change",
    [
        {"system": "Be brief."},
        {"tools": ()},
        {"tools": TOOLS[:1]},
    ],
    ids=["another system prompt", "no tools", "fewer tools"],
)
async def test_thoughts_stay_behind_where_what_stood_before_them_changed(change: dict[str, Any], play: Play) -> None:
    server, claude = await play(LOOK_TWICE)
    conversation, _ = await investigated(claude)
    await heard(claude, replace(conversation, **change))
    assert "thinking" not in str(server.bodies[-1])


async def test_thoughts_after_an_edited_message_stay_behind_and_earlier_ones_do_not(play: Play) -> None:
    server, claude = await play(LOOK_TWICE)
    conversation, _ = await investigated(claude)
    messages = [*conversation.messages]
    messages[2] = Message("user", (ToolResult(messages[2].parts[0].id, "shortened"),))  # type: ignore[union-attr]
    await heard(claude, replace(conversation, messages=messages))
    blocks = [block for message in server.bodies[-1]["messages"] for block in message["content"]]
    assert [block["thinking"] for block in blocks if "thinking" in block] == ["First the numbers."]


async def test_thoughts_of_another_model_stay_behind(play: Play) -> None:
    server, claude = await play("otherwise: {say: x}")
    thought = Opaque("claude-opus-5-5", {"after": "", "block": {"type": "thinking", "thinking": "", "signature": "s"}})
    await heard(
        claude,
        Prompt(
            "",
            [
                Message("user", (Words("x"),)),
                Message("assistant", (thought, Words("y"))),
                Message("user", (Words("z"),)),
            ],
        ),
    )
    assert "signature" not in str(server.bodies[-1])


async def test_a_thought_alone_speaks_nothing(play: Play) -> None:
    _, claude = await play("otherwise: {think: 'Hm, hm.'}")
    spoken, finished = await heard(claude, prompt("x"))
    assert spoken == ""
    assert [type(part) for part in finished.message.parts] == [Opaque]


# ---------------------------------------------------------------- the rest


@pytest.mark.parametrize("reason", ["pause_turn", "model_context_window_exceeded"])
async def test_half_an_answer_is_called_that(reason: str, play: Play) -> None:
    _, claude = await play(f"otherwise: {{say: So far, stop_reason: {reason}}}")
    assert (await heard(claude, prompt("x")))[1].ending is Ending.LENGTH


async def test_no_more_is_asked_for_than_the_settings_allow(play: Play) -> None:
    server, claude = await play("otherwise: {say: x}", max_tokens=500)
    for most in (4_000, 100):
        await heard(claude, replace(prompt("x"), max_tokens=most))
    assert [body["max_tokens"] for body in server.bodies] == [500, 100]


async def test_a_model_that_is_unknown_names_its_setting(play: Play) -> None:
    _, claude = await play("otherwise: {say: x}", model="claude-none")
    with pytest.raises(Terminal, match=r"anthropic_model \(claude-none\)"):
        await heard(claude, prompt("x"))


async def test_counting_does_not_speak(play: Play) -> None:
    server, claude = await play("otherwise: {say: x}")
    assert await claude.count(prompt("x")) > len(LONG) // 4
    assert [request.path for request in server.requests] == ["/v1/messages/count_tokens"]


def test_whatever_the_conversation_the_request_is_one_that_is_taken() -> None:
    call = ToolCall("c1", "logs.search", {"contains": "x"})
    said = [
        Message("user", (Words("a"),)),
        Message("user", (Words(""), Words("b"))),
        Message("assistant", (Words("  "), call)),
        Message("user", (Words("and also"), ToolResult("c1", "", failed=True))),
        Message("assistant", ()),
        Message("user", (Words("c"),)),
    ]
    fields = as_asked(Prompt("", said, TOOLS), MODEL).fields
    request = checked({"model": MODEL, "max_tokens": 1, **fields})
    assert [(turn.role, [block.type for block in turn.content]) for turn in request.messages] == [
        ("user", ["text", "text"]),
        ("assistant", ["tool_use"]),
        ("user", ["tool_result", "text", "text"]),
    ]


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 3, 4, 0.5) + Usage(1, 1, 1, 1, 0.25) == Usage(2, 3, 4, 5, 0.75)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Wed, 18 Mar 2026 15:31:00 GMT", "date": "Wed, 18 Mar 2026 15:30:00 GMT"}, 60.0),
        ({"retry-after": "Wed, 18 Mar 2026 15:29:00 GMT", "date": "Wed, 18 Mar 2026 15:30:00 GMT"}, 0.0),
        ({"retry-after": "999999999"}, 3_600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "-3"}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_to_wait(headers) == seconds
