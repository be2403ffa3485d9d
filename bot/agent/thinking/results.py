"""What the calls of a thought gave: kept whole, shown short, and turned over page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.agent.model import Tool
from bot.agent.thinking.compacting import compact, written
from bot.errors import InvalidInput
from bot.ports import Json

NAME: Final = "results.page"
MOST: Final = 500
MOST_SAID: Final = 300

TOOL: Final = Tool(
    NAME,
    "Show more of a result of this turn that was shortened: rows of a list, lines of a text, or, without a path, lines "
    "of the whole result as JSON. Changes nothing.",
    {
        "type": "object",
        "properties": {
            "result": {"type": "string", "description": "The id of the result, as r1."},
            "path": {"type": "string", "description": "What of it, as lines or grid.rows or patterns.0.examples."},
            "from": {"type": "integer", "minimum": 0, "description": "Where to begin, counted from 0."},
            "many": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How many."},
        },
        "required": ["result"],
        "additionalProperties": False,
    },
)


class Page(BaseModel):
    """Which part of which result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: str
    path: str = ""
    start: Annotated[int, Field(alias="from", ge=0)] = 0
    many: Annotated[int, Field(ge=1, le=MOST)] = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """One result: what came out of which operation."""

    id: str
    operation: str
    title: str
    value: Json

    @property
    def said(self) -> str:
        """In one line, for an answer that ends early."""
        summary = self.value.get("summary") if isinstance(self.value, dict) else None
        words = " ".join((summary if isinstance(summary, str) else written(self.value)).split())
        return f"{self.title}: {words if len(words) <= MOST_SAID else f'{words[:MOST_SAID]}…'}"


class Results:
    """All of a turn, by id."""

    def __init__(self, room: int, taken: int = 0) -> None:
        """`taken` ids were given away before this thought was taken up again."""
        self._room = room
        self._taken = taken
        self._kept: dict[str, Kept] = {}

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept.values())

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"r{number}" for number in range(1, self.count + 1))

    @property
    def count(self) -> int:
        return self._taken + len(self._kept)

    def keep(self, operation: str, title: str, value: Json) -> Kept:
        kept = Kept(f"r{self.count + 1}", operation, title, value)
        self._kept[kept.id] = kept
        return kept

    def shown(self, kept: Kept) -> str:
        return compact(kept.value, self._room, kept.id)

    def page(self, arguments: Mapping[str, Json]) -> str:
        """Raises InvalidInput, for the model to mend."""
        try:
            page = Page.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "input"
            raise InvalidInput(f"{where}: {first['msg']}", mend="Give result, path, from, many.") from None
        found = self._kept.get(page.result)
        if found is None:
            there = ", ".join(self._kept) or "none yet"
            raise InvalidInput(f"there is no result {page.result[:40]!r}", mend=f"Pages can be turned of: {there}.")
        items = _items(_at(found, page.path))
        shown: list[str] = []
        room = self._room
        for item in items[page.start : page.start + page.many]:
            if len(item) > room and shown:
                break
            shown.append(item if len(item) <= room else f"{item[:room]}… ({len(item) - room:,} characters more)")
            room -= len(item) + 1
        end = page.start + len(shown)
        what = f"{page.path} of {page.result}" if page.path else page.result
        if not shown:
            return f"{what} has {len(items):,} items, and none from {page.start:,} on."
        more = f" Go on with from={end}." if end < len(items) else " That is the end."
        return "\n".join([f"{what}, items {page.start:,} to {end - 1:,} of {len(items):,}.{more}", *shown])


def _at(found: Kept, path: str) -> Json:
    value = found.value
    for step in filter(None, path.replace("[", ".").replace("]", "").split(".")):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            there = ", ".join(list(value)[:20]) if isinstance(value, dict) else ""
            raise InvalidInput(
                f"{found.id} has no {step[:60]!r} in {path[:100]!r}", mend=f"There are: {there or '0 …'}."
            )
    return value


def _items(value: Json) -> list[str]:
    match value:
        case list():
            return [each if isinstance(each, str) else written(each) for each in value]
        case str():
            return value.splitlines()
        case _:
            return json.dumps(value, ensure_ascii=False, indent=1).splitlines()
