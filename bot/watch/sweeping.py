"""Every signal of every service at once: a column a minute through the detectors, and what of it is open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np

from bot.errors import InvalidInput
from bot.telemetry.rows import Mask
from bot.telemetry.signals import Floats, Series
from bot.telemetry.units import shown
from bot.telemetry.vocabulary import Better, Signal
from bot.watch.detecting import SENSITIVITY, Bank, Kind, Verdict, surprise_for
from bot.watch.finding import Family, Finding, Subject
from bot.watch.tracking import Tracker
from bot.watch.watches import UNTAUGHT, Learned, Sensitivity, added

STEP: Final = 60.0
SLIGHT: Final = 0.2
"""Of what is expected: a smaller change is not worth a word, however unusual …"""
SLIGHT_QUANTILE: Final = 0.5
"""… of a quantile, less may be one bucket of its histogram …"""
SLIGHT_SHARE: Final = 0.05
"""… and of a share, one of so many of a hundred is."""
NOTHING: Final = 1e-3
"""Of a value: what is expected to be less is expected not to be."""
LARGEST: Final = 12.0
"""What is more surprising is no worse."""
GONE: Final = 5
"""Columns without a sample, while others have one, after which a series is missing."""
SURE_GONE: Final = 0.8
STEADY: Final = 30
"""Samples that it must have had in a row before, to be missed."""
FORGOTTEN: Final = 24 * 60
"""Columns after which nobody waits for it any more."""
FAMILIES: Final[Mapping[Kind, Family]] = {
    Kind.trend: Family.TREND,
    Kind.variance: Family.VARIANCE,
    Kind.flat: Family.FLAT,
}
"""Any other is a deviation."""
_SIDES: Final[Mapping[Better, tuple[bool, bool]]] = {
    "lower": (True, False),
    "higher": (False, True),
    "neither": (True, True),
}

Row = tuple[str, Subject]
"""A metric of the vocabulary, and whose."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Samples of many series on one grid; NaN is one that is not there."""

    rows: tuple[Subject, ...]
    times: Floats
    values: Floats

    @classmethod
    def of(cls, subjects: Sequence[Subject], series: Sequence[Series], times: Floats, step: float) -> Sheet:
        values = np.full((len(series), len(times)), np.nan)
        if len(times):
            for row, each in enumerate(series):
                places = np.rint((each.times - times[0]) / step).astype(np.int64)
                inside = (places >= 0) & (places < len(times)) & np.isfinite(each.values)
                values[row, places[inside]] = each.values[inside]
        return cls(tuple(subjects), times, values)

    @classmethod
    def joined(cls, sheets: Sequence[Sheet]) -> Sheet:
        """Of the same times."""
        rows = tuple(row for sheet in sheets for row in sheet.rows)
        return cls(rows, sheets[0].times, np.concatenate([sheet.values for sheet in sheets]))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What stood open at one moment, and what ended then."""

    at: datetime
    findings: tuple[Finding, ...]


class Sweep:
    """Goes on where it stopped: `dump` and `load` carry it from process to process."""

    def __init__(self, signals: Mapping[str, Signal], *, step: float = STEP) -> None:
        self.signals, self.step = signals, step
        self.rows: tuple[Subject, ...] = ()
        self.bank = Bank(0, step)
        self.tracker = Tracker(0)
        self.silence = np.zeros((2, 0), dtype=np.int32)
        """Columns since a row had a sample, and how many it had in a row before."""
        self.last: Verdict | None = None

    def feed(
        self, sheet: Sheet, *, sensitivity: Sensitivity = "medium", learned: Learned = UNTAUGHT
    ) -> Iterator[Moment]:
        """One moment for each column."""
        self._settle(sheet.rows)
        places = {row: place for place, row in enumerate(self.rows)}
        into = np.array([places[row] for row in sheet.rows], dtype=np.int64)
        more = np.array([added(learned, row.service, row.signal) for row in self.rows], dtype=np.float64)
        threshold = surprise_for(SENSITIVITY[sensitivity], self.step) + more
        kinds = [self.signals.get(row.signal) for row in self.rows]
        notable = np.array([kind.notable if kind else 0.0 for kind in kinds])
        slight = np.array([SLIGHT_QUANTILE if kind and kind.kind == "quantile" else SLIGHT for kind in kinds])
        most = np.array([SLIGHT_SHARE if kind and kind.unit == "share" else np.inf for kind in kinds])
        sides = [_SIDES[kind.better if kind else "neither"] for kind in kinds]
        above = np.array([side[0] for side in sides], dtype=np.bool_)
        below = np.array([side[1] for side in sides], dtype=np.bool_)
        column = np.empty(len(self.rows))
        for number, time in enumerate(sheet.times):
            column.fill(np.nan)
            column[into] = sheet.values[:, number]
            yield self._column(float(time), column, threshold, (notable, slight, most), above, below)

    def _column(
        self,
        time: float,
        column: Floats,
        threshold: Floats,
        least: tuple[Floats, Floats, Floats],
        above: Mask,
        below: Mask,
    ) -> Moment:
        self.last = told = self.bank.feed(time, column)
        with np.errstate(invalid="ignore"):
            expected = told.expected.astype(np.float64)
            apart = column - expected
            worth = np.maximum(least[0], np.minimum(least[1] * np.abs(expected), least[2]))
            far = told.judged & (told.score >= threshold) & (np.abs(apart) >= worth)
            high, low = far & above & (apart > 0), far & below & (apart < 0)
            calm = ~far & (column >= told.low) & (column <= told.high)
        opened, ended = self.tracker.feed(
            time,
            self.step,
            column,
            expected=expected,
            high=high,
            low=low,
            score=np.minimum(told.score.astype(np.float64), LARGEST),
            calm=calm,
            kind=told.kind,
        )
        over = set(ended.tolist())
        at = _moment(time)
        found = [self._finding(row, at if row in over else None, float(threshold[row])) for row in opened]
        self.tracker.close(ended)
        return Moment(at, (*found, *self._absent(column, at)))

    def _finding(self, row: int, ended: datetime | None, threshold: float) -> Finding:
        kept, subject = self.tracker.rows[row], self.rows[row]
        signal = self.signals.get(subject.signal)
        unit, title = (signal.unit, signal.title) if signal else ("", subject.signal)
        value, size = float(kept["edge" if ended else "value"]), float(kept["size"])
        now = f"was {'up' if kept['side'] > 0 else 'down'} to" if ended else "is"
        expected = float(kept["expected"])
        expected = expected if abs(expected) > NOTHING * abs(value) else 0.0
        return Finding(
            subject,
            FAMILIES.get(Kind(int(kept["kind"])), Family.DEVIATION),
            "high" if kept["side"] > 0 else "low",
            _moment(kept["since"]),
            _moment(max(kept["seen"], kept["since"])),
            f"{title} {now} {shown(value, unit)}, usual is {shown(expected, unit)}",
            value=value,
            expected=expected,
            unit=unit,
            size=size,
            sure=1.0 - 0.5 * 10.0 ** (-max(0.0, size - threshold) / 4.0),
            ended=ended,
        )

    def _absent(self, column: Floats, at: datetime) -> Iterator[Finding]:
        """Series that others still have, and that are no longer told."""
        there = np.isfinite(column)
        if not there.any():
            return
        now, unbroken = self.silence
        if there.all() and not now.any():
            unbroken += 1
            return
        before, steady = now.copy(), unbroken >= STEADY
        np.copyto(unbroken, np.where(before > 0, 1, unbroken + 1), where=there)
        now += 1
        now[there] = 0
        missed = steady & (now >= GONE) & (now <= FORGOTTEN)
        over = steady & (before >= GONE) & (before <= FORGOTTEN) & ~missed
        for row in np.flatnonzero(missed | over).tolist():
            subject = self.rows[row]
            first = at.timestamp() - (float(before[row]) if over[row] else float(now[row]) - 1.0) * self.step
            yield Finding(
                subject,
                Family.ABSENCE,
                "",
                _moment(first),
                at,
                f"{self._title(subject)} is not told any more",
                size=float(GONE),
                sure=SURE_GONE,
                ended=at if over[row] else None,
            )

    def _title(self, subject: Subject) -> str:
        signal = self.signals.get(subject.signal)
        return signal.title if signal else subject.signal

    def _settle(self, rows: Sequence[Subject]) -> None:
        """Make room for series that are new, and drop those that nobody has told of for a day."""
        known, told = {row: place for place, row in enumerate(self.rows)}, set(rows)
        gone = {row for row, place in known.items() if self.silence[0, place] > FORGOTTEN and row not in told}
        kept = tuple(row for row in self.rows if row not in gone)
        wanted = (*kept, *(row for row in dict.fromkeys(rows) if row not in known))
        if wanted == self.rows:
            return
        places = np.array([known.get(row, -1) for row in wanted], dtype=np.int64)
        self.bank, self.tracker = self.bank.take(places), self.tracker.take(places)
        silence = np.zeros((2, len(wanted)), dtype=np.int32)
        silence[:, places >= 0] = self.silence[:, places[places >= 0]]
        self.rows, self.silence = wanted, silence

    # ---------------------------------------------------------------- kept

    def dump(self) -> bytes:
        parts = (self.bank.dump(), self.tracker.dump(), self.silence.tobytes())
        rows = [[row.service, row.environment, row.signal, row.detail] for row in self.rows]
        head = json.dumps({"step": self.step, "rows": rows, "sizes": [len(part) for part in parts]}).encode()
        return b"".join((len(head).to_bytes(4, "big"), head, *parts))

    @classmethod
    def load(cls, blob: bytes, signals: Mapping[str, Signal]) -> Sweep:
        try:
            size = int.from_bytes(blob[:4], "big")
            head = json.loads(blob[4 : 4 + size])
            cuts = np.cumsum([4 + size, *head["sizes"]])
            bank, tracker, silence = (blob[a:b] for a, b in pairwise(cuts.tolist()))
            sweep = cls(signals, step=float(head["step"]))
            sweep.rows = tuple(Subject(*row) for row in head["rows"])
            sweep.bank, sweep.tracker = Bank.load(bank), Tracker.load(tracker)
            sweep.silence = np.frombuffer(silence, dtype=np.int32).reshape(2, -1).copy()
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"the state of a scan cannot be read ({error})", mend="It begins anew; nothing has to be done."
            ) from error
        return sweep


def _moment(time: float) -> datetime:
    return datetime.fromtimestamp(float(time), UTC)
