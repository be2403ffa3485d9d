"""Error budgets that burn too fast, as findings: one for each objective, however many of its rules fire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from bot.observatory.budgets import BurnView, ObjectiveView
from bot.ports import Json
from bot.telemetry import slo
from bot.telemetry.units import digits, shown
from bot.watch.finding import Family, Finding, Subject
from bot.watch.spells import Key, Patience, Spells

STILL: Final = 0.9
"""Of a rule's factor: what burns as fast goes on, if it had begun."""
PATIENCE: Final = Patience(step=300.0, gap=3_600.0)
TICKET: Final = 5.0
"""The most that a rule says which needs nobody at once; one that does says its burn rate, 6 at least."""
SURE: Final = {"page": 0.95, "ticket": 0.8}


class Burning:
    """All objectives of an environment."""

    def __init__(self, environment: str, kept: Json = None) -> None:
        self.environment = environment
        self._spells = Spells(PATIENCE, kept)

    def feed(self, at: datetime, objectives: Iterable[ObjectiveView]) -> tuple[Finding, ...]:
        """What is open now, and what has ended. An objective that is not counted is as it was, for an hour."""
        found: list[Finding] = []
        counted: set[Subject] = set()
        for each in objectives:
            subject = Subject(each.service, self.environment, "slo", each.name)
            if all(burn.long is None or burn.short is None for burn in each.burns):
                continue
            counted.add(subject)
            key: Key = ("", subject, Family.BURN, "high")
            least = STILL if self._spells.open(key) else 1.0
            burning = list(_burning(each.burns, least))
            if burning:
                found.append(_finding(key, each, burning, at))
        unknown = {each.subject for each in self._spells.findings} - counted
        return (*self._spells.look(at, found, unknown=unknown), *self._spells.findings)

    def dump(self) -> Json:
        return self._spells.dump()


def _burning(burns: Iterable[BurnView], least: float) -> Iterator[tuple[slo.Rule, float]]:
    """The rules that fire, or nearly so, and how fast their long windows burn; the most urgent first."""
    for rule, burn in zip(slo.RULES, burns, strict=True):
        if burn.long is not None and burn.short is not None and min(burn.long, burn.short) >= least * rule.factor:
            yield rule, burn.long


def _finding(key: Key, objective: ObjectiveView, burning: list[tuple[slo.Rule, float]], at: datetime) -> Finding:
    rule, rate = burning[0]
    page = rule.urgency == "page"
    words = f"the error budget burns {digits(rate)} times as fast as it may, over {shown(rule.long, 's')}"
    if objective.left_share is not None and objective.left_share <= 0:
        words += "; it is used up"
    elif objective.left_share is not None:
        seconds = objective.left_share * objective.window_days * slo.DAY / rate
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
