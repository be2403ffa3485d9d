"""Answers by a model from the question to the last word: a real app, a scripted model behind real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.agent.events import Result, Table, Text
from bot.agent.request import Request
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.spending import OPERATION
from bot.agent.threads import Key, Message
from bot.app import App
from bot.door.outcomes import Done
from bot.guard.approvals import Verdict
from bot.guard.people import Actor
from bot.guard.risk import Risk
from bot.operations.maintenance import DrillBook
from integrations.models import models
from integrations.sandbox.anthropic.server import ScriptedModel
from integrations.sandbox.platform.server import Platform
from integrations.sandbox.platform.world import World
from tests.agent.playing import PUZZLE, Talk, falls_back_to, prompted, results, script, thinks_with
from tests.agent.thinking.stage import giving
from tests.conftest import START, MakeApp, MovedClock
from tests.door.stage import IN_PROCESS, Script, audited, change, danger, placed

Model = Callable[..., Coroutine[Any, Any, ScriptedModel]]


@pytest.fixture
async def playing() -> AsyncIterator[Model]:
    """`await playing(script)`: a scripted model, closed in the end."""
    async with AsyncExitStack() as stack:

        async def make(source: Path | str, **more: Any) -> ScriptedModel:
            return await stack.enter_async_context(ScriptedModel(source, **more))

        yield make


def says(*rules: str) -> str:
    return "rules:\n" + "\n".join(f"  - {rule}" for rule in rules)


# ---------------------------------------------------------------- an investigation


@IN_PROCESS
async def test_an_investigation_looks_in_parallel_keeps_its_hypotheses_and_marks_what_it_made_up(
    make_app: MakeApp, playing: Model, clock: MovedClock
) -> None:
    model = await playing(script("investigation"))
    async with Platform(World(born=START - timedelta(hours=2)), clock=clock) as platform:
        platform.world.inject("bad_deploy", "checkout", "production", clock())
        clock.move(minutes=20)
        app = await make_app(
            **thinks_with(model),
            prometheus_url=platform.prometheus_url,
            loki_url=platform.loki_url,
            tempo_url=platform.tempo_url,
            deploys_url=platform.deploys_url,
        )
        told = await Talk(app).says("riddle me this: what is going on with checkout?")
    assert sorted(told.ran[:3]) == ["deploys.list", "metrics.query", "metrics.query"]
    assert sorted(told.ran[3:]) == ["logs.search", "metrics.explain"]
    assert all(isinstance(each.outcome, Done) for each in told.all(Result))
    back = [str(each["content"]) for each in results(model, 1)]
    assert [f"result r{number}" in text for number, text in enumerate(back[:3], start=1)] == [True] * 3
    assert "Most likely the cause is checkout itself" in told.text
    assert "98765 ⚠︎ unverified" in told.text
    ledger = told.all(Table)[-1]
    assert [row[:2] for row in ledger.rows] == [
        ("A deploy of checkout made it slow", "✓ supported"),
        ("More traffic than usual", "✗ refuted"),
    ]
    spent = await app.costs.spent(["person:sre", "channel:C1"], START - timedelta(days=1))
    assert spent["person:sre"] == spent["channel:C1"] > 0
    assert len(model.bodies) == 4


# ---------------------------------------------------------------- approvals


async def waiting(make_app: MakeApp, model: ScriptedModel) -> tuple[App, Talk, str]:
    app = await make_app(**thinks_with(model))
    talk = Talk(app)
    told = await talk.says("rehearse what we would do if it broke, and tell me how it went")
    assert told.ran == ["status.self", "maintenance.drill"]
    assert await drills(app) == []
    assert told.waits_for in told.text
    return app, talk, told.waits_for


async def drills(app: App) -> list[str]:
    return [str(each["label"]) for each in await app.resources.get(DrillBook).all()]


async def decided(app: App, approval: str, verdict: Verdict, reason: str = "") -> None:
    await app.desk.decide(approval, await app.people.identify(Actor("manager")), verdict, reason)


async def approved(app: App, approval: str) -> None:
    await decided(app, approval, Verdict.APPROVE)
    await app.approved.start(approval)
    assert isinstance(await app.approved.result(approval, 20), Done)


async def test_what_was_approved_after_a_restart_is_gone_on_with_and_told(make_app: MakeApp, playing: Model) -> None:
    model = await playing(script("drill"))
    before, _, approval = await waiting(make_app, model)
    await before.close()
    app = await make_app(**thinks_with(model))
    await approved(app, approval)
    told = await Talk(app).resumes(approval)
    assert told.text == "The rehearsal is in the book. We are done."
    assert await drills(app) == ["rehearsal"]
    assert "rehearse what we would do if it broke" in prompted(model)
    assert {each["actor"] for each in await audited(app, operation="maintenance.drill")} == {"sre"}


async def test_what_was_rejected_is_told_with_its_reason(make_app: MakeApp, playing: Model) -> None:
    model = await playing(script("drill"))
    app, talk, approval = await waiting(make_app, model)
    await decided(app, approval, Verdict.REJECT, "not on a Friday")
    told = await talk.resumes(approval)
    assert told.text == "It was not allowed, because: not on a Friday. Nothing was rehearsed."
    assert await drills(app) == []


@IN_PROCESS
async def test_an_investigation_that_comes_to_a_second_gate_waits_there_too(make_app: MakeApp, playing: Model) -> None:
    model = await playing(
        says(
            "{when: {said: 'both of them'}, do: {call: [{tool: test.danger, with: {words: one}}]}}",
            "{when: {result: 'waiting for approval'}, do: {say: It waits.}}",
            "{when: {said: 'from=.r1: test.danger'}, do: {call: [{tool: test.danger, with: {words: two}}]}}",
            "{when: {said: 'from=.r2: test.danger'}, do: {say: Both are done.}}",
        )
    )
    body = Script()
    app = await make_app(danger("test.danger", body), **thinks_with(model))
    talk = Talk(app)
    first = await talk.says("hm, please do both of them as we said")
    for _ in range(2):
        approval = talk.kept[-1].waits_for
        await approved(app, approval)
        await talk.resumes(approval)
    assert talk.kept[-1].text == "Both are done."
    assert body.ran == 2
    second = await app.desk.get(talk.kept[1].waits_for)
    assert second.why == (await app.desk.get(first.waits_for)).why == "hm, please do both of them as we said"


# ---------------------------------------------------------------- changes without a gate


@IN_PROCESS
async def test_a_change_that_no_gate_stands_before_is_shown_as_a_form_once_and_does_not_run(
    make_app: MakeApp, playing: Model
) -> None:
    call = "{tool: test.write, with: {words: x}}"
    model = await playing(
        says(
            f"{{when: {{said: 'riddle'}}, do: {{call: [{call}, {call}]}}}}",
            f"{{when: {{result: 'shown to the person'}}, times: 1, do: {{call: [{call}]}}}}",
            "{when: {result: 'shown to the person'}, do: {say: Please look it over.}}",
        )
    )
    body = Script()
    app = await make_app(change("test.write", body, title="Write it down"), **thinks_with(model))
    told = await Talk(app).says(PUZZLE)
    (form,) = told.forms
    assert (form.operation, form.title, dict(form.values)) == ("test.write", "Write it down", {"words": "x"})
    assert "only if you send it" in form.why
    assert (body.ran, told.ran, told.text) == (0, [], "Please look it over.")
    assert [each.get("is_error", False) for each in results(model, 1)] == [False, False]
    assert "runs if they send it" in str(results(model, 1)[0])
    assert await audited(app, operation="test.write") == []


@IN_PROCESS
async def test_no_more_forms_are_shown_than_somebody_looks_over(make_app: MakeApp, playing: Model) -> None:
    calls = ", ".join(f"{{tool: test.write, with: {{words: n{number}}}}}" for number in range(8))
    long = f"{{tool: test.write, with: {{words: {'x' * 3_000}}}}}"
    model = await playing(
        says(f"{{when: {{said: riddle}}, do: {{call: [{long}, {calls}]}}}}", "{when: {turn: 2}, do: {say: Well.}}")
    )
    app = await make_app(change("test.write", Script()), **thinks_with(model))
    told = await Talk(app).says(PUZZLE)
    assert [form.values["words"] for form in told.forms] == ["n0", "n1", "n2", "n3", "n4"]
    assert [each.get("is_error", False) for each in results(model, 1)] == [True, *[False] * 5, *[True] * 3]


# ---------------------------------------------------------------- models that fail


@IN_PROCESS
async def test_a_model_that_is_overloaded_for_a_moment_is_asked_again(make_app: MakeApp, playing: Model) -> None:
    model = await playing(says("{when: {}, times: 1, do: {error: overloaded}}", "{when: {}, do: {say: Here I am.}}"))
    told = await Talk(await make_app(**thinks_with(model))).says(PUZZLE)
    assert told.text == "Here I am."
    assert len(model.bodies) == 2


@IN_PROCESS
async def test_where_the_first_model_stays_overloaded_the_second_answers_and_says_so(
    make_app: MakeApp, playing: Model
) -> None:
    first, second = await playing("otherwise: {error: overloaded}"), await playing("otherwise: {say: I stand in.}")
    told = await Talk(await make_app(**thinks_with(first), **falls_back_to(second))).says(PUZZLE)
    assert told.text.startswith("I stand in.")
    assert "Answered by gpt-6.1-terra, since claude-sonnet-5-5 is away" in told.text
    assert len(first.bodies) == 3


@IN_PROCESS
async def test_without_any_model_the_rules_answer_and_say_so(make_app: MakeApp, playing: Model) -> None:
    model = await playing("otherwise: {error: permission}")
    app = await make_app(**thinks_with(model), **falls_back_to(model))
    told = await Talk(app).says(PUZZLE)
    said = told.text.removeprefix("_The model is away, so I answer by rules alone._")
    assert said.strip()
    assert said != told.text


@IN_PROCESS
async def test_a_cut_stream_is_no_answer(make_app: MakeApp, playing: Model) -> None:
    cut = "Half a paragraph.\\n\\nAnd a half"
    model = await playing(
        says(
            f'{{when: {{}}, times: 1, do: {{say: "{cut}", cut: 24, abruptly: true}}}}',
            "{when: {}, do: {say: The whole of it.}}",
        )
    )
    told = await Talk(await make_app(**thinks_with(model))).says(PUZZLE)
    assert told.text.endswith("The whole of it.")
    assert "once more from the start" in told.text
    assert "And a half" not in told.text


@IN_PROCESS
async def test_whoever_stops_listening_stops_the_model_and_what_it_took_is_booked(
    make_app: MakeApp, playing: Model
) -> None:
    model = await playing('otherwise: {say: "First.\\n\\nThen", hang: true}')
    app = await make_app(**thinks_with(model))
    request = Request(Actor("sre"), Talk(app).origin, "stopped", PUZZLE)
    turn = app.turns.run(request)
    async for event in turn:
        if isinstance(event, Text):
            break
    await turn.aclose()
    await model.until(lambda: model.broken_off == 1)
    spent = await app.costs.spent(["person:sre"], START - timedelta(days=1))
    assert spent["person:sre"] > 0


# ---------------------------------------------------------------- money


@pytest.fixture
def budget(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yaml"
    path.write_text("budgets: {person_usd: 1}", encoding="utf-8")
    return path


async def spend(app: App, usd: float, clock: MovedClock) -> None:
    await app.costs.book(
        at=clock(),
        person="sre",
        channel="C2",
        workspace="T1",
        operation=OPERATION,
        usd=usd,
        tokens=1,
        trace_id="",
    )


async def test_a_budget_warns_at_80_percent_and_ends_at_100(
    make_app: MakeApp, playing: Model, budget: Path, clock: MovedClock
) -> None:
    model = await playing("otherwise: {say: Well.}")
    app = await make_app(**thinks_with(model), policies_file=budget)
    talk = Talk(app)
    assert (await talk.says(PUZZLE)).text == "Well."
    await spend(app, 0.82, clock)
    assert "of the budget of this person is used ($0.8" in (await talk.says(f"{PUZZLE} again")).text
    await spend(app, 0.2, clock)
    asked = len(model.bodies)
    ended = await talk.says(f"{PUZZLE} and again")
    assert "used up" in ended.text
    assert "of $1.00 today" in ended.text
    assert len(model.bodies) == asked
    assert (await talk.says(PUZZLE, "devops")).text == "Well."
    clock.move(days=1)
    assert (await talk.says(f"{PUZZLE} tomorrow")).text == "Well."


@IN_PROCESS
async def test_a_guess_costs_what_the_dearest_model_costs(make_app: MakeApp, playing: Model) -> None:
    model = await playing("")
    app = await make_app(**thinks_with(model), **falls_back_to(model), openai_output_price=70)
    limits = ThinkingLimits.for_models(models(app.settings), answer_tokens=500)
    assert (limits.answer_tokens, limits.input_price, limits.output_price) == (500, 2, 70)
    assert limits.guessed(1_000_000, 100_000).usd == pytest.approx(9)
    without = ThinkingLimits.for_models([], answer_tokens=500)
    assert (without.input_price, without.output_price) == (5, 25)


# ---------------------------------------------------------------- much of it


@IN_PROCESS
async def test_a_result_of_300_kilobytes_is_shown_short_and_can_be_paged(make_app: MakeApp, playing: Model) -> None:
    lines = [f"request {each} took {each % 900} ms and went through shard {each % 7}" for each in range(6_000)]
    assert sum(map(len, lines)) > 250_000
    model = await playing(
        says(
            "{when: {said: riddle}, do: {call: [{tool: look.up}]}}",
            "{when: {turn: 2}, do: {call: [{tool: results.page, with: {result: r1, path: data.lines, from: 4001}}]}}",
            "{when: {turn: 3}, do: {say: Line 4001 took 401 ms.}}",
        )
    )
    app = await make_app(giving("look.up", {"lines": lines}), **thinks_with(model))
    told = await Talk(app).says(PUZZLE)
    assert told.text == "Line 4001 took 401 ms."
    assert len(prompted(model, 1)) < 20_000
    assert "request 4001 took 401 ms" in str(results(model))


async def test_a_thread_of_150_messages_stays_bounded_with_the_newest_and_the_decisions(
    make_app: MakeApp, playing: Model, clock: MovedClock
) -> None:
    model = await playing("otherwise: {say: Noted.}")
    app = await make_app(**thinks_with(model))
    talk = Talk(app)
    await talk.says(f"{PUZZLE}, number zero")
    session = await app.conversations.find("T1", "C1", "1.1")
    assert session is not None
    for each in range(150):
        said = f"Message {each}: " + "the graph goes up and then it goes down and nobody minds, " * 12
        if each == 20:
            said = "We decided to keep release 4.7.1 on shard 12 until the audit is over."
        who, role = (("devops", "user"), ("bot", "assistant"))[each % 2]
        await app.conversations.say(session.id, Message(who, role, said, clock.move(seconds=5)))  # type: ignore[arg-type]
    await talk.says("hm, and what of the riddle now?")
    told = prompted(model)
    assert len(told) < 60_000
    assert "Message 149" in told
    assert "We decided to keep release 4.7.1 on shard 12" in told
    assert "Message 60:" not in told
    assert told.count("what of the riddle now") == 1


# ---------------------------------------------------------------- two people in one thread


@IN_PROCESS
async def test_in_one_thread_everybody_has_their_own_rights_and_what_others_said_is_data(
    make_app: MakeApp, playing: Model
) -> None:
    body = Script()
    model = await playing(
        says(
            "{when: {said: 'riddle'}, do: {call: [{tool: test.place, with: {words: x}}]}}",
            "{when: {result: .}, do: {say: It is asked for.}}",
        )
    )
    app = await make_app(placed("test.place", body, risk=Risk.DESTRUCTIVE), **thinks_with(model))
    talk = Talk(app)
    first = await talk.says(f"{PUZZLE}, says one", "sre")
    assert (await app.desk.get(first.waits_for)).requester == "sre"
    second = await talk.says(f"{PUZZLE}, says two", "security-engineer")
    assert second.ran == []
    tools = [{tool["name"] for tool in body_["tools"]} for body_ in (model.bodies[0], model.bodies[-1])]
    assert "test__place" in tools[0] - tools[1]
    assert 'from=\\"message of sre\\"' in prompted(model)
    assert "[security-engineer] hm, think" in prompted(model)


@IN_PROCESS
async def test_of_two_who_ask_at_once_each_sees_the_others_question_and_their_own_once(
    make_app: MakeApp, playing: Model
) -> None:
    model = await playing("otherwise: {say: Well.}")
    app = await make_app(**thinks_with(model))
    talk = Talk(app)
    await talk.says(f"{PUZZLE}, to begin with")
    session = await app.conversations.find(*_key(talk))
    assert session is not None
    await asyncio.gather(talk.says(f"{PUZZLE}, says one", "sre"), talk.says(f"{PUZZLE}, says two", "devops"))
    for at in (1, 2):
        told = prompted(model, at)
        assert all(told.count(each) <= 1 for each in ("says one", "says two")), told


def _key(talk: Talk) -> tuple[str, str, str]:
    key = Key.of(talk.origin, "sre")
    return key.workspace, key.channel, key.thread
