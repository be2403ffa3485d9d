"""What metrics say: who is unwell, who is unwell by itself, and who is only unwell because of what it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.telemetry.rootcause.case import Case, Kind, kind_of
from bot.telemetry.rootcause.strength import HUGE, NOTABLE, Deviation, certainty, deviation, null_level
from bot.telemetry.rootcause.topology import Booleans, Topology, agreement
from bot.telemetry.signals import Floats

FAILING: Final[frozenset[Kind]] = frozenset({"errors", "availability"})
FELT: Final[frozenset[Kind]] = frozenset({"latency", "errors", "availability", "saturation"})
"""What callers of an unwell service feel too."""
OWN: Final[frozenset[Kind]] = frozenset({"cpu", "memory", "gpu", "other"})
"""What a service has for itself."""

SECOND: Final = 0.25
"""What the second kind of sign adds to the first."""
EXCUSE: Final = 0.9
"""How much of a service's suspicion goes where a callee accounts for all of it."""
OTHER_KIND: Final = 0.6
"""What a sign is worth that is not of the kind that was asked about: errors may come of slowness, and slowness of
errors."""
BESIDE: Final = 0.5
"""What a service's own CPU or memory is worth where somebody asks what callers feel."""
PLAIN: Final = 2 * NOTABLE
"""Deviations beyond which more does not matter for when it was: a leak grows, and what it does to callers does not."""
PLENTY: Final = 12.0
"""Deviations that a first among the unusual has; one that stands out with less does not stand out so much."""
UNKNOWN_KIND: Final = 0.7
"""What a metric is worth whose meaning nobody knows."""
APART: Final = 0.3
"""What is left of a suspect that the target does not call, even through others: graphs lack edges."""
LOAD: Final = 0.5
"""What more traffic alone is worth."""
GREW: Final = (1.2, 1.8)
"""Growth of traffic: below the first it is the hour, above the second it is a surge."""
SURGING: Final = 0.5
"""So surely, and it is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """The metrics' verdict; arrays are by service."""

    score: Floats
    top: Floats
    """The greatest deviation of what callers feel and of what is its own."""
    null: float
    explained: Floats
    """[i, j]: the share of what is wrong at i that j accounts for."""
    agree: Floats
    """0 … 1: unwell when the target is."""
    within: Floats
    """1 where the target can be hurt by it; less is what is left of its score."""
    share: Floats
    """Of the target's trouble, in requests or in seconds; NaN where that cannot be counted."""
    surge: Floats
    """0 … 1: how surely its traffic grew."""
    surged: Floats
    """0 … 1: that growth came from a caller."""
    found: Mapping[int, Sequence[Deviation]]


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Each service's main deviation among some kinds."""

    chosen: Mapping[int, Deviation]
    top: Floats
    rows: Floats
    """[service, sample]; NaN where it has none as long as the others'."""


@dataclass(frozen=True, slots=True, eq=False)
class _Chance:
    """What all families are measured against."""

    graph: Topology
    null: float
    most: float

    def standing(self, top: Floats) -> Floats:
        """0 … 1 against the most unusual; keeps the order however big the numbers are."""
        result: Floats = np.log1p(top / NOTABLE) / np.log1p(max(self.most, PLENTY) / NOTABLE)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class _Felt:
    score: Floats
    explained: Floats
    agree: Floats
    share: Floats


def _worth(one: Deviation) -> float:
    return max(0.0, one.top) * (UNKNOWN_KIND if one.metric.kind == "other" else 1.0)


def _family(found: Mapping[int, Sequence[Deviation]], kinds: frozenset[Kind], name: str, count: int) -> _Family:
    """By the target's name where there is one (the same statistic everywhere is comparable), else the most unusual."""
    chosen: dict[int, Deviation] = {}
    for i, ones in found.items():
        fitting = [one for one in ones if one.metric.kind in kinds]
        if fitting:
            chosen[i] = max([one for one in fitting if one.metric.name == name] or fitting, key=_worth)
    top = np.zeros(count)
    length = max((len(one.z) for one in chosen.values()), default=0)
    rows = np.full((count, length), np.nan)
    for i, one in chosen.items():
        top[i] = _worth(one)
        if len(one.z) == length:
            rows[i] = one.z
    return _Family(chosen, top, rows)


def _rate(found: Sequence[Deviation], length: int) -> Floats | None:
    traffic = next((one for one in found if one.metric.kind == "traffic"), None)
    if traffic is None:
        return None
    during = np.clip(traffic.metric.abnormal, 0.0, HUGE)
    return during if len(during) == length else np.full(length, traffic.before)


def _lost(found: Mapping[int, Sequence[Deviation]], family: _Family, target: int) -> Floats | None:
    """[service, sample]: the seconds lost or the requests failed above normal; None where the target lost none.

    Counting losses, not how unusual they are, makes services comparable: the one that loses as much as the target
    does is it, however quiet another was before.
    """
    asked = family.chosen.get(target)
    if asked is None:
        return None
    length = len(asked.raw)
    usual = _rate(found[target], length)
    lost = np.full((len(family.top), length), np.nan)
    for i, one in family.chosen.items():
        if len(one.raw) == length and one.metric.kind == asked.metric.kind:
            rate = _rate(found[i], length)
            rate = usual if rate is None else rate
            lost[i] = one.raw * (1.0 if rate is None else rate)
    return lost if np.nansum(np.maximum(lost[target], 0.0)) > 0 else None


def _felt(
    found: Mapping[int, Sequence[Deviation]], family: _Family, asked: _Family, target: int | None, chance: _Chance
) -> _Felt:
    """Who is unwell, how much of the target's trouble that is, and how much of it comes from below."""
    certain = certainty(family.top, chance.null)
    standing = chance.standing(family.top)
    share = np.full(len(family.top), np.nan)
    size, rows, agree = standing, family.rows, np.ones(len(family.top))
    lost = _lost(found, family, target) if target is not None else None
    if target is not None:
        agree = _when(rows, asked, target, chance)
    if target is not None and lost is not None:
        rows = lost
        agree = agreement(rows, rows[[target]])[:, 0]
        positive = np.maximum(np.nan_to_num(lost), 0.0)
        size = positive @ (positive[target] / positive[target].sum())
        share = np.where(np.isfinite(lost).any(axis=1), np.minimum(1.0, size / size[target]), np.nan)
    explained = chance.graph.explained(size, certain, agreement(rows, rows))
    part = np.where(np.isfinite(share), share, standing)
    score = certain * part * agree * (1.0 - EXCUSE * explained.max(axis=1, initial=0.0))
    return _Felt(score, explained, np.where(certain > 0, agree, 0.0), share)


def _when(rows: Floats, asked: _Family, target: int, chance: _Chance) -> Floats:
    """0 … 1: unwell when the target is; tells as much as the target is clearly unwell."""
    clear = float(certainty(asked.top[target], chance.null))
    together = agreement(np.minimum(rows, PLAIN), np.minimum(asked.rows[[target]], PLAIN))[:, 0]
    result: Floats = 1.0 - clear * (1.0 - together)
    return result


def _surges(found: Mapping[int, Sequence[Deviation]], count: int, graph: Topology) -> tuple[Floats, Floats]:
    """How surely each service's traffic grew, and how surely that came from above."""
    grew = np.zeros(count)
    for i, ones in found.items():
        for one in ones:
            if one.metric.kind == "traffic" and one.during > one.before > 0:
                low, high = GREW
                much = float(np.clip((one.during / one.before - low) / (high - low), 0.0, 1.0))
                grew[i] = max(grew[i], much * float(certainty(np.array([one.top]), NOTABLE)[0]))
    from_above = np.where(graph.below.T, grew[None, :], 0.0).max(axis=1, initial=0.0)
    return grew, np.minimum(grew, from_above)


def deviations(case: Case, index: Mapping[str, int]) -> dict[int, list[Deviation]]:
    found: dict[int, list[Deviation]] = {}
    for metric in case.metrics:
        at = index.get(metric.service)
        one = deviation(metric) if at is not None else None
        if at is not None and one is not None:
            found.setdefault(at, []).append(one)
    return found


def _asked(case: Case) -> frozenset[Kind]:
    kind = kind_of(case.target[1]) if case.target else "other"
    if kind in FAILING:
        return FAILING
    return frozenset({kind}) if kind in FELT else FELT


def read(case: Case, index: Mapping[str, int], graph: Topology) -> Metrics:
    count = len(index)
    found = deviations(case, index)
    target = index.get(case.target[0]) if case.target else None
    surge, surged = _surges(found, count, graph)
    within = np.where(graph.affects(target) | _loads(surge - surged, target, graph), 1.0, APART)
    kinds = _asked(case)
    asked = _family(found, kinds, case.target[1] if case.target else "", count)
    others = _family(found, FELT - kinds, "", count)
    own = _family(found, OWN, "", count)
    top = np.maximum(np.maximum(asked.top, others.top), own.top)
    chance = _Chance(graph, null_level(top[list(found)]), float(top.max(initial=0.0)))
    felt = _felt(found, asked, asked, target, chance)
    besides = _felt(found, others, asked, target, chance)
    felt_score = np.maximum(felt.score, OTHER_KIND * besides.score) * (1.0 - SECOND * surged)
    own_score = certainty(own.top, chance.null) * chance.standing(own.top)
    own_score = own_score * (1.0 - surge)
    if target is not None:
        own_score = own_score * BESIDE * _when(own.rows, asked, target, chance)
    load = _load(felt_score, surge, surged, graph)
    parts = np.sort(np.stack([felt_score, own_score, load]), axis=0)
    return Metrics(
        score=(parts[2] + SECOND * parts[1]) * within,
        top=top,
        null=chance.null,
        explained=np.maximum(felt.explained, OTHER_KIND * besides.explained),
        agree=np.maximum(felt.agree, besides.agree),
        within=within,
        share=felt.share,
        surge=surge,
        surged=surged,
        found=found,
    )


def _loads(surge: Floats, target: int | None, graph: Topology) -> Booleans:
    """A caller of the target hurts it by sending it more."""
    result: Booleans = (surge > SURGING) & (graph.below[:, target] if target is not None else False)
    return result


def _load(felt: Floats, surge: Floats, surged: Floats, graph: Topology) -> Floats:
    """More traffic at a service whose callers have no more is a cause: of what it loads, itself among it."""
    hurt = np.where(graph.below & (surged > 0)[None, :], felt[None, :], 0.0).max(axis=1, initial=0.0)
    result: Floats = (surge - surged) * np.maximum(LOAD * surge, np.minimum(1.0, hurt / (1.0 - SECOND)))
    return result
