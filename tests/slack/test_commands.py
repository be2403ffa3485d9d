"""Slash commands: the same words as everywhere, and an answer for the caller alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.app import App
from bot.telemetry.vocabulary import Scope
from bot.watch.watches import Aim, Watch, WatchKind, WatchStore
from handlers import surface
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.conftest import Make
from tests.slack.seeing import Settled
from tests.slack.stage import Work, change, long_work

NOT_YET = sorted(surface.COMMANDS.keys() - {"/copilot", "/deploy", "/runbook", "/watch"})


async def test_status_is_shown_to_the_caller_alone(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    await sre.runs("/copilot", "status", channel="#ops")
    answer = await sre.sees_ephemeral("#ops", containing="I am well")
    assert "Stop listening" not in words(answer)
    await settled()
    assert {message.ephemeral_to for message in workspace.posted} == {sre.id}


@pytest.mark.parametrize("text", ["", "help", "?"])
async def test_help_shows_what_there_is(bot: App, sre: Person, text: str) -> None:
    await sre.runs("/copilot", text, channel="#ops")
    assert "help" in words(await sre.sees_ephemeral("#ops", containing="Practice drill"))


async def test_a_bare_command_lists_what_there_is_and_how_to_go_on(bot: App, sre: Person) -> None:
    await sre.runs("/watch", "", channel="#ops")
    empty = words(await sre.sees_ephemeral("#ops", containing="Watches here: none"))
    assert "watch everything in production" in empty
    assert "/watch help" in empty
    assert len(empty.splitlines()) < 10
    await sre.runs("/watch", "help", channel="#ops")
    assert "Pause a watch" in words(await sre.sees_ephemeral("#ops", containing="is for watches"))


async def test_an_example_of_a_bare_command_opens_its_form(bot: App, sre: Person) -> None:
    await sre.runs("/watch", "", channel="#ops")
    await sre.clicks(await sre.sees_ephemeral("#ops", containing="Watches here"), "Watch everything in production")
    modal = await sre.modal(containing="Metric")
    assert modal.value("Kind")["value"] == "scan"


@pytest.mark.parametrize("command", NOT_YET)
@pytest.mark.parametrize("text", ["help", "list"])
async def test_a_command_with_nothing_behind_it_says_so(bot: App, sre: Person, command: str, text: str) -> None:
    await sre.runs(command, text, channel="#ops")
    said = words(await sre.sees_ephemeral("#ops"))
    assert "Nothing is installed" in said
    assert command in said


async def test_what_a_plug_in_brings_is_behind_its_command(bots: Make, sre: Person) -> None:
    brought = change([])
    object.__setattr__(brought, "name", "incidents.declare")
    await bots(brought)
    await sre.runs("/incident", "declare label=checkout owner=team-checkout", channel="#ops")
    await sre.sees_ephemeral("#ops", containing="needs 1 approval")
    await sre.runs("/incident", "help", channel="#ops")
    said = words(await sre.sees_ephemeral("#ops", containing="Resize a disk"))
    assert "Practice drill" not in said


async def test_a_change_opens_its_form_at_once(bot: App, settled: Settled, workspace: Playground, sre: Person) -> None:
    await sre.runs("/copilot", "rehearse a drill in production", channel="#ops")
    modal = await sre.modal(containing="Environment")
    assert modal.value("Environment")["value"] == "production"
    await settled()
    assert not workspace.posted


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("unwatch", "watches.delete"),
        ("remove", "watches.delete"),
        ("Stop", "watches.delete"),
        ("rm", "watches.delete"),
        ("mute", "watches.pause"),
        ("unpause", "watches.resume"),
        ("enable", "watches.resume"),
        ("add", "watches.create"),
        ("checkout", "watches.create"),
    ],
)
async def test_another_word_for_a_verb_makes_no_watch(bot: App, sre: Person, said: str, meant: str) -> None:
    workspace = "T0LOCAL"
    now, aim = datetime.now(UTC), Aim(WatchKind.ANOMALY, "latency", Scope("checkout", "production"))
    await bot.resources.get(WatchStore).add(Watch("wch-1", "latency", aim, "C0OPS", sre.id, now, workspace=workspace))
    await sre.runs("/watch", f"{said} checkout latency", channel="#ops")
    (title,) = [each.title for each in bot.registry if each.name == meant]
    await sre.modal(titled=title)


async def test_before_an_answer_that_takes_time_there_is_a_first_word(
    bots: Make, sre: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.commands.PATIENCE", 0.1)
    work = Work()
    await bots(long_work(work))
    await sre.runs("/copilot", "take stock", channel="#ops")
    first = await sre.sees_ephemeral("#ops", containing="Looking; the answer follows.")
    work.go_on.set()
    await sre.sees_ephemeral("#ops", containing="all there", after=first)


async def test_a_button_below_a_private_answer_is_answered_in_private(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    await sre.runs("/incident", "help", channel="#ops")
    about = await sre.sees_ephemeral("#ops", containing="Nothing is installed")
    await sre.clicks(about, "Show what there is")
    await sre.sees_ephemeral("#ops", containing="Practice drill", after=about)
    await sre.runs("/copilot", "status", channel="#ops")
    status = await sre.sees_ephemeral("#ops", containing="I am well")
    await sre.clicks(status, "Details")
    await (await sre.modal(titled="Details")).until("Schema")
    await settled()
    assert {message.ephemeral_to for message in workspace.posted} == {sre.id}


async def test_who_has_nothing_to_do_here_is_told_so_in_private(bot: App, workspace: Playground) -> None:
    guest = workspace.person("contractor")
    for command, text in (("/copilot", "status"), ("/incident", "help")):
        await guest.runs(command, text, channel="#ops")
        assert "guest" in words(await guest.sees_ephemeral("#ops"))
