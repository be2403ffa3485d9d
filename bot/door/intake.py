"""From what somebody typed to a checked input: size, characters, shape, each fault quoted and mendable."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from bot.door.operation import Input, Operation
from bot.door.outcomes import Problem
from bot.errors import CopilotError
from bot.guard.redaction import Redactor

MOST_CHARACTERS: Final = 20_000
MOST_IN_ALL: Final = 200_000
MOST_DEPTH: Final = 12
MOST_PROBLEMS: Final = 20
LARGEST: Final = 2**63 - 1
SHOWN: Final = 60
# Control characters but tab and newline; direction overrides, which make text read other than it is; lone surrogates.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class BadInput(Exception):
    """All the problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def shown(value: object) -> str:
    """A value as it may be quoted: one line, short, nothing invisible."""
    return repr(_short(value)) if isinstance(value, str) else _short(_spelled(value))


def check(operation: Operation[Any, Any], raw: Mapping[str, object] | Input, redactor: Redactor) -> Input:
    """The input as its model; raises BadInput, whose problems quote no secret."""
    if isinstance(raw, operation.input):
        raw = raw.model_dump()
    if not isinstance(raw, Mapping):
        raise BadInput(
            (Problem("input", _quoted("input", raw, redactor), "is not an object", "Give names and values."),)
        )
    if problems := tuple(islice(_Reader(redactor).read(raw), MOST_PROBLEMS)):
        raise BadInput(problems)
    try:
        checked: Input = operation.input.model_validate(dict(raw))
    except ValidationError as error:
        wrong = islice(error.errors(include_url=False), MOST_PROBLEMS)
        raise BadInput(tuple(_problem(operation.input, dict(item), redactor) for item in wrong)) from None
    except CopilotError as error:
        raise BadInput((_refused(operation.input, raw, error, redactor),)) from None
    return checked


def check_said(said: Mapping[str, str | None], redactor: Redactor) -> None:
    """What comes beside the input: reasons, keys. Raises BadInput."""
    given = {name: text for name, text in said.items() if text}
    if problems := tuple(_Reader(redactor).read(given)):
        raise BadInput(problems)


class _Reader:
    """Walks through an input once, and stops where it gets too long."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = MOST_IN_ALL

    def read(self, raw: object, path: str = "", depth: int = 0) -> Iterator[Problem]:
        if self._left < 0:
            return
        self._left -= len(raw) if isinstance(raw, str) else 1
        if depth > MOST_DEPTH:
            yield self._bad(path, None, f"is nested deeper than {MOST_DEPTH} levels", "Flatten it.")
        elif isinstance(raw, Mapping):
            for key, value in raw.items():
                name = f"{path}.{key}" if path else str(key)
                yield from self.read(str(key), name, depth + 1)
                yield from self.read(value, name[:200], depth + 1)
        elif isinstance(raw, (list, tuple, set, frozenset)):
            for position, value in enumerate(raw):
                yield from self.read(value, f"{path}[{position}]", depth + 1)
        else:
            yield from self._value(raw, path)
        if self._left < 0 and depth == 0:
            yield self._bad("input", None, f"is more than {MOST_IN_ALL:,} characters long", "Upload a file instead.")

    def _value(self, raw: object, path: str) -> Iterator[Problem]:
        if isinstance(raw, str):
            yield from self._text(raw, path)
        elif isinstance(raw, (bytes, bytearray)):
            yield self._bad(path, raw, "is bytes, not text", "Decode it.")
        elif isinstance(raw, float) and not math.isfinite(raw):
            yield self._bad(path, raw, "is no finite number", "Give a number.")
        elif isinstance(raw, int) and abs(raw) > LARGEST:
            yield self._bad(path, raw, f"is beyond {LARGEST:,}", "Give a smaller number.")

    def _text(self, raw: str, path: str) -> Iterator[Problem]:
        if len(raw) > MOST_CHARACTERS:
            yield self._bad(
                path,
                raw[:MOST_CHARACTERS],
                f"is {len(raw):,} characters long",
                f"Use at most {MOST_CHARACTERS:,}, or upload a file.",
            )
        elif found := _UNSEEN.search(raw):
            yield self._bad(
                path,
                raw,
                f"holds the invisible character U+{ord(found[0]):04X} at position {found.start() + 1}",
                "Remove it.",
            )

    def _bad(self, path: str, value: object, why: str, mend: str) -> Problem:
        value = "" if value is None else _quoted(path, value, self._redactor)
        return Problem(_named(path, self._redactor), value, why, mend)


def _problem(model: type[Input], error: dict[str, Any], redactor: Redactor) -> Problem:
    path = ".".join(str(part) for part in error["loc"]) or "input"
    name = _named(path, redactor)
    field = model.model_fields.get(str(error["loc"][0])) if error["loc"] else None
    mend = f"({field.description})" if field and field.description else ""
    match error["type"]:
        case "missing":
            return Problem(name, "", "is missing", mend)
        case "extra_forbidden":
            near = difflib.get_close_matches(path[:SHOWN], model.model_fields, n=1)
            known = ", ".join(model.model_fields) or "none"
            return Problem(
                name,
                _quoted(path, error["input"], redactor),
                "is no field of this operation",
                f"Did you mean {near[0]!r}?" if near else f"Its fields are: {known}.",
            )
        case _:
            why = redactor.text(str(error["msg"])).removeprefix("Value error, ")
            return Problem(name, _quoted(path, error["input"], redactor), why[:1].lower() + why[1:], mend)


def _refused(model: type[Input], raw: Mapping[str, object], error: CopilotError, redactor: Redactor) -> Problem:
    """What a validator raised, which names no field: it is the one without which nothing is raised."""

    def alone(name: str) -> bool:
        try:
            model.model_validate({other: value for other, value in raw.items() if other != name})
        except ValidationError:
            return True
        except CopilotError:
            return False
        return True

    silent = [name for name in raw if alone(name)]
    why, mend = redactor.text(error.message).rstrip("."), redactor.text(error.mend)
    if len(silent) != 1:
        return Problem("input", "", why, mend)
    value = _quoted(silent[0], raw[silent[0]], redactor)
    return Problem(_named(silent[0], redactor), value, why.removeprefix(f"{value} "), mend)


def _named(path: str, redactor: Redactor) -> str:
    return shown(redactor.text(path[:MOST_CHARACTERS])).strip("'\"")


def _quoted(path: str, value: object, redactor: Redactor) -> str:
    """Masked before it is cut short: a piece of a secret is one, too."""
    text = (value if isinstance(value, str) else _spelled(value))[:MOST_CHARACTERS]
    (masked,) = redactor.value({path: text}).values()  # type: ignore[union-attr]
    return shown(masked) if isinstance(value, str) else _short(str(masked))


def _short(text: str) -> str:
    text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\n", " ").replace("\r", " "))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _spelled(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python does not spell integers of more than 4,300 digits
        return f"a number of {value.bit_length():,} bits" if isinstance(value, int) else f"a {type(value).__name__}"
