"""Any output as people read it: names and values, lists as tables, instants in the reader's own time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.ports import Json
from handlers.present.blocks import context, fields, section, table
from handlers.present.cutting import count, cut, more
from handlers.present.escaping import bold, clean, code, date, escape, mention
from handlers.present.message import Attached, Block, Part, Scene

LONG: Final = 280
MOST_FIELDS: Final = 20
MOST_SHOWN: Final = 99
"""Rows of a table block, its head not counted."""
IN_A_FILE: Final = 200
"""Rows from which on a table also comes as a file."""
MOST_IN_CELL: Final = 120
EXACT: Final = frozenset(
    {"id", "run", "approval", "letter", "reference", "trace_id", "run_id", "head", "replica", "operation", "name"}
    | {"schema_revision", "permission", "pseudonym", "version", "missing_permission", "seal"}
)
"""Values that are copied, and so stand in a fixed-width font."""
PEOPLE: Final = frozenset({"requester", "person", "actor", "closed_by"})
WORDS: Final[Mapping[str, str]] = {
    "at": "When",
    "created_at": "Asked",
    "expires_at": "Expires",
    "finished_at": "Finished",
    "started_at": "Started",
    "who_may": "Who may approve",
    "you_may_decide": "You may decide",
    "ended_because": "Because",
    "database_ms": "Database, ms",
    "actor": "Who",
    "may_be_undone": "Can be undone",
}
STATES: Final[Mapping[str, str]] = {
    "pending": "⏳ waiting",
    "approved": "✅ approved",
    "rejected": "⛔ rejected",
    "expired": "⌛ expired",
    "withdrawn": "↩️ withdrawn",
    "superseded": "🔁 replaced",
    "running": "⏳ running",
    "done": "✅ done",
    "refused": "⛔ refused",
    "failed": "❌ failed",
    "cancelled": "🚫 cancelled",
    "interrupted": "⚠️ interrupted",
    "open": "📭 open",
    "retried": "🔁 retried",
    "discarded": "🗑️ discarded",
}
RISKS: Final[Mapping[str, str]] = {
    "read": "🟢 read: changes nothing",
    "write": "🟡 write: changes something",
    "destructive": "🔴 destructive: cannot simply be taken back",
}
_NOTHING: Final[tuple[Json, ...]] = (None, "", [], {})


def is_nothing(value: Json) -> bool:
    return any(value == each and type(value) is type(each) for each in _NOTHING)


def label(name: str) -> str:
    """The name of a field, as a word."""
    return WORDS.get(name) or name.replace("_", " ").strip().capitalize() or "Value"


def instant(text: str) -> datetime | None:
    """The text, if it is an instant with its zone."""
    if not 16 <= len(text) <= 40 or text[4:5] != "-":  # noqa: PLR2004
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None


def shown(value: Json, name: str = "", *, most: int = LONG) -> str:
    """A value in mrkdwn."""
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return "yes" if value else "no"
        case str():
            return _text(value, name, most)
        case int() | float():
            return escape(number(value))
        case {"kind": str(kind), "operation": str(_)}:
            return cut(f"{escape(STATES.get(kind, kind))}: {shown(_said(value), most=most)}", most)
        case list() if all(not isinstance(each, (dict, list)) for each in value):
            texts = [shown(each, name, most=most) for each in value]
            return _joined(texts, ", ", most)
        case list():
            return _joined([shown(each, most=most) for each in value], "; ", most)
        case dict():  # `{}` as a pattern would fit them all
            return (
                _joined(
                    [f"{escape(label(key))}: {shown(each, key, most=most)}" for key, each in value.items()], ", ", most
                )
                or "–"
            )


def _text(value: str, name: str, most: int) -> str:
    if when := instant(value):
        return date(when)
    beyond = max(0, len(value) - 2 * most)
    value = value[: 2 * most]  # what is not shown need not be escaped
    if name == "state":
        return escape(STATES.get(value, value))
    if name == "risk":
        return escape(RISKS.get(value, value))
    if name in PEOPLE:
        return cut(mention(value), most)
    if name in EXACT and "\n" not in value:
        return code(cut(clean(value), most, beyond=beyond))
    return cut(escape(value), most, beyond=beyond)


def _joined(texts: Sequence[str], comma: str, most: int) -> str:
    """As many as there is room for, and how many are left out; no part is broken."""
    kept: list[str] = []
    for text in texts:
        if kept and sum(len(each) + len(comma) for each in kept) + len(text) > most:
            break
        kept.append(cut(text, most))
    left = len(texts) - len(kept)
    return comma.join(kept) + (f" {more(left)}" if left else "")


def _said(outcome: Json) -> Json:
    """What an outcome within an output says."""
    return (outcome.get("output") or outcome.get("message") or "") if isinstance(outcome, dict) else ""


def number(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.1f}"  # noqa: PLR2004
    return f"{int(value):,}" if abs(value) >= 10_000 else f"{int(value)}"  # noqa: PLR2004


def told(value: Json, scene: Scene, name: str = "") -> str:
    """A value as plain text, for the cell of a table."""
    match value:
        case None | "" | []:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            when = instant(value)
            words = {"state": STATES, "risk": {key: text.partition(":")[0] for key, text in RISKS.items()}}.get(
                name, {}
            )
            return local(when, scene) if when else words.get(value, value)
        case int() | float():
            return number(value)
        case {"kind": str(kind), "operation": str(_)}:
            return f"{kind}: {told(_said(value), scene)}"
        case list():
            return ", ".join(told(each, scene, name) for each in value)
        case _:
            return ", ".join(f"{key}={told(each, scene, key)}" for key, each in value.items())


def local(when: datetime, scene: Scene) -> str:
    """An instant where Slack cannot turn it into the reader's time: in the time zone of who asked."""
    try:
        zone = ZoneInfo(scene.timezone)
    except (ValueError, OSError, KeyError):
        zone = ZoneInfo("UTC")
    here, now = when.astimezone(zone), scene.now.astimezone(zone)
    if here.date() == now.date():
        return f"{here:%H:%M}"
    return f"{here:%d %b %H:%M}" if here.year == now.year else f"{here:%Y-%m-%d %H:%M}"


def is_table(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def pairs(values: Mapping[str, Json], *, most: int = LONG) -> list[tuple[str, str]]:
    """Names and values for `fields`; what is empty is left out."""
    return [
        (escape(label(name)), shown(value, name, most=most)) for name, value in values.items() if not is_nothing(value)
    ]


def rows_of(
    rows: Sequence[Mapping[str, Json]], scene: Scene, columns: Sequence[str] | None = None
) -> tuple[list[str], list[list[str]], frozenset[int]]:
    """Heads, cells and which columns are numbers, for a list of alike things."""
    names = list(columns or dict.fromkeys(key for row in rows for key in row))
    used = [name for name in names if any(not is_nothing(row.get(name)) for row in rows)] or names[:1]
    cells = [[told(row.get(name), scene, name) for name in used] for row in rows]
    numeric = frozenset(
        at
        for at, name in enumerate(used)
        if all(_is_number(row.get(name)) or is_nothing(row.get(name)) for row in rows)
    )
    return [label(name) for name in used], cells, numeric


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def listing(title: str, rows: Sequence[Mapping[str, Json]], scene: Scene, columns: Sequence[str] | None = None) -> Part:
    """A list of alike things: the first as a table, all of them behind Details."""
    heads, cells, numeric = rows_of(rows, scene, columns)
    short = [[cut(cell, MOST_IN_CELL) for cell in row] for row in cells[:MOST_SHOWN]]
    said = [section(f"{bold(title)}  {count(len(rows), 'row')}")] if title else []
    left = [context(more(len(cells) - MOST_SHOWN, "row"))] if len(cells) > MOST_SHOWN else []
    zone = [context(f"Times in {escape(scene.timezone)}")] if _has_times(rows, columns) else []
    whole = len(cells) <= MOST_SHOWN and short == cells and sum(len(cell) for row in cells for cell in row) < 8_000  # noqa: PLR2004
    everything = [*said, table(heads, cells, numeric), *zone]
    return Part([*said, table(heads, short, numeric), *left, *zone], [] if whole else everything)


def _has_times(rows: Sequence[Mapping[str, Json]], columns: Sequence[str] | None) -> bool:
    return any(
        isinstance(value, str) and instant(value)
        for row in rows[:MOST_SHOWN]
        for name, value in row.items()
        if columns is None or name in columns
    )


def general(output: Json, scene: Scene, columns: Sequence[str] | None = None, empty: str = "") -> Part:
    """The way to show an output that nobody has a better way for."""
    if not isinstance(output, dict):
        return Part([section(shown(output, most=2_900))] if not is_nothing(output) else [], [])
    single = {name: item for name, item in output.items() if not is_table(item) and not is_nothing(item)}
    tables = {name: item for name, item in output.items() if is_table(item)}
    if not single and not tables:
        return Part([section(escape(empty or "There is nothing to show."))], [])
    found = pairs(single)
    summary: list[Block] = fields(found[:MOST_FIELDS])
    left = len(found) - MOST_FIELDS
    summary += [context(more(left, "value"))] if left > 0 else []
    whole = left <= 0 and found == pairs(single, most=1_900)
    details = [] if whole else fields(pairs(single, most=1_900))
    for name, item in tables.items():
        assert isinstance(item, list)
        rows = [row for row in item if isinstance(row, dict)]
        if len(rows) == 1:
            summary += [section(bold(label(name))), *fields(pairs(rows[0])[:MOST_FIELDS])]
            details += fields(pairs(rows[0], most=1_900)) if pairs(rows[0]) != pairs(rows[0], most=1_900) else []
            continue
        part = listing(label(name), rows, scene, columns)
        summary += part.summary
        details += part.details
    return Part(summary, details)


# ---------------------------------------------------------------- files


def csv_file(name: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Attached:
    """A table for a spreadsheet; a cell that would be a formula there is kept from being one."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads)
    number_of = 0
    for row in rows:
        writer.writerow([_inert(cell) for cell in row])
        number_of += 1
    alt = f"{title}: {count(number_of, 'row')} with {', '.join(heads)}"
    return Attached(f"{name}.csv", out.getvalue().encode("utf-8", "replace"), title, alt[:1_000])


def json_file(name: str, title: str, value: Json) -> Attached:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return Attached(f"{name}.json", text.encode("utf-8", "replace"), title, f"{title} as JSON")


def _inert(cell: str) -> str:
    text = clean(cell)
    if not text.startswith(("=", "+", "-", "@", "\t")):
        return text
    try:
        float(text.replace(",", ""))
    except ValueError:
        return f"'{text}"
    return text
