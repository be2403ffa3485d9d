"""Outcomes in a terminal: tables and plain sentences, colours only where there is a screen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.door.outcomes import Done, Failed, Outcome, Refused, WaitingForApproval
from bot.door.runner import OUTCOME
from bot.ports import Json

EXIT: Final[Mapping[str, int]] = {"done": 0, "refused": 3, "waiting": 4, "failed": 5}
"""Exit codes; 2 is a wrong command line, as everywhere."""
NARROW: Final = 48
MOST_COLUMNS: Final = 7


def plain(text: str) -> str:
    """Text from outside, without what a terminal would obey."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def local(text: str) -> str:
    """An instant as a person here reads it."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if when.tzinfo else text


def show(console: Console, outcome: Outcome, *, as_json: bool = False) -> int:
    """Print it; returns the exit code."""
    if as_json:
        console.print_json(json.dumps(OUTCOME.dump_python(outcome, mode="json")))
    else:
        console.print(render(outcome))
    return EXIT[outcome.kind]


def render(outcome: Outcome) -> RenderableType:
    match outcome:
        case Done():
            note = [Text("It had run before; this is what it gave then.", style="dim")] if outcome.repeated else []
            return Group(value(outcome.output), *note)
        case WaitingForApproval():
            return _waiting(outcome)
        case Refused():
            lines = [Text.assemble(("Refused: ", "bold yellow"), plain(outcome.message))]
            lines += [Text(f"  - {plain(str(problem))}") for problem in outcome.problems[1:]]
            return Group(*lines, *_mend(outcome.mend), _reference(outcome.trace_id))
        case Failed():
            head = "Still running: " if outcome.still_running else "Failed: "
            again = [Text("It may work if you try again.", style="dim")] if outcome.retryable else []
            line = Text.assemble((head, "bold red"), plain(outcome.message))
            return Group(line, *_mend(outcome.mend), *again, _reference(outcome.trace_id))


def _waiting(outcome: WaitingForApproval) -> RenderableType:
    people = "one more person" if outcome.quorum == 1 else f"{outcome.quorum} people"
    left = max(0, round((outcome.expires_at - datetime.now(UTC)).total_seconds() / 60))
    grid = _grid(
        {
            "what": outcome.operation,
            "preview": outcome.preview,
            "why the gate": outcome.why,
            "who may approve": ", ".join(outcome.who_may) or "nobody here",
            "until": f"{local(outcome.expires_at.isoformat())} ({left} minutes)",
            "approve with": f"llm-copilot run-op approvals.decide --approval {outcome.approval_id} "
            "--verdict approve --as PERSON",
        }
    )
    head = Text.assemble(("Waiting for approval ", "bold cyan"), outcome.approval_id, f": {people} must agree.")
    return Group(head, grid)


def _mend(mend: str) -> list[Text]:
    return [Text(plain(mend))] if mend else []


def _reference(trace_id: str) -> Text:
    return Text(f"ref: {trace_id}", style="dim")


def value(output: Json) -> RenderableType:
    """An output: its lists as tables, the rest as names and values."""
    if not isinstance(output, dict):
        return Text(_cell(output))
    parts: list[RenderableType] = []
    single = {name: item for name, item in output.items() if not _is_table(item)}
    if single:
        parts.append(_grid(single))
    for name, item in output.items():
        if _is_table(item):
            assert isinstance(item, list)
            parts.append(_table(name, [row for row in item if isinstance(row, dict)], alone=len(output) == 1))
    return Group(*parts)


def _is_table(item: Json) -> bool:
    return isinstance(item, list) and all(isinstance(row, dict) for row in item) and (bool(item) or item == [])


def _grid(values: Mapping[str, Json]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, item in values.items():
        if item not in (None, "", [], {}):
            grid.add_row(name.replace("_", " "), escape(_cell(item)))
    return grid


def _table(name: str, rows: Sequence[Mapping[str, Json]], *, alone: bool) -> RenderableType:
    title = name.replace("_", " ")
    if not rows:
        return Text(f"No {title}.", style="dim")
    used = [key for key in rows[0] if any(row.get(key) not in (None, "", [], {}) for row in rows)]
    if len(used) > MOST_COLUMNS:
        return Group(*(_record(row, used) for row in rows), Text(_count(len(rows), title), style="dim"))
    table = Table(
        title=None if alone else title, title_justify="left", header_style="bold", show_edge=False, pad_edge=False
    )
    for key in used:
        table.add_column(key.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(row.get(key))) for key in used))
    return Group(table, Text(_count(len(rows), title), style="dim"))


def _record(row: Mapping[str, Json], used: Sequence[str]) -> RenderableType:
    return Group(_grid({key: row.get(key) for key in used}), Text(""))


def _count(count: int, title: str) -> str:
    return f"{count} {title.removesuffix('s') if count == 1 else title}"


def _cell(item: Json) -> str:
    match item:
        case None:
            return ""
        case bool():
            return "yes" if item else "no"
        case str():
            return local(plain(item))
        case dict():
            return ", ".join(f"{key}={_cell(each)}" for key, each in item.items())
        case list():
            return ", ".join(_cell(each) for each in item)
        case _:
            return str(item)
