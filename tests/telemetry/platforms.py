"""Platforms drawn by lot, with one fault each: what a ranking is judged by that was not tuned on them.

Requests flow from the entry down a random graph; a caller takes as long as its own work and the calls that it waits
for, some in parallel, and fails where a call fails that it does not retry. Measured with noise and gaps, with services
that nobody watches, edges that nobody drew, and others that are unwell for reasons of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from bot.telemetry.rootcause import Case, LogDelta, Metric, Profile, kind_of, profile
from bot.telemetry.signals import Floats, Span, Trace

Fault = Literal["slow", "failing", "busy", "leaking", "surge"]
FAULTS: Final[tuple[Fault, ...]] = ("slow", "failing", "busy", "leaking", "surge")
NORMAL, DURING, ONSET = 120, 20, 6
TITLES: Final = {
    "latency": ("latency mean", "s"),
    "errors": ("error ratio", "share"),
    "rate": ("requests per second", "/s"),
    "cpu": ("cpu", "cores"),
    "memory": ("memory", "bytes"),
}


@dataclass(frozen=True)
class Platform:
    """Who calls whom how often, and how each works by itself."""

    names: tuple[str, ...]
    calls: Mapping[tuple[int, int], float]
    waits: Mapping[tuple[int, int], bool]
    parallel: tuple[bool, ...]
    work: Floats

    def called_by(self, caller: int) -> list[tuple[int, float]]:
        return [(callee, times) for (one, callee), times in self.calls.items() if one == caller]

    def felt(self) -> list[int]:
        """What the entry waits for often enough to notice."""
        reached, todo = {0}, [0]
        while todo:
            at = todo.pop()
            for callee, times in self.called_by(at):
                if callee not in reached and self.waits[at, callee] and times >= 0.6:
                    reached.add(callee)
                    todo.append(callee)
        return sorted(reached)


@dataclass(frozen=True)
class Trouble:
    """One fault at one service, or none."""

    kind: Fault = "slow"
    culprit: int = -1
    size: float = 0.0


@dataclass
class Measured:
    """By [service, sample]."""

    rate: Floats
    latency: Floats
    errors: Floats
    cpu: Floats
    memory: Floats


@dataclass(frozen=True)
class Setting:
    """What is known of an incident."""

    count: int = 16
    fault: Fault | None = None
    size: float | None = None
    graph: bool = True
    target: bool = True
    hidden: frozenset[str] = field(default=frozenset())
    """Measures that nobody takes."""
    unwatched: float = 0.0
    undrawn: float = 0.0
    distracted: int = 0
    traced: bool = False
    logged: bool = False


def draw(dice: np.random.Generator, count: int) -> Platform:
    calls: dict[tuple[int, int], float] = {}
    for callee in range(1, count):
        for caller in set(dice.integers(0, callee, size=dice.integers(1, 3)).tolist()):
            calls[caller, callee] = float(dice.choice([0.3, 0.6, 1.0, 1.0, 2.0]))
    waits = {edge: bool(dice.random() > 0.1) for edge in calls}
    names = tuple(f"service-{i:02d}" for i in range(count))
    return Platform(names, calls, waits, tuple((dice.random(count) < 0.4).tolist()), dice.lognormal(-4.5, 1.0, count))


def _rates(platform: Platform, dice: np.random.Generator, trouble: Trouble, on: Floats) -> Floats:
    rate = np.zeros((len(platform.names), len(on)))
    sway = 1 + 0.1 * np.sin(np.arange(len(on)) / 40 + dice.random() * 6)
    rate[0] = 50 * sway * dice.normal(1, 0.03, len(on))
    for i in range(len(platform.names)):
        if trouble.kind == "surge" and i == trouble.culprit:
            rate[i] *= 1 + trouble.size * on
        for callee, times in platform.called_by(i):
            rate[callee] += rate[i] * times
    return rate


def _hit(measured: Measured, platform: Platform, trouble: Trouble, on: Floats) -> None:
    """What the fault does to the culprit's own work; a surge slows whatever is loaded by it."""
    i, size = trouble.culprit, trouble.size
    since = np.cumsum(on)
    match trouble.kind:
        case "slow":
            measured.latency[i] += size * platform.work.mean() * 3 * on
        case "failing":
            measured.errors[i] += min(0.6, 0.08 * size) * on
        case "busy":
            measured.cpu[i] *= 1 + size * on
            measured.latency[i] *= 1 + 0.7 * size * on
        case "leaking":
            measured.memory[i] *= 1 + 0.04 * size * since
            measured.latency[i] *= 1 + 0.5 * size * on
        case "surge":
            usual = np.median(measured.rate[:, on == 0], axis=1, keepdims=True)
            measured.latency *= np.maximum(1.0, measured.rate / np.maximum(usual, 1e-9) - 0.5)


def _spread(measured: Measured, platform: Platform) -> None:
    """From the leaves up: callers wait, and fail."""
    for i in reversed(range(len(platform.names))):
        waited = []
        for callee, times in platform.called_by(i):
            if platform.waits[i, callee]:
                waited.append(measured.latency[callee] * times)
                failing = measured.errors[callee] * min(1.0, times) * 0.8
                measured.errors[i] = 1 - (1 - measured.errors[i]) * (1 - np.clip(failing, 0, 1))
        if waited:
            measured.latency[i] += np.max(waited, axis=0) if platform.parallel[i] else np.sum(waited, axis=0)


def run(platform: Platform, dice: np.random.Generator, samples: int, trouble: Trouble, distracted: int = 0) -> Measured:
    count = len(platform.names)
    on = ((np.arange(samples) >= ONSET) & (trouble.culprit >= 0)).astype(float)
    rate = _rates(platform, dice, trouble, on)
    measured = Measured(
        rate=rate,
        latency=platform.work[:, None] * dice.lognormal(0, 0.06, rate.shape),
        errors=dice.poisson(0.3, rate.shape) / (np.maximum(rate, 1e-9) * 60),
        cpu=rate * platform.work[:, None] * 2 * dice.normal(1, 0.05, rate.shape),
        memory=3e8 * (1 + np.arange(count))[:, None] * dice.normal(1, 0.01, rate.shape),
    )
    _hit(measured, platform, trouble, on)
    _spread(measured, platform)
    measured.latency *= dice.lognormal(0, 0.03, rate.shape)
    measured.errors = np.clip(measured.errors, 0, 1)
    for i in dice.choice([one for one in range(1, count) if one != trouble.culprit], distracted, replace=False):
        own = (dice.random(samples) < 0.4).astype(float)
        for values in (measured.latency, measured.cpu):
            values[i] *= 1 + float(dice.uniform(1, 6)) * own
    return measured


def _metrics(
    platform: Platform, dice: np.random.Generator, before: Measured, during: Measured, setting: Setting, keep: set[int]
) -> list[Metric]:
    metrics = []
    for i, service in enumerate(platform.names):
        if i not in keep and dice.random() < setting.unwatched:
            continue
        for measure, (title, unit) in TITLES.items():
            if measure not in setting.hidden:
                normal, abnormal = getattr(before, measure)[i].copy(), getattr(during, measure)[i].copy()
                normal[dice.random(len(normal)) < 0.03] = np.nan
                known = unit if dice.random() < 0.5 else ""
                metrics.append(Metric(service, title, kind_of(title), normal, abnormal, known))
    return metrics


def incident(seed: int, setting: Setting = Setting()) -> tuple[Case, str]:
    """A case and its culprit: one that the entry waits for, so that somebody would ask."""
    dice = np.random.default_rng(seed)
    platform = draw(dice, setting.count)
    kind = setting.fault or FAULTS[seed % len(FAULTS)]
    felt = [i for i in platform.felt() if kind != "surge" or platform.called_by(i)] or [0]
    culprit = int(dice.choice(felt))
    trouble = Trouble(kind, culprit, setting.size if setting.size is not None else float(dice.uniform(1.5, 5)))
    before = run(platform, dice, NORMAL, Trouble())
    during = run(platform, dice, DURING, trouble, setting.distracted)
    drawn = [(platform.names[a], platform.names[b]) for a, b in platform.calls if dice.random() >= setting.undrawn]
    asked = "error ratio" if kind == "failing" else "latency mean"
    case = Case(
        services=platform.names,
        metrics=_metrics(platform, dice, before, during, setting, {0, culprit}),
        calls=drawn if setting.graph else None,
        target=(platform.names[0], asked) if setting.target else None,
        traces=(traced(platform, dice, 60, Trouble()), traced(platform, dice, 30, trouble)) if setting.traced else None,
        logs=logged(platform, dice, trouble) if setting.logged else None,
    )
    return case, platform.names[culprit]


MOST_SPANS: Final = 300


def traced(platform: Platform, dice: np.random.Generator, count: int, trouble: Trouble) -> Profile:
    return profile(Trace(str(number), tuple(_request(platform, dice, trouble, number))) for number in range(count))


def _request(platform: Platform, dice: np.random.Generator, trouble: Trouble, number: int) -> list[Span]:
    """One request, each call made after the other."""
    spans: list[Span] = []

    def serve(i: int, parent: str | None, start: float) -> tuple[float, bool]:
        own = float(platform.work[i] * dice.lognormal(0, 0.3))
        hit = i == trouble.culprit
        failed = hit and trouble.kind == "failing" and bool(dice.random() < 0.5)
        if hit and trouble.kind in {"slow", "busy", "leaking"}:
            own += trouble.size * float(platform.work.mean()) * 3
        me, at, mine = f"{number}-{len(spans)}", start + own, len(spans)
        spans.append(Span(me, parent, platform.names[i], f"serve {i}", start, start))
        for callee, times in platform.called_by(i):
            if len(spans) < MOST_SPANS and not failed and dice.random() < times:
                at, failed = serve(callee, me, at)
        spans[mine] = Span(me, parent, platform.names[i], f"serve {i}", start, at, error=failed)
        return at, failed

    serve(0, None, 1e9 + number)
    return spans


def logged(platform: Platform, dice: np.random.Generator, trouble: Trouble) -> dict[str, list[LogDelta]]:
    said: dict[str, list[LogDelta]] = {}
    for i, name in enumerate(platform.names):
        usual = float(dice.uniform(20, 400))
        said[name] = [
            LogDelta("served * in * ms", usual, float(dice.poisson(usual)), bad=False),
            LogDelta("retrying after timeout", 2.0, float(dice.poisson(2.0)), bad=True),
        ]
        if trouble.kind == "failing" and (i == trouble.culprit or (i, trouble.culprit) in platform.calls):
            seen = float(dice.poisson(60 if i == trouble.culprit else 40))
            said[name].append(LogDelta(f"exception in {name}", 0.0, seen, bad=True))
    return said
