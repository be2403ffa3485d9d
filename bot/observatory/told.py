"""What every answer of the observatory has: a sentence, then numbers, a chart, the query, and how good they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from bot.agent.events import Choice, Choices, Event, Facts, Picture, Table, Text
from bot.door.operation import Output
from bot.errors import Retryable
from bot.language.ranges import zone
from bot.observatory.observatory import Heard
from bot.ports import Json
from bot.telemetry.charts.alt import describe
from bot.telemetry.charts.desk import picture
from bot.telemetry.charts.shapes import Chart
from bot.telemetry.signals import Window
from bot.telemetry.units import duration

OLD: Final = 5.0
"""Seconds after which an answer is no longer of this moment."""
MOST_WARNINGS: Final = 3
MOST_ROWS: Final = 8


class SourceNote(Output):
    """One source, and how good what came from it is."""

    name: str
    state: Literal["fresh", "cached", "stale", "partial", "down"]
    note: str = ""
    at: datetime | None = None
    took_ms: float = 0.0


class Span(Output):
    """A range of time, and how whoever asked reads it."""

    start: datetime
    end: datetime
    words: str


class Grid(Output):
    """Rows that people read in columns."""

    title: str = ""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


class Step(Output):
    """A way to go on, as a button."""

    label: str
    operation: str
    values: Mapping[str, Json] = Field(default_factory=dict)
    form: bool = Field(False, description="People look it over first.")


def watch(values: Mapping[str, Json]) -> Step:
    """To be told of it from now on."""
    return Step(label="Watch this", operation="watches.create", values=values, form=True)


class Told(Output):
    """The answer to a question about telemetry."""

    summary: str
    findings: tuple[str, ...] = ()
    where: str = ""
    window: Span | None = None
    query: str = ""
    language: str = ""
    repaired: str = Field("", description="What the query was before it was mended, if it was.")
    sources: tuple[SourceNote, ...] = ()
    grid: Grid | None = None
    chart: Chart | None = None
    more_charts: tuple[Chart, ...] = ()
    steps: tuple[Step, ...] = ()

    async def tell(self, now: datetime) -> AsyncIterator[Event]:
        """What stands below the summary: numbers, where they are from, ways to go on; pictures as they are drawn."""
        if self.grid and self.grid.rows:
            grid = self.grid
            yield Table(grid.title, grid.columns, grid.rows, frozenset(grid.numeric), MOST_ROWS)
        items = [("where", self.where), ("window", self.window.words if self.window else "")]
        items += [("source", _source_words(note, now)) for note in self.sources]
        yield Facts(tuple(items), self.query, self.language)
        if self.steps:
            yield Choices(
                tuple(
                    Choice(step.label, operation=step.operation, values=step.values, form=step.form)
                    for step in self.steps
                )
            )
        for chart in (*([self.chart] if self.chart else []), *self.more_charts):
            try:
                yield Picture(await picture(chart), chart.title, describe(chart))
            except Retryable as error:
                yield Text(f"_{error.message} {error.mend}_")


def span_of(window: Window, timezone: str, now: datetime) -> Span:
    """As people of that zone read it: without the date where it is today's."""
    here = zone(timezone)
    start, end = window.start.astimezone(here), window.end.astimezone(here)
    today = now.astimezone(here).date()
    day = "" if start.date() == end.date() == today else "%-d %b "
    words = f"{start:{day}%H:%M}–{end:{day if end.date() != start.date() else ''}%H:%M} {end:%Z}"
    return Span(start=window.start, end=window.end, words=words)


def notes(heard: Iterable[Heard[object]]) -> tuple[SourceNote, ...]:
    """One note for each source: the worst of what was heard from it."""
    worst: dict[str, SourceNote] = {}
    ranks = ("fresh", "cached", "partial", "stale", "down")
    for each in heard:
        note = _note(each)
        before = worst.get(note.name)
        if before is None or ranks.index(note.state) > ranks.index(before.state):
            worst[note.name] = note
    return tuple(worst.values())


def _note(each: Heard[object]) -> SourceNote:
    read = each.read
    if read is None:
        return SourceNote(name=each.source, state="down", note=each.trouble)
    state: Literal["fresh", "cached", "stale", "partial"] = "cached" if read.cached else "fresh"
    if read.warnings:
        state = "partial"
    if read.stale:
        state = "stale"
    note = "; ".join(read.warnings[:MOST_WARNINGS])
    return SourceNote(name=each.source, state=state, note=note, at=read.at, took_ms=round(read.took_ms, 1))


def _source_words(note: SourceNote, now: datetime | None) -> str:
    age = (now - note.at).total_seconds() if now and note.at else 0.0
    fresh = f"{duration(round(age))} old" if age > OLD else "fresh"
    match note.state:
        case "down":
            return f"{note.name}: no answer"
        case "stale":
            return f"{note.name}: down, from {note.at:%H:%M:%S} UTC" if note.at else f"{note.name}: down"
        case "cached":
            return f"{note.name}, {fresh}"
        case _:
            return f"{note.name}, {duration(note.took_ms / 1_000)}"
