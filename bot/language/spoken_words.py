"""Single words that stand for a value, where the sentence asks for such a thing."""

# ruff: noqa: E501  tables and patterns read best a line each

from __future__ import annotations

from typing import Final

AGGREGATIONS: Final = {
    "average": "avg", "avg": "avg", "mean": "avg", "averaged": "avg", "averages": "avg", "max": "max", "maximum": "max",
    "peak": "max", "highest": "max", "peaks": "max", "peaked": "max", "worst": "max", "top": "max", "maxed": "", "min": "min", "minimum": "min",
    "lowest": "min", "total": "sum", "sum": "sum", "totals": "sum", "overall": "", "summed": "sum", "altogether": "sum",
    "cumulative": "sum", "count": "count",
}  # fmt: skip
LEVELS: Final = {
    "error": "error", "errors": "error", "warn": "warn", "warning": "warn", "warnings": "warn", "warns": "warn",
    "info": "info", "debug": "debug", "fatal": "error",
}  # fmt: skip
STATUSES: Final = {
    "investigating": "investigating",
    "identified": "identified",
    "monitoring": "monitoring",
    "resolved": "resolved",
}
ROLES: Final = {
    "commander": "commander", "ic": "commander", "scribe": "scribe", "comms": "comms", "communications": "comms", "lead": "lead",
    "leads": "", "commanding": "commander",
}  # fmt: skip
SEVERITIES: Final = {
    "critical": "critical",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "major": "high",
    "minor": "low",
    "moderate": "medium",
}
SPOKEN: Final = frozenset((*AGGREGATIONS, *LEVELS, *STATUSES, *ROLES, *SEVERITIES))
