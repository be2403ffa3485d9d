"""What an earlier turn of the thread leaves for this one: the operation, its values, and an open question."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.language.understanding import Entity

ACTING: Final = frozenset(
    {
        "tests.generate",
        "tests.run",
        "deploy.start",
        "deploy.rollback",
        "scale.service",
        "workflows.start",
        "workflows.define",
        "workflows.cancel",
    }
    | {
        "incidents.declare",
        "incidents.update",
        "incidents.resolve",
        "incidents.postmortem",
        "runbooks.run",
        "watches.create",
    }
)
PLACES: Final = frozenset({"service", "environment", "instance", "endpoint"})
IDS: Final = frozenset({"incident", "execution", "trace_id"})
"""What the bot gives out: the next turn may go on with it without a pointer."""
_OBSERVED: Final = PLACES | {"metric", "quantile", "aggregation", "time_range", "version", "window"}
_LINES: Final = PLACES | {"time_range", "level", "pattern"}
_OF: Final = {
    "metrics.query": _OBSERVED, "metrics.compare": _OBSERVED, "metrics.explain": _OBSERVED | {"incident"}, "recommend.improve": _OBSERVED,
    "watches.create": _OBSERVED - {"time_range"} | {"percent", "duration_threshold"}, "logs.search": _LINES | {"version"},
    "traces.search": PLACES | {"time_range", "version", "duration_threshold", "trace_id", "failed"}, "status.overview": PLACES | {"version"},
    "slo.status": frozenset({"service", "environment", "time_range"}), "alerts.list": frozenset({"service", "environment", "time_range", "severity"}),
    "cost.report": frozenset({"service", "environment", "time_range", "metric"}), "tests.coverage": frozenset({"service"}),
    "tests.generate": frozenset({"service", "test_kind", "endpoint"}), "tests.run": frozenset({"suite", "service", "environment", "version"}),
    "deploy.start": frozenset({"service", "version", "environment"}), "deploy.rollback": frozenset({"service", "environment", "version"}),
    "scale.service": frozenset({"service", "environment"}), "workflows.start": frozenset({"workflow", "service", "environment", "version"}),
    "workflows.status": frozenset({"execution", "workflow"}), "workflows.cancel": frozenset({"execution", "workflow"}),
    "incidents.update": frozenset({"incident"}), "incidents.show": frozenset({"incident"}), "incidents.resolve": frozenset({"incident"}),
    "incidents.postmortem": frozenset({"incident"}), "incidents.declare": frozenset({"service", "environment", "severity"}),
    "incidents.list": frozenset({"service", "environment", "time_range", "severity"}), "approvals.list": frozenset({"service", "environment", "time_range"}),
    "runbooks.run": frozenset({"service", "environment", "runbook", "instance"}), "runbooks.list": frozenset({"service"}), "watches.list": frozenset({"service", "environment"}),
}  # fmt: skip
"""What of earlier turns each operation can take over."""
_AMOUNTS: Final = frozenset(
    {"replicas", "factor", "percent", "level", "pattern", "duration_threshold", "test_kind", "suite"}
)
"""What only "the same again" takes over."""
_NAMED: Final = PLACES | {"workflow", "suite", "runbook", "version", "metric"}
"""What the bot may name that a pointer can mean; figures that it tells are no wishes of anybody."""
_PARTS: Final = frozenset({"version", "instance", "endpoint"})
_ASKS: Final = re.compile(r"\?\s*(?:\([^)]*\)\s*)?$|\?")
_OF_VERSION: Final = re.compile(
    r"\b(?:versions?|releases?|deploy\w*|builds?|tags?|commits?|sha|rolled)\b[^.!?\n]{0,40}$"
)
"""What stands before a number that is a version: in answers most are figures, "63.8/s" and "28.5 %"."""
Reach = Literal["nothing", "ids", "said", "pointed"]
"""How far a sentence reaches back: to the ids that were given, to what people said, or also to what the bot named."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was before; `asked` is the last question of the bot that is still open."""

    operation: str = ""
    holds: tuple[Entity, ...] = ()
    """What people said, and the ids that the bot gave."""
    asked: str = ""
    last: str = ""
    """The words of the last bot turn."""
    count: int = 0
    acted: str = ""
    """The last operation that did something."""
    past: tuple[Entity, ...] = ()
    """Places of requests before the last one, for a pointer where that named none."""
    told: tuple[Entity, ...] = ()
    """What the bot named since the last request: taken over where it is pointed at, and is the only one of its type."""

    def with_bot(self, text: str, named: Sequence[Entity]) -> Before:
        """It never puts a user's own words aside."""
        fresh = [replace(each, source="thread") for each in named]
        given = [each for each in fresh if each.type in IDS]
        mine = {each.type for each in self.holds if any(_same(each, other) for other in given)}
        given = [each for each in given if each.type not in mine]
        types = {each.type for each in given}
        told = [each for each in fresh if each.type in _NAMED and (each.type != "version" or _is_version(each, text))]
        return replace(
            self,
            holds=(*(each for each in self.holds if each.type not in types), *_distinct(given)),
            asked=text if _ASKS.search(text) else "",
            last=text,
            count=self.count + 1,
            told=_distinct([*self.told, *told]),
        )

    def with_user(self, operation: str, holds: Sequence[Entity]) -> Before:
        """Chatter between two requests changes nothing."""
        if operation == "chat.smalltalk":
            return replace(self, asked="", count=self.count + 1)
        types = {each.type for each in holds}
        merged, past = list(holds), list[Entity]()
        if operation == "answer.clarify":
            merged += [each for each in self.holds if each.type not in types]
            operation = self.operation
        if not types & (PLACES | IDS):
            past = [each for each in (*self.holds, *self.past) if each.type in PLACES and each.type not in types]
        acted = operation if operation in ACTING else self.acted
        return Before(operation, _distinct(merged), "", "", self.count + 1, acted, _distinct(past))

    def meant(self, kind: str, reach: Reach) -> list[Entity]:
        """Those of this type that the next sentence may mean."""
        if reach == "nothing" or (reach == "ids" and kind not in IDS | {"workflow"}):
            return []
        found = [each for each in self.holds if each.type == kind]
        if reach == "pointed":
            found = found or [each for each in self.past if each.type == kind]
            found = found or [each for each in self.told if each.type == kind and self._belongs(kind)]
        return found

    def _belongs(self, kind: str) -> bool:
        """A version, a host or a path that the bot named is one of the service that it named, and of no other."""
        services = {str(each.value) for each in self.told if each.type == "service"}
        return kind not in _PARTS or services <= {str(each.value) for each in self.meant("service", "pointed")[:1]}


def _same(one: Entity, other: Entity) -> bool:
    return (one.type, str(one.value)) == (other.type, str(other.value))


def _distinct(found: Sequence[Entity]) -> tuple[Entity, ...]:
    """The last of each value, in their order."""
    return tuple({(each.type, str(each.value)): each for each in reversed(found)}.values())[::-1]


def _is_version(each: Entity, text: str) -> bool:
    before = text[: each.span[0]].lower()
    return each.text.lower().startswith("v") or before.endswith("v") or _OF_VERSION.search(before) is not None


def takeable(operation: str) -> frozenset[str]:
    """The types that an operation can take over from one before it."""
    return _OF.get(operation, frozenset())


def inherited(  # noqa: C901  one step for each kind
    operation: str, said: Sequence[Entity], before: Before, reach: Reach, *, again: bool = False, many: bool = False
) -> list[Entity]:
    """What earlier turns fixed, except what this turn replaces; `many` where it points at several."""
    types = {each.type for each in said}
    takes = set(takeable(operation))
    if again and operation == before.operation:
        takes |= _AMOUNTS
    if "metric" in types and "latency" not in {each.value for each in said if each.type == "metric"}:
        takes -= {"quantile", "aggregation"}
    if types & {"quantile", "aggregation"}:
        takes -= {"quantile", "aggregation"}
    if types & {"service"}:
        takes -= {"instance", "endpoint", "version"}
    if types & {"instance"} and "service" not in types:
        takes -= {"instance"}
    if "execution" in types:
        takes -= {"workflow"}
    if operation == "deploy.rollback":
        takes -= {"version"}
    if operation in {"scale.service", "runbooks.run"} and before.operation != operation:
        takes -= {"runbook"}
    kept: list[Entity] = []
    for kind in sorted(takes - types):
        found = before.meant(kind, reach)
        one = kind in IDS or operation in ACTING or any(each in before.told for each in found)
        if len(found) < 2 or not one or (many and kind != "version"):  # noqa: PLR2004  one is no choice
            kept += found
    if (
        reach != "nothing"
        and operation == "metrics.compare"
        and before.operation != "metrics.compare"
        and "time_range" in types
    ):  # the first side, the second was said now
        kept += [each for each in before.holds if each.type == "time_range"][:1]
    return [replace(each, source="thread", confidence=min(each.confidence, 0.85)) for each in kept]
