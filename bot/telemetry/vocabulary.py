"""How an installation calls what people ask for: metrics by their meaning, labels by their role, for each backend.

Where a name is not settled by the file, the first candidate counts that the backend has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

from bot.errors import InvalidInput, NotFound
from bot.telemetry.queries.promql import Matcher, Selector, aggregate, checked, literally, over_time, quantile, rate

Role = Literal["service", "environment", "instance", "endpoint", "version", "model", "level"]
Better = Literal["lower", "higher", "neither"]
Aggregation = Literal["avg", "max", "min", "sum"]
Names = Annotated[tuple[str, ...], Field(min_length=1)]
NameOrNames = Annotated[Names, BeforeValidator(lambda said: (said,) if isinstance(said, str) else said)]

STEPS: Final = (15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
POINTS: Final = 240
"""So many samples of a series are asked for, at most; more than a chart can show."""
WINDOW_IN_SCRAPES: Final = 4
USUAL_QUANTILE: Final = 0.95
_OVER_RATES: Final[tuple[Aggregation, ...]] = ("avg", "max", "min")
_OVER_SHARES: Final[tuple[Aggregation, ...]] = ("max", "min")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Strict):
    """What a share is a share of: a name for each of the signal's, or one for all of them."""

    metric: NameOrNames
    matching: Mapping[str, str] = {}


class Signal(_Strict):
    """One metric that people ask for, and how it is computed."""

    title: str
    kind: Literal["quantile", "ratio", "rest", "rate", "share", "gauge"]
    metric: Names
    part: Mapping[str, str] = {}
    """Of a ratio: what of the counter is the part (regular expressions); `rest` is one minus that."""
    limit: Limit | None = None
    counted: StrictBool = False
    """The used part of a share is a counter."""
    across: Aggregation = "avg"
    """How a gauge of several instances becomes one number."""
    per_seconds: float = Field(1, gt=0)
    unit: str = ""
    better: Better = "lower"
    notable: float = Field(0, ge=0)
    """A smaller change is not worth a word, however unusual."""
    words: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind in {"ratio", "rest"} and not self.part:
            raise ValueError(f"kind {self.kind} needs a part. Say which labels make it.")
        if self.kind == "share" and self.limit is None:
            raise ValueError("kind share needs a limit. Say which metric holds it.")
        return self

    def limit_of(self, name: str) -> str:
        """The limit that goes with that name of the metric."""
        assert self.limit is not None
        place = self.metric.index(name) if name in self.metric else 0
        return self.limit.metric[min(place, len(self.limit.metric) - 1)]

    @property
    def over_instances(self) -> tuple[Aggregation, ...]:
        """What is computed of each instance first: the sum or the quotient over all of them is another number."""
        return {"rate": _OVER_RATES, "quantile": (), "gauge": ()}.get(self.kind, _OVER_SHARES)

    def takes(self, aggregation: Aggregation | None) -> bool:
        """Whether it makes a difference: a quantile has only a mean beside it, and shares have no sum."""
        if self.kind == "quantile":
            return aggregation == "avg"
        return aggregation is not None and (aggregation != "sum" or self.kind in {"rate", "gauge"})


class LabelNames(_Strict):
    """The candidates for each role, the likeliest first."""

    metrics: Mapping[Role, Names]
    logs: Mapping[Role, Names]
    traces: Mapping[Role, Names]


class Versions(_Strict):
    """The metric that tells which version runs."""

    metric: str
    label: str


class Vocabulary(_Strict):
    """The whole file."""

    scrape_seconds: float = Field(30, ge=1, le=600)
    labels: LabelNames
    metrics: Mapping[str, Signal] = Field(min_length=1)
    environments: Mapping[str, str] = {}
    """What the label of an environment says here, where that is another word: {production: prod}."""
    versions: Versions = Versions(metric="build_info", label="version")

    def signal(self, name: str) -> Signal:
        if name not in self.metrics:
            near = get_close_matches(name, self.metrics, n=3, cutoff=0.4)
            raise NotFound(
                f"there is no metric {name[:80]!r} here",
                mend=f"Did you mean {', '.join(near)}?" if near else f"There are {', '.join(self.metrics)}.",
            )
        return self.metrics[name]

    def said(self, role: Role, value: str) -> str:
        return self.environments.get(value, value) if role == "environment" else value

    def step(self, seconds: float) -> float:
        """Round, and so that a series stays within POINTS samples."""
        wanted = seconds / POINTS
        least = max(wanted, min(self.scrape_seconds, 60))
        return float(next((step for step in STEPS if step >= least), -(-least // 86_400) * 86_400))

    def rate_window(self, step: float) -> float:
        """At least four scrapes, and never shorter than a step: otherwise samples would be passed over."""
        return max(WINDOW_IN_SCRAPES * self.scrape_seconds, step)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question is about; an empty field does not narrow it."""

    service: str = ""
    environment: str = ""
    instance: str = ""
    endpoint: str = ""
    version: str = ""

    def without(self, *roles: Role) -> Scope:
        return replace(self, **dict.fromkeys(roles, ""))

    def items(self) -> Iterable[tuple[Role, str]]:
        roles: tuple[Role, ...] = ("service", "environment", "instance", "endpoint", "version")
        return ((role, value) for role in roles if (value := getattr(self, role)))

    def __str__(self) -> str:
        parts = [self.service or "all services", self.version, self.instance, self.endpoint]
        return " ".join(part for part in parts if part) + (f" in {self.environment}" if self.environment else "")


@dataclass(frozen=True, slots=True)
class Settled:
    """A vocabulary for one backend of metrics, with names that it has."""

    vocabulary: Vocabulary
    metrics: frozenset[str]
    labels: frozenset[str]

    def label(self, role: Role) -> str:
        candidates = self.vocabulary.labels.metrics.get(role, ())
        if not candidates:
            raise InvalidInput(
                f"nothing says how metrics call the {role}", mend="Name it under labels.metrics in signals_file."
            )
        return first_of(candidates, self.labels)

    def name(self, metric: str) -> str:
        """As the backend calls it; of a histogram, what its parts have in common."""
        signal = self.vocabulary.signal(metric)
        suffix = "_bucket" if signal.kind == "quantile" else ""
        return next((name for name in signal.metric if f"{name}{suffix}" in self.metrics), signal.metric[0])

    def matchers(self, scope: Scope) -> tuple[Matcher, ...]:
        """An instance may be said by the beginning of its name."""
        return tuple(
            Matcher(self.label(role), f"{literally(value)}.*", "=~")
            if role == "instance"
            else Matcher(self.label(role), self.vocabulary.said(role, value))
            for role, value in scope.items()
        )

    def query(
        self,
        metric: str,
        scope: Scope,
        step: float,
        *,
        q: float | None = None,
        aggregation: Aggregation | None = None,
        by: Iterable[Role] = (),
        services: Iterable[str] = (),
        over: float = 0,
    ) -> str:
        """The question as PromQL; of `services` where the scope names none; a gauge as its mean `over` seconds."""
        signal = self.vocabulary.signal(metric)
        if q is not None and not 0 < q < 1:
            raise InvalidInput(f"{q:g} is no quantile.", mend="Use a number between 0 and 1, such as 0.95.")
        labels = [self.label(role) for role in by]
        window = self.vocabulary.rate_window(step)
        selector = Selector(self.name(metric), self.matchers(scope))
        if several := "|".join(map(literally, services)):
            selector = selector.where(Matcher(self.label("service"), several, "=~"))
        if aggregation in signal.over_instances:
            each = [*labels, *({self.label("instance")} - set(labels))]
            return checked(aggregate(aggregation, _written(signal, selector, window, each, q, None, over), labels))
        return checked(_written(signal, selector, window, labels, q, aggregation, over))


def first_of(candidates: Iterable[str], known: Collection[str]) -> str:
    """The first that is known; the first at all where none is, so that the backend itself says so."""
    listed = tuple(candidates)
    return next((each for each in listed if each in known), listed[0] if listed else "")


def _written(
    signal: Signal,
    selector: Selector,
    window: float,
    labels: list[str],
    q: float | None,
    aggregation: Aggregation | None,
    over: float,
) -> str:
    level = over_time("avg", selector, over) if over else str(selector)
    match signal.kind:
        case "quantile" if aggregation == "avg" and q is None:
            total, count = (
                aggregate("sum", rate(selector.named(f"{selector.metric}{end}"), window), labels)
                for end in ("_sum", "_count")
            )
            return f"{total} / {count}"
        case "quantile":
            return quantile(q or USUAL_QUANTILE, selector, window, labels)
        case "ratio" | "rest":
            # Where nothing failed there is no series of failures: that is a share of nought, not of nothing.
            whole = aggregate("sum", rate(selector, window), labels)
            chosen = selector.where(*(Matcher(label, value, "=~") for label, value in signal.part.items()))
            part = f"({aggregate('sum', rate(chosen, window), labels)} or {whole} * 0)"
            ratio = f"{part} / {whole}"
            return ratio if signal.kind == "ratio" else f"1 - {ratio}"
        case "rate":
            total = aggregate("sum", rate(selector, window), labels)
            return total if signal.per_seconds == 1 else f"{total} * {signal.per_seconds:g}"
        case "share":
            assert signal.limit is not None
            most = Selector(
                signal.limit_of(selector.metric),
                (*selector.matchers, *(Matcher(label, value) for label, value in signal.limit.matching.items())),
            )
            used = rate(selector, window) if signal.counted else level
            return f"{aggregate('sum', used, labels)} / {aggregate('sum', str(most), labels)}"
        case "gauge":
            return aggregate(aggregation or signal.across, level, labels)
