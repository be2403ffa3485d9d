"""From what was understood to the input of an operation: each thing that was named goes to the field that is for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.door.registry import AnyOperation
from bot.errors import InvalidInput
from bot.language.ranges import judged, read
from bot.language.understanding import Entity, Understanding
from bot.ports import Json

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "time_range": ("window", "against"),
    "service": ("service", "other_service"),
    "environment": ("environment", "other_environment"),
    "version": ("version", "other_version"),
    "pattern": ("contains",),
    "trace_id": ("trace",),
    "duration_threshold": ("slower_than",),
    "percent": ("above",),
    "test_kind": ("kind",),
    "user": ("person",),
    "incident_status": ("status",),
    "window": (),
}
"""Where the field is not called as the thing is. The second of two goes to the second field."""
_OF_INSTANCES: Final = frozenset({"cpu", "memory", "disk", "gpu", "saturation", "queue_depth", "in_flight"})
_BY: Final = re.compile(r"\b(?:by|per|for each|of each)\s+(service|instance|pod|endpoint|path|route|version|model)s?\b")
_GROUPS: Final = {"pod": "instance", "path": "endpoint", "route": "endpoint"}
_SPREAD: Final = re.compile(r"\b(?:distribution|histogram|heat ?map)\b")
_AGAINST: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to)\s+(?:the\s+)?$", re.IGNORECASE)
_PROMISED: Final = re.compile(r"\b(?:slos?|slas?|objectives?)\b")
_BEFORE: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to|and) (?:the \w+ )?before\b")
AT_ONCE: Final = 4
"""Operations that one sentence may start, for as many services."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The values, and what was named and found no place."""

    values: Mapping[str, Json]
    left: tuple[Entity, ...] = ()


def filled(found: AnyOperation, understood: Understanding, now: datetime, timezone: str) -> Filled:
    """The first value of a kind goes to the first of its fields, the next to the next."""
    fields = found.input.model_fields
    values: dict[str, Json] = {}
    left = []
    ranges = [each for each in understood.holds if each.type == "time_range"]
    for each in understood.holds:
        names = FIELDS.get(each.type, (each.type,))
        if each.type == "time_range" and len(ranges) == 1 and _AGAINST.search(understood.raw[: each.span[0]]):
            names = names[::-1]
        places = [name for name in names if name in fields and name not in values]
        if not places:
            left.append(each)
            continue
        values[places[0]] = _window(each, now, timezone) if each.type == "time_range" else each.value
    for stranger in understood.unknown:  # not known, or misspelt: the operation says so, and which are near
        if stranger.type in fields:
            values.setdefault(stranger.type, stranger.text)
    return Filled(_refined(values, understood.raw.lower(), fields), tuple(left))


def _refined(values: dict[str, Json], text: str, fields: Collection[str]) -> dict[str, Json]:
    """What only the fields of metrics know: groups, how instances become one number, how requests spread."""
    if "aggregation" in values and not _sums_up(values):
        del values["aggregation"]
    if "by" in fields and (by := _BY.search(text)):
        values["by"] = _GROUPS.get(by[1], by[1])
    if "spread" in fields and _SPREAD.search(text):
        values["spread"] = True
    if "against" in fields and "against" not in values and _BEFORE.search(text):
        values["against"] = "before"
    if "metric" in fields and "metric" not in values and ("quantile" in values or _PROMISED.search(text)):
        values["metric"] = "latency" if "quantile" in values else "availability"
    return values


def _sums_up(values: Mapping[str, Json]) -> bool:
    """The maximum of CPU is that of the fullest instance; the maximum of anything else is that of its time."""
    if values["aggregation"] == "count":
        return False
    mean_latency = values.get("metric") == "latency" and values["aggregation"] == "avg" and "quantile" not in values
    return mean_latency or values.get("metric") in _OF_INSTANCES


def each_of(found: AnyOperation, understood: Understanding, now: datetime, timezone: str) -> Iterator[Filled]:
    """One set of values for each service, where an operation takes one and several were named."""
    several = [each for each in understood.holds if each.type == "service"]
    one_at_a_time = "service" in found.input.model_fields and "other_service" not in found.input.model_fields
    if len(several) <= 1 or not one_at_a_time:
        yield filled(found, understood, now, timezone)
        return
    others = tuple(each for each in understood.holds if each.type != "service")
    for service in several[:AT_ONCE]:
        yield filled(found, _with(understood, (service, *others)), now, timezone)


def _with(understood: Understanding, holds: tuple[Entity, ...]) -> Understanding:
    return Understanding(
        understood.raw, understood.intent, understood.operation, understood.confidence, understood.entities, holds
    )


def _window(each: Entity, now: datetime, timezone: str) -> Json:
    """In the words in which it was said, where they still mean the same; otherwise as two moments."""
    assert isinstance(each.value, dict)
    start, end = (datetime.fromisoformat(str(each.value[side])) for side in ("start", "end"))
    try:
        if read(each.text, now, timezone) == judged(start, min(end, now), now, each.text):
            return each.text
    except InvalidInput:  # the operation says so itself, of what it is given
        pass
    return f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
