"""Both adapters over real HTTP against the scripted model: what holds for every language model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing

import pytest
import yaml

from bot.agent.model import Ending, Finished, LanguageModel, Message, Piece, Prompt, Spoken, ToolCall, Words
from bot.errors import CopilotError, RateLimited, Terminal, TimedOut, Unavailable
from bot.ports import Json
from integrations.anthropic import reading as claudes
from integrations.anthropic.adapter import Claude
from integrations.models import allowed
from integrations.openai import reading as openais
from integrations.openai.adapter import OpenAI
from integrations.sandbox.anthropic.server import ScriptedModel
from tests.sandbox.anthropic.stage import KEY, Waits, access_to, answered, calls, heard, prompt, shield, text_of


class Played:
    """A server with a script, a model that asks it, and the waits between tries."""

    def __init__(self, server: ScriptedModel, model: LanguageModel, waits: Waits) -> None:
        self.server, self.model, self.waits = server, model, waits


Play = Callable[..., Awaitable[Played]]


@pytest.fixture(params=["anthropic", "openai"])
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def play(system: str) -> AsyncIterator[Play]:
    """`await play({…do…}, {…do…}, setting=…)`: each is played once, the last one ever after."""
    async with AsyncExitStack() as stack:

        async def make(
            *dos: dict[str, object], wire_piece: int = 0, window: int = 1_000_000, **changes: object
        ) -> Played:
            rules = [{"do": do, "when": {"turn": turn}, "times": 1} for do in dos[:-1] for turn in (1,)]
            script = yaml.safe_dump({"rules": rules, "otherwise": dos[-1]}, allow_unicode=True)
            server = await stack.enter_async_context(ScriptedModel(script, wire_piece=wire_piece, window=window))
            waits = Waits()
            access = access_to(server, system, **changes)
            model: LanguageModel = (Claude if system == "anthropic" else OpenAI)(
                access, shield(waits, timeout=access.timeout)
            )
            stack.push_async_callback(model.close)
            return Played(server, model, waits)

        yield make


async def test_what_is_said_comes_in_pieces_and_then_as_a_whole(play: Play) -> None:
    played = await play({"say": "The p95 is 412 ms."})
    pieces = [piece async for piece in played.model.stream(prompt("p95?"))]
    spoken = [piece.text for piece in pieces if isinstance(piece, Spoken)]
    finished = pieces[-1]
    assert isinstance(finished, Finished)
    assert (len(spoken), "".join(spoken)) == (5, "The p95 is 412 ms.")
    assert (text_of(finished), finished.ending, finished.model) == ("The p95 is 412 ms.", Ending.END, played.model.name)
    assert finished.usage.usd > 0


async def test_calls_come_together_with_their_own_names_and_what_they_are_to_do(play: Play) -> None:
    called = [
        {"tool": "metrics.query", "with": {"service": "checkout", "quantile": 0.95}},
        {"tool": "logs.search", "with": {"contains": 'größer als {{ein}} "Zitat"'}},
    ]
    played = await play({"say": "I look.", "call": called})
    spoken, finished = await heard(played.model, prompt("what is wrong?"))
    assert (spoken, finished.ending) == ("I look.", Ending.TOOLS)
    assert [(call.name, call.arguments, call.broken) for call in calls(finished)] == [
        ("metrics.query", {"service": "checkout", "quantile": 0.95}, ""),
        ("logs.search", {"contains": 'größer als {ein} "Zitat"'}, ""),
    ]
    assert len({call.id for call in calls(finished)}) == 2


async def test_all_results_go_back_together_and_the_model_goes_on(play: Play) -> None:
    both = [{"tool": "metrics.query"}, {"tool": "logs.search"}]
    played = await play({"think": "Hm.", "call": both}, {"say": "{metrics.query.summary} and {logs.search.summary}"})
    asked = prompt("what is wrong?")
    _, finished = await heard(played.model, asked)
    spoken, _ = await heard(played.model, answered(asked, finished, '{"summary": "412 ms"}', '{"summary": "9 lines"}'))
    assert spoken == "412 ms and 9 lines"


async def test_a_failed_result_is_known_as_one(play: Play) -> None:
    script = """
        rules:
          - {when: {said: x}, do: {call: [{tool: logs.search}]}}
          - {when: {failed: true}, do: {say: "It failed: {result}"}}
    """
    played = await play({"say": "-"})
    played.server.player = ScriptedModel(script).player
    asked = prompt("x")
    _, finished = await heard(played.model, asked)
    spoken, _ = await heard(played.model, answered(asked, finished, "No such service.", failed=True))
    assert spoken.startswith("It failed: ")
    assert spoken.endswith("No such service.")


async def test_arguments_that_are_no_json_are_a_broken_call_that_can_be_answered(play: Play) -> None:
    played = await play({"call": [{"tool": "logs.search", "raw": '{"contains": "x'}]}, {"say": "Again."})
    asked = prompt("x")
    _, finished = await heard(played.model, asked)
    [call] = calls(finished)
    assert (call.arguments, finished.ending) == ({}, Ending.TOOLS)
    assert '{"contains": "x' in call.broken
    spoken, _ = await heard(played.model, answered(asked, finished, call.broken, failed=True))
    assert spoken == "Again."


@pytest.mark.parametrize("raw", ["[1]", "7", '"x"', "null", "NaN"])
async def test_arguments_that_are_no_object_are_a_broken_call(raw: str, play: Play) -> None:
    played = await play({"call": [{"tool": "logs.search", "raw": raw}]})
    _, finished = await heard(played.model, prompt("x"))
    assert calls(finished)[0].broken == f"The arguments are no object: '{raw}'."


@pytest.mark.parametrize(
    ("reason", "ending"),
    [("max_tokens", Ending.LENGTH), ("refusal", Ending.REFUSED), ("end_turn", Ending.END)],
)
async def test_why_it_stopped(reason: str, ending: Ending, play: Play) -> None:
    played = await play({"say": "So far", "stop_reason": reason})
    _, finished = await heard(played.model, prompt("x"))
    assert (text_of(finished), finished.ending) == ("So far", ending)


async def test_what_breaks_off_within_a_call_calls_nothing(play: Play) -> None:
    called = [{"tool": "logs.search", "raw": '{"a'}]
    played = await play({"say": "I look", "call": called, "stop_reason": "max_tokens"})
    _, finished = await heard(played.model, prompt("x"))
    assert (finished.ending, finished.message.parts) == (Ending.LENGTH, (Words("I look"),))


async def test_characters_may_be_split_over_packets(play: Play) -> None:
    said = "Größe: 5 µs – 日本語 🎉👩🏽‍🚀\u2028 end"
    played = await play({"say": said}, wire_piece=1)
    spoken, finished = await heard(played.model, prompt("x"))
    assert (spoken, text_of(finished)) == (said, said)


async def test_a_huge_answer_arrives_whole(play: Play) -> None:
    said = "x" * 12 + "\n" + "0123456789 " * 1_000
    called = [{"tool": "logs.search", "with": {"contains": "y" * 300_000}}]
    played = await play({"say": said, "call": called})
    spoken, finished = await heard(played.model, prompt("x"))
    assert spoken == said
    assert calls(finished)[0].arguments == {"contains": "y" * 300_000}


async def test_an_answer_without_an_end_is_stopped(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (claudes, openais):
        monkeypatch.setattr(module, "MOST_CHARACTERS", 1_000)
    played = await play({"say": "on and " * 400})
    with pytest.raises(Unavailable, match="more than 1,000 characters"):
        await heard(played.model, prompt("x"))


# ---------------------------------------------------------------- when it goes wrong

ERRORS = [
    ("overloaded", Unavailable, 3),
    ("api_error", Unavailable, 3),
    ("timeout", TimedOut, 3),
    ("rate_limit", RateLimited, 3),
    ("authentication", Terminal, 1),
    ("permission", Terminal, 1),
    ("not_found", Terminal, 1),
    ("invalid_request", Terminal, 1),
]


@pytest.mark.parametrize(("kind", "error", "tries"), ERRORS)
async def test_every_error_in_our_words(kind: str, error: type[CopilotError], tries: int, play: Play) -> None:
    played = await play({"error": {"kind": kind, "message": f"so says {KEY}"}})
    with pytest.raises(error) as caught:
        await heard(played.model, prompt("x"))
    assert type(caught.value) is error
    assert len(played.server.bodies) == tries
    assert KEY not in str(caught.value)
    assert "so says ***" in caught.value.message
    assert caught.value.mend


@pytest.mark.parametrize(("kind", "named"), [("authentication", "_api_key"), ("not_found", "_model")])
async def test_what_a_setting_can_mend_names_the_setting(kind: str, named: str, system: str, play: Play) -> None:
    played = await play({"error": kind})
    with pytest.raises(Terminal, match=f"{system}{named}"):
        await heard(played.model, prompt("x"))


async def test_a_short_wait_that_is_asked_for_is_kept(play: Play) -> None:
    played = await play({"error": {"kind": "rate_limit", "retry_after": 4}}, {"say": "Now."})
    assert (await heard(played.model, prompt("x")))[0] == "Now."
    assert played.waits.asked == [4.0]


async def test_a_long_wait_is_left_to_who_asks(play: Play) -> None:
    played = await play({"error": {"kind": "rate_limit", "retry_after": 90}})
    with pytest.raises(RateLimited) as caught:
        await heard(played.model, prompt("x"))
    assert (caught.value.retry_after, played.waits.asked, len(played.server.bodies)) == (90.0, [], 1)


async def test_a_hiccup_before_the_first_word_is_not_noticed(play: Play) -> None:
    played = await play({"error": "overloaded"}, {"say": "x", "cut": 0}, {"say": "Here."})
    assert (await heard(played.model, prompt("x")))[0] == "Here."
    assert len(played.server.bodies) == 3


async def test_an_error_midway_is_told_and_not_tried_again(play: Play) -> None:
    played = await play({"say": "It is ", "error": "overloaded"})
    spoken: list[Piece] = []

    async def listen() -> None:
        async for piece in played.model.stream(prompt("x")):
            spoken.append(piece)  # noqa: PERF401  what was spoken before the error counts

    with pytest.raises(Unavailable):
        await listen()
    assert spoken
    assert len(played.server.bodies) == 1


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_cut_stream_is_no_answer(abruptly: bool, play: Play) -> None:  # noqa: FBT001
    played = await play({"say": "It is certainly 412 ms.", "cut": 10, "abruptly": abruptly})
    with pytest.raises(Unavailable) as caught:
        await heard(played.model, prompt("x"))
    assert len(played.server.bodies) == 1
    assert abruptly or "was cut after" in caught.value.message


@pytest.mark.parametrize("garbage", ["event: content_block_delta\ndata: {oops", "data: [1, 2", 'data: {"a":'])
async def test_a_broken_stream_is_no_answer(garbage: str, system: str, play: Play) -> None:
    if system == "anthropic" and not garbage.startswith("event"):
        garbage = f"event: message_delta\n{garbage}"
    played = await play({"say": "It is", "garbage": garbage})
    with pytest.raises(Unavailable, match="in a shape that is not its own"):
        await heard(played.model, prompt("x"))


WITHIN = r"gave no answer within 0\.\d+ s\."
"""The time of one try; on a busy machine it may be what was left for all of them."""


async def test_silence_before_the_first_word_times_out(play: Play) -> None:
    played = await play({"hang": True}, timeout=0.15)
    with pytest.raises(TimedOut, match=WITHIN):
        await heard(played.model, prompt("x"))


async def test_silence_midway_times_out(play: Play) -> None:
    played = await play({"say": "It is", "hang": True}, timeout=0.3)
    with pytest.raises(TimedOut, match=WITHIN):
        await heard(played.model, prompt("x"))
    assert len(played.server.bodies) == 1


async def test_a_model_that_dawdles_between_pieces_is_given_up(play: Play) -> None:
    played = await play({"say": "It is 412 ms.", "slow": 60_000}, timeout=0.15)
    with pytest.raises(TimedOut):
        await heard(played.model, prompt("x"))


async def test_pings_and_thoughts_alone_are_no_answer_until_the_end(system: str, play: Play) -> None:
    played = await play({"think": "So much to think about.", "say": "Done."})
    pieces = [piece async for piece in played.model.stream(prompt("x"))]
    assert [type(piece) for piece in pieces] == [Spoken, Finished]


async def test_many_conversations_at_once_do_not_mix(play: Play) -> None:
    played = await play({"say": "-"})
    script = r"{rules: [{when: {said: 'say (?P<word>\w+)'}, do: {say: 'You said {word}.'}}]}"
    played.server.player = ScriptedModel(script).player
    answers = await asyncio.gather(*(heard(played.model, prompt(f"say word{at}")) for at in range(30)))
    assert [spoken for spoken, _ in answers] == [f"You said word{at}." for at in range(30)]


async def test_who_is_cancelled_hangs_up_at_once(play: Play) -> None:
    played = await play({"say": "It is", "hang": True})
    spoken = asyncio.Event()

    async def listen() -> None:
        async for _ in played.model.stream(prompt("x")):
            spoken.set()

    listening = asyncio.create_task(listen())
    await spoken.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await played.server.until(lambda: played.server.broken_off == 1)


async def test_who_stops_listening_hangs_up_too(play: Play) -> None:
    played = await play({"say": "It is", "hang": True})
    async with aclosing(played.model.stream(prompt("x"))) as pieces:  # type: ignore[type-var]
        await anext(pieces)
    await played.server.until(lambda: played.server.broken_off == 1)


async def test_a_prompt_that_is_too_long_is_told_as_that(play: Play) -> None:
    played = await play({"say": "x"}, window=100)
    with pytest.raises(Terminal, match="too long for") as caught:
        await heard(played.model, prompt("x"))
    assert "new thread" in caught.value.mend


async def test_nobody_there_is_unavailable(play: Play) -> None:
    played = await play({"say": "x"})
    await played.server.close()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await heard(played.model, prompt("x"))
    assert len(played.waits.asked) == 2


async def test_a_model_that_keeps_failing_is_left_alone(play: Play) -> None:
    played = await play({"error": "overloaded"})
    for _ in range(5):
        with pytest.raises(Unavailable):
            await heard(played.model, prompt("x"))
    before = len(played.server.bodies)
    with pytest.raises(CopilotError, match="rests after 5 failures"):
        await heard(played.model, prompt("x"))
    assert len(played.server.bodies) == before


# ---------------------------------------------------------------- what is sent


async def test_nothing_is_sent_that_current_models_refuse(play: Play) -> None:
    played = await play({"say": "x"})
    await heard(played.model, prompt("x"))
    assert not {"temperature", "top_p", "top_k", "tool_choice"} & set(played.server.bodies[0])


SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


async def test_a_schema_is_sent_and_the_answer_is_json(play: Play) -> None:
    played = await play({"say": '{{"n": 3}}'})
    asked = Prompt("", [Message("user", (Words("n?"),))], schema=SCHEMA)
    _, finished = await heard(played.model, asked)
    assert json.loads(text_of(finished)) == {"n": 3}
    assert "json_schema" in json.dumps(played.server.bodies[0])


async def test_empty_words_are_left_out(play: Play) -> None:
    played = await play({"say": "x"})
    asked = Prompt(
        " ",
        [Message("user", (Words(" "), Words("hello"))), Message("assistant", ()), Message("user", (Words("again"),))],
    )
    assert (await heard(played.model, asked))[0] == "x"


async def test_a_count_tells_more_for_more(play: Play) -> None:
    played = await play({"say": "x"})
    few, many = [await played.model.count(prompt(words)) for words in ("x", "x" * 4_000)]
    assert 900 < many - few < 1_300


async def test_a_name_that_would_not_come_back_is_refused(play: Play) -> None:
    played = await play({"say": "x"})
    made = ToolCall("c1", "metrics__query", {})
    with pytest.raises(Terminal, match="'metrics__query'"):
        await heard(played.model, Prompt("", [Message("user", (Words("x"),)), Message("assistant", (made,))]))


async def test_the_switch_keeps_tests_from_real_models(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed, "ALLOW_MODEL_REQUESTS", False)
    played = await play({"say": "x"})
    assert (await heard(played.model, prompt("x")))[0] == "x"
    there = await play({"say": "x"}, url="https://model.example.com")
    with pytest.raises(Terminal, match="switched off"):
        await heard(there.model, prompt("x"))
    assert there.server.requests == []
