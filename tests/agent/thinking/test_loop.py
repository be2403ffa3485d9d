"""A thought from the question to the answer, through a real door."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.agent.events import FormWanted, Plan, Result, Task, Text
from bot.agent.model import Words
from bot.agent.thinking.limits import ThinkingLimits
from bot.agent.thinking.thought import Decided, Resumption
from bot.door.outcomes import Done, Refused, WaitingForApproval
from bot.guard.approvals import Verdict
from bot.guard.people import Actor
from tests.agent.thinking.scripted import Says, Scripted, results, scripted, words
from tests.agent.thinking.stage import Stage, giving
from tests.conftest import MakeApp
from tests.door.stage import IN_PROCESS, Script, change, danger, soon

pytestmark = IN_PROCESS


async def test_an_answer_is_told_and_the_numbers_in_it_are_from_results(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", {"p95": 0.412, "errors": 1234}))
    model = scripted(
        Says("Let me look.", [("look.up", {"words": "p95"})]),
        Says("The p95 is 412 ms with 1,234 errors.\n\nThat is 77 % more."),
    )
    stage = Stage(app, [model])
    thought = await stage.think("how is it?")
    assert thought.ending == "answered"
    assert thought.text == "The p95 is 412 ms with 1,234 errors.\n\nThat is 77 % ⚠︎ unverified more."
    assert stage.told == thought.text
    assert thought.unsupported == ("77 %",)
    assert (thought.steps, thought.usage.usd, thought.model) == (2, 0.02, "scripted")
    assert [each.title for each in stage.all(Plan)] == ["Let me look."]
    assert [each.state for each in stage.all(Task)] == ["running", "done"]
    (result,) = stage.all(Result)
    assert isinstance(result.outcome, Done)
    assert [each.usd for each in stage.till.booked] == [0.01, 0.01]


async def test_paragraphs_are_told_as_soon_as_they_are_complete(make_app: MakeApp) -> None:
    held = asyncio.Event()
    stage = Stage(await make_app(), [scripted(Says("First.\n\n```\na\n\nb\n```\n\nSecond, and", held=held))])
    thinking = asyncio.create_task(stage.think("hello"))
    await soon(stage.models[0].speaking)
    assert [each.markdown for each in stage.all(Text)] == ["First.\n\n", "```\na\n\nb\n```\n\n"]
    held.set()
    assert (await thinking).text == "First.\n\n```\na\n\nb\n```\n\nSecond, and"


async def test_reads_of_one_message_run_at_one_time_and_come_back_in_their_order(make_app: MakeApp) -> None:
    together = asyncio.Barrier(3)

    async def meets(said: str) -> str:
        async with asyncio.timeout(10):
            await together.wait()
        return f"met {said}"

    app = await make_app(giving("look.up", meets))
    model = scripted(Says(calls=[("look.up", {"words": each}) for each in "abc"]), Says("They met."))
    stage = Stage(app, [model])
    await stage.think("meet")
    back = results(model.prompts[1])
    assert [each.id for each in back] == ["call-1-0", "call-1-1", "call-1-2"]
    assert [f"met {each}" in result.content for each, result in zip("abc", back, strict=True)] == [True] * 3
    assert [result.content.split(".")[0] for result in back] == ["result r1", "result r2", "result r3"]
    assert len({each.id for each in stage.all(Task)}) == 3


async def test_no_more_reads_run_at_one_time_than_the_limit_says(make_app: MakeApp) -> None:
    running, most = 0, 0

    async def counts(_: str) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return most

    app = await make_app(giving("look.up", counts))
    model = scripted(Says(calls=[("look.up", {"words": str(each)}) for each in range(6)]), Says("Done."))
    await Stage(app, [model], limits=ThinkingLimits(parallel=2)).think("look")
    assert 1 <= most <= 2


async def test_changes_are_asked_for_one_by_one_and_after_the_first_that_waits_no_other(make_app: MakeApp) -> None:
    first, second = Script(), Script()
    app = await make_app(danger("test.first", first), danger("test.second", second), giving("look.up", 7))
    calls: list[tuple[str, dict[str, Any]]] = [("test.first", {}), ("test.second", {}), ("look.up", {})]
    model = scripted(Says(calls=calls), Says("It waits."))
    stage = Stage(app, [model])
    thought = await stage.think("do both")
    assert (thought.ending, len(thought.waiting)) == ("waiting", 1)
    waits, not_begun, read = results(model.prompts[1])
    assert "waiting for approval" in waits.content
    assert "not run, because test.first" in not_begun.content
    assert "result r1" in read.content


async def test_a_change_is_asked_for_once_however_often_the_request_comes(make_app: MakeApp) -> None:
    app = await make_app(danger("test.danger", Script()))
    asked = []
    for words_ in ("x", "x", "other"):
        model = scripted(Says(calls=[("test.danger", {"words": words_})]), Says("It waits."))
        thought = await Stage(app, [model]).think("do it")
        asked.append(thought.waiting)
    assert asked[0] == asked[1] != ()
    assert asked[2] == ()
    assert results(model.prompts[1])[0].failed


async def test_a_change_without_a_gate_is_shown_as_a_form_and_does_not_run(make_app: MakeApp) -> None:
    app = await make_app(change("test.write", body := Script()))
    model = scripted(Says(calls=[("test.write", {"words": "x"})]), Says("Look it over, please."))
    stage = Stage(app, [model])
    await stage.think("write x")
    (form,) = stage.all(FormWanted)
    assert (form.operation, dict(form.values)) == ("test.write", {"words": "x"})
    assert (body.ran, stage.all(Result)) == (0, [])
    (result,) = results(model.prompts[1])
    assert not result.failed
    assert "runs if they send it" in result.content


# ---------------------------------------------------------------- approvals


async def waiting(make_app: MakeApp) -> tuple[Stage, Any, Script, Scripted]:
    body = Script()
    app = await make_app(danger("test.danger", body), giving("look.up", {"replicas": 7}))
    model = scripted(
        Says(calls=[("look.up", {})]),
        Says(calls=[("test.danger", {"words": "boom"}), ("test.danger", {"words": "later"})]),
        Says("It waits for approval.", [("test.danger", {"words": "now"})]),
    )
    stage = Stage(app, [model])
    return stage, await stage.think("do it"), body, model


async def test_a_change_behind_the_gate_ends_the_thought_as_waiting(make_app: MakeApp) -> None:
    stage, thought, body, model = await waiting(make_app)
    assert thought.ending == "waiting"
    assert body.ran == 0
    outcome = stage.all(Result)[-1].outcome
    assert isinstance(outcome, WaitingForApproval)
    assert thought.waiting == (outcome.approval_id,)
    assert thought.text == "It waits for approval."
    first, second = results(model.prompts[2])
    assert f"waiting for approval {outcome.approval_id}" in first.content
    assert not first.failed
    assert "not run" in second.content
    last = model.prompts[2].messages[-1].parts[-1]
    assert isinstance(last, Words)
    assert outcome.approval_id in last.text
    assert [tool.name for tool in model.prompts[2].tools] == [tool.name for tool in model.prompts[0].tools]
    kept = await stage.app.desk.get(outcome.approval_id)
    assert kept.why == "do it"


async def test_a_thought_goes_on_where_it_stopped_with_what_became_of_the_approval(make_app: MakeApp) -> None:
    stage, thought, body, _ = await waiting(make_app)
    state = json.loads(json.dumps(thought.suspended))
    admin = await stage.app.people.identify(Actor("admin"))
    await stage.app.desk.decide(thought.waiting[0], admin, Verdict.APPROVE, "")
    outcome = await stage.app.door.run_approved(thought.waiting[0])
    assert body.ran == 1
    model = scripted(Says(calls=[("look.up", {})]), Says("It said boom, on 7 replicas, not 8. See r2 and r3."))
    after = Stage(stage.app, [model])
    decided = Decided(thought.waiting[0], "approved by </data-x> U2", outcome)
    done = await after.think("", key="request-2", resume=Resumption(state, (decided,)))
    assert done.ending == "answered"
    assert done.text.startswith("It said boom, on 7 replicas, not 8 ⚠︎ unverified.")
    told = words(model.prompts[0])
    assert "[sre] do it" in told
    assert "approved by ‹/data-x> U2" in told
    assert "boom" in told
    assert 'from="r2: test.danger"' in told
    assert "result r3" in results(model.prompts[1])[0].content


async def test_what_another_version_kept_is_refused_in_words(make_app: MakeApp) -> None:
    stage = Stage(await make_app(), [scripted()])
    with pytest.raises(Exception, match="cannot be taken up") as error:
        await stage.think("", resume=Resumption({"version": 99}, ()))
    assert type(error.value).__name__ == "Conflict"


async def test_a_model_can_neither_approve_nor_use_what_it_was_not_offered(make_app: MakeApp) -> None:
    app = await make_app()
    model = scripted(
        Says(calls=[("approvals.decide", {"approval": "apr-1", "verdict": "approve"}), ("rm.rf", {})]), Says("No.")
    )
    stage = Stage(app, [model])
    await stage.think("approve it", "admin")
    offered = {tool.name for tool in model.prompts[0].tools}
    assert "approvals.show" in offered
    assert offered.isdisjoint({"approvals.decide", "approvals.withdraw", "answers.rate", "runs.cancel"})
    assert all(each.failed and "no such tool" in each.content for each in results(model.prompts[1]))
    assert stage.all(Result) == []


async def test_a_call_whose_arguments_cannot_be_read_is_not_made(make_app: MakeApp) -> None:
    app = await make_app(change("test.write", body := Script()))
    model = scripted(Says(calls=[("test.write", {})], broken="The arguments are no JSON."), Says("I could not."))
    stage = Stage(app, [model])
    await stage.think("write")
    (result,) = results(model.prompts[1])
    assert result.failed
    assert "no JSON" in result.content
    assert (body.ran, stage.all(Result)) == (0, [])


async def test_a_refusal_at_the_door_is_a_failed_result_with_what_would_help(make_app: MakeApp) -> None:
    app = await make_app(giving("look.up", 1))
    model = scripted(Says(calls=[("look.up", {"wordz": 1})]), Says("I could not."))
    stage = Stage(app, [model])
    await stage.think("look")
    (result,) = results(model.prompts[1])
    assert result.failed
    assert "refused (invalid)" in result.content
    assert "Did you mean 'words'?" in result.content
    assert isinstance(stage.all(Result)[0].outcome, Refused)
