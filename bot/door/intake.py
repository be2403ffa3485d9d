"""From what somebody typed to a checked input: size, characters, shape, each fault quoted and mendable."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from bot.door.operation import Input, Operation
from bot.door.outcomes import Problem

MOST_CHARACTERS: Final = 20_000
MOST_DEPTH: Final = 12
SHOWN: Final = 60
# Control characters but tab and newline; direction overrides, which make text read other than it is; lone surrogates.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class BadInput(Exception):  # noqa: N818  it never leaves the door
    """All the problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def shown(value: object) -> str:
    """A value as it may be quoted: one line, short, nothing invisible."""
    text = value if isinstance(value, str) else repr(value)
    text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", " ").replace("\r", " "))
    quoted = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return f"{quoted!r}" if isinstance(value, str) else quoted


def check(operation: Operation[Any, Any], raw: Mapping[str, object] | Input) -> Input:
    """The input as its model; raises BadInput."""
    if isinstance(raw, operation.input):
        raw = raw.model_dump()
    if not isinstance(raw, Mapping):
        raise BadInput((Problem("input", shown(raw), "is not an object", "Give names and values."),))
    if problems := tuple(_characters(raw)):
        raise BadInput(problems[:20])
    try:
        checked: Input = operation.input.model_validate(dict(raw))
    except ValidationError as error:
        raise BadInput(
            tuple(_problem(operation.input, dict(item)) for item in error.errors(include_url=False))
        ) from None
    return checked


def _characters(raw: object, path: str = "", depth: int = 0) -> Iterator[Problem]:
    if depth > MOST_DEPTH:
        yield Problem(path, "", f"is nested deeper than {MOST_DEPTH} levels", "Flatten it.")
    elif isinstance(raw, str):
        if len(raw) > MOST_CHARACTERS:
            yield Problem(
                path,
                shown(raw),
                f"is {len(raw):,} characters long",
                f"Use at most {MOST_CHARACTERS:,}, or upload a file.",
            )
        elif found := _UNSEEN.search(raw):
            yield Problem(
                path,
                shown(raw),
                f"holds the invisible character U+{ord(found[0]):04X} at position {found.start() + 1}",
                "Remove it.",
            )
    elif isinstance(raw, Mapping):
        if len(raw) > MOST_CHARACTERS:
            yield Problem(path or "input", "", f"has {len(raw):,} fields", f"Use at most {MOST_CHARACTERS:,}.")
            return
        for key, value in raw.items():
            name = f"{path}.{key}" if path else str(key)
            yield from _characters(str(key), shown(str(key)).strip("'\""), depth + 1)
            yield from _characters(value, name[:200], depth + 1)
    elif isinstance(raw, (list, tuple, set, frozenset)):
        if len(raw) > MOST_CHARACTERS:
            yield Problem(path, "", f"has {len(raw):,} items", f"Use at most {MOST_CHARACTERS:,}.")
            return
        for position, value in enumerate(raw):
            yield from _characters(value, f"{path}[{position}]", depth + 1)


def _problem(model: type[Input], error: dict[str, Any]) -> Problem:
    path = ".".join(str(part) for part in error["loc"]) or "input"
    field = model.model_fields.get(str(error["loc"][0])) if error["loc"] else None
    mend = (field.description or "") if field else ""
    match error["type"]:
        case "missing":
            return Problem(path, "", "is missing", mend)
        case "extra_forbidden":
            near = difflib.get_close_matches(path, model.model_fields, n=1)
            known = ", ".join(model.model_fields) or "none"
            return Problem(
                shown(path).strip("'\""),
                shown(error["input"]),
                "is no field of this operation",
                f"Did you mean {near[0]!r}?" if near else f"Its fields are: {known}.",
            )
        case _:
            why = str(error["msg"])
            return Problem(path, shown(error["input"]), why[:1].lower() + why[1:], mend)
