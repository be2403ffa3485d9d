"""Charts as data: what an answer keeps, and what is drawn when somebody looks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bot.telemetry.signals import Series

MOST_CURVES: Final = 12


class Shape(BaseModel):
    """The base: frozen, strict, JSON on both ways."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Curve(Shape):
    """Samples on a grid; None is a gap."""

    name: str
    start: float
    """Seconds since 1970."""
    step: float = Field(gt=0)
    values: tuple[float | None, ...]

    @classmethod
    def of(cls, name: str, series: Series, step: float) -> Curve:
        """Rounded to what can be seen: an answer is kept, and sent, as text."""
        if not len(series):
            return cls(name=name, start=0, step=step, values=())
        places = np.rint((series.times - series.times[0]) / step).astype(int)
        grid = np.full(places[-1] + 1, np.nan)
        grid[places] = series.values
        values = tuple(float(f"{value:.5g}") if np.isfinite(value) else None for value in grid.tolist())
        return cls(name=name, start=float(series.times[0]), step=step, values=values)


class Mark(Shape):
    """A moment worth a line across the chart."""

    at: datetime
    label: str
    kind: Literal["deploy", "change", "onset"] = "deploy"


class Stretch(Shape):
    """A time in which it was not as usual."""

    start: datetime
    end: datetime
    label: str = ""


class Threshold(Shape):
    """A value that it should not pass."""

    value: float
    label: str


class Band(Shape):
    """Between which values it usually is: of the samples of the first curve, at their places."""

    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    label: str = "usual"


class Lines(Shape):
    """Series over time."""

    kind: Literal["lines"] = "lines"
    title: str
    unit: str = ""
    curves: tuple[Curve, ...] = Field(max_length=MOST_CURVES)
    band: Band | None = None
    marks: tuple[Mark, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    timezone: str = "UTC"


class Overlay(Shape):
    """Two stretches of time, or two of anything, on one axis that counts from the beginning of each."""

    kind: Literal["overlay"] = "overlay"
    title: str
    unit: str = ""
    now: Curve
    before: Curve
    same_time: bool = False
    """Both are of the same hours (two services, versions, environments), so that the axis is the clock."""
    marks: tuple[Mark, ...] = ()
    timezone: str = "UTC"


class HeatMap(Shape):
    """A histogram over time: how many requests took how long."""

    kind: Literal["heat"] = "heat"
    title: str
    unit: str = "s"
    start: float
    step: float
    edges: tuple[float, ...]
    """The upper bounds of the rows, the smallest first; beyond the last there is no row."""
    counts: tuple[tuple[float, ...], ...]
    """One row for each bound, one column for each step."""
    marks: tuple[Mark, ...] = ()
    timezone: str = "UTC"


class Bar(Shape):
    """A span in a waterfall."""

    label: str
    service: str
    depth: int = Field(ge=0)
    start: float
    """Seconds after the trace began."""
    seconds: float
    error: bool = False
    critical: bool = False


class Waterfall(Shape):
    """One trace."""

    kind: Literal["waterfall"] = "waterfall"
    title: str
    bars: tuple[Bar, ...]
    left_out: int = 0


class Node(Shape):
    """A service in a graph."""

    name: str
    detail: str = ""
    state: Literal["good", "warn", "bad", "unknown"] = "unknown"
    suspect: bool = False


class Edge(Shape):
    """Who calls whom."""

    caller: str
    callee: str
    detail: str = ""
    weight: float = 1.0


class Graph(Shape):
    """Services and their calls."""

    kind: Literal["graph"] = "graph"
    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Amount(Shape):
    """A row of a bar chart."""

    label: str
    value: float
    detail: str = ""
    state: Literal["good", "warn", "bad", "unknown"] = "unknown"


class Amounts(Shape):
    """Things beside each other, the greatest first."""

    kind: Literal["amounts"] = "amounts"
    title: str
    unit: str = ""
    amounts: tuple[Amount, ...]
    threshold: Threshold | None = None


class Tile(Shape):
    """A service in an overview."""

    name: str
    state: Literal["good", "warn", "bad", "unknown"]
    lines: tuple[str, ...]
    spark: tuple[float | None, ...] = ()


class Tiles(Shape):
    """Everything at a glance."""

    kind: Literal["tiles"] = "tiles"
    title: str
    tiles: tuple[Tile, ...]


class Small(Shape):
    """Several small charts over the same hours, one above the other."""

    kind: Literal["small"] = "small"
    title: str
    panels: tuple[Lines, ...]


Chart = Annotated[Lines | Overlay | HeatMap | Waterfall | Graph | Amounts | Tiles | Small, Field(discriminator="kind")]
