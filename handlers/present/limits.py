"""Slack's limits: any list of blocks comes out such that Slack takes it, and what is left out is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from handlers.present.blocks import context, preformatted, said
from handlers.present.cutting import count, cut, cut_list, more, pieces
from handlers.present.message import Attached, Block, Rendered
from handlers.present.mrkdwn import aligned
from handlers.present.spoken import spoken

__all__ = [
    "HOME",
    "MESSAGE",
    "MODAL",
    "Limits",
    "as_file",
    "as_lines",
    "count",
    "cut",
    "cut_list",
    "fit",
    "more",
    "pieces",
    "split",
    "weight",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one surface takes."""

    blocks: int
    characters: int
    tables: int = 1


MESSAGE: Final = Limits(50, 12_000)
"""Slack refuses a message somewhere past 13,100 characters of block text."""
MODAL: Final = Limits(100, 60_000, 0)
HOME: Final = Limits(100, 60_000, 10)
SECTION: Final = 3_000
FIELD: Final = 2_000
MARKDOWN: Final = 11_500
TABLE_ROWS: Final = 100
TABLE_COLUMNS: Final = 20
TABLE_CHARACTERS: Final = 9_000
CELL: Final = 1_000
PREFORMATTED: Final = 6_000
TASKS: Final = 50
ELEMENTS: Final = 10
LABEL: Final = 250
CONTROLS: Final = frozenset({"actions", "context_actions"})
NOTED: Final = 200
"""Room kept for the line that says what is left out."""


def fit(blocks: Iterable[Block], limits: Limits = MESSAGE) -> list[Block]:
    """All of them if they fit; else shorter, and with words that say by how much."""
    single = [piece for block in blocks for piece in _alone(block)]
    return _count(_weigh(_tables(single, limits.tables), limits.characters), limits.blocks)


def weight(block: Any) -> int:
    """How many characters of a block people see."""
    if isinstance(block, dict):
        return sum(
            len(item)
            if isinstance(item, str) and key in {"text", "title", "alt_text"}
            else weight(item)
            if not isinstance(item, str)
            else 0
            for key, item in block.items()
        )
    return sum(weight(each) for each in block) if isinstance(block, list) else 0


def split(rendered: Rendered) -> list[Rendered]:
    """A message that is too long as several, in order; pictures and files go with the last."""
    groups: list[list[Block]] = [[]]
    blocks = [piece for block in rendered.blocks for piece in _in_pieces(block)]
    for block in (piece for each in blocks for piece in _alone(each)):
        group = groups[-1]
        full = len(group) >= MESSAGE.blocks or weight(group) + weight(block) > MESSAGE.characters
        second = block["type"] == "table" and any(each["type"] == "table" for each in group)
        if group and (full or second):
            groups.append([])
        groups[-1].append(block)
    if len(groups) == 1:
        return [replace(rendered, blocks=tuple(groups[0]))]
    parts = [Rendered(spoken(group), tuple(group)) for group in groups]
    return [*parts[:-1], replace(parts[-1], pictures=rendered.pictures, files=rendered.files)]


def as_file(name: str, text: str, title: str) -> Attached:
    """What is too long to be read in a message."""
    lines = text.count("\n") + 1
    return Attached(name, text.encode(), title, f"{title}, {count(lines, 'line')} of text")


def _in_pieces(block: Block) -> list[Block]:
    """A long text as several blocks of the same kind."""
    if block["type"] == "markdown":
        return [{**block, "text": piece} for piece in pieces(block["text"], MARKDOWN)]
    if block["type"] == "section" and len(block.get("text", {}).get("text", "")) > SECTION:
        first, *rest = pieces(block["text"]["text"], SECTION)
        inside = block["text"]
        return [
            {**block, "text": {**inside, "text": first}},
            *({"type": "section", "text": {**inside, "text": piece}} for piece in rest),
        ]
    return [block]


# ---------------------------------------------------------------- each block by itself


def _alone(block: Block) -> list[Block]:
    """The block within its own limits; more than one where its parts do not fit into one."""
    match block["type"]:
        case "section":
            return _section(block)
        case "header":
            return [{**block, "text": _text(block["text"], 150)}] if block["text"]["text"].strip() else []
        case "context":
            told = [each for each in block["elements"] if each.get("text", "-").strip()]
            shown = [_text(each, FIELD) if "text" in each else each for each in told]
            return [{**block, "elements": shown[at : at + ELEMENTS]} for at in range(0, len(shown), ELEMENTS)]
        case "markdown":
            return [{**block, "text": cut(block["text"], MARKDOWN, fences=True)}] if block["text"].strip() else []
        case "table":
            return _table(block)
        case "rich_text":
            return [_shorter(block, PREFORMATTED)]
        case "actions":
            rows = block["elements"]
            return [{**block, "elements": rows[at : at + 25]} for at in range(0, len(rows), 25)]
        case "image":
            return [{**block, "alt_text": cut(block["alt_text"], FIELD) or "A picture"}]
        case "plan":
            return _plan(block)
        case _:
            return [block]


def _text(text: Block, most: int) -> Block:
    shown = cut(text["text"], most, fences=text["type"] == "mrkdwn")
    return text if shown == text["text"] else {**text, "text": shown}


def _section(block: Block) -> list[Block]:
    shown: list[Block] = []
    text = block.get("text")
    rest = {key: item for key, item in block.items() if key not in {"text", "fields"}}
    if text and text["text"].strip():
        shown.append({**rest, "text": _text(text, SECTION)})
    found = [_text(each, FIELD) for each in block.get("fields", ()) if each["text"].strip()]
    for at in range(0, len(found), ELEMENTS):
        if shown and not at:
            shown[0]["fields"] = found[:ELEMENTS]
        else:
            shown.append({**({"type": "section"} if at else rest), "fields": found[at : at + ELEMENTS]})
    return shown


def _table(block: Block) -> list[Block]:
    rows, columns = block["rows"], max((len(row) for row in block["rows"]), default=0)
    if not rows or not columns:
        return []
    kept: list[list[Block]] = []
    used = 0
    for row in rows[:TABLE_ROWS]:
        cells = [{**cell, "text": cut(cell["text"], CELL)} if "text" in cell else cell for cell in row[:TABLE_COLUMNS]]
        used += weight(cells)
        if used > TABLE_CHARACTERS and kept:
            break
        kept.append(cells if used <= TABLE_CHARACTERS else [_cell(cell) for cell in cells])
    notes = [more(len(rows) - len(kept), "row")] if len(rows) > len(kept) else []
    notes += [more(columns - TABLE_COLUMNS, "column")] if columns > TABLE_COLUMNS else []
    settings = block.get("column_settings") or []
    shown = {**block, "rows": kept, **({"column_settings": settings[:TABLE_COLUMNS]} if settings else {})}
    return [shown, context(*notes)] if notes else [shown]


def _cell(cell: Block) -> Block:
    return {**cell, "text": cut(cell["text"], TABLE_CHARACTERS // TABLE_COLUMNS)} if "text" in cell else cell


def _plan(block: Block) -> list[Block]:
    tasks, left = cut_list(block.get("tasks", []), TASKS)
    shown = {
        **block,
        "title": cut(block["title"], LABEL),
        "tasks": [
            {
                **task,
                "title": cut(task["title"], LABEL),
                **({"details": _shorter(task["details"], LABEL)} if "details" in task else {}),
            }
            for task in tasks
        ],
    }
    return [shown, context(more(left, "step"))] if left else [shown]


def _shorter(block: Any, most: int) -> Any:
    """A rich text whose words take at most so much room."""
    room = most

    def walk(item: Any) -> Any:
        nonlocal room
        if isinstance(item, list):
            return [walk(each) for each in item]
        if not isinstance(item, dict):
            return item
        if isinstance(text := item.get("text"), str):
            shown = cut(text, max(room, 1))
            room -= len(shown)
            return {**item, "text": shown or "…"}
        return {key: walk(each) for key, each in item.items()}

    return walk(block)


# ---------------------------------------------------------------- all of them together


def _tables(blocks: Sequence[Block], most: int) -> list[Block]:
    """A message has one table; another one is shown in a fixed-width font."""
    seen = 0
    shown = []
    for block in blocks:
        seen += block["type"] == "table"
        shown.append(as_lines(block) if block["type"] == "table" and seen > most else block)
    return shown


def as_lines(table: Block) -> Block:
    """A table where there can be none."""
    settings = table.get("column_settings") or []
    numeric = frozenset(at for at, each in enumerate(settings) if each and each.get("align") == "right")
    rows = [[said(cell) for cell in row] for row in table["rows"]]
    return _shorter(preformatted(aligned(rows, numeric)), PREFORMATTED)  # type: ignore[no-any-return]


def _weigh(blocks: Sequence[Block], most: int) -> list[Block]:
    """Within so many characters: what is pressed stays, what is read is cut from the end."""
    if sum(map(weight, blocks)) <= most:
        return list(blocks)
    controls = _controls(blocks, most // 2)
    room = most - NOTED - sum(weight(blocks[at]) for at in controls)
    shown: list[Block] = []
    stopped: int | None = None
    missing = 0
    for at, block in enumerate(blocks):
        if at in controls:
            shown.append(block)
        elif stopped is None and weight(block) <= room:
            shown.append(block)
            room -= weight(block)
        else:
            parts = _squeezed(block, room) if stopped is None else []
            shown += parts
            missing += 0 if parts else weight(block)
            stopped = len(shown) if stopped is None else stopped
    if missing:
        shown.insert(stopped or 0, context(more(missing, "character")))
    return shown


def _controls(blocks: Sequence[Block], most: int) -> set[int]:
    """What can be pressed, the last first: that is about the whole message."""
    found: set[int] = set()
    for at in range(len(blocks) - 1, -1, -1):
        if blocks[at]["type"] in CONTROLS and len(found) < ELEMENTS and (most := most - weight(blocks[at])) >= 0:
            found.add(at)
    return found


def _squeezed(block: Block, room: int) -> list[Block]:
    """The start of a block in the room that is left; nothing where that says nothing."""
    if room < NOTED:
        return []
    match block["type"]:
        case "markdown":
            return [{**block, "text": cut(block["text"], room, fences=True)}]
        case "section" if "text" in block:
            return [{"type": "section", "text": _text(block["text"], room)}]
        case "rich_text":
            return [_shorter(block, room)]
        case "table":
            rows = block["rows"]
            kept = [row for at, row in enumerate(rows) if weight(rows[: at + 1]) <= room - NOTED]
            note = context(more(len(rows) - len(kept), "row"))
            return [{**block, "rows": kept}, note] if len(kept) > 1 else []
        case _:
            return []


def _count(blocks: Sequence[Block], most: int) -> list[Block]:
    """At most so many blocks; those at the end that can be pressed stay."""
    if len(blocks) <= most:
        return list(blocks)
    controls = _controls(blocks, MESSAGE.characters)
    body = [at for at in range(len(blocks)) if at not in controls][: most - 1 - len(controls)]
    missing = len(blocks) - len(body) - len(controls)
    note = context(more(missing, "part"))
    shown: list[Block] = []
    for at in sorted([*body, *controls]):
        shown.append(blocks[at])
        if body and at == body[-1]:
            shown.append(note)
    return shown if body else [note, *shown]
