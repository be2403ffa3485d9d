"""From what was understood to the input of an operation: each thing that was named goes to the field that is for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Final

from bot.agent.watching import wished
from bot.door.registry import AnyOperation
from bot.errors import InvalidInput
from bot.language.lexicon import Lexicon
from bot.language.ranges import find, find_anchored, judged, read
from bot.language.ranges.ahead import ahead
from bot.language.understanding import Entity, Understanding, Unknown
from bot.ports import Json

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "time_range": ("window", "against"),
    "service": ("service", "other_service"),
    "metric": ("metric", "signal"),
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
_MINE: Final = re.compile(r"\b(?:my|mine|i|i'm|i've)\b.*\bwatch|\bwatch\w* (?:of mine|i (?:have|made|set))")
_SPREAD: Final = re.compile(r"\b(?:distribution|histogram|heat ?map)\b")
_NOW: Final = re.compile(r"\b(?:now|currently|at the moment)\b", re.IGNORECASE)
_AGAINST: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to)\s+(?:the\s+)?$", re.IGNORECASE)
_PROMISED: Final = re.compile(r"\b(?:slos?|slas?|objectives?)\b")
_BEFORE: Final = re.compile(r"\b(?:with|vs\.?|versus|against|than|beside|to|and) (?:the \w+ )?before\b")
_APART: Final = re.compile(r"\b(?:and|plus)\b|&|^\s*,\s*$", re.IGNORECASE)
"""What stands between two measures: "p95 and error rate" are two, "p95 latency" is one."""
_NARROWING: Final = frozenset(
    {"service", "environment", "version", "instance", "endpoint", "time_range", "level", "pattern", "percent"}
    | {"duration_threshold", "severity", "user"}
)
_PLACE: Final = re.compile(
    r"\b(?:of|for)\s+(?:the\s+)?([a-z][a-z0-9_-]{2,40})\b"
    r"|\b(?:why|how) (?:is|was|are) (?:the )?([a-z][a-z0-9_-]{2,40})\b"
)
_THINGS: Final = frozenset({"service", "instance", "endpoint", "incident", "workflow", "execution", "runbook", "suite"})
_AHEAD: Final = re.compile(r"\b(?:for|until|till)\s+[\w: +.-]{1,60}$", re.IGNORECASE)
AT_ONCE: Final = 4
"""Operations that one sentence may start, for as many services and measures."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The values, and what would narrow them down and found no place."""

    values: Mapping[str, Json]
    left: tuple[Entity, ...] = ()


def filled(found: AnyOperation, understood: Understanding, now: datetime, timezone: str) -> Filled:
    """The first value of a kind goes to the first of its fields, the next to the next."""
    fields = found.input.model_fields
    values: dict[str, Json] = {}
    left = []
    if "window" in fields and not understood.values("time_range", said=True):
        find(_unnamed(understood), now, timezone)  # a time that there is none ("25pm") is said to be none
    for each in understood.holds:
        names = _fields_of(each, fields)
        if each.type == "time_range" and each.source != "said" and _NOW.search(understood.raw):
            continue
        if each.type == "time_range" and _is_beside(each, understood):
            names = names[::-1]
        places = [name for name in names if name in fields and name not in values]
        if not places:
            left += [each] if each.type in _NARROWING else []
            continue
        values[places[0]] = _window(each, now, timezone) if each.type == "time_range" else each.value
    for stranger in understood.unknown:  # not known, or misspelt: the operation says so, and which are near
        if stranger.type in fields and not understood.values(stranger.type, said=True):
            values[stranger.type] = stranger.text
    values = _refined(values, understood, fields)
    if "lasting" in fields:
        values = wished(values, understood.raw, understood.holds)
    if "until" in fields and (until := _until(understood.raw, now, timezone)):
        values["until"] = until
    return Filled(values, tuple(left))


def _is_beside(one: Entity, understood: Understanding) -> bool:
    """Whether it is the only time that was said, and said as what something is held against."""
    alone = one.source == "said" and len(understood.values("time_range", said=True)) == 1
    return alone and _AGAINST.search(understood.raw[: one.span[0]]) is not None


def _until(text: str, now: datetime, timezone: str) -> str:
    """The end of the sentence, where it names a time that is still to come."""
    said = _AHEAD.search(text)
    try:
        return said[0] if said and ahead(said[0], now, timezone) else ""
    except InvalidInput:
        return ""


def _refined(values: dict[str, Json], understood: Understanding, fields: Collection[str]) -> dict[str, Json]:
    """What only some fields know: groups, how instances become one number, how requests spread, whose it is."""
    text = understood.raw.lower()
    if "aggregation" in values and not _sums_up(values):
        del values["aggregation"]
    if "by" in fields and (by := _BY.search(text)):
        values["by"] = _GROUPS.get(by[1], by[1])
    if "watch" in fields and "service" not in fields and "watch" in values:
        values["watch"] = " ".join(each.text for each in understood.holds if each.type in {"service", "metric"})
    if "period" in fields and "week" in text:
        values["period"] = "weekly"
    if "mine" in fields and _MINE.search(text):
        values["mine"] = True
    if "spread" in fields and _SPREAD.search(text):
        values["spread"] = True
    if "window" in fields and "window" not in values and (hung := find_anchored(text)):
        values["window"] = text[slice(*hung[0].at)]
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


def with_strangers(understood: Understanding, lexicon: Lexicon) -> Understanding:
    """A word that stands where a service would and that nobody knows is named, and not passed over."""
    if understood.unknown or {each.type for each in understood.entities} & _THINGS:
        return understood
    text = _unnamed(understood).lower()
    words = [word for match in _PLACE.finditer(text) if not lexicon.knows(word := match[1] or match[2])]
    strangers = (Unknown("service", word, tuple(lexicon.catalogue.near(word, 3))) for word in words[:1])
    return replace(understood, unknown=tuple(strangers))


def placed(found: AnyOperation, understood: Understanding) -> tuple[Entity, ...]:
    """What the sentence itself names and the operation has a field for."""
    fields = found.input.model_fields
    return tuple(each for each in understood.entities if any(name in fields for name in _fields_of(each, fields)))


def _fields_of(each: Entity, fields: Collection[str]) -> tuple[str, ...]:
    """What has a name of its own is found by what it is about: "stop watching checkout latency"."""
    names = FIELDS.get(each.type, (each.type,))
    named = each.type in {"service", "metric"} and "watch" in fields and not any(name in fields for name in names)
    return ("watch",) if named else names


def each_of(
    found: AnyOperation, understood: Understanding, now: datetime, timezone: str
) -> tuple[list[Filled], tuple[str, ...]]:
    """One set of values for each service and measure, where it takes one and several were named; and the rest."""
    fields = found.input.model_fields
    services = tuple(each for each in understood.holds if each.type == "service")
    one_at_a_time = "service" in fields and "other_service" not in fields and len(services) > 1
    places = [(each,) for each in services] if one_at_a_time else [services]
    measures = _measures(understood) if "aggregation" in fields else [_measured(understood)]
    others = tuple(each for each in understood.holds if each.type not in {"service", "metric", "quantile"})
    wanted = [(*measure, *place) for place, measure in product(places, measures)]
    sets = [filled(found, replace(understood, holds=(*each, *others)), now, timezone) for each in wanted[:AT_ONCE]]
    over = [" ".join(one.text for one in each) for each in wanted[AT_ONCE:]]
    return sets, tuple(over)


def _measured(understood: Understanding) -> tuple[Entity, ...]:
    return tuple(each for each in understood.holds if each.type in {"metric", "quantile"})


def _measures(understood: Understanding) -> list[tuple[Entity, ...]]:
    """Each metric with the quantile that is of it; a quantile that stands alone is one of latency."""
    metrics = [each for each in understood.holds if each.type == "metric"]
    measures: list[tuple[Entity, ...]] = []
    for quantile in (each for each in understood.holds if each.type == "quantile"):
        of = next((each for each in metrics if not _apart(quantile, each, understood.raw)), None)
        of = of or next((each for each in metrics if each.value == "latency"), None)
        measures.append((quantile, of) if of else (quantile,))
    taken = {id(each) for measure in measures for each in measure}
    return [*measures, *((each,) for each in metrics if id(each) not in taken)] or [()]


def _apart(one: Entity, other: Entity, raw: str) -> bool:
    first, second = sorted((one.span, other.span))
    return one.source == other.source == "said" and bool(_APART.search(raw[first[1] : second[0]]))


def _unnamed(understood: Understanding) -> str:
    """The sentence without what was recognised in it."""
    text = understood.raw
    for start, end in sorted((each.span for each in understood.entities), reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


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
