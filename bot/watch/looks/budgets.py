"""Error budgets: those of one service, or all of an environment, by the rules of several windows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
from pydantic import TypeAdapter

from bot.errors import NotFound, Unavailable
from bot.observatory.budgets import moment_of
from bot.observatory.counting import Counting, Promise
from bot.observatory.observatory import Observatory
from bot.observatory.told import notes
from bot.ports import Json
from bot.telemetry import slo
from bot.telemetry.signals import Floats, Series, Window
from bot.telemetry.units import digits, shown
from bot.watch.burning import STILL, Burning, Pace, firing
from bot.watch.finding import Finding
from bot.watch.looks.look import Sight, backwards, pieces, signed, times_of, troubles
from bot.watch.replaying import Replayed, Tell, reckoned
from bot.watch.spells import restored
from bot.watch.sweeping import Moment
from bot.watch.watches import Progress, Watch

HOUR: Final = 3_600.0
"""What is left of a month hardly moves in so long."""
FINEST: Final = 60.0
"""Counts are of whole minutes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is carried from look to look."""

    spells: Json = None
    left: tuple[tuple[str, str, float, float], ...] = ()
    """What is left of the budgets that burn: service, name, when that was counted, share."""


_KEPT: Final = TypeAdapter(Kept)


@dataclass(frozen=True, slots=True)
class BudgetsLook:
    """Counts are of windows that end now, so nothing has to be caught up with."""

    observatory: Observatory

    async def __call__(self, watch: Watch, progress: Progress | None, until: datetime) -> Sight:
        kept = _kept(progress.state if progress else b"")
        rates = await self._rates(watch, moment_of(until))
        if rates.trouble and not rates.known:
            raise Unavailable(rates.trouble)
        left = await _left(rates, kept, until.timestamp())
        burning = Burning(watch.aim.scope.environment, kept.spells, every=watch.every)
        found = burning.feed(
            until, rates.paces(0, rates.counting.rules, {each: share for each, (_, share) in left.items()})
        )
        after = Kept(burning.dump(), tuple((one.service, one.objective.name, *each) for one, each in left.items()))
        return Sight(_signed(found, watch, rates.counting), _KEPT.dump_json(after), rates.trouble)

    async def replay(self, watch: Watch, window: Window, tell: Tell, seconds: float) -> Replayed:
        """Every look of a window. What is left of a month is not counted for each: no alert comes of it."""
        step = max(FINEST, round(watch.every / FINEST) * FINEST)
        alone, every, due = bool(watch.aim.scope.service), timedelta(seconds=step), watch.due(window.start)
        before, many = moment_of(due).start, (window.end - due) // every
        windows = list(pieces(before + every, before + (many + 1) * every, timedelta(days=1) // every * every))
        if not windows:
            return Replayed(())  # no look is due in so short a time

        async def read(piece: Window) -> Rates:
            rates = await self._rates(watch, piece, step, whole=alone)
            if not rates.known and rates.trouble:
                raise Unavailable(rates.trouble)
            return rates

        parts, trouble = await backwards(windows, read, seconds, tell)
        burning = Burning(watch.aim.scope.environment, every=step)
        known = [rates for _, rates in parts]
        if not any(rates.known for rates in known):
            raise NotFound(
                f"no request was counted for the objectives of {watch.aim.scope}",
                mend="Objectives stand in services_file; `slo.status` says how each of them does.",
            )
        hot = {promise for rates in known for promise in rates.hot}  # of no other is there anything to say
        seen = await reckoned((each for rates in known for each in _each(burning, rates, hot, watch)), tuple)
        series, query, about = _nearest(known) if alone else ((), "", "")
        return Replayed(
            seen,
            series,
            query=query,
            trouble=troubles([trouble, *(each.trouble for each in known)]),
            since=window.start if len(parts) == len(windows) else parts[0][0].start,
            about=about,
            limits=tuple((rule.factor, f"{digits(rule.factor)} over {shown(rule.long, 's')}") for rule in slo.RULES)
            if alone
            else (),
        )

    async def _rates(self, watch: Watch, window: Window, step: float = FINEST, *, whole: bool = False) -> Rates:
        scope = watch.aim.scope
        services = [
            each
            for each in self.observatory.catalogue.services
            if each.slos and scope.service in {"", each.name} and scope.environment in {"", *each.environments}
        ]
        counting = await Counting.of(self.observatory, services, scope.environment, window, step)
        return await Rates.of(counting, whole=whole)


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast each budget burns at each moment, over the windows of the rules.

    Both windows of a rule have to burn: the long one, which costs more, is asked where the short one leaves a doubt.
    """

    counting: Counting
    _rates: dict[tuple[Promise, float], list[float | None]] = field(default_factory=dict)
    _failed: set[tuple[Promise, float]] = field(default_factory=set)
    """What could not be asked."""

    @classmethod
    async def of(cls, counting: Counting, *, whole: bool = False) -> Rates:
        """Of the `whole` time, to be drawn, the long ones are asked anyway."""
        rates, every = cls(counting), list(counting.rules)
        await asyncio.gather(*(rates._ask(rule.short, every) for rule in slo.RULES))
        for rule in slo.RULES:
            hot = {each: places for each in every if (places := rates._hot(each, rule))}
            if whole:  # to be drawn
                await rates._ask(rule.long, every)
            elif hot:
                within = (min(map(min, hot.values())), max(map(max, hot.values())))
                await rates._ask(rule.long, list(hot), within)
        return rates

    @property
    def known(self) -> bool:
        return any(rate is not None for each in self._rates.values() for rate in each)

    @property
    def trouble(self) -> str:
        down = (each for each in notes(self.counting.asked) if each.state == "down")
        return troubles([f"{each.name}: {each.note}" for each in down])

    @property
    def hot(self) -> set[Promise]:
        """Those of which any short window burns, ever."""
        return {each for each in self.counting.rules for rule in slo.RULES if self._hot(each, rule)}

    def burns(self, promise: Promise, place: int) -> tuple[slo.Burn, ...]:
        return tuple(
            slo.Burn(rule, self._at(promise, rule.long, place), self._at(promise, rule.short, place))
            for rule in slo.RULES
        )

    def paces(
        self, place: int, promises: Collection[Promise], left: Mapping[Promise, float] = MappingProxyType({})
    ) -> Iterator[Pace]:
        for each in promises:
            failed = frozenset(seconds for seconds in slo.WINDOWS if (each, seconds) in self._failed)
            name, seconds = each.objective.name, each.target.seconds
            yield Pace(each.service, name, seconds, self.burns(each, place), failed, left.get(each))

    def series(self, promise: Promise, seconds: float) -> Floats:
        return np.array([np.nan if rate is None else rate for rate in self._rates[promise, seconds]])

    def nearness(self, promise: Promise) -> float:
        """How far it came on the way to what a rule asks: 1 is an alert."""
        rules = ((rule, self.series(promise, rule.long), self.series(promise, rule.short)) for rule in slo.RULES)
        return max(float(np.nanmax([0.0, *np.minimum(long, short) / rule.factor])) for rule, long, short in rules)

    def _at(self, promise: Promise, seconds: float, place: int) -> float | None:
        known = self._rates.get((promise, seconds))
        return known[place] if known else None

    def _hot(self, promise: Promise, rule: slo.Rule) -> list[int]:
        """Where the short window burns."""
        least = STILL * rule.factor
        return [
            place for place, rate in enumerate(self._rates[promise, rule.short]) if rate is not None and rate >= least
        ]

    async def _ask(self, seconds: float, promises: Sequence[Promise], within: tuple[int, int] | None = None) -> None:
        asked = [each for each in promises if (each, seconds) not in self._rates]
        for each, counts in (await self.counting.over(seconds, asked, within)).items():
            if counts.trouble:
                self._failed.add((each, seconds))
            rates = (counts.at(place) for place in range(self.counting.many))
            self._rates[each, seconds] = [slo.burn_rate(each.target, counted) if counted else None for counted in rates]


def _kept(state: bytes) -> Kept:
    known = json.loads(state) if state else {}
    return restored(_KEPT, {"spells": known} if isinstance(known, list) else known)  # a list, before more was carried


async def _left(rates: Rates, kept: Kept, now: float) -> dict[Promise, tuple[float, float]]:
    """What is left of the budgets that burn, and when that was counted: a month is much to read, and moves slowly."""
    known = {(service, name): (at, share) for service, name, at, share in kept.left}
    burning = [each for each in rates.counting.rules if any(firing(rates.burns(each, 0), STILL))]
    left = {each: was for each in burning if (was := known.get((each.service, each.objective.name)))}
    due = [each for each in burning if each not in left or now - left[each][0] >= HOUR]
    for seconds in {each.target.seconds for each in due}:
        told = await rates.counting.over(seconds, [each for each in due if each.target.seconds == seconds])
        for promise, counts in told.items():
            if (counted := counts.at(0)) and (budget := slo.budget(promise.target, counted)):
                left[promise] = (now, budget.left.share)
    return left


def _each(burning: Burning, rates: Rates, hot: Collection[Promise], watch: Watch) -> Iterator[Moment]:
    """One moment for each look."""
    for place in range(rates.counting.many):
        at = rates.counting.moment(place)
        yield Moment(at, _signed(burning.feed(at, rates.paces(place, hot)), watch, rates.counting))


def _signed(findings: Iterable[Finding], watch: Watch, counting: Counting) -> tuple[Finding, ...]:
    """Each with what shows its own counts."""
    queries = {(each.service, each.objective.name): each for each in counting.rules}

    def query(finding: Finding) -> str:
        promise = queries.get((finding.subject.service, finding.subject.detail))
        return counting.query(promise, slo.HOUR) if promise else ""

    return signed((replace(each, query=query(each)) for each in findings), watch)


def _nearest(parts: Sequence[Rates]) -> tuple[tuple[Series, ...], str, str]:
    """How fast what came nearest to an alert burned over the long windows, what shows it, and which it is."""
    counting = parts[-1].counting

    def near(promise: Promise) -> float:
        return max((rates.nearness(promise) for rates in parts if promise in rates.counting.rules), default=0.0)

    promise = max(counting.rules, key=near, default=None)
    if promise is None:
        return (), "", ""
    there = [rates for rates in parts if promise in rates.counting.rules]
    times = np.concatenate([times_of(rates.counting.window, rates.counting.step) for rates in there])
    series = tuple(
        Series(
            {"over": f"over {shown(rule.long, 's')}"},
            times,
            np.concatenate([rates.series(promise, rule.long) for rates in there]),
        )
        for rule in slo.RULES
    )
    return series, counting.query(promise, slo.HOUR), promise.objective.name
