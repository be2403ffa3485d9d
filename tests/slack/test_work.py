"""Work that takes long, is stopped, or goes wrong: what people see of it."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.errors import Unavailable
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.door.stage import soon
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers
from tests.slack.stage import Work, long_work, reading


async def test_long_work_shows_what_it_is_at_and_then_its_result(
    bots: Make, workspace: Playground, sre: Person
) -> None:
    work = Work()
    await bots(long_work(work))
    thread = await sre.says("#ops", "@copilot take stock")
    await thread.last(containing="looking at the second half", finished=False)
    work.go_on.set()
    answer = await thread.last(containing="all there")
    assert "Stop\n" not in words(answer)


async def test_only_whoever_asked_stops_it(
    bots: Make, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    work = Work()
    await bots(long_work(work))
    thread = await sre.says("#ops", "@copilot take stock")
    shown = await thread.last(containing="Stop", finished=False)
    await soon(work.began)
    await manager.clicks(sre.rereads(shown), "Stop")
    assert "somebody else asked" in words(await manager.sees_ephemeral("#ops")).lower()
    assert not work.go_on.is_set()
    await sre.clicks(sre.rereads(shown), "Stop")
    stopped = await thread.last(containing="Stopped")
    assert stopped.ts == shown.ts
    await settled()
    assert len(answers(thread)) == 1
    assert "all there" not in words(sre.rereads(shown))


async def test_in_private_it_can_be_stopped_too(bots: Make, settled: Settled, sre: Person) -> None:
    work = Work()
    await bots(long_work(work))
    thread = await sre.dm("take stock")
    shown = await thread.last(containing="Stop")
    await soon(work.began)
    await sre.clicks(sre.rereads(shown), "Stop")
    await thread.last(containing="Stopped")
    await settled()
    assert len(answers(thread)) == 1


async def test_what_breaks_is_told_with_a_reference(bots: Make, sre: Person) -> None:
    async def broken() -> str:
        raise RuntimeError("the <!channel> pipe burst")

    await bots(reading("pipes.look", broken, "look at the pipes"))
    thread = await sre.says("#ops", "@copilot look at the pipes")
    said = words(await thread.last(containing="did not work"))
    assert "Reference" in said
    assert "<!channel>" not in said


async def test_what_is_down_for_a_moment_can_be_tried_again(bots: Make, settled: Settled, sre: Person) -> None:
    tries: list[int] = []

    async def flaky() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise Unavailable("the pipes are closed", mend="Wait a moment.")
        return "they are open"

    await bots(reading("pipes.look", flaky, "look at the pipes"))
    thread = await sre.says("#ops", "@copilot look at the pipes")
    answer = await thread.last(containing="Try again")
    await settled()
    await sre.clicks(answer, "Try again")
    await thread.last(containing="they are open")


async def test_a_turn_that_breaks_is_told_with_a_reference(
    bot: App, sre: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("bot.agent.turn.understand", broken)
    thread = await sre.says("#ops", "@copilot status")
    said = words(await thread.last())
    assert "unexpected" in said
    assert "Reference" in said
    assert "a fault of ours" not in said


async def test_a_delivery_that_fails_for_good_is_kept_and_the_person_is_told(
    bot: App, settled: Settled, sre: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bot.slack is not None
    tried: list[int] = []

    async def broken(*_: object, **__: object) -> None:
        tried.append(1)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(bot.slack.intake, "_pause", 0.0)
    with monkeypatch.context() as fault:
        fault.setattr(bot.slack.conversation, "answer", broken)
        thread = await sre.says("#ops", "@copilot status")
        told = words(await sre.sees_ephemeral("#ops", containing="sorry"))
    assert len(tried) == 3
    (letter,) = await bot.dead_letters.find()
    assert letter.id in told
    assert "a fault of ours" not in told
    await settled()
    assert not answers(thread)
    devops = await sre.dm(f"dead_letters.retry letter={letter.id}")
    await devops.last()
    await thread.last(containing="I am well")


@pytest.mark.parametrize("text", ["rehearse a drill in production", "status"])
async def test_a_command_or_a_press_that_fails_for_good_is_told_too(
    bot: App, settled: Settled, sre: Person, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert bot.slack is not None

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(bot.slack.intake, "_pause", 0.0)
    monkeypatch.setattr(bot.slack.conversation, "whole", broken)
    await sre.runs("/copilot", text, channel="#ops")
    assert "dl-" in words(await sre.sees_ephemeral("#ops", containing="sorry"))
