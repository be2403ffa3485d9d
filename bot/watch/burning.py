"""Error budgets that burn too fast, as findings: one for each objective, however many of its rules fire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.ports import Json
from bot.telemetry import slo
from bot.telemetry.units import digits, shown
from bot.watch.finding import Family, Finding, Subject
from bot.watch.spells import Key, Patience, Spells

STILL: Final = 0.9
"""Of a rule's factor: what burns as fast goes on, if it had begun."""
TICKET: Final = 5.0
"""The most that a rule says which needs nobody at once; one that does says its burn rate, 6 at least."""
SURE: Final = {"page": 0.95, "ticket": 0.8}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the budget of one objective burns, by each rule."""

    service: str
    name: str
    seconds: float
    """Of its window."""
    burns: tuple[slo.Burn, ...]
    failed: frozenset[float] = frozenset()
    """Windows that could not be asked; of one that could, and is not known, there was no traffic."""
    left: float | None = None
    """What is left of the budget, as a share."""


class Burning:
    """All objectives of an environment, looked at `every` so many seconds."""

    def __init__(self, environment: str, kept: Json = None, *, every: float = 300.0) -> None:
        self.environment = environment
        self._spells = Spells(Patience(gap=max(slo.HOUR, 2 * every)), kept)

    def feed(self, at: datetime, objectives: Iterable[Pace]) -> tuple[Finding, ...]:
        """What is open now, and what has ended. One that is not counted is as it was, for an hour or two looks."""
        found: list[Finding] = []
        counted: set[Subject] = set()
        for each in objectives:
            subject = Subject(each.service, self.environment, "slo", each.name)
            key: Key = ("", subject, Family.BURN, "high")
            least = STILL if self._spells.open(key) else 1.0
            burning = list(firing(each.burns, least))
            if burning:
                found.append(_finding(key, each, burning, at))
            if burning or _calm(each, least):
                counted.add(subject)
        unknown = {each.subject for each in self._spells.findings} - counted
        return (*self._spells.look(at, found, unknown=unknown), *self._spells.findings)

    def dump(self) -> Json:
        return self._spells.dump()


def firing(burns: Iterable[slo.Burn], least: float) -> Iterator[tuple[slo.Rule, float]]:
    """The rules that fire, or nearly so, and how fast their long windows burn; the most urgent first."""
    for burn in burns:
        if burn.long is not None and burn.short is not None and min(burn.long, burn.short) >= least * burn.rule.factor:
            yield burn.rule, burn.long


def _calm(pace: Pace, least: float) -> bool:
    """Whether anything was counted, and no rule can fire."""
    counted = any(burn.short is not None for burn in pace.burns)
    return counted and not any(_may_fire(burn, pace, least) for burn in pace.burns)


def _may_fire(burn: slo.Burn, pace: Pace, least: float) -> bool:
    """One window that does not burn says no, and so does a short one without traffic; one that failed says nothing."""
    if any(rate is not None and rate < least * burn.rule.factor for rate in (burn.long, burn.short)):
        return False
    return burn.short is not None or burn.rule.short in pace.failed


def _finding(key: Key, objective: Pace, burning: list[tuple[slo.Rule, float]], at: datetime) -> Finding:
    rule, rate = burning[0]
    page = rule.urgency == "page"
    words = f"the error budget burns {digits(rate)} times as fast as it may, over {shown(rule.long, 's')}"
    if objective.left is not None and objective.left <= 0:
        words += "; it is used up"
    elif objective.left is not None:
        seconds = objective.left * objective.seconds / rate
        words += f"; at this pace it is gone in {shown(seconds, 's')}"
    return Finding(
        key[1],
        Family.BURN,
        "high",
        at,
        at,
        words,
        value=rate,
        expected=rule.factor,
        size=max(rate for _, rate in burning) if page else min(rate, TICKET),
        sure=SURE[rule.urgency],
    )
