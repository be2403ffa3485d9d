"""What a model asks for is done by the door, and by nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import bot.agent.thinking


def test_nothing_here_runs_an_operation_but_by_the_one_that_goes_through_the_door() -> None:
    folder = Path(bot.agent.thinking.__file__).parent
    for path in folder.glob("*.py"):
        tree = ast.parse(path.read_text())
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert imported.isdisjoint({"bot.door.invoke", "bot.door.runner", "bot.door.approved"}), path
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "function" not in used, path
