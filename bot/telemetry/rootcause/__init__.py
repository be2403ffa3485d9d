"""Root cause: ranked suspects with evidence for and against, what was ruled out, and what could not be looked at."""

from bot.telemetry.rootcause.case import Case, Kind, LogDelta, Metric, kind_of, log_deltas
from bot.telemetry.rootcause.spans import Profile, profile
from bot.telemetry.rootcause.verdict import Evidence, Explanation, RuledOut, Suspect
from bot.telemetry.rootcause.weighing import explain

__all__ = [
    "Case",
    "Evidence",
    "Explanation",
    "Kind",
    "LogDelta",
    "Metric",
    "Profile",
    "RuledOut",
    "Suspect",
    "explain",
    "kind_of",
    "log_deltas",
    "profile",
]
