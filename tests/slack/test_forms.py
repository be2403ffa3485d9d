"""Forms: any operation's input as a window, errors at the fields, and nothing lost."""

from __future__ import annotations

import pytest

from bot.app import App
from integrations.sandbox.slack.testing import Modal, Person, Playground, Thread, words
from tests.slack.conftest import Make
from tests.slack.seeing import Settled, answers, on_both
from tests.slack.stage import change


@pytest.fixture
async def ran(bots: Make) -> list[str]:
    """The runs of the change that the form is for."""
    runs: list[str] = []
    await bots(change(runs))
    return runs


async def wished(sre: Person) -> tuple[Thread, Modal]:
    thread = await sre.says("#ops", "@copilot resize a disk in production")
    answer = await thread.last(containing="Fill in the form")
    await sre.clicks(answer, "Fill in the form")
    return thread, await sre.modal(containing="Owner")


async def test_what_was_said_already_is_filled_in(ran: list[str], sre: Person) -> None:
    _, modal = await wished(sre)
    assert modal.labels == ["Label", "Owner", "Size", "Environment", "Why"]
    assert modal.value("Environment")["value"] == "production"
    assert "Ask to run" in modal.text


async def test_an_error_stands_at_its_field_and_what_was_filled_in_stays(ran: list[str], sre: Person) -> None:
    thread, modal = await wished(sre)
    await sre.fills(modal, {"Label": "checkout", "Owner": "me", "Size": "3", "Why": "it is full"})
    errors = await sre.submits(modal)
    assert list(errors) == ["Owner"]
    assert "team-" in errors["Owner"]
    assert modal.open
    assert modal.value("Label") == "checkout"
    assert modal.value("Why") == "it is full"
    await sre.fills(modal, {"Owner": "team-checkout"})
    assert await sre.submits(modal) == {}
    assert not modal.open
    card = await thread.last(containing="Approve")
    assert "It is full" in words(card)
    assert "Changes checkout by 3." in words(card)
    assert not ran


@on_both
async def test_a_form_that_was_sent_twice_is_one_request(
    ran: list[str], settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread, modal = await wished(sre)
    await sre.fills(modal, {"Label": "checkout", "Owner": "team-checkout"})
    workspace.faults.set(duplicates=1)
    assert await sre.submits(modal) == {}
    await settled()
    cards = [message for message in answers(thread) if "Waiting for approval" in words(message)]
    assert len(cards) == 1


async def test_the_window_opens_before_it_is_known_what_stands_in_it(
    ran: list[str], workspace: Playground, sre: Person
) -> None:
    await wished(sre)
    shown = [sent.what for sent in workspace.sent if sent.what.startswith("views.")]
    assert shown == ["views.open", "views.update"]


async def test_only_those_environments_are_offered_in_which_one_may_act(ran: list[str], workspace: Playground) -> None:
    ml = workspace.person("ml-engineer")
    await ml.runs("/copilot", "resize a disk", channel="#ml")
    modal = await ml.modal(containing="Owner")
    environment = next(block for block in modal.blocks if block.get("label", {}).get("text") == "Environment")
    assert [option["value"] for option in environment["element"]["options"]] == ["staging"]


async def test_preferences_are_a_form_that_shows_what_is_set(ran: list[str], settled: Settled, sre: Person) -> None:
    await sre.clicks(await sre.home(containing="Preferences"), "Preferences")
    modal = await sre.modal(containing="Follow")
    await sre.fills(modal, {"Environment": "staging"})
    await sre.submits(modal)
    await settled()
    await sre.clicks(await sre.home(containing="Preferences"), "Preferences")
    modal = await sre.modal(containing="Follow")
    assert modal.value("Environment")["value"] == "staging"
    await sre.closes(modal)
    thread = await sre.says("#ops", "@copilot rehearse a drill")
    assert "staging" in words(await thread.last(containing="Fill in the form"))


async def test_more_fields_are_a_press_away_and_nothing_that_was_typed_is_lost(bot: App, sre: Person) -> None:
    thread = await sre.says("#ops", "@copilot watch checkout latency")
    await sre.clicks(await thread.last(containing="please look it over"), "Fill in the form")
    modal = await sre.modal(containing="Metric")
    assert len(modal.labels) == 6
    await sre.fills(modal, {"Above": "not a number", "Lasting": "5 minutes"})
    await sre.clicks(modal, "More…")
    await modal.until("PromQL")
    assert {"Metric", "Query", "Kind", "Name"} < set(modal.labels)
    assert (modal.value("Above"), modal.value("Lasting")) == ("not a number", "5 minutes")
    await sre.fills(modal, {"Every": "30"})
    assert list(await sre.submits(modal)) == ["Above"]
