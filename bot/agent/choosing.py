"""Which watch is meant by words of its name, and how far one step goes: settled before anything is done."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_args

from bot.agent.events import Choice, Choices, Event, Text
from bot.agent.tending import LESS, MORE
from bot.door.outcomes import Done, Outcome
from bot.door.registry import AnyOperation
from bot.guard.risk import Risk
from bot.ports import Json

MOST: Final = 5
"""Buttons that are a question; more are a list."""
LIST: Final = Choice("Show all watches", operation="watches.list")
_LEARNING: Final = frozenset({"anomaly", "scan"})
_ENDS: Final = {
    MORE: "That watch has high sensitivity already, and there is no more. A limit of your own may speak sooner.",
    LESS: "That watch has low sensitivity already, and there is no less. Press Noise below what it need not have said, "
    "or silence it for a while.",
}
_LIMITED: Final = (
    "That watch goes by a limit that somebody set, and has nothing to tune. Make one with another limit, and delete it."
)
_ABOUT: Final = ("name", "metric", "service", "environment")
T = TypeVar("T")
_Watch = Mapping[str, Any]
Ask = Callable[[str, Mapping[str, Json]], Awaitable[Outcome]]


def fit(said: str, *about: str) -> float:
    """How much of what was said is in the name, the metric, the service and the environment of one: 1 is all of it."""
    names, words = (" ".join(each).casefold().replace("_", " ") for each in (about, [said]))
    found = [re.search(rf"(?<!\w){re.escape(word)}", names) is not None for word in words.split()]
    return sum(found) / len(found) if found else 0.0


def called(said: str, watches: Iterable[T], about: Callable[[T], Sequence[str]]) -> list[T]:
    """Those of that name; where none has it, all that it fits: a name may be part of another one.

    `about` one: its name first, and what else it may be known by.
    """
    known = [(each, about(each)) for each in watches]
    for write in (str, str.casefold):
        if exact := [each for each, (name, *_) in known if write(name) == write(said)]:
            return exact
    return [each for each, words in known if fit(said, *words) == 1]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The values as the operation takes them, and which watch that is; or what is said instead."""

    values: Mapping[str, Json]
    why: str = ""
    said: tuple[Event, ...] = ()


async def chosen(found: AnyOperation, values: Mapping[str, Json], ask: Ask) -> Chosen:
    """`ask` runs a read for whoever speaks: only what they may see can be meant."""
    named, step = str(values.get("watch") or "").strip(), _step(values)
    by_id = named.startswith("wch-")
    output = None
    if "watch" in found.input.model_fields and named and (step or not by_id):
        outcome = await ask(LIST.operation, {})
        output = outcome.output if isinstance(outcome, Done) else None
    if not isinstance(output, dict):
        return Chosen({name: value for name, value in values.items() if not step or name != "sensitivity"})
    watches: Sequence[_Watch] = output["watches"]  # type: ignore[assignment]
    fitting = [each for each in watches if each["id"] == named] or called(named, watches, _about)
    if len(fitting) == 1:
        return _this(found, values, fitting[0])
    near = fitting or [each for each in watches if not by_id and fit(named, *_about(each))]
    if not near:
        return Chosen({}, said=(Text("No watch is called so."), Choices((LIST,))))
    question = (
        f"{len(fitting)} watches fit. Which one?" if fitting else "No watch fits all of that. Is it one of these?"
    )
    names = [each["name"] for each in near]
    choices = [
        _choice(found, values, each, twice=names.count(each["name"]) > 1, sure=bool(fitting)) for each in near[:MOST]
    ]
    return Chosen({}, said=(Choices((*choices, *([LIST] if len(near) > MOST else [])), question),))


def _about(watch: _Watch) -> list[str]:
    return [watch[name] for name in _ABOUT]


def _step(values: Mapping[str, Json]) -> str:
    """More or less, where that is what was said."""
    said = str(values.get("sensitivity"))
    return said if said in _ENDS else ""


def _this(found: AnyOperation, values: Mapping[str, Json], watch: _Watch) -> Chosen:
    step = _step(values)
    stepped = _stepped(found, values, watch)
    if step and (stepped is None or watch["kind"] not in _LEARNING):
        said = _ENDS[step] if watch["kind"] in _LEARNING else _LIMITED
        quiet = Choice("Silence it", operation="alerts.silence", values={"watch": watch["id"]}, form=True)
        show = Choice("Show it", operation="watches.show", values={"watch": watch["id"]})
        return Chosen({}, said=(Text(said), Choices((show, *([quiet] if step == LESS else [])))))
    return Chosen(stepped or values, f"it is about “{watch['name']}”")


def _choice(found: AnyOperation, values: Mapping[str, Json], watch: _Watch, *, twice: bool, sure: bool) -> Choice:
    """Of two that are called the same, the ids tell. A change is named, and looked over where another may be meant."""
    label = f"{watch['name']} ({watch['id']})" if twice else str(watch["name"])
    acts = found.risk is not Risk.READ
    if acts:
        label = f"{found.name.rpartition('.')[2].capitalize()} {label}"
    given = _stepped(found, values, watch) or {name: each for name, each in values.items() if name != "sensitivity"}
    lacks = any(field.is_required() and name not in given for name, field in found.input.model_fields.items())
    return Choice(
        label, operation=found.name, values={**given, "watch": watch["id"]}, form=lacks or (acts and not sure)
    )


def _stepped(found: AnyOperation, values: Mapping[str, Json], watch: _Watch) -> Mapping[str, Json] | None:
    """With the watch by its id, and one step as the level that it leads to; None beyond the last."""
    step = _step(values)
    exact: dict[str, Json] = {**values, "watch": watch["id"]}
    if not step:
        return exact
    levels = get_args(found.input.model_fields["sensitivity"].annotation)
    place = levels.index(watch["sensitivity"]) + (1 if step == MORE else -1)
    return {**exact, "sensitivity": levels[place]} if 0 <= place < len(levels) else None
