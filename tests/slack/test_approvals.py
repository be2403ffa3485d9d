"""Approvals: asked for, decided by another person, and told to everybody who waits."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot import defaults
from bot.app import App
from bot.door.outcomes import Done, Origin, WaitingForApproval
from bot.guard.people import Actor
from bot.operations.maintenance import DrillBook
from integrations.sandbox.slack.testing import Person, Playground, words
from tests.slack.asking import asks_for_a_drill, redrawn
from tests.slack.conftest import Ahead, Make
from tests.slack.seeing import Settled, answers, on_both


async def drills(app: App) -> int:
    return len(await app.resources.get(DrillBook).all())


@on_both
async def test_another_person_approves_and_it_runs_once(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    said = words(card)
    for part in ("Practice drill", "production", "<@U0SRE>", "0 of 1", "Who may approve", "Expires", "destructive"):
        assert part in said
    assert await drills(bot) == 0
    await manager.clicks(card, "Approve")
    told = await thread.last(containing="has run")
    assert "<@U0SRE>" in words(told)
    after = await redrawn(workspace, card, "It ran")
    assert "<@U0MANAGER> approved" in words(after)
    assert "Approve\n" not in words(after)
    assert await drills(bot) == 1


@on_both
async def test_approving_it_twice_changes_nothing(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    workspace.faults.set(duplicates=1)
    await manager.clicks(card, "Approve")
    await thread.last(containing="has run")
    await settled()
    assert await drills(bot) == 1
    assert sum("has run" in words(message) for message in answers(thread)) == 1


async def test_nobody_approves_what_they_asked_for(
    bot: App, settled: Settled, workspace: Playground, sre: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    await sre.clicks(card, "Approve")
    told = await sre.sees_ephemeral("#ops")
    assert "asked for" in words(told)
    await settled()
    assert "Waiting for approval" in words(sre.rereads(card))
    assert len(answers(thread)) == 2


async def test_who_may_not_decide_is_told_who_may(bot: App, workspace: Playground, sre: Person) -> None:
    _, card = await asks_for_a_drill(sre)
    qa = workspace.person("qa-engineer")
    await qa.clicks(card, "Approve")
    assert "manager" in words(await qa.sees_ephemeral("#ops"))


async def test_a_rejection_needs_a_reason_and_is_told_with_it(
    bot: App, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    await manager.clicks(card, "Reject")
    modal = await manager.modal(containing="Why not")
    assert await manager.submits(modal) != {}
    await manager.fills(modal, {"Why not": "Not on a Friday"})
    assert await manager.submits(modal) == {}
    told = await thread.last(containing="was rejected")
    assert "<@U0SRE>" in words(told)
    assert "Not on a Friday" in words(told)
    after = await redrawn(workspace, card, "Rejected")
    assert "Not on a Friday" in words(after)
    assert await drills(bot) == 0


async def test_a_decision_that_comes_too_late_is_told_so(
    bot: App, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    security = workspace.person("security-engineer")
    await security.clicks(card, "Reject")
    late = await security.modal(containing="Why not")
    await manager.clicks(card, "Approve")
    await thread.last(containing="has run")
    await security.fills(late, {"Why not": "no"})
    await security.submits(late)
    told = await (await security.dm("status")).last(containing="approved")
    assert "U0MANAGER" in words(told) or "approved" in words(told)


async def test_the_details_of_a_request_are_in_a_window(bot: App, sre: Person, manager: Person) -> None:
    _, card = await asks_for_a_drill(sre, label="a long story")
    await manager.clicks(card, "Details")
    modal = await manager.modal(containing="Parameters")
    for part in ("maintenance.drill", "a long story", "production", "Writes one row"):
        assert part in modal.text


async def test_whoever_asked_may_withdraw_and_nobody_else(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    _, card = await asks_for_a_drill(sre)
    await manager.clicks(card, "Withdraw my request")
    assert "U0SRE" in words(await manager.sees_ephemeral("#ops"))
    await sre.clicks(card, "Withdraw my request")
    await redrawn(workspace, card, "Withdrawn")
    assert await drills(bot) == 0


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Rules by which production wants two people."""
    rules = yaml.safe_load(defaults.path("policies.yaml").read_text(encoding="utf-8"))
    rules["two_person"]["quorum"] = 2
    path = tmp_path / "policies.yaml"
    path.write_text(yaml.safe_dump(rules), encoding="utf-8")
    return path


async def test_two_have_to_agree_where_the_rules_say_so(
    bots: Make, two: Path, workspace: Playground, sre: Person, manager: Person
) -> None:
    await bots(policies_file=two)
    thread, card = await asks_for_a_drill(sre)
    assert "0 of 2" in words(card)
    await manager.clicks(card, "Approve")
    await redrawn(workspace, card, "1 of 2")
    await manager.clicks(card, "Approve")
    assert "already" in words(await manager.sees_ephemeral("#ops"))
    await workspace.person("devops").clicks(card, "Approve")
    await thread.last(containing="has run")
    await redrawn(workspace, card, "2 of 2")


async def test_time_brings_it_to_further_people_and_then_ends_it(
    bot: App, workspace: Playground, sre: Person, ahead: Ahead
) -> None:
    thread, card = await asks_for_a_drill(sre)
    ahead.move(minutes=16)
    await bot.upkeep.beat()
    assert "Waiting for approval" in words(await redrawn(workspace, card, "was asked too"))
    ahead.move(minutes=60)
    await bot.upkeep.beat()
    await redrawn(workspace, card, "Expired")
    assert "<@U0SRE>" in words(await thread.last(containing="has expired"))


async def test_a_newer_request_replaces_the_older_one(bot: App, workspace: Playground, sre: Person) -> None:
    thread, card = await asks_for_a_drill(sre, label="one")
    old = await bot.desk.store.find()
    origin = Origin("thread", thread.channel, thread.ts, workspace.state.team_id)
    values = {"label": "two", "environment": "production"}
    newer = await bot.door.invoke(
        Actor(sre.id), "maintenance.drill", values, origin=origin, supersedes=old[0].id, idempotency_key="second"
    )
    assert isinstance(newer, WaitingForApproval)
    await redrawn(workspace, card, "Replaced")
    assert "two" in words(await thread.last(containing="Waiting for approval"))


async def test_a_request_made_in_private_is_shown_where_approvers_look(
    bot: App, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread = await sre.dm("maintenance.drill environment=production")
    own = await thread.last(containing="Waiting for approval")
    card = await manager.sees("#ops", containing="Waiting for approval")
    await manager.clicks(card, "Approve")
    await manager.sees("#ops", containing="It ran")
    await redrawn(workspace, own, "It ran")
    await thread.last(containing="has run")


@on_both
async def test_a_card_that_was_deleted_is_posted_anew(
    bot: App, settled: Settled, workspace: Playground, sre: Person, manager: Person
) -> None:
    thread, card = await asks_for_a_drill(sre)
    workspace.state.delete(workspace.state.bot_user_id, card.channel, card.ts)
    approval = (await bot.desk.store.find())[0]
    thread2 = await manager.dm(f"approvals.decide approval={approval.id} verdict=approve")
    await thread2.last(containing="approved")
    again = await thread.last(containing="It ran")
    assert again.ts != card.ts
    assert "<@U0MANAGER> approved" in words(again)


@on_both
async def test_what_is_decided_at_a_terminal_is_seen_on_the_card(
    bots: Make, workspace: Playground, sre: Person
) -> None:
    bot = await bots()
    thread, card = await asks_for_a_drill(sre)
    terminal = await bots(slack=False)
    approval = (await bot.desk.store.find())[0]
    outcome = await terminal.door.invoke(
        Actor("manager"),
        "approvals.decide",
        {"approval": approval.id, "verdict": "reject", "reason": "From here"},
        origin=Origin("cli"),
    )
    assert isinstance(outcome, Done)
    await redrawn(workspace, card, "From here")
    await thread.last(containing="was rejected")
