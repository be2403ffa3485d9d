"""How a thought ends early: at a limit, without money, without a model, or stopped."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.agent.events import Result
from bot.agent.model import Ending, Usage
from bot.agent.thinking.limits import ThinkingLimits
from bot.errors import RateLimited, Terminal, TimedOut, Unavailable
from tests.agent.thinking.scripted import Says, results, scripted, words
from tests.agent.thinking.stage import Stage, Till, giving
from tests.conftest import MakeApp
from tests.door.stage import IN_PROCESS, Script, change, soon

pytestmark = IN_PROCESS


# ---------------------------------------------------------------- limits and budgets


async def test_after_the_last_step_it_says_what_is_known(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"found": 42}))
    look = Says(calls=[("look.up", {})])
    model = scripted(look, look, look)
    stage = Stage(app, [model], limits=ThinkingLimits(steps=3))
    thought = await stage.think("look")
    assert thought.ending == "steps"
    assert "I stopped after 3 steps" in thought.text
    assert '- look.up: {"data":{"found":42}}' in thought.text
    assert thought.text == stage.told.strip()
    assert "last message of this turn" in words(model.prompts[2])
    assert "last message of this turn" not in words(model.prompts[1])
    assert len(stage.all(Result)) == 2


async def test_after_the_last_step_an_answer_is_an_answer(make_app: MakeApp) -> None:
    stage = Stage(await make_app(), [scripted(Says("Here."))], limits=ThinkingLimits(steps=1))
    assert (await stage.think("hello")).ending == "answered"


async def test_calls_beyond_the_limit_are_not_run(make_app: MakeApp) -> None:
    body = Script()
    app = await make_app(giving("look.up", 1), change("test.write", body))
    calls: list[tuple[str, dict[str, Any]]] = [*[("look.up", {})] * 3, ("test.write", {})]
    model = scripted(Says(calls=calls), Says(calls=calls))
    stage = Stage(app, [model], limits=ThinkingLimits(calls=2))
    thought = await stage.think("look")
    assert thought.ending == "steps"
    assert "after 2 calls" in thought.text
    assert [each.failed for each in results(model.prompts[1])] == [False, False, True, True]
    assert body.ran == 0
    assert len(stage.all(Result)) == 2


async def test_a_question_that_would_take_too_many_tokens_is_not_sent(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"found": 42}))
    model = scripted(Says(calls=[("look.up", {})], usage=Usage(input=90_000)))
    stage = Stage(app, [model], limits=ThinkingLimits(tokens=95_000))
    thought = await stage.think("look")
    assert thought.ending == "tokens"
    assert "95,000 are the most" in thought.text
    assert '{"data":{"found":42}}' in thought.text
    assert len(model.prompts) == 1


async def test_an_answer_that_is_too_long_says_that_it_is_cut(make_app: MakeApp) -> None:
    app = await make_app(change("test.write", body := Script()))
    model = scripted(Says("A beginning of 1", [("test.write", {})], ending=Ending.LENGTH))
    thought = await Stage(app, [model]).think("write")
    assert thought.ending == "tokens"
    assert thought.text.startswith("A beginning of \n\n")
    assert "cut here" in thought.text
    assert body.ran == 0


async def test_out_of_time_it_says_what_is_known(make_app: MakeApp) -> None:
    model = scripted(Says(calls=[("look.up", {})]), Says("Well,", held=asyncio.Event()))
    stage = Stage(await make_app(giving("look.up", {"found": 42})), [model], limits=ThinkingLimits(seconds=0.5))
    thought = await stage.think("look")
    assert thought.ending == "time"
    assert "I stopped after 500 ms" in thought.text
    assert '{"data":{"found":42}}' in thought.text


async def test_a_model_that_hangs_is_left_when_time_is_up_and_booked(make_app: MakeApp) -> None:
    model = scripted(Says("First.\n\nIt takes 41", held=asyncio.Event()))
    stage = Stage(await make_app(), [model], limits=ThinkingLimits(seconds=0.1))
    thought = await stage.think("hello")
    assert thought.ending == "time"
    assert thought.text.startswith("First.\n\nIt takes \n\nI stopped after 100 ms")
    assert model.closed == 1
    (booked,) = stage.till.booked
    assert booked.tokens > 100
    assert booked.usd > 0


async def test_money_for_one_question_ends(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"found": 42}))
    model = scripted(Says(calls=[("look.up", {})], usage=Usage(usd=0.6)))
    thought = await Stage(app, [model], limits=ThinkingLimits(usd=0.5)).think("look")
    assert thought.ending == "money"
    assert "$0.60" in thought.text


async def test_without_budget_no_model_is_called(make_app: MakeApp) -> None:
    model = scripted()
    stage = Stage(await make_app(), [model], till=Till(5.0, 5.0))
    thought = await stage.think("hello")
    assert thought.ending == "money"
    assert "the budget of this channel" in thought.text.lower()
    assert "$5.00 of $5.00 today" in thought.text
    assert model.prompts == []


async def test_a_budget_that_runs_out_on_the_way_stops_before_the_next_call(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"found": 42}))
    model = scripted(Says(calls=[("look.up", {})], usage=Usage(usd=0.2)))
    stage = Stage(app, [model], till=Till(0.9, 1.0))
    thought = await stage.think("look")
    assert thought.ending == "money"
    assert '{"data":{"found":42}}' in thought.text
    assert len(model.prompts) == 1


async def test_from_eighty_percent_on_the_answer_says_so(make_app: MakeApp) -> None:
    app = await make_app()
    nearly = await Stage(app, [scripted(Says("Hello."))], till=Till(4.0, 5.0)).think("hello")
    assert nearly.text == "Hello.\n\n_80% of the budget of this channel is used ($4.00 of $5.00 today)._"
    enough = await Stage(app, [scripted(Says("Hello."))], till=Till(3.9, 5.0)).think("hello")
    assert enough.text == "Hello."


async def test_a_budget_that_cannot_be_read_allows_nothing(make_app: MakeApp) -> None:
    model = scripted()
    till = Till(0.0, None)
    till.error = Unavailable("the database is away")
    thought = await Stage(await make_app(), [model], till=till).think("hello")
    assert (thought.ending, thought.text, model.prompts) == ("unavailable", "", [])


# ---------------------------------------------------------------- models that are away


@pytest.mark.parametrize(
    "error", [Unavailable("overloaded"), RateLimited("slow down"), Terminal("wrong key"), RuntimeError("a bug")]
)
async def test_where_a_model_is_away_the_next_answers_and_says_so(make_app: MakeApp, error: Exception) -> None:
    first, second = scripted(Says(error=error), name="first"), scripted(Says("Hello."), name="second")
    thought = await Stage(await make_app(), [first, second]).think("hello")
    assert thought.ending == "answered"
    assert thought.text == "Hello.\n\n_Answered by second, since first is away._"
    assert (thought.model, thought.steps, len(first.prompts)) == ("second", 1, 1)


async def test_a_model_that_was_away_is_not_asked_again_in_this_thought(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", 1))
    first = scripted(Says(error=Unavailable("overloaded")), name="first")
    second = scripted(Says(calls=[("look.up", {})]), Says("Done."), name="second")
    assert (await Stage(app, [first, second]).think("look")).ending == "answered"
    assert len(first.prompts) == 1


@pytest.mark.parametrize(
    "cut", [Says("Half an answer.\n\nAnd", cut=True), Says("Half an answer.\n\nAnd", error=Unavailable("reset"))]
)
async def test_a_cut_stream_is_no_answer_and_is_tried_once_more(make_app: MakeApp, cut: Says) -> None:
    model = scripted(cut, Says("A whole answer."))
    stage = Stage(await make_app(), [model])
    thought = await stage.think("hello")
    assert thought.text == "A whole answer."
    assert stage.told == (
        "Half an answer.\n\n\n\n_The connection to the model broke here; once more from the start:_\n\nA whole answer."
    )
    assert len(stage.till.booked) == 2


async def test_a_model_that_is_cut_twice_gives_way_to_the_next(make_app: MakeApp) -> None:
    first = scripted(Says("Ha", cut=True), Says("Hal", cut=True), name="first")
    second = scripted(Says("A whole answer."), name="second")
    stage = Stage(await make_app(), [first, second])
    thought = await stage.think("hello")
    assert thought.text.startswith("A whole answer.")
    assert stage.told == thought.text


async def test_without_any_model_nothing_is_said_and_others_may_answer(make_app: MakeApp) -> None:
    model = scripted(Says(error=Unavailable("overloaded")))
    stage = Stage(await make_app(), [model])
    thought = await stage.think("hello")
    assert (thought.ending, thought.text, stage.events, stage.till.booked) == ("unavailable", "", [], [])
    assert (await Stage(stage.app, []).think("hello")).ending == "unavailable"


async def test_where_the_last_model_goes_away_half_way_what_is_known_is_said(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"found": 42}))
    model = scripted(Says(calls=[("look.up", {})]), Says(error=Unavailable("overloaded")))
    thought = await Stage(app, [model]).think("look")
    assert thought.ending == "unavailable"
    assert "Scripted cannot be reached right now" in thought.text
    assert '{"data":{"found":42}}' in thought.text


async def test_a_model_that_gave_no_answer_in_time_is_booked_all_the_same(make_app: MakeApp) -> None:
    stage = Stage(await make_app(), [scripted(Says(error=TimedOut("no answer")))])
    await stage.think("hello")
    assert stage.till.booked[0].usd > 0


async def test_a_model_that_declines_says_so(make_app: MakeApp) -> None:
    thought = await Stage(await make_app(), [scripted(Says(ending=Ending.REFUSED))]).think("hello")
    assert thought.ending == "refused"
    assert "declined" in thought.text


# ---------------------------------------------------------------- stopping


async def test_cancelling_stops_the_model_and_the_reads_and_books_what_was_sent(make_app: MakeApp) -> None:
    model = scripted(Says("Hel", held=asyncio.Event()))
    stage = Stage(await make_app(), [model])
    thinking = asyncio.create_task(stage.think("hello"))
    await soon(model.speaking)
    thinking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await thinking
    assert model.closed == 1
    assert len(stage.till.booked) == 1
    assert stage.events == []


async def test_stop_ends_reads_leaves_changes_and_says_what_is_known(make_app: MakeApp) -> None:
    reading, stop = Script(held=True), asyncio.Event()
    app = await make_app(giving("look.up", {"found": 42}), giving("look.long", _held(reading)))
    model = scripted(Says(calls=[("look.up", {})]), Says(calls=[("look.long", {})]))
    stage = Stage(app, [model])
    thinking = asyncio.create_task(stage.think("look", stop=stop))
    await soon(reading.began)
    stop.set()
    thought = await thinking
    assert thought.ending == "cancelled"
    assert "I was stopped" in thought.text
    assert '{"data":{"found":42}}' in thought.text
    await soon(reading.cancelled)


def _held(script: Script) -> Any:
    async def body(_: str) -> str:
        script.began.set()
        try:
            await script.go_on.wait()
        except asyncio.CancelledError:
            script.cancelled.set()
            raise
        return "done"

    return body
