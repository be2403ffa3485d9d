"""A file that somebody brings: what kind of text it is, and what stands out in it."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from typing import Final, Literal

from pydantic import Field

from bot.door.context import Context
from bot.door.operation import Input, Output, operation

Kind = Literal["empty", "JSON", "JSON lines", "CSV", "log", "text"]
MOST_LINES: Final = 20_000
SHOWN: Final = 5
_LEVELS: Final = {
    "error": re.compile(r"\b(?:error|err|fatal|critical|panic|exception|traceback)\b", re.IGNORECASE),
    "warning": re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE),
}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\b\d\d:\d\d:\d\d\b")
_VARIABLE: Final = re.compile(
    r"\b0x[\da-f]+\b|\b[\da-f]{8}(?:-?[\da-f]{4}){3}-?[\da-f]{12}\b|\d+(?:\.\d+)*", re.IGNORECASE
)


class LookInput(Input):
    """A text file."""

    name: str = Field(description="What the file is called.", max_length=200)
    lines: list[str] = Field(description="Its lines.", max_length=MOST_LINES)
    cut: bool = Field(False, description="Whether there is more of it than these lines.")


class Pattern(Output):
    """Lines that differ only in their numbers and ids."""

    lines: int
    example: str


class LookOutput(Output):
    """What there is to see."""

    name: str
    kind: Kind
    lines: int
    cut: bool
    columns: list[str]
    errors: int
    warnings: int
    first_error: str
    commonest: list[Pattern]


@operation("files.look", title="Look at a file", permission="files:read", timeout=20)
async def look(wanted: LookInput, _: Context) -> LookOutput:
    """What a text file holds: its kind, errors and warnings, and the lines that come again and again."""
    lines = [line for line in wanted.lines if line.strip()]
    kind, columns = _kind(lines)
    errors = [line for line in lines if _LEVELS["error"].search(line)]
    patterns = Counter(_VARIABLE.sub("#", line.strip()) for line in lines)
    examples = {_VARIABLE.sub("#", line.strip()): line.strip() for line in reversed(lines)}
    return LookOutput(
        name=wanted.name,
        kind=kind,
        lines=len(wanted.lines),
        cut=wanted.cut,
        columns=columns,
        errors=len(errors),
        warnings=sum(bool(_LEVELS["warning"].search(line)) for line in lines),
        first_error=errors[0].strip() if errors else "",
        commonest=[
            Pattern(lines=count, example=examples[pattern])
            for pattern, count in patterns.most_common(SHOWN)
            if count > 1
        ],
    )


def _kind(lines: list[str]) -> tuple[Kind, list[str]]:
    if not lines:
        return "empty", []
    text = "\n".join(lines)
    if (whole := _json(text)) is not None:
        return "JSON", _keys(whole)
    sample = lines[:50]
    if all((each := _json(line)) is not None and isinstance(each, dict) for line in sample):
        return "JSON lines", _keys(_json(lines[0]))
    if sum(bool(_TIME.search(line)) for line in sample) * 2 > len(sample):
        return "log", []
    rows = list(csv.reader(sample))
    widths = {len(row) for row in rows}
    if len(rows) > 1 and len(widths) == 1 and widths.pop() > 1:
        return "CSV", rows[0]
    return "text", []


def _json(text: str) -> object:
    """None where it is none, or only a bare word or number."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _keys(value: object) -> list[str]:
    if isinstance(value, list) and value:
        value = value[0]
    return [str(key) for key in value][:50] if isinstance(value, dict) else []
