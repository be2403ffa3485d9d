"""What an earlier turn of the thread leaves for this one: the operation, its values, and an open question."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

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
_PLACES: Final = frozenset({"service", "environment", "instance", "endpoint"})
_OBSERVED: Final = _PLACES | {"metric", "quantile", "aggregation", "time_range", "version", "window"}
_LINES: Final = _PLACES | {"time_range", "level", "pattern"}
_OF: Final = {
    "metrics.query": _OBSERVED, "metrics.compare": _OBSERVED, "metrics.explain": _OBSERVED | {"incident"}, "recommend.improve": _OBSERVED,
    "watches.create": _OBSERVED - {"time_range"} | {"percent", "duration_threshold"}, "logs.search": _LINES | {"version"},
    "traces.search": _PLACES | {"time_range", "version", "duration_threshold", "trace_id", "failed"}, "status.overview": _PLACES | {"version"},
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
_ASKS: Final = re.compile(r"\?\s*(?:\([^)]*\)\s*)?$|\?")


@dataclass(frozen=True, slots=True)
class Before:
    """What was before; `asked` is the last question of the bot that is still open."""

    operation: str = ""
    holds: tuple[Entity, ...] = ()
    asked: str = ""
    last: str = ""
    """The words of the last bot turn."""
    count: int = 0
    acted: str = ""
    """The last operation that did something."""

    def with_bot(self, text: str, named: Sequence[Entity]) -> Before:
        """What the bot named is what the next turn may point at; it never puts a user's own words aside."""
        held = {each.type for each in self.holds}
        fresh = [
            replace(each, source="thread")
            for each in named
            if each.type in {"incident", "execution", "workflow", "suite", "runbook", "trace_id"}
            or each.type not in held
        ]
        types = {each.type for each in fresh if each.type in {"incident", "execution", "suite"}}
        kept = [each for each in self.holds if each.type not in types]
        return Before(
            self.operation,
            (*kept, *_few(fresh, self.operation)),
            text if _ASKS.search(text) else "",
            text,
            self.count + 1,
            self.acted,
        )

    def with_user(self, operation: str, holds: Sequence[Entity]) -> Before:
        """Chatter between two requests changes nothing."""
        if operation == "chat.smalltalk":
            return replace(self, asked="", count=self.count + 1)
        merged = list(holds)
        if operation == "answer.clarify":
            types = {each.type for each in holds}
            merged += [each for each in self.holds if each.type not in types]
            operation = self.operation
        else:
            types = {each.type for each in holds}
            if not types & _PLACES and not types & {"incident", "execution"}:
                merged += [each for each in self.holds if each.type in _PLACES and each.type not in types]
        distinct = tuple({(each.type, str(each.value)): each for each in reversed(merged)}.values())[::-1]
        return Before(operation, distinct, "", "", self.count + 1, operation if operation in ACTING else self.acted)

    def values(self, kind: str) -> list[Entity]:
        return [each for each in self.holds if each.type == kind]


def _few(named: Sequence[Entity], operation: str) -> list[Entity]:
    """Figures that the bot tells are no wishes of anybody."""
    wanted = {
        "service",
        "environment",
        "incident",
        "execution",
        "workflow",
        "suite",
        "runbook",
        "version",
        "instance",
        "trace_id",
        "metric",
        "endpoint",
    }
    return [
        each
        for each in named
        if each.type in wanted and not (each.type == "version" and operation.startswith("deploy.roll"))
    ]


def inherited(operation: str, said: Sequence[Entity], before: Before, *, again: bool = False) -> list[Entity]:
    """What earlier turns fixed, except what this turn replaces."""
    types = {each.type for each in said}
    takes = set(_OF.get(operation, frozenset()))
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
    if operation == "deploy.rollback" and before.operation.startswith("deploy"):
        takes -= {"version"}
    if operation in {"scale.service", "runbooks.run"} and before.operation != operation:
        takes -= {"runbook"}
    kept = [
        replace(each, source="thread", confidence=min(each.confidence, 0.85))
        for each in before.holds
        if each.type in takes and each.type not in types
    ]
    if (
        operation == "metrics.compare" and before.operation != "metrics.compare" and "time_range" in types
    ):  # the first side, the second was said now
        kept += [replace(each, source="thread") for each in before.holds if each.type == "time_range"][:1]
    return kept
