"""Answers by a model in Slack: approvals that come after a restart, Stop, forms, and what is said when it is away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.agent.suspended import Suspended
from bot.app import App
from bot.errors import Unavailable
from bot.operations.maintenance import DrillBook
from integrations.sandbox.anthropic.server import ScriptedModel
from integrations.sandbox.slack.state import Message
from integrations.sandbox.slack.testing import Person, Playground, Thread, words
from tests import killable
from tests.agent.playing import PUZZLE, falls_back_to, script, thinks_with
from tests.door.stage import Script, change, until
from tests.replicas import Replica
from tests.slack.asking import redrawn
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers, on_both

Model = Callable[..., Coroutine[Any, Any, ScriptedModel]]
REHEARSE = "@copilot rehearse what we would do if it broke, and tell me how it went"
DONE = "The rehearsal is in the book. We are done."


@pytest.fixture
async def playing() -> AsyncIterator[Model]:
    async with AsyncExitStack() as stack:

        async def make(source: Path | str) -> ScriptedModel:
            return await stack.enter_async_context(ScriptedModel(source))

        yield make


async def drills(app: App) -> int:
    return len(await app.resources.get(DrillBook).all())


async def comes_to_the_gate(person: Person, workspace: Playground) -> tuple[Thread, Message]:
    """The thread, and the card in it, once the answer is over."""
    thread = await person.says("#ops", REHEARSE)
    await thread.last(containing="I go on once people have decided")

    def find() -> Message | None:
        return next((each for each in answers(thread) if "Approve\n" in f"{words(each)}\n" and each.blocks), None)

    return thread, await workspace.until(
        find, "a card with Approve", shown=lambda: "\n".join(map(words, thread.messages))
    )


async def kept(app: App) -> list[Suspended]:
    return list(await app.suspended.at_gates())


@on_both
async def test_what_is_approved_after_a_restart_is_gone_on_with_in_its_thread(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person, manager: Person, apps: list[App]
) -> None:
    model = await playing(script("drill"))
    first = await bots(**thinks_with(model))
    thread, card = await comes_to_the_gate(sre, workspace)
    await settled()
    await first.close()
    apps.remove(first)
    bot = await bots(**thinks_with(model))
    assert await drills(bot) == 0
    await manager.clicks(card, "Approve")
    told = await thread.last(containing=DONE)
    assert told.thread_ts == thread.ts
    await settled()
    assert await drills(bot) == 1
    assert sum(DONE in words(each) for each in answers(thread)) == 1

    async def nothing_waits() -> bool:
        return not await kept(bot)

    await until(nothing_waits)


async def test_what_is_rejected_is_told_with_its_reason_in_its_thread(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    bot = await bots(**thinks_with(await playing(script("drill"))))
    thread, card = await comes_to_the_gate(sre, workspace)
    await manager.clicks(card, "Reject")
    modal = await manager.modal(containing="Why not")
    await manager.fills(modal, {"Why not": "Not on a Friday"})
    await manager.submits(modal)
    await thread.last(containing="It was not allowed, because: Not on a Friday. Nothing was rehearsed.")
    assert await drills(bot) == 0


async def test_a_slack_that_is_away_when_people_have_decided_is_tried_again(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person, manager: Person, ahead: Any
) -> None:
    bot = await bots(**thinks_with(await playing(script("drill"))))
    thread, card = await comes_to_the_gate(sre, workspace)
    await settled()
    assert bot.slack is not None
    conversation, real, tried = bot.slack.conversation, bot.slack.conversation.answer, 0

    async def away_at_first(*given: Any) -> Any:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise Unavailable("Slack is away")
        return await real(*given)

    conversation.answer = away_at_first  # type: ignore[method-assign,assignment]
    await manager.clicks(card, "Approve")
    await thread.last(containing=DONE)
    assert tried == 2


async def test_the_same_wish_in_private_is_gone_on_with_in_private(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    """It shares the approval of the one in the channel, and nothing of what was said."""
    await bots(**thinks_with(await playing(script("drill"))))
    thread, card = await comes_to_the_gate(sre, workspace)
    direct = await sre.dm(REHEARSE.removeprefix("@copilot "))
    await direct.last(containing="I go on once people have decided")
    await settled()
    await manager.clicks(card, "Approve")
    await direct.last(containing=DONE)
    await settled()
    assert not [each for each in answers(thread) if DONE in words(each)]


async def test_what_a_command_began_goes_on_where_only_its_person_reads(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    bot = await bots(**thinks_with(await playing(script("drill"))))
    await sre.runs("/copilot", REHEARSE.removeprefix("@copilot "), channel="#ops")
    card = await manager.sees("#ops", containing="Who may approve")
    await manager.clicks(card, "Approve")

    async def nothing_waits() -> bool:
        return await drills(bot) == 1 and not await kept(bot)

    await until(nothing_waits)
    await settled()
    (told,) = [each for each in workspace.posted if DONE in words(each)]
    assert told.channel.startswith("D")


async def test_a_bot_that_was_killed_while_people_decided_is_followed_by_one_that_goes_on(
    bots: Make,
    playing: Model,
    settled: Settled,
    workspace: Playground,
    sre: Person,
    manager: Person,
    database_url: str,
    tmp_path: Path,
    files: Path,
) -> None:
    model = await playing(script("drill"))
    settings = json.dumps({**thinks_with(model), "roles_file": str(files / "roles.yaml")})
    known = (database_url, str(tmp_path), workspace.api_url, workspace.bot_token, workspace.app_token, settings)
    killed = await Replica(killable.main, "endless", *known).start()
    await workspace.app_connected()
    thread, card = await comes_to_the_gate(sre, workspace)
    await killed.kill()
    bot = await bots(**thinks_with(model))
    await manager.clicks(card, "Approve")
    await thread.last(containing=DONE)
    await settled()
    assert await drills(bot) == 1
    assert sum(DONE in words(each) for each in answers(thread)) == 1


async def test_stop_ends_the_model_and_keeps_what_was_said(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person
) -> None:
    model = await playing('otherwise: {say: "First of all.\\n\\nThen", hang: true}')
    await bots(**thinks_with(model))
    thread = await sre.says("#ops", f"@copilot {PUZZLE}")
    begun = await thread.last(containing="First of all", finished=False)
    offered = await redrawn(workspace, begun, "Stop")
    await sre.clicks(offered, "Stop")
    ended = await redrawn(workspace, begun, "Stopped")
    assert "First of all" in words(ended)
    await model.until(lambda: model.broken_off == 1)
    await settled()
    assert len(answers(thread)) == 1


async def test_a_change_that_a_model_asks_for_is_a_form_that_runs_when_somebody_sends_it(
    bots: Make, playing: Model, settled: Settled, sre: Person
) -> None:
    model = await playing(
        """
        rules:
          - {when: {said: riddle}, do: {call: [{tool: test.write, with: {words: forty-two}}]}}
          - {when: {result: shown to the person}, do: {say: Please look it over.}}
        """
    )
    body = Script()
    await bots(change("test.write", body, title="Write it down"), **thinks_with(model))
    thread = await sre.says("#ops", f"@copilot {PUZZLE}")
    answer = await thread.last(containing="Please look it over")
    assert "Write it down" in words(answer)
    assert body.ran == 0
    await sre.clicks(answer, "Fill in the form")
    modal = await sre.modal(containing="Words")
    assert body.ran == 0
    assert await sre.submits(modal) == {}
    await thread.last(containing="forty-two", after=answer)
    assert body.ran == 1


async def test_where_models_are_away_the_answer_says_who_gave_it(
    bots: Make, playing: Model, settled: Settled, workspace: Playground, sre: Person
) -> None:
    away, other = await playing("otherwise: {error: permission}"), await playing("otherwise: {say: I stand in.}")
    await bots(**thinks_with(away), **falls_back_to(other))
    thread = await sre.says("#ops", f"@copilot {PUZZLE}")
    assert "since claude-sonnet-5-5 is away" in words(await thread.last(containing="I stand in."))


async def test_without_any_model_rules_answer_and_say_so(bots: Make, playing: Model, sre: Person) -> None:
    await bots(**thinks_with(await playing("otherwise: {error: permission}")))
    thread = await sre.says("#ops", f"@copilot {PUZZLE}")
    await thread.last(containing="The model is away, so I answer by rules alone")
