"""Outcomes in a terminal: tables and plain sentences, colours only where there is a screen."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bot.door.outcomes import Done, Failed, Outcome, Refused, WaitingForApproval
from bot.door.runner import OUTCOME
from bot.ports import Json

EXIT: Final[Mapping[str, int]] = {"done": 0, "refused": 3, "waiting": 4, "failed": 5}
"""Exit codes; 2 is a wrong command line, as everywhere."""
MOST_WIDTH: Final = 10_000
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "approvals.list": ("id", "operation", "parameters", "requester", "state", "expires_at"),
    "audit.search": ("at", "actor", "role", "operation", "event", "decision", "outcome"),
    "dead_letters.list": ("id", "error", "attempts", "state", "created_at", "reference"),
    "help.show": ("name", "title", "risk", "examples"),
    "operations.list": ("name", "title", "risk", "permission"),
    "runs.list": ("id", "operation", "actor", "state", "started_at", "finished_at"),
}
"""What a table shows of each row; `--json` has all of it."""
WHOLE: Final = frozenset({"id", "name", "at", "operation", "policy", "risk", "state", "event"})
"""Columns that are read or copied as one word."""


def plain(text: str) -> str:
    """Text from outside, without what a terminal would obey."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def local(text: str, *, short: bool = False) -> str:
    """An instant as a person here reads it; in a table without what goes without saying."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    if when.tzinfo is None:
        return text
    here = when.astimezone()
    today = here.date() == datetime.now(UTC).astimezone().date()
    return here.strftime(("%H:%M:%S" if today else "%Y-%m-%d %H:%M") if short else "%Y-%m-%d %H:%M:%S %Z")


def show(console: Console, outcome: Outcome, *, as_json: bool = False) -> int:
    """Print it; returns the exit code."""
    if as_json:
        console.print_json(json.dumps(OUTCOME.dump_python(outcome, mode="json")))
    else:
        console.print(render(outcome))
        if isinstance(outcome, WaitingForApproval):  # on a line of its own, to be copied whole
            command = (
                f"llm-copilot run-op approvals.decide --approval {outcome.approval_id} --verdict approve --as PERSON"
            )
            console.print(f"Approve it with:\n{command}", markup=False, soft_wrap=True)
    return EXIT[outcome.kind]


def render(outcome: Outcome) -> RenderableType:
    match outcome:
        case Done():
            note = [Text("It had run before; this is what it gave then.", style="dim")] if outcome.repeated else []
            if isinstance(outcome.output, dict) and isinstance(outcome.output.get("summary"), str):
                return Group(*_told(outcome.output), *note)
            return Group(value(outcome.output, COLUMNS.get(outcome.operation)), *note)
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


def _told(output: Mapping[str, Json]) -> list[RenderableType]:
    """An answer about telemetry: the sentence, what stands out, the numbers, the query. `--json` has all of it."""
    parts: list[RenderableType] = [Text(plain(str(output["summary"])), style="bold")]
    parts += [Text(plain(f"  • {each}")) for each in _items(output.get("findings"))]
    if repaired := output.get("repaired"):
        parts.append(Text(plain(f"  The query was mended; it was {repaired}"), style="yellow"))
    for source in _items(output.get("sources")):
        if isinstance(source, dict) and source.get("state") in {"down", "stale", "partial"}:
            said = f"  ! {source.get('name')} ({source['state']}): {source.get('note') or 'no answer'}"
            parts.append(Text(plain(said), style="yellow"))
    if isinstance(grid := output.get("grid"), dict):
        rows = map(_items, _items(grid.get("rows")))
        parts.append(in_columns(_items(grid.get("columns")), rows, _items(grid.get("numeric"))))
    window, where = output.get("window"), output.get("where")
    words = window.get("words") if isinstance(window, dict) else None
    parts.append(Text(plain(" · ".join(str(each) for each in (where, words) if each)), style="dim"))
    if query := output.get("query"):
        parts.append(Text(plain(f"{output.get('language')}: {query}"), style="dim"))
    return parts


def in_columns(
    columns: Iterable[object], rows: Iterable[Iterable[object]], numeric: Collection[object], title: str = ""
) -> Table:
    """Rows that are texts already."""
    table = Table(title=escape(plain(title)) or None, header_style="bold", show_edge=False, pad_edge=False)
    for place, name in enumerate(columns):
        table.add_column(escape(plain(str(name))), justify="right" if place in numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(plain(str(cell))) for cell in row))
    return table


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


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
        }
    )
    head = Text.assemble(("Waiting for approval ", "bold cyan"), outcome.approval_id, f": {people} must agree.")
    return Group(head, grid)


def _mend(mend: str) -> list[Text]:
    return [Text(plain(mend))] if mend else []


def _reference(trace_id: str) -> Text:
    return Text(f"ref: {trace_id}", style="dim")


def value(output: Json, columns: Sequence[str] | None = None) -> RenderableType:
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
            rows = [row for row in item if isinstance(row, dict)]
            if rows or len(output) == 1:
                parts.append(_table(name, rows, columns, alone=len(output) == 1))
    return Group(*parts)


def _is_table(item: Json) -> bool:
    return isinstance(item, list) and all(isinstance(row, dict) for row in item)


def _grid(values: Mapping[str, Json]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, item in values.items():
        if item not in (None, "", [], {}):
            grid.add_row(name.replace("_", " "), escape(_cell(item)))
    return grid


def _table(
    name: str, rows: Sequence[Mapping[str, Json]], columns: Sequence[str] | None, *, alone: bool
) -> RenderableType:
    title = name.replace("_", " ")
    if not rows:
        return Text(f"No {title}.", style="dim")
    count = Text(f"{len(rows)} {title.removesuffix('s') if len(rows) == 1 else title}", style="dim")
    used = [key for key in columns or rows[0] if any(row.get(key) not in (None, "", [], {}) for row in rows)]
    if len(rows) == 1 and alone:
        return Group(_grid(rows[0]), count)
    table = Table(
        title=None if alone else title, title_justify="left", header_style="bold", show_edge=False, pad_edge=False
    )
    for key in used:
        table.add_column(key.replace("_", " "), overflow="fold", no_wrap=key in WHOLE)
    for row in rows:
        table.add_row(*(escape(_cell(row.get(key), short=True)) for key in used))
    records = Group(*(Group(_grid({key: row.get(key) for key in used}), Text("")) for row in rows))
    return Group(_Fitting(table, records), count)


class _Fitting:
    """The table, where it has the room not to break its words; else the rows one below the other."""

    def __init__(self, table: Table, records: RenderableType) -> None:
        self._table = table
        self._records = records

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = Measurement.get(console, options.update(max_width=MOST_WIDTH), self._table).maximum
        yield self._table if width <= options.max_width else self._records


def _cell(item: Json, *, short: bool = False) -> str:
    match item:
        case None:
            return ""
        case bool():
            return "yes" if item else "no"
        case str():
            return local(plain(item), short=short)
        case {"kind": str(kind), "operation": str(_)}:  # an outcome within an output
            shown: Json = item.get("output") or item.get("message")  # type: ignore[union-attr]
            return f"{kind}: {_cell(shown)}"
        case dict():
            return ", ".join(f"{key}={_cell(each)}" for key, each in item.items())
        case list():
            return ("; " if short else ", ").join(_cell(each) for each in item)
        case _:
            return str(item)
