"""`llm-copilot check config`: what is in force, where it comes from, and what is wrong with it."""

from __future__ import annotations

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import config
from bot.door.registry import Registry
from bot.errors import ConfigurationError
from bot.floors.files import read_files, read_keys

WRONG = 2


def checkup(console: Console, *, as_json: bool = False) -> int:
    """Print it; 0 if the bot could start with this."""
    loaded = config.load()
    wrong = [str(problem) for problem in loaded.problems]
    values: dict[str, tuple[str, str]] = {}
    if loaded.settings:
        values = {name: (config.masked(loaded.settings, name), loaded.sources[name]) for name in loaded.sources}
        for look in (lambda s: read_files(s, Registry.discover()), read_keys):
            try:
                look(loaded.settings)
            except ConfigurationError as error:
                wrong.append(str(error))
    if as_json:
        report = {"settings": {name: {"value": value, "source": source} for name, (value, source) in values.items()}}
        console.print_json(json.dumps({**report, "problems": wrong}))
        return WRONG if wrong else 0
    if values:
        table = Table(header_style="bold", show_edge=False, pad_edge=False)
        for column in ("setting", "value", "from"):
            table.add_column(column, overflow="fold")
        for name, (value, source) in values.items():
            style = None if source != "default" else "dim"
            table.add_row(name, escape(value), escape(source), style=style)
        console.print(table)
    for problem in wrong:
        console.print(f"\n✗ {problem}", style="red", markup=False)
    if wrong:
        console.print(f"\n{len(wrong)} {'problem' if len(wrong) == 1 else 'problems'}; the bot does not start.")
        return WRONG
    console.print("\n✓ The settings, the service catalogue, the roles and the policies are in order.", style="green")
    return 0
