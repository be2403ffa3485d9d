"""Labelled utterances, one JSON object a line: read strictly, and answered in the format that they are scored in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import InvalidInput
from bot.language.understanding import Earlier, Entity, Understanding
from bot.ports import Json

METRICS: Final = frozenset(
    ("latency", "error_rate", "throughput", "cpu", "memory", "disk", "saturation", "queue_depth", "availability")  # noqa: RUF005  it is data
    + ("tokens", "cost", "gpu")
)
"""Those that the format knows; an installation may measure more."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One line: what was typed, and the turns before it."""

    id: str
    text: str
    history: tuple[Earlier, ...] = ()


def utterances(lines: Iterable[str], name: str) -> Iterator[Utterance]:
    """Each line; InvalidInput with the number of the first that is wrong."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _utterance(json.loads(line), number)
            except (ValueError, RecursionError) as error:
                why = error.msg if isinstance(error, json.JSONDecodeError) else str(error) or "nested too deep"
                mend = 'Write one object a line, such as {"id": "1", "text": "p95 of checkout"}.'
                raise InvalidInput(f"{name}, line {number}: {why}: {line.strip()[:80]!r}.", mend=mend) from None


def _utterance(said: Any, number: int) -> Utterance:
    if not isinstance(said, dict):
        raise ValueError("not an object")  # noqa: TRY004  the value of a file is wrong, not a type of ours
    if not isinstance(text := said.get("text"), str):
        raise ValueError("`text` must be a text")  # noqa: TRY004  the value of a file is wrong, not a type of ours
    turns = said.get("history") or []
    if not isinstance(turns, list):
        raise ValueError("`history` must be a list")  # noqa: TRY004  the value of a file is wrong, not a type of ours
    return Utterance(str(said.get("id", number)), text, tuple(map(_turn, turns)))


def _turn(said: Any) -> Earlier:
    if not isinstance(said, dict) or said.get("role") not in {"user", "bot"} or not isinstance(said.get("text"), str):
        raise ValueError("a turn of `history` needs `role` (user or bot) and `text`")
    return Earlier(said["role"], said["text"])


def prediction(id_: str, understood: Understanding, query: dict[str, str] | None) -> dict[str, Json]:
    """As it is scored: of several requests the operation of the first, and what all of them name."""
    named = [*understood.entities, *(each for other in understood.further for each in other.entities)]
    return {
        "id": id_,
        "intent": understood.intent,
        "operation": understood.operation,
        "entities": [{"type": each.type, "value": each.value} for each in named if _in_format(each)],
        "query": dict(query) if query else None,
        "needs_clarification": understood.needs_clarification,
    }


def _in_format(each: Entity) -> bool:
    return each.type != "metric" or each.value in METRICS


def told(understood: Understanding, query: str = "") -> Iterator[str]:
    """For people: what was understood, where in the text, and why."""
    sure = f"{100 * understood.confidence:.0f} %"
    yield f"{understood.operation} ({understood.intent}), {sure} sure" + (
        f", {understood.mood}" if understood.mood != "request" else ""
    )
    for each in understood.entities:
        yield f"  {each.type} = {_value(each.value)}   “{each.text}” at {each.span[0]}–{each.span[1]}"
    for each in understood.holds:
        if each not in understood.entities:
            yield f"  {each.type} = {_value(each.value)}   from the {'thread' if each.source != 'said' else 'text'}"
    for strange in understood.unknown:
        near = f"; near: {', '.join(strange.near)}" if strange.near else ""
        yield f"  unknown {strange.type} “{strange.text}”{near}"
    if understood.needs_clarification:
        yield f"  asks: {understood.question} {' | '.join(understood.options)}".rstrip()
    if query:
        yield f"  query: {query}"
    if len(understood.candidates) > 1:
        yield "  else: " + ", ".join(f"{each.operation} {each.confidence:.2f}" for each in understood.candidates[1:])
    yield from (f"  because {each}" for each in understood.evidence[:1])


def _value(value: Json) -> str:
    if isinstance(value, dict):
        return " to ".join(str(each) for each in value.values())
    return str(value)
