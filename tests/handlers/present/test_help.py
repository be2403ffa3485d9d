"""Help shows what somebody may use, and says honestly what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from bot.agent.events import Result
from bot.door.outcomes import Done
from bot.operations.help import describe
from handlers import buttons
from handlers.buttons import Form, Run, Say
from handlers.present import Rendered, render
from handlers.present.help import GROUPS, command_help, group_of
from handlers.surface import COMMANDS
from tests.handlers.judges import judge
from tests.handlers.present.strategies import REGISTRY, scene
from tests.handlers.present.test_render import elements

ALL = [describe(each, allowed=True).model_dump(mode="json") for each in REGISTRY]


def shown(operations: list[dict[str, Any]]) -> Rendered:
    outcome = Done({"operations": operations}, "help.show", "t", "r")  # type: ignore[dict-item]
    return judged(render([Result(outcome, "Help")], scene(), done=True))


def judged(rendered: Rendered) -> Rendered:
    judge("message", {"text": rendered.text, "blocks": list(rendered.blocks)})
    return rendered


def acts(rendered: Rendered) -> list[Any]:
    return [buttons.read(each["action_id"], each["value"]) for each in elements(rendered.blocks)]


def test_help_groups_what_there_is_with_examples() -> None:
    rendered = shown(ALL)
    assert "*🤝 Approvals*" in rendered.text
    assert "`what is running?`" in rendered.text
    assert any(isinstance(act, Say) for act in acts(rendered))


def test_every_shipped_group_has_a_name_of_its_own() -> None:
    assert {group_of(each.name) for each in REGISTRY} <= GROUPS.keys()


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each["name"])
def test_each_operation_alone_is_explained_in_full(operation: dict[str, Any]) -> None:
    rendered = shown([operation])
    for field in operation["fields"]:
        assert field["name"].split("_")[0] in rendered.text
    needs = any(field["required"] for field in operation["fields"])
    wanted = Run(operation["name"]) if operation["risk"] == "read" and not needs else Form(operation["name"])
    assert wanted in acts(rendered)


def test_what_one_may_not_use_has_no_button() -> None:
    operation = next(each for each in ALL if each["name"] == "maintenance.drill") | {"allowed": False}
    rendered = shown([operation])
    assert "It needs the permission `maintenance:drill`." in rendered.text
    assert not any(isinstance(act, Form) for act in acts(rendered))


def test_somebody_who_may_nothing_is_told_so() -> None:
    assert "There is nothing here that you may use yet." in shown([]).text


@pytest.mark.parametrize("command", [*COMMANDS, "/unknown"])
def test_each_command_has_help_and_says_where_it_does_not_work(command: str) -> None:
    rendered = judged(command_help(command, scene("")))
    assert f"`{command}`" in rendered.text
    assert "do not work inside threads" in rendered.text


def test_a_command_with_nothing_behind_it_says_so() -> None:
    assert "Nothing is installed behind it yet" in command_help("/incident", scene("")).text


def test_a_command_with_operations_behind_it_lists_them() -> None:
    operations = [{"name": "deploys.start", "title": "Start a deploy", "summary": "Starts.", "risk": "write"}]
    rendered = judged(command_help("/deploy", scene(""), operations))
    assert "*Start a deploy*" in rendered.text
    assert acts(rendered) == [Form("deploys.start")]
