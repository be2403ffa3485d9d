"""What somebody asked to be told of a series: beyond a limit, not there any more, not as a day before; or of lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from pydantic import TypeAdapter

from bot.ports import Json
from bot.telemetry.charts.words import clean, counted
from bot.telemetry.signals import Floats, LogLine
from bot.telemetry.units import shown
from bot.watch.finding import Direction, Family, Finding, Subject
from bot.watch.spells import Key, Patience, Spells, restored
from bot.watch.watches import Aim, WatchKind

NEAR: Final = 0.05
"""Of the limit: back by less is hardly back."""
GAP: Final = 3
"""Steps without a sample that say nothing yet."""
SMOOTHED: Final = 5
"""Samples whose median is compared with that of a day before; half of them must be there."""
FORGOTTEN: Final = 86_400.0
"""Seconds after which a series is not missed any more, while others are there."""
FARTHEST: Final = 1_000.0
"""Times a limit; what is farther out is no worse."""
UNSURE: Final = 0.25
"""Of a sample: what one of them leaves to doubt."""
QUIET: Final = 600.0
"""Seconds without a line that was asked for, after which it is over: such lines come one by one."""
MOST_LINE: Final = 90
"""Characters of a line that are quoted."""

Said = Mapping[Subject, Sequence[LogLine]]
"""Lines that were counted, as far as they have been read."""

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is carried from look to look."""

    began: float | None = None
    last: tuple[tuple[Subject, float], ...] = ()
    """When each series had its last sample."""
    pairs: tuple[tuple[Subject, tuple[tuple[float, Pair], ...]], ...] = ()
    """The last samples, and those of a day before."""
    spells: Json = None


_KEPT: Final = TypeAdapter(Kept)


class Conditions:
    """One watch; `whole` is what it is about where no series tells more."""

    def __init__(
        self, aim: Aim, whole: Subject, *, title: str, unit: str = "", step: float = 60.0, kept: Json = None
    ) -> None:
        self.aim, self.whole, self.title, self.unit, self.step = aim, whole, title, unit, step
        holds, gap = aim.for_seconds, GAP * step
        if aim.kind is WatchKind.ABSENCE:
            self.silence, holds = max(holds, gap), 0.0
        limits: tuple[tuple[float | None, Direction, float], ...] = ((aim.above, "high", 1.0), (aim.below, "low", -1.0))
        self._limits = [(limit, direction, sign) for limit, direction, sign in limits if limit is not None]
        was = restored(_KEPT, kept) if kept else Kept()
        patience = Patience(step=step, holds=holds, calm=max(holds / 2, 2 * step), gap=gap)
        if aim.kind is WatchKind.PATTERN:
            patience = Patience(step=step, holds=holds, back=math.ceil(QUIET / step), calm=QUIET, gap=QUIET)
        self._spells = Spells(patience, was.spells)
        self._began, self._last, self._pairs = was.began, dict(was.last), dict(was.pairs)

    def feed(
        self,
        times: Floats,
        rows: Mapping[Subject, Floats],
        before: Mapping[Subject, Floats] | None = None,
        said: Said | None = None,
    ) -> tuple[Finding, ...]:
        """What is open after these samples, and what ended with them; `before` is a day earlier, on the same grid."""
        ended: list[Finding] = []
        for column, time in enumerate(times.tolist()):
            self._began = time if self._began is None else self._began
            values = {row: value for row, samples in rows.items() if math.isfinite(value := float(samples[column]))}
            self._last = {
                row: at
                for row, at in (self._last | dict.fromkeys(values, time)).items()
                if time - at < FORGOTTEN or not values
            }
            if self.aim.kind is WatchKind.ABSENCE:
                ended += self._absent(time, values)
            elif self.aim.kind is WatchKind.CHANGE:
                then = {row: float(samples[column]) for row, samples in (before or {}).items()}
                ended += self._changed(time, values, then)
            elif self.aim.kind is WatchKind.PATTERN:
                ended += self._logged(time, dict.fromkeys(self._last, 0.0) | values, said or {})
            else:
                ended += self._beyond(time, values)
        return (*ended, *self._spells.findings)

    # ---------------------------------------------------------------- limits

    def _beyond(self, time: float, values: Mapping[Subject, float]) -> tuple[Finding, ...]:
        found: list[Finding] = []
        near: set[Key] = set()
        for limit, direction, sign in self._limits:
            margin = NEAR * abs(limit)
            for row, value in values.items():
                key: Key = ("", row, Family.THRESHOLD, direction)
                over = (value - limit) * sign
                if over > 0:
                    size = 1.0 + over / abs(limit) if limit else 1.0 + over
                    words = f"is {shown(value, self.unit)}, the limit is {shown(limit, self.unit)}"
                    found.append(self._finding(key, time, words, (value, limit, size)))
                elif over > -margin:
                    near.add(key)
        return self._looked(time, found, near, values)

    # ---------------------------------------------------------------- lines

    def _logged(self, time: float, counts: Mapping[Subject, float], said: Said) -> tuple[Finding, ...]:
        """More lines than asked for; it began with the first of them, and the last one is quoted."""
        limit = self.aim.above or 0.0
        found: list[Finding] = []
        for row, count in counts.items():
            if count <= limit:
                continue
            here = [each for each in said.get(row, ()) if time - self.step < each.at.timestamp() <= time]
            first, last = (pick(here, key=lambda each: each.at, default=None) for pick in (min, max))
            words = f"is logged: {counted(round(count), 'line')} in a minute"
            words += f", the limit is {limit:g}" if limit else ""
            words += f", “{clean(last.text, MOST_LINE)}”" if last else ""
            size = 1.0 + (count - limit) / (limit or 1.0)
            since = first.at.timestamp() if first else None
            key: Key = ("", row, Family.PATTERN, "high")
            found.append(self._finding(key, time, words, (count, limit, size), since=since))
        return self._looked(time, found, set(), counts)

    # ---------------------------------------------------------------- not there

    def _absent(self, time: float, values: Mapping[Subject, float]) -> tuple[Finding, ...]:
        assert self._began is not None
        found, waiting = [], set()
        key: Key
        for row, last in (self._last or {self.whole: self._began}).items():
            silent = time - last
            if silent >= self.silence:
                asked = shown(self.silence, "s")
                words = f"is not there for {shown(silent, 's')}, one sample in {asked} is asked for"
                size = silent / self.silence
                key = ("", row, Family.ABSENCE, "")
                found.append(self._finding(key, time, words, (silent, self.silence, size), since=last, unit="s"))
            elif row not in values:
                waiting.add(row)
        return self._spells.look(_moment(time), found, unknown=waiting)

    # ---------------------------------------------------------------- not as a day before

    def _changed(
        self, time: float, values: Mapping[Subject, float], before: Mapping[Subject, float]
    ) -> tuple[Finding, ...]:
        limit = self.aim.change or 0.0
        found: list[Finding] = []
        near: set[Key] = set()
        known: dict[Subject, float] = {}
        oldest = time - (SMOOTHED - 0.5) * self.step
        for row in {*self._pairs, *values}:
            pairs = tuple(pair for pair in self._pairs.get(row, ()) if pair[0] > oldest)
            if row in values and math.isfinite(then := before.get(row, math.nan)):
                pairs = (*pairs, (time, (values[row], then)))
            self._pairs[row] = pairs
            if not pairs:
                del self._pairs[row]
            if 2 * len(pairs) <= SMOOTHED or row not in values:
                continue
            value, usual = (median(pair[1][side] for pair in pairs) for side in (0, 1))
            if usual == 0.0:
                continue
            known[row] = value
            share = (value - usual) / abs(usual)
            if self.aim.only == ("down" if share > 0 else "up"):
                continue
            key: Key = ("", row, Family.CHANGE, "high" if share > 0 else "low")
            if abs(share) > limit:
                way = "over" if share > 0 else "under"
                words = f"is {shown(value, self.unit)}, {shown(abs(share), 'share')} {way} a day before"
                size = abs(share) / limit if limit else FARTHEST
                found.append(self._finding(key, time, words, (value, usual, size)))
            elif abs(share) > (1.0 - NEAR) * limit:
                near.add(key)
        return self._looked(time, found, near, known)

    # ---------------------------------------------------------------- both

    def _looked(
        self, time: float, found: list[Finding], near: set[Key], known: Mapping[Subject, float]
    ) -> tuple[Finding, ...]:
        unknown = {each for each in self._last if each not in known}
        return self._spells.look(_moment(time), found, near, unknown)

    def _finding(
        self,
        key: Key,
        time: float,
        words: str,
        numbers: tuple[float, float, float],
        *,
        since: float | None = None,
        unit: str | None = None,
    ) -> Finding:
        """`numbers` are the value, what it is held against, and how many times that it is."""
        _, row, family, direction = key
        value, expected, size = numbers
        known = self._spells.open(key)
        began = known.since if known else _moment(time if since is None else since)
        samples = 1.0 + (_moment(time) - began) / timedelta(seconds=self.step)
        return Finding(
            row,
            family,
            direction,
            began,
            _moment(time),
            f"{self.title} {words}",
            value=value,
            expected=expected,
            unit=self.unit if unit is None else unit,
            size=min(size, FARTHEST),
            sure=samples / (samples + UNSURE),
        )

    # ---------------------------------------------------------------- kept

    def dump(self) -> Json:
        kept = Kept(self._began, tuple(self._last.items()), tuple(self._pairs.items()), self._spells.dump())
        dumped: Json = _KEPT.dump_python(kept, mode="json")
        return dumped


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(time, UTC)
