"""How often something usually happens, learned as it goes, and how rarely chance alone gives so much more of it.

A count is set against what it is a count of: seconds, or calls. The rate is known only as well as the record is long,
and counts come in bursts: as far as they did before, that is taken for chance too. So it is a count of bursts, of which
the Gamma-Poisson law says how many may come; for shares it is an upper bound of the binomial one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.watch.watches import Sensitivity

MEMORY: Final = 2 * 3600.0
"""Seconds after which a record has forgotten two thirds."""
LEARNED: Final = timedelta(hours=1)
LOOKS: Final = 12
"""Before both, everything is new, and nothing is told."""
ACCEPTED: Final = timedelta(hours=2)
"""What is unusual for so long is usual from then on."""
LIMIT: Final = 6.0
LIMITS: Final[Mapping[Sensitivity, float]] = {"low": 8.0, "medium": LIMIT, "high": 4.5}
"""The surprise that it takes to be told."""
SURGE: Final = 2.0
"""At least so many times what is usual is worth a word."""
ODD: Final = 1.0
"""The surprise of one look in ten …"""
ODD_TIMES: Final = 1.5
"""… and that much more than usual begin a run of looks."""
FADES: Final = 0.8
"""What each look leaves of those before it in the run."""
FEWEST_LOOKS: Final = 2
"""A burst is not told."""
LONGEST_RUN: Final = 10
"""Looks: a little more for so long is no more than what comes with the time of day."""
CALM: Final = 3
"""Looks in a row that are as usual end it."""
BURSTS: Final = 1.5
"""How much more than dice counts vary, before anything is known of them …"""
TRUST: Final = 8.0
"""… and so many looks are worth as much as that opinion."""
FARTHEST: Final = 10.0
"""Times what is known of bursts: no look says more of them."""
SURELY: Final = 100.0
"""Surprise; more than that says nothing more."""
HALF: Final = 0.5
"""Jeffreys' prior: what never happened may happen."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A record; sums that fade."""

    count: float = 0.0
    of: float = 0.0
    looks: float = 0.0
    misfit: float = 0.0
    """Squared errors, as multiples of what dice would give."""

    @property
    def rate(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def bursts(self) -> float:
        """How many come together, as far as the variance tells."""
        return max(1.0, (TRUST * BURSTS + self.misfit) / (TRUST + self.looks))

    def surprise(self, count: float, of: float) -> float:
        """-log10 of how often chance gives at least as many; 0 where it is no more than usual."""
        if self.of <= 0 or of <= 0:
            return 0.0
        number, weight = count / self.bursts, self.count / self.bursts + HALF
        new = of / (self.of + of)
        if number <= weight * new / (1.0 - new):
            return 0.0
        falls = max(new, (number + weight) / (number + 1) * new)  # the tail is less than this geometric series
        chance = math.lgamma(number + weight) - math.lgamma(weight) - math.lgamma(number + 1)
        chance += number * math.log(new) + weight * math.log1p(-new) - math.log1p(-falls)
        return min(SURELY, max(0.0, -chance / math.log(10)))

    def surprise_of_none(self, of: float) -> float:
        """The same for nothing at all."""
        if self.of <= 0 or of <= 0:
            return 0.0
        return min(SURELY, (self.count / self.bursts + HALF) * math.log1p(of / self.of) / math.log(10))

    def learned(self, count: float, of: float, kept: float) -> Usual:
        """With one look more, of which `kept` of what was before is still known."""
        return self.varied(count, of).added(count, of, kept)

    def varied(self, count: float, of: float) -> Usual:
        """How far one look was from what was expected; an outlier says no more than `FARTHEST`."""
        if self.of <= 0 or of <= 0:
            return self
        expected = self.rate * of
        misfit = min((count - expected) ** 2 / (expected + HALF), FARTHEST * self.bursts)
        return replace(self, looks=self.looks + 1.0, misfit=self.misfit + misfit)

    def added(self, count: float, of: float, kept: float) -> Usual:
        """How much there was."""
        return Usual(self.count * kept + count, self.of * kept + of, self.looks * kept, self.misfit * kept)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a count usually is, and whether it is more now.

    From the first look that is odd on, looks are added up, and those before fade: a little more for some time says as
    much as a lot more at once. Of them is learned only if it was nothing.
    """

    usual: Usual = field(default_factory=Usual)
    count: float = 0.0
    of: float = 0.0
    """Of the run of looks."""
    looks: int = 0
    calm: int = 0
    """The last of them in a row that were not odd."""
    run: tuple[tuple[datetime, datetime, float, float], ...] = ()
    """Those looks, until it is told: from when to when, how many, of how much."""
    since: datetime | None = None
    """When it began, once it is told."""
    size: float = 0.0
    open: bool = False

    @property
    def high(self) -> bool:
        return self.open and not self.calm

    def after(
        self,
        at: datetime,
        count: float,
        of: float,
        kept: float,
        *,
        fewest: float,
        limit: float,
        busy: float = 1.0,
        start: datetime | None = None,
    ) -> Rate:
        """With one look more, which may have begun to show it from `start` on; `busy` is how many times as much as
        usual all else is, where that is known.
        """
        expected = self.usual.rate * of * busy
        odd = count >= ODD_TIMES * expected and self.usual.surprise(count, of * busy) >= ODD
        if not (odd or self.looks):
            return replace(self, usual=self.usual.learned(count, of, kept))
        usual = self.usual if self.looks > LONGEST_RUN else self.usual.varied(count, of * busy)
        run = replace(
            self,
            usual=usual,
            count=self.count * FADES + count,
            of=self.of * FADES + of * busy,
            looks=self.looks + 1,
            calm=0 if odd else self.calm + 1,
            run=() if self.open else (*self.run, (start or at, at, count, of * busy)),
        )
        size = self.usual.surprise(run.count, run.of)
        if self.open and self.since and at - self.since > ACCEPTED:
            return Rate(Usual().learned(count, of, kept))
        if run.calm >= CALM and self.open:
            return Rate(usual)
        if not self.open and (size < ODD or run.looks > LONGEST_RUN):
            return Rate(usual.added(run.count, run.of, kept))
        far = run.looks >= FEWEST_LOOKS and size >= limit
        run = replace(run, size=max(self.size, size))
        if self.open or not (far and run.count >= max(fewest, SURGE * self.usual.rate * run.of)):
            return run
        return replace(run, open=True, since=_began(run.run, self.usual), run=())


def _began(run: Sequence[tuple[datetime, datetime, float, float]], usual: Usual) -> datetime:
    """The best guess: a run may begin with looks that are odd by chance, so it is split where its parts are most
    unlike, in what is usual and what is more; and of the first look of the latter so much of the time counts as its
    count is of what came after.
    """
    known = (usual.count + HALF) / usual.of

    def more(place: int) -> float:
        count, of = sum(each[2] for each in run[place:]), sum(each[3] for each in run[place:])
        return count * math.log(count / of / known) - count + known * of if count > known * of else 0.0

    place = max(range(len(run)), key=lambda each: (more(each), each))
    start, end, count, of = run[place]
    later, of_later = sum(each[2] for each in run[place + 1 :]), sum(each[3] for each in run[place + 1 :])
    full = later / of_later - known if of_later else 0.0
    part = min(1.0, max(0.0, (count / of - known) / full)) if full > 0 else 1.0
    return end - part * (end - start)


def kept_after(seconds: float) -> float:
    """The share of a record that is still known."""
    return math.exp(-seconds / MEMORY)
