"""What comes back of a form: values for the door, or what is wrong beside each field.

What a client sends is read as strictly as anything else from outside: only the fields of the operation, only the
choices that there are; the operation's own input has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.door.intake import MOST_PROBLEMS, BadInput, check, check_said, shown
from bot.door.outcomes import Problem
from bot.door.registry import AnyOperation
from bot.guard.redaction import Redactor
from bot.ports import Json
from handlers.form_fields import Field
from handlers.form_texts import TEXT
from handlers.form_views import told
from handlers.widgets import AGAIN, BLANK, Blank, Unread, cut, text_of, zone

WHY: Final = "why"
MOST_WORDS: Final = 600
NOWHERE: Final = "input"
"""How the door calls a problem of the whole input."""
_RULE: Final = re.compile(r"\w+ should (.+?)(?:, unable to .*)?")
"""How pydantic begins: `input should be …`, `string should have …`."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answer belongs."""

    channel: str = ""
    thread: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What was filled in: only what was, so that defaults stay the operation's own."""

    operation: str
    values: Mapping[str, Json]
    why: str
    place: Place
    key: str
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong, by the block where it is said; and the values that could be read."""

    at: Mapping[str, str]
    problems: tuple[Problem, ...]
    operation: str = ""
    values: Mapping[str, Json] = field(default_factory=dict)


class Carried(BaseModel):
    """What a form takes there and back in its private metadata; `values` are those that have no field in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    operation: str
    channel: str = ""
    thread: str = ""
    answer: str = ""
    key: str = ""
    timezone: str = "UTC"
    values: dict[str, Any] = {}

    @classmethod
    def by(cls, view: Mapping[str, object]) -> Carried | None:
        text = view.get("private_metadata")
        try:
            return cls.model_validate_json(text) if isinstance(text, str) else None
        except ValidationError:
            return None


def response(errors: Errors) -> dict[str, Any]:
    """For the acknowledgement: beside the fields, or instead of a form that has none."""
    if errors.at:
        return {"response_action": "errors", "errors": dict(errors.at)}
    words = " ".join(_words(problem) for problem in errors.problems)
    return {"response_action": "update", "view": told("Not sent", words, "Ask again.")}


class Reading:
    """One submission, on its way through."""

    def __init__(
        self,
        operation: AnyOperation,
        fields: Sequence[Field],
        carried: Carried,
        redactor: Redactor,
        view: Mapping[str, object],
    ) -> None:
        self._operation = operation
        self._fields = fields
        self._carried = carried
        self._redactor = redactor
        self._view = view
        self._zone = zone(carried.timezone)

    def result(self) -> Submission | Errors:
        carried = self._carried
        values: dict[str, Json] = dict(carried.values)
        problems: list[Problem] = []
        why = ""
        state = _mapping(self._view.get("state"))
        by_block = {each.block: each for each in self._fields}
        for block, actions in _mapping(state.get("values")).items():
            each = by_block.get(str(block))
            name = each.name if each else str(block)
            try:
                answer = _answer(actions)
                if each is not None:
                    found = each.widget.read(answer, self._zone)
                    if not isinstance(found := each.empty if found is BLANK else found, Blank):
                        values[name] = found
                elif block == WHY:
                    text = text_of(answer, TEXT)
                    why = "" if isinstance(text, Blank) else text
                else:
                    raise Unread("", "is no field of this form any more", AGAIN)  # noqa: TRY301
            except Unread as error:
                values.pop(name, None)
                problems.append(Problem(name, self._quoted(name, error.said), error.why, error.mend))
        problems += self._checked(values, why, {problem.field for problem in problems})
        if problems:
            at = _placed(problems, self._fields, self._view, self._redactor)
            return Errors(at, tuple(problems), carried.operation, values)
        place = Place(carried.channel, carried.thread, carried.answer)
        key = carried.key or f"view:{self._view.get('id')}"
        return Submission(carried.operation, values, why.strip(), place, key, carried.timezone)

    def _checked(self, values: Mapping[str, Json], why: str, wrong: set[str]) -> Iterator[Problem]:
        """What the input itself says; without what merely follows from fields that could not be read."""
        try:
            check_said({WHY: why}, self._redactor)
        except BadInput as bad:
            yield from bad.problems
        try:
            check(self._operation, values, self._redactor)
        except BadInput as bad:
            for problem in bad.problems:
                if problem.field not in wrong and not (wrong and problem.field == NOWHERE):
                    yield problem
        except Exception:
            log.exception("input_check_broke", operation=self._operation.name)
            yield Problem(NOWHERE, "", "these values could not be checked", "Change them, or tell an administrator.")

    def _quoted(self, name: str, value: object) -> str:
        if value is None or value == "":
            return ""
        (masked,) = self._redactor.value({name: value if isinstance(value, str) else shown(value)}).values()  # type: ignore[union-attr]
        return shown(masked) if isinstance(value, str) else str(masked)


# ---------------------------------------------------------------- words and places


def unreadable(view: Mapping[str, object], problem: Problem) -> Errors:
    at = {block: cut(_words(problem), MOST_WORDS) for block in _inputs(view)[:1]}
    return Errors(at, (problem,))


def _placed(
    problems: Iterable[Problem], fields: Sequence[Field], view: Mapping[str, object], redactor: Redactor
) -> dict[str, str]:
    """Each at its field; what has none there, at the first."""
    inputs = _inputs(view) or [each.block for each in fields]
    # The door cuts and masks long names when it says them.
    said = {shown(redactor.text(each.name)).strip("'\""): each for each in fields}
    at: dict[str, list[str]] = {}
    for problem in problems:
        near = [name for name in said if problem.field == name or problem.field.startswith((f"{name}.", f"{name}["))]
        name = max(near, key=len, default="")
        block = said[name].block if name else WHY if problem.field == WHY else ""
        if block in inputs:
            at.setdefault(block, []).append(_words(problem, problem.field[len(name) :], said[name] if name else None))
        elif inputs:
            at.setdefault(inputs[0], []).append(_words(problem, "" if problem.field == NOWHERE else problem.field))
    return {block: cut(" ".join(words[:MOST_PROBLEMS]), MOST_WORDS) for block, words in at.items()}


def _words(problem: Problem, within: str = "", field: Field | None = None) -> str:
    """A problem in plain words: the value, what is wrong, what to do."""
    why = problem.why.rstrip(".")
    mend = "" if problem.mend.startswith("(") else problem.mend  # the description, which stands at the field
    value = "" if problem.field == NOWHERE else problem.value
    if rule := _RULE.fullmatch(why):
        why = f"{value or 'this'} must {rule[1]}"
    elif why == "is missing":
        why, mend = ("this is missing", mend or "Fill it in.") if field else (f"{problem.field} is missing", mend)
    elif value:
        why = f"{value} {why}" if why.startswith(("is ", "has ", "holds ", "must ")) else f"{value}: {why}"
    place = _spoken(within)
    return f"{place}{why[:1].upper() if not place else why[:1]}{why[1:]}. {mend}".strip()


def _spoken(within: str) -> str:
    """`.2` is the third of a list."""
    step = within.lstrip(".")
    if not step:
        return ""
    first = step.strip("[]")
    return f"Number {int(first) + 1}: " if first.isascii() and first.isdecimal() and len(first) < 6 else f"In {step}: "  # noqa: PLR2004


def _inputs(view: Mapping[str, object]) -> list[str]:
    """The blocks beside which something can be said."""
    blocks = view.get("blocks")
    return [
        str(block["block_id"])
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, Mapping) and block.get("type") == "input" and isinstance(block.get("block_id"), str)
    ]


def _answer(actions: object) -> Mapping[str, object]:
    """A block holds one element."""
    found = list(actions.values()) if isinstance(actions, Mapping) else []
    if len(found) != 1 or not isinstance(found[0], Mapping):
        raise Unread("", "this answer cannot be read", AGAIN)
    return found[0]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
