"""A question to metrics, what was read for it, and the words that all answers have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from bot.language.ranges import zone
from bot.ports import Json
from bot.telemetry.signals import Read, Samples, Series, Window
from bot.telemetry.vocabulary import USUAL_QUANTILE, Aggregation, Better, Role, Scope, Signal

WHOLE: Final = Signal(title="query", kind="gauge", metric=("query",), better="neither")
"""What a query of one's own is taken for."""
WATCHED: Final[tuple[Role, ...]] = ("service", "environment")
"""What a watch is narrowed by."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of metrics; `raw` is PromQL, and then the names only narrow what stands beside it."""

    metric: str
    scope: Scope
    window: Window
    now: datetime
    timezone: str = "UTC"
    quantile: float | None = None
    aggregation: Aggregation | None = None
    by: Role | None = None
    raw: str = ""
    spread: bool = False
    """Also how it is distributed, where it is a histogram."""
    above: float | None = None
    """Only what is above it now, in the metric's unit; a share as a percentage, as people say it."""

    def limit(self, unit: str) -> float | None:
        return self.above / 100 if self.above is not None and unit == "share" else self.above

    def about(self, *roles: Role) -> dict[str, Json]:
        """What a further question about the same has to say, as far as it can."""
        said: dict[str, Json] = {role: value for role, value in self.scope.items() if role in roles}
        return said | {"window": iso(self.window)}

    def measure(self) -> dict[str, Json]:
        """Which number it is."""
        said: dict[str, Json] = {"metric": self.metric}
        said |= {"quantile": self.quantile} if self.quantile else {}
        return said | ({"aggregation": self.aggregation} if self.aggregation else {})

    def watched(self) -> dict[str, Json]:
        """What a watch of the same has to say."""
        if self.raw:
            return {"query": self.raw}
        said: dict[str, Json] = {role: value for role, value in self.scope.items() if role in WATCHED}
        return said | {"metric": self.metric} | ({"quantile": self.quantile} if self.quantile else {})


@dataclass(frozen=True, slots=True)
class Measured:
    """What was read for a question."""

    signal: Signal
    query: str
    repaired: str
    step: float
    read: Read[Samples]
    series: tuple[Series, ...] = ()
    before: tuple[Series | None, ...] = field(default=())


def aligned(window: Window, step: float) -> Window:
    """On the grid of its step, so that the same question a second later is the same query."""
    start = int(window.start.timestamp() // step * step)
    end = int(window.end.timestamp() // step * step)
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(max(end, start + step), UTC))


def moments(window: Window, step: float) -> Window:
    """When a range is evaluated: each sample tells of the step before it, and all of them together of the window."""
    return aligned(window, step).shifted(step)


# ---------------------------------------------------------------- in words


def title_of(signal: Signal, question: Question) -> str:
    """As people call it: p95 latency, max CPU, error rate."""
    if question.raw:
        return "the query"
    taken = question.aggregation if signal.takes(question.aggregation) else None
    if signal.kind != "quantile":
        return f"{taken} {signal.title}" if taken else signal.title
    if taken and question.quantile is None:
        return f"mean {signal.title}"
    return f"p{100 * (question.quantile or USUAL_QUANTILE):g} {signal.title}"


def capital(text: str) -> str:
    """With a capital, unless it begins with the name of something."""
    first = text.partition(" ")[0]
    return text if first.endswith(":") or "-" in first else text[:1].upper() + text[1:]


def higher_is(better: Better) -> Literal["worse", "better", "neither"]:
    words: dict[Better, Literal["worse", "better", "neither"]] = {"lower": "worse", "higher": "better"}
    return words.get(better, "neither")


def iso(window: Window) -> str:
    """As an input takes it."""
    return f"{window.start:%Y-%m-%dT%H:%M:%SZ}/{window.end:%Y-%m-%dT%H:%M:%SZ}"


def clock(moment: datetime | float, timezone: str, now: datetime) -> str:
    """The time of day, and the day where it is not today."""
    here = zone(timezone)
    at = (moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)).astimezone(here)
    return f"{at:%H:%M}" if at.date() == now.astimezone(here).date() else f"{at:%-d %b %H:%M}"
