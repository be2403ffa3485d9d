"""The series that one watch is about: by the names of the vocabulary, or by a query of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from bot.errors import InvalidInput
from bot.observatory.observatory import Observatory, named, whole
from bot.telemetry.queries.promql import checked
from bot.telemetry.signals import NAME, Window
from bot.telemetry.vocabulary import Role
from bot.watch.finding import Subject
from bot.watch.looks.look import times_of
from bot.watch.sweeping import Sheet
from bot.watch.watches import Aim

QUERY: Final = "query"
"""The signal of a query of one's own."""
MOST: Final = 1_000
"""Series; a watch of more is a mistake."""


async def query_of(observatory: Observatory, aim: Aim, step: float, now: datetime) -> str:
    """As PromQL; of all services, where none is named, a series each."""
    if aim.query:
        return checked(aim.query)
    words = await observatory.settled(now)
    by: tuple[Role, ...] = () if aim.scope.service else ("service",)
    return words.query(aim.metric, aim.scope, step, q=aim.quantile, by=by)


async def rows_of(observatory: Observatory, aim: Aim, window: Window, step: float, now: datetime) -> Sheet:
    query = await query_of(observatory, aim, step, now)
    read = await observatory.series(query, window, step)
    series = whole(read.value)
    if len(series) > MOST:
        raise InvalidInput(
            f"{len(series):,} series are too many to watch; {MOST:,} is the most.", mend="Narrow the query, or sum it."
        )
    label = observatory.service_label()
    scope, signal = aim.scope, QUERY if aim.query else aim.metric
    subjects = []
    for each in series:
        service = scope.service or each.labels.get(label, "")
        rest = {key: value for key, value in each.labels.items() if key not in {label, NAME}}
        subjects.append(Subject(service, scope.environment, signal, named(rest.items()) if aim.query else ""))
    return Sheet.of(subjects, series, times_of(window, step), step)
