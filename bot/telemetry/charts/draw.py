"""A chart as a PNG: quiet, legible where Slack shows it small, the same bytes for the same chart."""

from __future__ import annotations

from threading import Lock
from typing import Final

import numpy as np

from bot.telemetry.charts import amounts, graph, heat, lines, overlay, small, tiles, waterfall
from bot.telemetry.charts.looks import THEMES, Theme, ThemeName
from bot.telemetry.charts.shapes import Amounts, Chart, Graph, HeatMap, Lines, Overlay, Small, Tiles, Waterfall
from bot.telemetry.charts.sheet import Sheet

_ONE_AT_A_TIME: Final = Lock()
"""matplotlib shares its fonts between figures, and threads would draw no faster: it holds the interpreter's lock."""


def draw(chart: Chart, *, theme: ThemeName = "light") -> bytes:
    with _ONE_AT_A_TIME, np.errstate(all="ignore"):
        return sheet_of(chart, THEMES[theme]).png()


def sheet_of(chart: Chart, theme: Theme) -> Sheet:
    """The picture before it is bytes."""
    match chart:
        case Lines():
            return lines.draw(chart, theme)
        case Overlay():
            return overlay.draw(chart, theme)
        case HeatMap():
            return heat.draw(chart, theme)
        case Waterfall():
            return waterfall.draw(chart, theme)
        case Graph():
            return graph.draw(chart, theme)
        case Amounts():
            return amounts.draw(chart, theme)
        case Tiles():
            return tiles.draw(chart, theme)
        case Small():
            return small.draw(chart, theme)
