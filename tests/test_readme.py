"""What the README shows is what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import cli
from bot.door.context import Context
from bot.door.operation import Input, Operation, Output, Repeat, operation
from bot.guard.risk import Risk

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = {"README.md": README, **{f"docs/{page.name}": page.read_text() for page in (ROOT / "docs").glob("*.md")}}
COMMANDS = [line for line in re.findall(r"^\$ (llm-copilot [^\n#]*)", README, re.MULTILINE) if "--install" not in line]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_exists(line: str) -> None:
    command = get_command(cli)
    for word in shlex.split(line)[1:]:
        subcommands = getattr(command, "commands", {})
        if not subcommands:
            break
        assert word in subcommands, line
        command = subcommands[word]


@pytest.mark.parametrize("target", re.findall(r"^\$ make (\w+)", README, re.MULTILINE))
def test_every_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", PAGES[page])]
    assert [link for link in links if link and not (folder / link).exists()] == []


def test_the_operation_of_the_readme_is_one() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    class FlushOutput(Output):
        """What was flushed."""

    names = {**globals(), "FlushOutput": FlushOutput}
    exec("from pydantic import Field\n" + code, names)
    assert isinstance(names["flush"], Operation)
    assert names["flush"].name == "cache.flush"


IMPORTED_FOR_THE_README = (Context, Input, Repeat, Risk, operation)
