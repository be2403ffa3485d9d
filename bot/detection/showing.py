"""What was found: as words and a table in a terminal, as JSON, as a picture, as a column beside those of the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import IO, Final

import numpy as np
from rich.console import RenderableType
from rich.text import Text

from bot.detection.events import Event, alone
from bot.detection.scoring import HOLE, Scored, Singles, gaps
from bot.detection.table import SCORE, Table
from bot.ports import Json
from bot.telemetry.charts import clock
from bot.telemetry.charts.shapes import Band, Curve, Lines, Small, Stretch
from bot.telemetry.charts.small import MOST_PANELS
from bot.telemetry.charts.words import clean, counted, said
from bot.telemetry.rows import Counts
from bot.telemetry.units import duration
from bot.terminal import in_columns, plain
from bot.watch.detecting import Kind
from bot.watch.watches import Sensitivity

MOST_EVENTS: Final = 50
"""In the terminal's table, and shaded in a picture: the surest."""
CELLS: Final = 20_000
"""Moments in a picture: more than it has pixels."""
_FIGURES: Final = 5
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    (Kind.spike.name, "high"): "spike",
    (Kind.spike.name, "low"): "dip",
    (Kind.level.name, "high"): "higher level",
    (Kind.level.name, "low"): "lower level",
    (Kind.trend.name, "high"): "rises away",
    (Kind.trend.name, "low"): "falls away",
    (Kind.variance.name, "high"): "unsteady",
    (Kind.variance.name, "low"): "unsteady",
    (Kind.flat.name, "high"): "does not move",
    (Kind.flat.name, "low"): "does not move",
}


class Report:
    """One file's events, told in the time zone of whoever asked."""

    def __init__(self, found: Scored, events: Sequence[Event], remarks: Sequence[str], timezone: str) -> None:
        self.found, self.events, self.remarks, self.timezone = found, events, remarks, timezone
        self._zone, self._zone_name = clock.zone(timezone)

    # ------------------------------------------------------------ in a terminal

    def lines(self, sensitivity: Sensitivity) -> Iterator[RenderableType]:
        found = self.found
        count = found.values.shape[1]
        where = (
            f"{counted(count, 'sample')} of {clean(', '.join(found.names))} from {self._when(found.times[0])} to "
            f"{self._when(found.times[-1])} {self._zone_name}, every {duration(found.step)}"
        )
        if self.events:
            yield Text(plain(f"{counted(len(self.events), 'unusual time')} in {where}."), style="bold")
            yield self._table()
        elif any(found.judged):
            yield Text(plain(f"Nothing unusual in {where} (sensitivity {sensitivity})."), style="bold")
        for name in self._short():
            yield Text(plain(f"{name}: too few samples to judge."), style="bold")
        for remark in (*self.remarks, *self._gaps(), *self._alone()):
            yield Text(plain(remark), style="dim")

    def _table(self) -> RenderableType:
        several = len(self.found.names) > 1
        rows = [
            (
                self._when(event.since),
                self._how_long(event),
                *((event.series,) if several else ()),
                _WORDS.get((event.kind, event.direction), "unusual"),
                said(event.value),
                f"{said(event.expected)} ({said(event.low)} … {said(event.high)})",
                f"{100 * min(event.sure, 0.99):.0f} %",
            )
            for event in self._surest()
        ]
        names = ("since", "how long", *(("series",) if several else ()), "what", "value", "usual", "sure")
        left_out = len(self.events) - len(rows)
        title = f"the {MOST_EVENTS} surest; {left_out:,} more with --json" if left_out else ""
        return in_columns(names, rows, {len(names) - 3, len(names) - 2, len(names) - 1}, title)

    def _how_long(self, event: Event) -> str:
        last = event.since + event.seconds > self.found.times[-1]
        how = "" if event.ended else ", to the end" if last else ", to a gap"
        return duration(event.seconds) + (", then usual" if event.stayed else how)

    def _surest(self, series: str = "") -> list[Event]:
        """As many as can be taken in, in the order of time."""
        events = (event for event in self.events if series in {"", event.series})
        surest = sorted(events, key=lambda event: -event.surprise)[:MOST_EVENTS]
        return sorted(surest, key=lambda event: event.since)

    def _short(self) -> list[str]:
        return [name for name, judged in zip(self.found.names, self.found.judged, strict=True) if not judged]

    def _gaps(self) -> Iterator[str]:
        missing = gaps(self.found)
        if len(missing):
            start, end = max(missing.tolist(), key=lambda each: each[1] - each[0])
            longest = f"{duration(end - start)} from {self._when(start)}"
            yield f"{counted(len(missing), 'gap')} without samples, {'the longest ' * (len(missing) > 1)}{longest}."

    def _alone(self) -> Iterator[str]:
        if lone := alone(self.found, self.events):
            row, at = lone[0]
            whose = f" of {self.found.names[row]}" if len(self.found.names) > 1 else ""
            oddest = f"{said(self.found.values[row, at])}{whose} at {self._when(self.found.times[at])}"
            yield (
                f"{counted(len(lone), 'odd sample')} alone, {'the oddest ' * (len(lone) > 1)}{oddest}: "
                "no finding, which takes two of three."
            )

    def _when(self, seconds: float) -> str:
        fineness = "milliseconds" if self.found.step < 1 else "seconds" if self.found.step < clock.MINUTE else "minutes"
        return self._moment(seconds).replace(tzinfo=None).isoformat(" ", fineness)

    def _moment(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, self._zone)

    # ------------------------------------------------------------ for machines

    def json(self, sensitivity: Sensitivity) -> Json:
        found = self.found
        return {
            "samples": found.values.shape[1],
            "from": self._iso(found.times[0]),
            "to": self._iso(found.times[-1]),
            "step_seconds": found.step,
            "sensitivity": sensitivity,
            "series": list(found.names),
            "not_judged": [*self._short()],
            "remarks": [*self.remarks, *self._gaps(), *self._alone()],
            "findings": [
                asdict(event) | {"since": self._iso(event.since), "at": self._iso(event.at)} for event in self.events
            ],
        }

    def _iso(self, seconds: float) -> str:
        return self._moment(seconds).isoformat()

    # ------------------------------------------------------------ in a picture

    def chart(self, title: str) -> Lines | Small:
        """Those series first that have the surest events."""
        sure = dict.fromkeys(self.found.names, 0.0)
        for event in self.events:
            sure[event.series] = max(sure[event.series], event.surprise)
        rows = sorted(range(len(sure)), key=lambda row: -sure[self.found.names[row]])[:MOST_PANELS]
        if len(rows) == 1:
            return self._panel(rows[0], f"{self.found.names[0]} · {title}")
        panels = tuple(self._panel(row, self.found.names[row]) for row in sorted(rows))
        return Small(title=title, panels=panels)

    def _panel(self, row: int, title: str) -> Lines:
        found = self.found
        name = found.names[row]
        start, grid = found.times[0], max(found.step, (found.times[-1] - found.times[0]) / CELLS)
        places = np.rint((found.times - start) / grid).astype(np.int64)
        shown = _shown(places, found.surprise[row])
        curve, low, high = (
            tuple(float(f"{each:.{_FIGURES}g}") if np.isfinite(each) else None for each in side[shown].tolist())
            for side in (np.append(each[row], np.nan) for each in (found.values, found.low, found.high))
        )
        return Lines(
            title=title,
            curves=(Curve(name=name, start=float(start), step=grid, values=curve),),
            band=Band(low=low, high=high),
            stretches=tuple(
                Stretch(
                    start=self._moment(event.since),
                    end=self._moment(event.since + event.seconds),
                    label=duration(event.seconds),
                )
                for event in self._surest(name)
            ),
            timezone=self.timezone,
        )


def _shown(places: Counts, surprise: Singles) -> Counts:
    """Which sample each cell of a picture shows: its most surprising; -1 for none, but for a short while the last."""
    held = np.full(places[-1] + 1, -1)
    order = np.argsort(surprise, kind="stable")
    held[places[order]] = order
    cells = np.arange(len(held))
    last = np.maximum.accumulate(np.where(held >= 0, cells, 0))
    return np.where(cells - last <= HOLE, held[last], -1)


# ---------------------------------------------------------------- as a file


def write_scores(file: IO[str], table: Table, found: Scored) -> None:
    """Every row as it was and where it was, and its score; of several series their highest first, then each."""
    scores = np.zeros((len(found.names), len(table.times)))
    scores[:, found.order] = found.scores
    names = [SCORE]
    if len(scores) > 1:
        names += [f"{SCORE}_{name}" for name in found.names]
        scores = np.concatenate([scores.max(axis=0, keepdims=True), scores])
    out = csv.writer(file, delimiter=table.separator, lineterminator="\n")
    out.writerow([*table.header(), *names])
    for cells, score in zip(table.rows(), scores.T.tolist(), strict=True):
        out.writerow([*cells, *(f"{each:.4f}" for each in score)])
