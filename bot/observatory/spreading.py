"""How requests spread over durations: a histogram over time, which a quantile hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from bot.observatory.findings import marks_of
from bot.observatory.gathering import on_grid
from bot.observatory.observatory import Heard, Observatory, heard, whole
from bot.observatory.question import Question, capital, moments
from bot.telemetry.charts.shapes import HeatMap
from bot.telemetry.queries.promql import Selector, aggregate, checked, increase
from bot.telemetry.signals import Change, Samples, Series, Window
from bot.telemetry.vocabulary import first_of

COARSER: Final = 4
"""Than a line: a column has to be seen."""


async def spread(
    observatory: Observatory, question: Question, changes: Sequence[Change]
) -> tuple[HeatMap | None, Heard[Samples]]:
    """The heat map, and what was heard; None where nothing was counted."""
    signal = observatory.vocabulary.signal(question.metric)
    words = await observatory.settled(question.now)
    name = first_of(signal.metric, {each.removesuffix("_bucket") for each in words.metrics})
    step = observatory.vocabulary.step(question.window.seconds * COARSER)
    buckets = Selector(f"{name}_bucket", words.matchers(question.scope))
    query = checked(aggregate("sum", increase(buckets, step), ["le"]))
    span = moments(question.window, step)
    told = await heard("metrics", observatory.series(query, span, step))
    found = ((_bound(series), series) for series in whole(told.value))
    rows = sorted((each for each in found if np.isfinite(each[0])), key=lambda each: each[0])
    if not rows:
        return None, told
    return (
        HeatMap(
            title=capital(f"{signal.title} · {question.scope}"),
            unit=signal.unit,
            start=span.start.timestamp() - step,
            step=step,
            edges=tuple(bound for bound, _ in rows),
            counts=_counts([series for _, series in rows], span, step),
            marks=marks_of(changes),
            timezone=question.timezone,
        ),
        told,
    )


def _bound(series: Series) -> float:
    try:
        return float(series.labels.get("le", "nan"))
    except ValueError:  # from outside
        return float("nan")


def _counts(rows: Sequence[Series], span: Window, step: float) -> tuple[tuple[float, ...], ...]:
    """Buckets hold all that is below them; a row holds what is between two."""
    upto = np.nan_to_num(np.vstack([on_grid(each, span, step) for each in rows]))
    between = np.maximum(np.diff(upto, axis=0, prepend=0.0), 0.0)
    return tuple(tuple(float(f"{value:.4g}") for value in row) for row in between)
