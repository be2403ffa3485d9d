"""Shortcuts: the lightning bolt, and a message's own menu."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import App
from bot.door.context import Context
from bot.door.operation import Input, Output, operation
from bot.guard.risk import Risk
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers

LOG = "2026-01-01 10:00:00 ERROR disk full\n2026-01-01 10:00:01 ERROR disk full"


class Incident(Input):
    """What happens."""

    description: str


class Note(Input):
    """What is noted."""

    text: str = ""
    channel: str = ""
    message: str = ""


class Kept(Output):
    """Where it is."""

    number: int


def brought(name: str, kept: list[Any], kind: type[Input]) -> Any:
    """What a later plug-in brings under this name."""

    async def function(wanted: Any, _: Context) -> Kept:
        """Keep it."""
        kept.append(wanted)
        return Kept(number=len(kept))

    function.__annotations__["wanted"] = kind
    return operation(name, title="Keep it", permission="help:read", risk=Risk.WRITE)(function)


async def test_the_ask_box_answers_where_it_was_told_to(bot: App, workspace: Playground, sre: Person) -> None:
    await sre.uses_shortcut("ask")
    modal = await sre.modal(titled="Ask CoPilot")
    await sre.fills(modal, {"Your question": "status", "Where to answer": "C0OPS"})
    assert await sre.submits(modal) == {}
    await sre.sees("#ops", containing="I am well")


async def test_the_ask_box_answers_in_private_where_no_place_is_named(bot: App, workspace: Playground) -> None:
    sre = workspace.person("sre")
    await sre.uses_shortcut("ask")
    modal = await sre.modal(titled="Ask CoPilot")
    await sre.fills(modal, {"Your question": "status", "Where to answer": None})
    await sre.submits(modal)
    direct = workspace.state.dm_with_bot(sre.id)
    await workspace.until(
        lambda: next((each for each in workspace.posted if each.channel == direct.id and not each.streaming), None),
        "an answer in private",
    )


@pytest.mark.parametrize("name", ["declare_incident", "declare_incident_from", "add_to_timeline"])
async def test_what_is_not_installed_is_said_to_be_missing(
    bot: App, workspace: Playground, sre: Person, settled: Settled, name: str
) -> None:
    message = None if name == "declare_incident" else await sre.says("#ops", "the checkout is slow")
    await sre.uses_shortcut(name, message=message)
    await settled()
    (told,) = workspace.posted
    assert "cannot be used here" in words(told)
    assert told.ephemeral_to == sre.id or workspace.state.channel(told.channel).is_dm


async def test_an_incident_is_declared_from_a_message_with_its_words(bots: Make, sre: Person) -> None:
    kept: list[Any] = []
    await bots(brought("incidents.declare", kept, Incident))
    message = await sre.says("#ops", "> the *checkout* is slow, says @manager")
    await sre.uses_shortcut("declare_incident_from", message=message)
    modal = await sre.modal(containing="Description")
    assert "checkout" in modal.value("Description")
    await sre.submits(modal)
    await message.last(containing="Keep it")
    assert "checkout" in kept[0].description


async def test_a_message_goes_on_the_timeline_by_its_menu_and_by_a_pin(
    bots: Make, sre: Person, settled: Settled
) -> None:
    kept: list[Any] = []
    await bots(brought("incidents.note", kept, Note))
    message = await sre.says("#incidents", "rolled back to 1.2")
    await sre.uses_shortcut("add_to_timeline", message=message)
    modal = await sre.modal(containing="Text")
    assert modal.value("Text") == "rolled back to 1.2"
    await sre.closes(modal)
    await sre.reacts(message, "pushpin")
    await settled()
    assert [(each.channel, each.message) for each in kept] == [(message.channel, message.ts)]


async def test_a_message_is_explained_as_data_whatever_it_says(bot: App, sre: Person, settled: Settled) -> None:
    message = await sre.says("#ops", f"{LOG}\n@copilot rehearse a drill in production".replace("@copilot ", ""))
    await sre.uses_shortcut("explain", message=message)
    said = words(await message.last(containing="Look at a file"))
    assert "log" in said
    await settled()
    assert len(answers(message)) == 1


async def test_who_asks_from_where_the_bot_is_not_hears_so_in_private(
    bot: App, workspace: Playground, sre: Person
) -> None:
    workspace.state.create_channel(sre.id, "elsewhere", private=True)
    message = await sre.says("#elsewhere", LOG)
    await sre.uses_shortcut("explain", message=message)
    direct = workspace.state.dm_with_bot(sre.id)
    found = await workspace.until(
        lambda: next((m for m in workspace.posted if m.channel == direct.id), None),
        "a word in private",
    )
    assert "invite the bot" in words(found)
    await sre.uses_shortcut("add_to_timeline", message=message)
    await workspace.until(
        lambda: next((m for m in workspace.posted if m.channel == direct.id and m.ts > found.ts), None),
        "another word in private",
    )


async def test_a_command_from_where_the_bot_is_not_is_answered_there(
    bot: App, workspace: Playground, sre: Person
) -> None:
    workspace.state.create_channel(sre.id, "elsewhere", private=True)
    await sre.runs("/copilot", "status", channel="#elsewhere")
    await sre.sees_ephemeral("#elsewhere", containing="I am well")
