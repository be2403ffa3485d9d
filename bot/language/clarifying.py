"""What an operation cannot do without, and how it is asked for."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.catalogue import ENVIRONMENTS
from bot.language.lexicon import Lexicon
from bot.language.understanding import Entity, Unknown

MOST: Final = 5
_NEEDS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "deploy.start": (frozenset({"service"}), frozenset({"environment"})),
    "deploy.rollback": (frozenset({"service"}),),
    "scale.service": (frozenset({"service", "instance"}), frozenset({"replicas", "factor", "percent"})),
    "tests.generate": (frozenset({"service", "endpoint"}),),
    "tests.run": (frozenset({"suite", "service"}),),
    "workflows.start": (frozenset({"workflow"}),),
    "workflows.cancel": (frozenset({"workflow", "execution"}),),
    "incidents.update": (frozenset({"incident"}),),
    "incidents.resolve": (frozenset({"incident"}),),
    "incidents.show": (frozenset({"incident"}),),
    "incidents.postmortem": (frozenset({"incident", "time_range", "service"}),),
    "runbooks.run": (frozenset({"runbook"}),),
    "metrics.query": (frozenset({"metric", "quantile", "aggregation"}),),
    "watches.create": (
        frozenset(
            {"metric", "quantile", "service", "incident", "execution", "workflow", "level", "environment", "instance"}
        ),
    ),
}
_QUESTIONS: Final = {
    "service": "Which service?", "environment": "Which environment?", "replicas": "How many replicas?", "workflow": "Which workflow?",
    "incident": "Which incident?", "runbook": "Which runbook?", "suite": "Which test suite?", "metric": "Which metric?",
    "execution": "Which run?", "endpoint": "Which service?", "factor": "How many replicas?", "sides": "Compare what with what?",
}  # fmt: skip
_FIRST: Final = ("service", "workflow", "incident", "runbook", "suite", "environment", "metric", "replicas")


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing, and how it is asked for."""

    missing: tuple[str, ...] = ()
    question: str = ""
    options: tuple[str, ...] = ()


def lacking(
    operation: str, holds: Sequence[Entity], unknown: Sequence[Unknown], lexicon: Lexicon, has: set[str]
) -> Lack:
    """What has to be asked; nothing where it can be guessed."""
    types = {each.type for each in holds}
    missing = [
        next((kind for kind in _FIRST if kind in group), min(group))
        for group in _NEEDS.get(operation, ())
        if not group & types
    ]
    if (
        operation == "runbooks.run"
        and not missing
        and (
            {each.value for each in holds if each.type == "runbook"} <= _OF_SERVICES
            and not types & {"service", "instance"}
        )
    ):
        missing = ["service"]
    if (
        operation == "runbooks.run"
        and "drain-node" in {each.value for each in holds if each.type == "runbook"}
        and not types & {"service", "instance"}
    ):
        missing = ["instance"]
    if operation == "traces.search" and not types - {"environment", "user", "failed"} and "x:onetrace" in has:
        missing = ["trace_id"]
    if operation in {"tests.run", "watches.create"} and has & {"x:vulnerable", "n:everything"}:
        missing = []
    if operation == "deploy.start" and missing == ["environment"] and "f:sequence" in has:
        missing = []
    if (
        operation == "metrics.compare"
        and not types & {"metric", "quantile", "service", "version", "time_range"}
        and not has & {"n:slo", "n:cost", "n:deploys"}
    ):
        missing = ["sides"]
    if (
        operation in {"metrics.explain", "logs.search", "traces.search", "recommend.improve"}
        and "f:it" in has
        and not types - {"time_range", "user", "aggregation"}
        and not has & {"n:everything", "n:incident"}
    ):
        missing = ["service"]
    if operation == "metrics.query" and has & {"x:symptom", "x:frequency", "w:metric"}:
        missing = []
    if not missing:
        return Lack()
    near = tuple(name for each in unknown if each.type == missing[0] for name in each.near)
    return Lack(tuple(missing), _QUESTIONS.get(missing[0], f"Which {missing[0]}?"), _options(missing[0], near, lexicon))


_OF_SERVICES: Final = frozenset({"restart-service", "scale-out", "rotate-credentials"})


def _options(kind: str, near: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    if near:
        return near[:MOST]
    match kind:
        case "service":
            return lexicon.services
        case "environment":
            return tuple(ENVIRONMENTS)
        case "workflow":
            return tuple(lexicon.names.workflows)
        case "runbook":
            return tuple(lexicon.names.runbooks)
        case "suite":
            return tuple(lexicon.names.suites)
        case _:
            return ()
