"""The Home tab: what waits for me, and the ways in."""

from __future__ import annotations

from bot.app import App
from integrations.sandbox.slack.testing import Person, Playground, view_words, words
from tests.slack.asking import asks_for_a_drill
from tests.slack.seeing import Settled


async def test_what_waits_for_me_is_approved_there_and_then_is_gone(
    bot: App, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, _ = await asks_for_a_drill(sre, label="home sweet home")
    home = await manager.home(containing="home sweet home")
    seen = len(workspace.changes)
    await manager.clicks(home, "Approve")
    await manager.sees_home(containing="Nothing is waiting for you", since=seen)
    await thread.last(containing="has run")


async def test_what_i_asked_for_is_shown_and_is_not_mine_to_approve(bot: App, sre: Person) -> None:
    await asks_for_a_drill(sre, label="mine alone")
    home = await sre.home(containing="mine alone")
    said = view_words(home)
    assert said.index("Your requests") < said.index("mine alone")
    assert "waits for others" in said


async def test_it_says_who_one_is_here_and_offers_what_suits(bot: App, workspace: Playground, sre: Person) -> None:
    said = view_words(await sre.home())
    assert "Site reliability engineer" in said
    assert "Practice drill" in said
    security = view_words(await workspace.person("security-engineer").home())
    assert "Practice drill" not in security


async def test_its_buttons_do_what_they_say(bot: App, workspace: Playground, sre: Person, settled: Settled) -> None:
    home = await sre.home()
    await sre.clicks(home, "Ask something")
    modal = await sre.modal(titled="Ask CoPilot")
    await sre.closes(modal)
    await sre.clicks(home, "Practice drill")
    modal = await sre.modal(containing="Environment")
    await sre.closes(modal)
    await sre.clicks(home, "List approvals")
    direct = workspace.state.dm_with_bot(sre.id)
    await workspace.until(
        lambda: next(
            (m for m in workspace.posted if m.channel == direct.id and "Nothing is waiting" in words(m)), None
        ),
        "an answer in private",
    )
    await sre.clicks(home, "What can you do?")
    await workspace.until(
        lambda: next((m for m in workspace.posted if m.channel == direct.id and "you can ask me" in words(m)), None),
        "help in private",
    )


async def test_a_guest_is_told_so(bot: App, workspace: Playground) -> None:
    said = view_words(await workspace.person("contractor").home())
    assert "guest" in said
    assert "Practice drill" not in said


async def test_remembering_is_switched_on_there(bot: App, workspace: Playground, sre: Person, settled: Settled) -> None:
    home = await sre.home(containing="*Remembering what we did beyond a conversation*: off")
    seen = len(workspace.changes)
    await sre.clicks(home, "Turn on")
    await sre.sees_home(containing="*Remembering what we did beyond a conversation*: on", since=seen)
    assert await bot.memory.consent(sre.id)


async def test_what_is_remembered_is_looked_at_and_forgotten_there(
    bot: App, workspace: Playground, sre: Person, settled: Settled
) -> None:
    async def presses(what: str) -> str:
        await sre.clicks(home, what)
        await settled()
        direct = workspace.state.dm_with_bot(sre.id)
        return words([each for each in workspace.posted if each.channel == direct.id][-1])

    await (await sre.dm("status")).last(containing="I am well")
    home = await sre.home()
    assert "You asked once." in await presses("My history")
    assert "of you." in await presses("What I remember of you")
    assert "I have forgotten all that I remembered of you" in await presses("Forget everything")


async def test_it_says_what_fires_what_is_watched_and_what_is_silent(watching: App, sre: Person) -> None:
    said = view_words(await sre.home())
    for line in ("No alerts fire now.", "Watches: none", "Watch everything in production", "Nothing is silenced."):
        assert line in said, line


async def test_what_only_asks_does_not_draw_it_anew(
    bot: App, workspace: Playground, sre: Person, settled: Settled
) -> None:
    def drawn() -> int:
        return sum(each["what"] == "views.publish" for each in workspace.inspector.entries())

    home = await sre.home()
    before = drawn()
    await sre.clicks(home, "My history")
    await settled()
    assert drawn() == before
    await sre.clicks(home, "Turn on")
    await settled()
    assert drawn() > before
